//! The binary under test, with a home and a platform of its own.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use tempfile::TempDir;

use crate::remains::Remains;
use crate::{chapter, diagnosis, judge};

pub(crate) struct Bex {
    home: TempDir,
    name: &'static str,
}

/// What a run of the binary left.
pub(crate) struct Done {
    /// `None` if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs `story` with a platform name that nothing else uses. Afterwards, come what may, the platform is taken down and
/// nothing of it may be left.
pub(crate) fn on_platform(
    name: &'static str,
    story: impl FnOnce(&Bex) -> Result<()>,
) -> Result<()> {
    let bex = Bex {
        home: TempDir::new()?,
        name,
    };
    bex.run(&["down", "local", "--yes", "--quiet"])?; // what a run that was cut short left
    let before = Remains::now(name)?;
    let told = story(&bex);
    if told.is_err() {
        diagnosis::print(&bex);
    }
    let taken_down = chapter("clean up", || bex.down());
    let left = Remains::now(name)?.since(&before);
    if taken_down.is_err() {
        remove_by_force(name);
    }
    told.and(taken_down)?;
    ensure!(left.is_empty(), "this is left: {left:?}");
    let files = std::fs::read_dir(bex.home())?.map(|entry| Ok(entry?.path()));
    let files: Vec<PathBuf> = files.collect::<Result<_>>()?;
    ensure!(files.is_empty(), "these files are left: {files:?}");
    Ok(())
}

/// For a machine that goes on living: only containers that have the platform's name.
fn remove_by_force(name: &str) {
    for container in Remains::now(name)
        .map(|found| found.containers)
        .unwrap_or_default()
    {
        drop(judge::docker(&["rm", "--force", "--volumes", &container]));
    }
}

impl Bex {
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.home().join(".bex").join(self.name).join("kubeconfig")
    }

    /// Container and node of the app cluster's only control plane.
    pub(crate) fn control_plane(&self) -> Result<String> {
        let (cluster, role) = (
            format!("label=io.x-k8s.kind.cluster={}", self.name),
            "label=io.x-k8s.kind.role=control-plane",
        );
        let listed = judge::docker(&[
            "ps",
            "--filter",
            &cluster,
            "--filter",
            role,
            "--format",
            "{{.Names}}",
        ])?;
        listed
            .lines()
            .next()
            .map(ToOwned::to_owned)
            .context("no control plane runs")
    }

    pub(crate) fn up(&self) -> Result<Done> {
        self.ok(&["up", "local"])
    }

    pub(crate) fn down(&self) -> Result<()> {
        self.ok(&["down", "local", "--yes"]).map(drop)
    }

    pub(crate) fn scale(&self, workers: &str) -> Result<Done> {
        self.ok(&["scale", "workers", workers])
    }

    /// The problems that `status` names.
    pub(crate) fn problems(&self) -> Result<Vec<String>> {
        let status: serde_json::Value =
            serde_json::from_str(&self.ok(&["status", "--output=json", "--quiet"])?.stdout)?;
        let problems = status["problems"]
            .as_array()
            .context("status has no problems")?;
        Ok(problems
            .iter()
            .map(|problem| problem.as_str().unwrap_or_default().to_owned())
            .collect())
    }

    /// Runs the binary; it must succeed.
    pub(crate) fn ok(&self, args: &[&str]) -> Result<Done> {
        let done = self.run(args)?;
        ensure!(
            done.code == Some(0),
            "bex-infra {} ended with {:?}:\n{}",
            args.join(" "),
            done.code,
            done.stderr
        );
        Ok(done)
    }

    pub(crate) fn run(&self, args: &[&str]) -> Result<Done> {
        self.start(args)?.finish()
    }

    pub(crate) fn start(&self, args: &[&str]) -> Result<Running> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bex-infra"));
        command
            .args(args)
            .args(["--name", self.name])
            .env("HOME", self.home());
        command
            .env_remove("BEX_HOME")
            .env_remove("KUBECONFIG")
            .env("NO_COLOR", "1");
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().context("no stdout")?;
        let stderr = child.stderr.take().context("no stderr")?;
        Ok(Running {
            child,
            begun: Instant::now(),
            stdout: thread::spawn(move || collected(stdout, false)),
            stderr: thread::spawn(move || collected(stderr, true)),
        })
    }
}

/// A run of the binary under way.
pub(crate) struct Running {
    child: Child,
    begun: Instant,
    stdout: JoinHandle<String>,
    stderr: JoinHandle<String>,
}

impl Running {
    pub(crate) fn finish(mut self) -> Result<Done> {
        let status = self.child.wait()?;
        let text =
            |reader: JoinHandle<String>| reader.join().map_err(|_| anyhow!("a reader panicked"));
        Ok(Done {
            code: status.code(),
            stdout: text(self.stdout)?,
            stderr: text(self.stderr)?,
        })
    }

    /// Kills it with SIGKILL that long after its start. If it ended before, it must have succeeded.
    pub(crate) fn kill_after(mut self, time: Duration) -> Result<()> {
        while self.begun.elapsed() < time && self.child.try_wait()?.is_none() {
            thread::sleep(Duration::from_millis(20));
        }
        self.child.kill()?;
        let done = self.finish()?;
        ensure!(
            matches!(done.code, None | Some(0)),
            "it ended with {:?} before it was killed:\n{}",
            done.code,
            done.stderr
        );
        Ok(())
    }

    /// Sends a signal by its name, as `kill` knows it.
    pub(crate) fn signal(&self, name: &str) -> Result<()> {
        let pid = self.child.id().to_string();
        judge::output(Command::new("kill").args(["-s", name, &pid])).map(drop)
    }
}

/// The text of a stream; shown as it comes if somebody should see it.
fn collected(stream: impl Read, shown: bool) -> String {
    let mut text = String::new();
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        if shown {
            eprintln!("   {line}");
        }
        text.push_str(&line);
        text.push('\n');
    }
    text
}
