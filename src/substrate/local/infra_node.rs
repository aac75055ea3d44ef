//! The infra cluster's only node: a container that kind would recognise as its own.
//!
//! Every function can be repeated. After a crash at any point the same sequence (`create`, `boot`, `kubeadm_init`)
//! finishes the job, because what is done is read from the container itself.

mod kubeadm;
mod manifests;

pub use kubeadm::{KubeadmSpec, kubeadm_init};
pub use manifests::default_manifests;

use std::collections::{BTreeMap, HashMap};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use tokio::time::{Instant, sleep};

use crate::failure::Failure;
use crate::names::{DOCKER_NETWORK, KIND_CLUSTER_LABEL, KIND_ROLE_LABEL, Names, PLATFORM_LABEL};
use crate::tools::docker::{
    Container, ContainerCreateBody, Docker, HostConfig, HostConfigCgroupnsModeEnum, Info, Mount,
    MountType, PortBinding, RestartPolicy, RestartPolicyNameEnum, State,
};

/// Port of the API server inside the node.
pub const API_SERVER_PORT: u16 = 6443;

const ADMIN_KUBECONFIG: &str = "/etc/kubernetes/admin.conf";

/// Other programs may take the chosen host port between the choice and the start.
const START_ATTEMPTS: usize = 3;

/// Docker makes a container in less than a second; under much load in several.
const NAME_DEADLINE: Duration = Duration::from_secs(30);
const NAME_PAUSE: Duration = Duration::from_millis(200);

const REMOVAL_DEADLINE: Duration = Duration::from_mins(2);

/// kube-proxy is up two seconds after kubeadm is done.
const SERVICES_DEADLINE: Duration = Duration::from_mins(1);

/// Lines of the node's log that a failed boot quotes.
const QUOTED_LINES: usize = 15;

/// What a node container is made of.
#[derive(Debug, Clone)]
pub struct NodeSpec {
    pub names: Names,
    /// A node image of kind, present on the daemon.
    pub image: String,
    /// Labels beside those that every node has.
    pub labels: BTreeMap<String, String>,
}

/// Makes the node container and starts it; the network must exist. A container of ours is used again: started if it
/// stopped, made anew if it never ran. A foreign container of that name is [refused](crate::failure::Exit::Refused).
pub async fn create(docker: &Docker, spec: &NodeSpec) -> Result<Container> {
    let deadline = Instant::now() + NAME_DEADLINE;
    loop {
        if let Some(container) = existing(docker, spec).await? {
            return Ok(container);
        }
        if let Some(container) = make(docker, spec).await? {
            return Ok(container);
        }
        // Docker is still at work on what an interrupted run asked for: a name is taken before its container is seen.
        if Instant::now() >= deadline {
            let name = spec.names.infra_node();
            let message =
                format!("Docker has no container `{name}`, yet says that the name is taken");
            return Err(Failure::failed(message)
                .hint("restart the Docker daemon")
                .into());
        }
        sleep(NAME_PAUSE).await;
    }
}

/// The node container that is there, running.
async fn existing(docker: &Docker, spec: &NodeSpec) -> Result<Option<Container>> {
    let name = spec.names.infra_node();
    let Some(container) = docker.find_container(&name).await? else {
        return Ok(None);
    };
    refuse_foreign(&container, &spec.names)?;
    revive(docker, &container).await?;
    docker.find_container(&name).await
}

/// A new node container; none if its name is taken.
async fn make(docker: &Docker, spec: &NodeSpec) -> Result<Option<Container>> {
    let info = docker.info().await?;
    let mut failure = anyhow!("no attempt was made");
    for _ in 0..START_ATTEMPTS {
        let body = container_body(docker, spec, &info)?;
        let name = spec.names.infra_node();
        let Some(id) = docker.create_container(&name, body).await? else {
            return Ok(None);
        };
        match start(docker, &name).await {
            Ok(container) => return Ok(Some(container)),
            Err(error) => failure = error,
        }
        docker.remove_container(&id).await?;
        if !port_was_taken(&failure) {
            break;
        }
    }
    Err(failure)
}

