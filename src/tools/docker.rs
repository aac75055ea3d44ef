//! The Docker Engine API, as far as it is used here.
//!
//! [`Docker`] is a thin typed layer over bollard. It adds what every caller needs: a deadline on each call, errors that
//! name the object, and plain data instead of structures in which everything is optional.

mod container;
mod exec;
#[cfg(test)]
pub(crate) mod fake;
mod files;
mod image;
mod logs;
mod network;

pub use bollard::models::{
    ContainerCreateBody, HostConfig, HostConfigCgroupnsModeEnum, Mount, MountType, PortBinding,
    RestartPolicy, RestartPolicyNameEnum,
};
pub use container::{Container, State};
pub use exec::ExecOutput;
pub use files::File;

use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use bollard::{BollardRequest, ClientVersion};
use futures::TryFutureExt;
use futures::future::BoxFuture;

use crate::failure::{Exit, Failure};

/// Longest time for a call that only reads or changes the daemon's own records.
const CALL_DEADLINE: Duration = Duration::from_mins(1);

/// bollard's own limit; above every deadline of this module, so that ours decide.
const TRANSPORT_TIMEOUT_SECONDS: u64 = 3600;

const SYSTEM_SOCKET: &str = "/var/run/docker.sock";

/// A connection to a Docker daemon. Cheap to clone.
#[derive(Clone)]
pub struct Docker {
    api: bollard::Docker,
    socket: Option<PathBuf>,
}

/// What the daemon says about itself and its host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info {
    /// Version of the engine, e.g. `26.1.5`.
    pub server_version: String,
    /// `1` or `2`.
    pub cgroup_version: String,
    /// `systemd`, `cgroupfs` or `none`.
    pub cgroup_driver: String,
    /// e.g. `overlay2`.
    pub storage_driver: String,
    pub cpus: u64,
    /// Memory of the host, in bytes.
    pub memory: u64,
    /// Where images and volumes lie on the daemon's host.
    pub data_root: PathBuf,
    pub rootless: bool,
    /// The daemon maps container users to other users of the host (`userns-remap`).
    pub remaps_users: bool,
    /// e.g. `linux/x86_64`.
    pub platform: String,
    /// e.g. `Debian GNU/Linux 12` or `Docker Desktop`.
    pub operating_system: String,
}

impl Docker {
    /// Connects to the daemon that `DOCKER_HOST` names, or to the local one, and agrees on an API version with it.
    ///
    /// A daemon that does not answer is a [`Failure`] with [`Exit::OperatorMustAct`].
    pub async fn connect() -> Result<Self> {
        Self::connect_to(&host()).await
    }

    /// Connects to a daemon by its address: `unix:///path` or `tcp://host:port`.
    pub async fn connect_to(host: &str) -> Result<Self> {
        let unreachable = |cause: anyhow::Error| unreachable_daemon(host, cause);
        let api = bollard::Docker::connect_with_host(host)
            .map_err(|e| unreachable(e.into()))?
            .with_timeout(Duration::from_secs(TRANSPORT_TIMEOUT_SECONDS));
        let negotiated = tokio::time::timeout(CALL_DEADLINE, api.negotiate_version());
        let api = match negotiated.await {
            Ok(answer) => answer.map_err(|e| unreachable(e.into()))?,
            Err(_) => return Err(unreachable(no_answer(CALL_DEADLINE)).into()),
        };
        let version = api.client_version();
        Ok(Self {
            api: api.with_request_modifier(move |request| with_version(request, version)),
            socket: host.strip_prefix("unix://").map(PathBuf::from),
        })
    }

    /// Path of the daemon's socket on the daemon's host, to be mounted into containers that drive Docker themselves.
    /// `None` when the daemon is reached over TCP.
    pub fn socket_path(&self) -> Option<PathBuf> {
        // Docker Desktop's socket is in the user's home; inside its machine the engine's own is where it always is.
        let desktop = cfg!(target_os = "macos");
        self.socket.as_ref().map(|path| {
            if desktop {
                PathBuf::from(SYSTEM_SOCKET)
            } else {
                path.clone()
            }
        })
    }

