//! Two embedded clusters and the real kubectl.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// Two clusters in a process of their own, which ends with this value.
pub(crate) struct Cluster {
    server: Child,
    pub(crate) directory: TempDir,
}

/// What a command said.
pub(crate) struct Said {
    pub(crate) ok: bool,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Cluster {
    /// The app cluster has one Ready node.
    pub(crate) fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut server = Command::new(env!("CARGO_BIN_EXE_bex-infra"))
            .args(["sim", "serve", "--output", "json", "--state"])
            .arg(directory.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert!(!line.is_empty(), "the server did not start");
        let cluster = Self { server, directory };
        cluster.apply(NODE);
        cluster
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let binaries =
            std::env::var("BEX_TEST_BIN").expect("BEX_TEST_BIN names a directory with kubectl");
        let mut command = Command::new(PathBuf::from(binaries).join("kubectl"));
        command
            .arg("--kubeconfig")
            .arg(self.directory.path().join("app.kubeconfig"))
            .arg("--cache-dir")
            .arg(self.directory.path().join("cache"))
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn run_with(&self, args: &[&str], input: &str) -> Said {
        let mut child = self.command(args).spawn().unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        Said {
            ok: output.status.success(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The words of the command are separated by blanks.
    pub(crate) fn run(&self, command: &str) -> Said {
        self.run_with(&command.split(' ').collect::<Vec<_>>(), "")
    }

    /// What a command that succeeds prints.
    pub(crate) fn says(&self, command: &str) -> String {
        let said = self.run(command);
        assert!(said.ok, "kubectl {command}: {}{}", said.stdout, said.stderr);
        said.stdout
    }

    #[track_caller]
    pub(crate) fn expect(&self, command: &str, parts: &[&str]) {
        let said = self.says(command);
        for part in parts {
            assert!(
                said.contains(part),
                "kubectl {command}: no {part:?} in:\n{said}"
            );
        }
    }

    pub(crate) fn apply(&self, manifest: &str) -> String {
        let said = self.run_with(&["apply", "-f", "-"], manifest);
        assert!(said.ok, "{}", said.stderr);
        said.stdout
    }

    /// A Deployment of two pods that run.
    pub(crate) fn deploy(&self) {
        self.says("create deployment web --image=nginx:1 --replicas=2");
        self.expect(
            "rollout status deployment/web --timeout=60s",
            &["successfully rolled out"],
        );
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.server.kill());
        drop(self.server.wait());
    }
}

const NODE: &str = include_str!("../fixtures/kubectl-node.yaml");