/// Waits until systemd in the node has started its services, containerd among them.
pub async fn boot(docker: &Docker, name: &str, deadline: Duration) -> Result<()> {
    let container = docker.find_container(name).await?;
    let since = container.and_then(|c| c.started_at);
    let booted = |line: &str| line.contains("Reached target") && line.contains("Multi-User System");
    let Err(error) = docker.wait_log_line(name, since, booted, deadline).await else {
        return Ok(());
    };
    let tail = docker
        .logs_tail(name, QUOTED_LINES)
        .await
        .unwrap_or_default();
    let cause = error.context(format!("last lines of its log:\n{}", tail.trim_end()));
    Err(Failure::failed(format!("node `{name}` did not boot to `Multi-User System`"))
        .because(cause)
        .hint(format!("read its whole log: docker logs {name}"))
        .hint("too few inotify instances are a common cause: sudo sysctl fs.inotify.max_user_instances=512")
        .into())
}

/// Waits until kube-proxy on the node leads to the API server by its Service, whose address is given.
///
/// A controller that calls it earlier waits for the end of its first connection attempt, half a minute, and may then
/// hold its certificates back for longer.
pub async fn wait_for_services(docker: &Docker, name: &str, address: &str) -> Result<()> {
    let connect = format!(
        "until timeout 0.3 bash -c '3<>/dev/tcp/{address}/443'; do sleep 0.1; done 2>/dev/null"
    );
    let limit = SERVICES_DEADLINE.as_secs().to_string();
    let answer = docker
        .exec(name, &["timeout", &limit, "bash", "-c", &connect])
        .await?;
    if answer.status == 0 {
        return Ok(());
    }
    let message = format!("kube-proxy on {name} does not lead to the API server at {address}:443");
    Err(Failure::failed(message)
        .hint(format!(
            "read its log: docker exec {name} sh -c 'cat /var/log/pods/*kube-proxy*/*/*.log'"
        ))
        .into())
}

/// Whether kubeadm is done with the node. Its API server answers earlier, but not yet to the administrator.
pub async fn is_initialised(docker: &Docker, name: &str) -> Result<bool> {
    Ok(docker
        .read_file(name, "/kind/kubeadm.done")
        .await?
        .is_some())
}

/// The cluster administrator's kubeconfig, with the server as the host reaches it. A secret.
pub async fn kubeconfig(docker: &Docker, name: &str) -> Result<String> {
    let server = server(docker, name).await?;
    let config = read_text(docker, name, ADMIN_KUBECONFIG).await?;
    Ok(with_server(&config, &server))
}

/// The address of the infra cluster's API server on this machine.
pub async fn server(docker: &Docker, name: &str) -> Result<String> {
    let container = docker.find_container(name).await?;
    let container = container.with_context(|| format!("there is no container `{name}`"))?;
    let port = container.published_port(API_SERVER_PORT)?;
    Ok(format!("https://127.0.0.1:{port}"))
}

fn refuse_foreign(container: &Container, names: &Names) -> Result<()> {
    if container
        .labels
        .get(PLATFORM_LABEL)
        .is_some_and(|p| p == names.platform())
    {
        return Ok(());
    }
    let name = &container.name;
    Err(Failure::refused(format!(
        "container `{name}` exists and is not ours: it lacks the label {PLATFORM_LABEL}={}",
        names.platform()
    ))
    .hint("choose another name for the platform: --name NAME")
    .hint(format!(
        "or, if nobody needs it, remove it: docker rm -fv {name}"
    ))
    .into())
}

/// Brings an existing node container back to running, or removes it if it never ran or cannot run again.
async fn revive(docker: &Docker, container: &Container) -> Result<()> {
    let name = &container.name;
    match container.state {
        State::Running | State::Restarting => Ok(()),
        State::Paused => docker.unpause(name).await,
        State::Exited => docker.start(name).await,
        State::Created | State::Dead => docker.remove_container(name).await,
        State::Removing => docker.wait_removed(name, REMOVAL_DEADLINE).await,
    }
}

async fn start(docker: &Docker, name: &str) -> Result<Container> {
    docker.start(name).await?;
    let started = docker.find_container(name).await?;
    started.with_context(|| format!("container `{name}` vanished right after its start"))
}

fn port_was_taken(error: &anyhow::Error) -> bool {
    let text = format!("{error:#}");
    text.contains("port is already allocated") || text.contains("address already in use")
}

