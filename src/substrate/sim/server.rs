//! The background process: started, found again, stopped.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use kube::Client;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout_at};

use super::guard;
use crate::failure::Failure;
use crate::home::Home;
use crate::kubeconfig::{Access, Kubeconfig, combine};
use crate::names::Names;
use crate::tools::kube;

/// Below the platform's directory.
const STATE: &str = "sim";

/// File that holds the time after which `gc` may take the platform down.
const EXPIRES: &str = "expires";

/// A server that was told to stop and has not after this time is killed. Its state is safe either way.
const STOP_WITHIN: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(10);

/// Lines of the log that explain why a server did not start.
const SHOWN_LINES: usize = 10;

/// The server of one platform, whether it runs or not.
#[derive(Debug, Clone)]
pub struct Server {
    dir: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// There is nothing of it.
    Absent,
    /// Its state is on disk.
    Stopped,
    Running {
        pid: u32,
    },
}

impl Server {
    pub fn of(home: &Home) -> Self {
        Self {
            dir: home.dir().join(STATE),
        }
    }

    pub fn state(&self) -> Result<State> {
        Ok(match guard::holder(&self.dir)? {
            Some(pid) => State::Running { pid },
            None if self.dir.exists() => State::Stopped,
            None => State::Absent,
        })
    }

    /// Starts the process in the background and returns when it serves; it goes on from the state on disk. `expires`
    /// (RFC 3339) is noted beside it.
    pub async fn start(&self, expires: Option<&str>, deadline: Instant) -> Result<()> {
        fs::create_dir_all(&self.dir)
            .with_context(|| format!("creating {}", self.dir.display()))?;
        if let Some(time) = expires {
            fs::write(self.dir.join(EXPIRES), time).context("noting when the platform expires")?;
        }
        let mut child = self.spawn().context("starting the embedded Kubernetes")?;
        let stdout = child.stdout.take().context("the process has no output")?;
        let mut lines = BufReader::new(stdout).lines();
        // It says where it serves, once it does. If it ends instead, there is no line.
        match timeout_at(deadline, lines.next_line()).await {
            Ok(Ok(Some(_))) => Ok(()),
            Ok(_) => Err(self.died().into()),
            Err(_) => {
                child.start_kill().context("stopping the process")?;
                Err(
                    Failure::failed("the embedded Kubernetes did not serve in time")
                        .hint(self.see_log())
                        .into(),
                )
            }
        }
    }

    /// When the platform's time is up, as it was noted at its start.
    pub fn expires(&self) -> Option<String> {
        fs::read_to_string(self.dir.join(EXPIRES)).ok()
    }

    /// A group of its own, so that Ctrl-C in the terminal is not for it.
    fn spawn(&self) -> Result<Child> {
        let log = File::options()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(self.log())?;
        let child = Command::new(std::env::current_exe()?)
            .args(["sim", "serve", "--output", "json", "--state"])
            .arg(&self.dir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .process_group(0)
            .spawn()?;
        Ok(child)
    }

    fn died(&self) -> Failure {
        let failure = Failure::failed("the embedded Kubernetes ended before it served");
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        let mut last: Vec<&str> = log.lines().rev().take(SHOWN_LINES).collect();
        last.reverse();
        failure.because(last.join("\n")).hint(self.see_log())
    }

    fn see_log(&self) -> String {
        format!("its log is {}", self.log().display())
    }

    fn log(&self) -> PathBuf {
        self.dir.join("log")
    }

    /// Stops the process, if one runs. What it acknowledged is on disk.
    pub async fn stop(&self) -> Result<()> {
        let gone = Instant::now() + STOP_WITHIN;
        self.signal(Signal::TERM)?;
        while self.is_running()? {
            if Instant::now() >= gone {
                self.signal(Signal::KILL)?;
            }
            sleep(PAUSE).await;
        }
        Ok(())
    }

    fn is_running(&self) -> Result<bool> {
        Ok(matches!(self.state()?, State::Running { .. }))
    }

    /// To whoever holds the state directory at this moment: never to a process that only has its old id.
    fn signal(&self, signal: Signal) -> Result<()> {
        let State::Running { pid } = self.state()? else {
            return Ok(());
        };
        let pid = i32::try_from(pid)
            .ok()
            .and_then(Pid::from_raw)
            .context("its process id is out of range")?;
        match kill_process(pid, signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(error) => {
                Err(error).with_context(|| format!("stopping process {}", pid.as_raw_nonzero()))
            }
        }
    }

    /// Stops the process and removes its state.
    pub async fn remove(&self) -> Result<()> {
        self.stop().await?;
        match fs::remove_dir_all(&self.dir) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(error).with_context(|| format!("removing {}", self.dir.display()))
            }
            _ => Ok(()),
        }
    }

    pub async fn infra_client(&self) -> Result<Client> {
        kube::client(&self.admin("infra")?).await
    }

    pub async fn app_client(&self) -> Result<Client> {
        kube::client(&self.admin("app")?).await
    }

    /// A context for the app cluster, which is the current one, and one for the infra cluster.
    pub fn kubeconfig(&self, names: &Names) -> Result<Kubeconfig> {
        let (app, infra) = (self.admin("app")?, self.admin("infra")?);
        combine(&[
            Access {
                context: names.app_cluster(),
                admin: &app,
                server: None,
            },
            Access {
                context: &names.infra_cluster(),
                admin: &infra,
                server: None,
            },
        ])
    }

    /// As the server wrote it when it began to serve.
    fn admin(&self, cluster: &str) -> Result<String> {
        let path = self.dir.join(format!("{cluster}.kubeconfig"));
        fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))
    }
}
