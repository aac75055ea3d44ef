//! Facts about this machine and its Docker daemon, as plain data.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::failure::{Report, report};
use crate::names::{DOCKER_NETWORK, KIND_CLUSTER_LABEL, Names, PLATFORM_LABEL};
use crate::spec::{Network, Platform};
use crate::tools::docker::{Container, Docker, Info, State};

/// Kernel parameters that are looked at.
const PARAMETERS: [&str; 2] = [
    "fs.inotify.max_user_instances",
    "fs.inotify.max_user_watches",
];

/// Kernel modules that the nodes use; `overlay` for their images, the others for their network.
const MODULES: [&str; 5] = ["overlay", "bridge", "veth", "nf_conntrack", "nf_nat"];

/// Everything that the checks look at.
#[derive(Debug)]
pub struct Facts {
    pub wanted: Wanted,
    /// Or why the daemon does not answer.
    pub engine: Result<Engine, Report>,
    pub host: Host,
}

/// What the platform is going to need.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub names: Names,
    /// With the `v`.
    pub kubernetes: String,
    pub network: Network,
}

/// The Docker daemon, and what it has that concerns the platform.
#[derive(Debug, Clone)]
pub struct Engine {
    pub info: Info,
    pub containers: Vec<Seen>,
    /// Subnets of the Docker network that the nodes share; empty when there is no such network yet.
    pub subnets: Vec<String>,
}

/// A container that has one of the platform's names or labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub name: String,
    pub state: State,
    /// The platform that our label says it belongs to.
    pub platform: Option<String>,
    /// The cluster that kind's label says it belongs to.
    pub cluster: Option<String>,
}

/// This machine, where the daemon runs on it; absent is what cannot be read (another system, no permission).
#[derive(Debug, Clone, Default)]
pub struct Host {
    pub parameters: BTreeMap<&'static str, u64>,
    /// Bytes that an ordinary process could still use.
    pub memory_available: Option<u64>,
    /// Bytes free where Docker keeps images and volumes.
    pub disk_free: Option<u64>,
    /// Hard limit of open files of the Docker daemon, which containers inherit.
    pub open_files: Option<u64>,
    /// Kernel modules that are neither loaded, built in nor available.
    pub missing_modules: Vec<&'static str>,
    pub kubectl: Option<PathBuf>,
}

/// Reads the facts. `docker` may be the reason why there is no connection.
pub async fn gather(docker: &Result<Docker>, platform: &Platform) -> Result<Facts> {
    let engine = match docker {
        Ok(docker) => Ok(engine(docker, &platform.names).await?),
        Err(error) => Err(report(error)),
    };
    let here = docker
        .as_ref()
        .is_ok_and(|docker| docker.socket_path().is_some());
    let data_root = engine
        .as_ref()
        .map_or(Path::new("/"), |engine| &engine.info.data_root)
        .to_owned();
    let reading = tokio::task::spawn_blocking(move || host(here, &data_root));
    Ok(Facts {
        wanted: Wanted {
            names: platform.names.clone(),
            kubernetes: platform.catalog.kubernetes.clone(),
            network: platform.network.clone(),
        },
        engine,
        host: reading.await.context("reading facts about this machine")?,
    })
}

async fn engine(docker: &Docker, names: &Names) -> Result<Engine> {
    let infra_cluster = names.infra_cluster();
    let ours = [(PLATFORM_LABEL, names.platform())];
    let infra = [(KIND_CLUSTER_LABEL, infra_cluster.as_str())];
    let app = [(KIND_CLUSTER_LABEL, names.app_cluster())];
    let (infra_node, load_balancer) = (names.infra_node(), names.load_balancer());
    let (info, ours, infra, app, infra_node, load_balancer, subnets) = tokio::try_join!(
        docker.info(),
        docker.list_containers(&ours),
        docker.list_containers(&infra),
        docker.list_containers(&app),
        docker.find_container(&infra_node),
        docker.find_container(&load_balancer),
        docker.network_subnets(DOCKER_NETWORK),
    )?;
    let by_themselves = infra_node.into_iter().chain(load_balancer);
    let labelled = ours.into_iter().chain(infra).chain(app);
    let all = labelled.chain(by_themselves);
    let by_name: BTreeMap<String, Container> = all.map(|c| (c.name.clone(), c)).collect();
    Ok(Engine {
        info,
        containers: by_name.into_values().map(Seen::from).collect(),
        subnets,
    })
}

impl From<Container> for Seen {
    fn from(mut container: Container) -> Self {
        Self {
            platform: container.labels.remove(PLATFORM_LABEL),
            cluster: container.labels.remove(KIND_CLUSTER_LABEL),
            name: container.name,
            state: container.state,
        }
    }
}

fn host(here: bool, data_root: &Path) -> Host {
    let kubectl = which::which("kubectl").ok();
    if !here {
        return Host {
            kubectl,
            ..Host::default()
        };
    }
    let parameters = PARAMETERS.into_iter();
    Host {
        parameters: parameters
            .filter_map(|name| Some((name, parameter(name)?)))
            .collect(),
        memory_available: memory_available(),
        disk_free: rustix::fs::statvfs(data_root)
            .ok()
            .map(|disk| disk.f_bavail * disk.f_frsize),
        open_files: open_files_of("dockerd"),
        missing_modules: missing_modules().unwrap_or_default(),
        kubectl,
    }
}

fn parameter(name: &str) -> Option<u64> {
    let path = format!("/proc/sys/{}", name.replace('.', "/"));
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

fn memory_available() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
}

/// The hard limit of the first process of that name.
fn open_files_of(program: &str) -> Option<u64> {
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let found = processes.map(|entry| entry.path()).find(|path| {
        fs::read_to_string(path.join("comm")).is_ok_and(|name| name.trim() == program)
    })?;
    let limits = fs::read_to_string(found.join("limits")).ok()?;
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// `None` where the kernel's modules cannot be known, as in many containers and small machines.
fn missing_modules() -> Option<Vec<&'static str>> {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").ok()?;
    let dir = Path::new("/lib/modules").join(release.trim());
    let builtin = fs::read_to_string(dir.join("modules.builtin")).ok()?;
    let available = fs::read_to_string(dir.join("modules.dep")).ok()?;
    let has = |module: &str| {
        let file = format!("/{module}.ko");
        Path::new("/sys/module").join(module).exists()
            || builtin.contains(&file)
            || available.contains(&file)
    };
    Some(MODULES.into_iter().filter(|module| !has(module)).collect())
}