fn container_body(docker: &Docker, spec: &NodeSpec, info: &Info) -> Result<ContainerCreateBody> {
    let name = spec.names.infra_node();
    Ok(ContainerCreateBody {
        hostname: Some(name),
        image: Some(spec.image.clone()),
        labels: Some(labels(spec)),
        env: Some(vec![format!("KUBECONFIG={ADMIN_KUBECONFIG}")]),
        // The entrypoint's words and systemd's reach the log only through a terminal.
        tty: Some(true),
        volumes: Some(vec!["/var".to_owned()]),
        exposed_ports: Some(vec![format!("{API_SERVER_PORT}/tcp")]),
        host_config: Some(host_config(docker, info)?),
        ..ContainerCreateBody::default()
    })
}

fn labels(spec: &NodeSpec) -> HashMap<String, String> {
    let mut labels: HashMap<String, String> = spec.labels.clone().into_iter().collect();
    labels.insert(PLATFORM_LABEL.to_owned(), spec.names.platform().to_owned());
    labels.insert(KIND_CLUSTER_LABEL.to_owned(), spec.names.infra_cluster());
    labels.insert(KIND_ROLE_LABEL.to_owned(), "control-plane".to_owned());
    labels
}

fn host_config(docker: &Docker, info: &Info) -> Result<HostConfig> {
    let mut binds = vec!["/lib/modules:/lib/modules:ro".to_owned()];
    // The kubelet looks up the devices of these file systems.
    if matches!(info.storage_driver.as_str(), "btrfs" | "zfs") {
        binds.push("/dev/mapper:/dev/mapper".to_owned());
    }
    let empty = |dir: &str| (dir.to_owned(), String::new());
    let binding = PortBinding {
        host_ip: Some(Ipv4Addr::LOCALHOST.to_string()),
        host_port: Some(free_port()?.to_string()),
    };
    let ports = HashMap::from([(format!("{API_SERVER_PORT}/tcp"), Some(vec![binding]))]);
    Ok(HostConfig {
        privileged: Some(true),
        security_opt: Some(vec![
            "seccomp=unconfined".to_owned(),
            "apparmor=unconfined".to_owned(),
        ]),
        cgroupns_mode: Some(HostConfigCgroupnsModeEnum::PRIVATE),
        userns_mode: info.remaps_users.then(|| "host".to_owned()),
        // The image's entrypoint has to be process 1, whatever the daemon's default.
        init: Some(false),
        network_mode: Some(DOCKER_NETWORK.to_owned()),
        tmpfs: Some(HashMap::from([empty("/tmp"), empty("/run")])),
        binds: Some(binds),
        mounts: docker
            .socket_path()
            .map(|socket| vec![socket_mount(&socket)]),
        port_bindings: Some(ports),
        // Back after a restart of the daemon or the host; a node that fails by itself is tried once more only.
        restart_policy: Some(RestartPolicy {
            name: Some(RestartPolicyNameEnum::ON_FAILURE),
            maximum_retry_count: Some(1),
        }),
        ..HostConfig::default()
    })
}

/// Cluster API's Docker provider, in a pod of this node, makes containers of the same daemon. A mount, unlike a bind,
/// fails if the socket is missing instead of making a directory in its place.
fn socket_mount(socket: &Path) -> Mount {
    Mount {
        typ: Some(MountType::BIND),
        source: Some(socket.display().to_string()),
        target: Some("/var/run/docker.sock".to_owned()),
        ..Mount::default()
    }
}

/// A free port of this host. Chosen here and not by Docker, which would choose another one at each start and so
/// break every kubeconfig that was handed out.
fn free_port() -> Result<u16> {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("looking for a free port")?;
    Ok(listener.local_addr()?.port())
}

async fn read_text(docker: &Docker, name: &str, path: &str) -> Result<String> {
    let content = docker.read_file(name, path).await?;
    let content = content.with_context(|| format!("container `{name}` has no {path}"))?;
    String::from_utf8(content).with_context(|| format!("{path} of container `{name}` is not text"))
}

/// Replaces the server's address in a kubeconfig that has one cluster.
fn with_server(kubeconfig: &str, server: &str) -> String {
    let rewrite = |line: &str| match line.split_once("server: ") {
        Some((indent, _)) if indent.trim().is_empty() => format!("{indent}server: {server}\n"),
        _ => format!("{line}\n"),
    };
    kubeconfig.lines().map(rewrite).collect()
}

#[cfg(test)]
mod tests;