    pub async fn info(&self) -> Result<Info> {
        let info = call("asking the Docker daemon about itself", self.api.info()).await?;
        let options = info.security_options.unwrap_or_default();
        let has_option = |name: &str| options.iter().any(|o| o.starts_with(name));
        Ok(Info {
            server_version: info.server_version.unwrap_or_default(),
            cgroup_version: info
                .cgroup_version
                .map(|v| v.to_string())
                .unwrap_or_default(),
            cgroup_driver: info
                .cgroup_driver
                .map(|v| v.to_string())
                .unwrap_or_default(),
            storage_driver: info.driver.unwrap_or_default(),
            cpus: unsigned(info.ncpu),
            memory: unsigned(info.mem_total),
            data_root: info.docker_root_dir.unwrap_or_default().into(),
            rootless: has_option("name=rootless"),
            remaps_users: has_option("name=userns"),
            platform: format!(
                "{}/{}",
                info.os_type.unwrap_or_default(),
                info.architecture.unwrap_or_default()
            ),
            operating_system: info.operating_system.unwrap_or_default(),
        })
    }
}

/// Runs one call to the daemon under the deadline for quick calls.
fn call<'a, T: Send + 'a>(
    doing: &'a str,
    call: impl Future<Output = Result<T, bollard::errors::Error>> + Send + 'a,
) -> BoxFuture<'a, Result<T>> {
    within(CALL_DEADLINE, doing, call.map_err(Into::into))
}

/// Runs `work` under a deadline; both its error and the deadline's say what was being done.
///
/// Boxed, because bollard's futures are of many kilobytes and callers join several of them.
fn within<'a, T: Send + 'a>(
    deadline: Duration,
    doing: &'a str,
    work: impl Future<Output = Result<T>> + Send + 'a,
) -> BoxFuture<'a, Result<T>> {
    let work = tokio::time::timeout(deadline, work);
    Box::pin(async move {
        let answer = work.await.unwrap_or_else(|_| Err(no_answer(deadline)));
        answer.with_context(|| doing.to_owned())
    })
}

fn no_answer(deadline: Duration) -> anyhow::Error {
    anyhow!(
        "the Docker daemon gave no answer within {} s",
        deadline.as_secs()
    )
}

/// Turns the daemon's "no such object" into `None`.
fn found<T>(
    answer: Result<T, bollard::errors::Error>,
) -> Result<Option<T>, bollard::errors::Error> {
    match answer {
        Ok(object) => Ok(Some(object)),
        Err(error) if has_status(&error, 404) => Ok(None),
        Err(error) => Err(error),
    }
}

fn has_status(error: &bollard::errors::Error, status: u16) -> bool {
    use bollard::errors::Error::DockerResponseServerError;
    matches!(error, DockerResponseServerError { status_code, .. } if *status_code == status)
}

/// Address of the daemon: `DOCKER_HOST`, else the system's socket, else that of a rootless daemon.
fn host() -> String {
    if let Some(host) = env::var("DOCKER_HOST").ok().filter(|host| !host.is_empty()) {
        return host;
    }
    let rootless = env::var_os("XDG_RUNTIME_DIR").map(|dir| Path::new(&dir).join("docker.sock"));
    match rootless {
        Some(socket) if socket.exists() && !Path::new(SYSTEM_SOCKET).exists() => {
            format!("unix://{}", socket.display())
        }
        _ => format!("unix://{SYSTEM_SOCKET}"),
    }
}

fn unreachable_daemon(host: &str, cause: anyhow::Error) -> Failure {
    Failure::new(Exit::OperatorMustAct, format!("no Docker daemon answers at {host}"))
        .because(cause)
        .hint("start Docker (`sudo systemctl start docker`, or Docker Desktop) and check with `docker version`")
        .hint("if the socket refuses you, join its group: `sudo usermod -aG docker $USER`, then log in again")
        .hint("a daemon elsewhere is named by DOCKER_HOST (unix:///path or tcp://host:port)")
}

/// Puts the API version before the path, which bollard 0.21.1 computes and then loses. Without it a newer daemon
/// answers in its own newest version, whatever was negotiated.
fn with_version(mut request: BollardRequest, version: ClientVersion) -> BollardRequest {
    let uri = request.uri();
    let path = uri.path_and_query().map_or("/", |p| p.as_str());
    let prefix = format!("/v{}.{}", version.major_version, version.minor_version);
    if path.starts_with(&prefix) {
        return request;
    }
    let (scheme, authority) = (uri.scheme_str().unwrap_or("http"), uri.authority());
    let host = authority.map_or("localhost", |a| a.as_str());
    if let Ok(versioned) = format!("{scheme}://{host}{prefix}{path}").parse() {
        *request.uri_mut() = versioned;
    }
    request
}

fn unsigned(number: Option<i64>) -> u64 {
    number
        .and_then(|n| u64::try_from(n).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
