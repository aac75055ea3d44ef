//! Where the binary runs: a directory of its own and an environment in which nothing is left to chance.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// Nobody listens there.
const NO_DAEMON: &str = "unix:///nonexistent.sock";

/// A working directory with a HOME and a `BEX_HOME` that do not exist yet.
pub(crate) struct Sandbox {
    dir: TempDir,
}

/// How a run ended.
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { dir }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// What `BEX_HOME` says.
    pub(crate) fn bex_home(&self) -> PathBuf {
        self.path().join("bex")
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).unwrap();
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bex-infra"));
        command
            .args(args)
            .current_dir(self.path())
            .env_clear()
            .env("HOME", self.path().join("home"))
            .env("BEX_HOME", self.bex_home())
            .env("DOCKER_HOST", NO_DAEMON)
            .env("COLUMNS", "100")
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Done {
        Done::from(self.command(args).output().unwrap())
    }

    /// Asserts that a run left nothing in either home.
    pub(crate) fn assert_untouched(&self) {
        for home in [self.bex_home(), self.path().join("home")] {
            assert!(!home.exists(), "{} was created", home.display());
        }
    }
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// What a run without arguments that matter prints on stdout; it must succeed.
pub(crate) fn stdout(args: &[&str]) -> String {
    let done = Sandbox::new().run(args);
    assert_eq!(done.code, Some(0), "{args:?}: {}", done.stderr);
    done.stdout
}
