//! Both clusters' APIs on two ports of loopback, in this process.

use std::fs;
use std::io::{ErrorKind, Write};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::resize;
use crate::sim::api::Access;
use crate::sim::clock::Clock;
use crate::sim::controllers::cluster_api::Endpoint;
use crate::sim::engine::Cluster;
use crate::sim::scenario::Scenario;
use crate::sim::{Sim, Stores};
use crate::tools::https::{Identity, Server};

/// What is to be served, and where.
pub struct Settings {
    /// The kubeconfigs are written here.
    pub dir: PathBuf,
    /// The clusters' objects are kept in the directory, too, and outlive the process.
    pub persistent: bool,
    /// The infra cluster's port; the app cluster has the next one. Nothing: those of last time, or any.
    pub port: Option<u16>,
    pub scenario: Scenario,
}

/// Two clusters that are being served.
pub struct Serving {
    pub infra: Served,
    pub app: Served,
    tasks: JoinSet<()>,
}

/// One cluster, and the file by which it is reached.
#[derive(Debug, Serialize)]
pub struct Served {
    pub address: SocketAddr,
    pub kubeconfig: PathBuf,
}

/// What clients know a server by. Kept with the state, so that their kubeconfigs outlive a restart.
#[derive(Serialize, Deserialize)]
struct Credentials {
    identity: Identity,
    token: String,
    ports: [u16; 2],
}

const CREDENTIALS: &str = "credentials.json";

/// Binds both ports, writes the kubeconfigs and starts to serve; ends when the token is cancelled.
pub async fn serve(settings: Settings, cancel: CancellationToken) -> Result<Serving> {
    let Settings {
        dir,
        persistent,
        port,
        scenario,
    } = settings;
    let mut credentials = Credentials::of(&dir)?;
    if let Some(port) = port {
        credentials.ports = [port, port.saturating_add(1)];
    }
    let must = port.is_some();
    let infra = credentials.bind(0, must).await?;
    let app = credentials.bind(1, must).await?;
    let addresses = [infra.address()?, app.address()?];
    credentials.ports = addresses.map(|address| address.port());
    credentials.save(&dir)?;
    let [infra_file, app_file] = credentials.write_kubeconfigs(&dir, addresses)?;
    let stores = if persistent {
        Stores::open(&dir)?
    } else {
        Stores::in_memory()
    };
    let endpoint = Endpoint {
        host: addresses[1].ip().to_string(),
        port: addresses[1].port(),
        kubeconfig: credentials.kubeconfig("app", addresses[1]),
    };
    let sim = Sim::new(stores, Clock::real(), scenario, endpoint)?;
    let kubeconfigs = [
        credentials.kubeconfig("infra", addresses[0]),
        credentials.kubeconfig("app", addresses[1]),
    ];
    let mut tasks = credentials.start(sim, infra, app, &cancel);
    let log = persistent.then(|| dir.join("resize.log"));
    tasks.spawn(resize::supervise(kubeconfigs, log, cancel));
    Ok(Serving {
        tasks,
        infra: Served {
            address: addresses[0],
            kubeconfig: infra_file,
        },
        app: Served {
            address: addresses[1],
            kubeconfig: app_file,
        },
    })
}

impl Serving {
    /// Until the token is cancelled and everything has come to its end.
    pub async fn ended(mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

impl Credentials {
    /// Those of last time, or new ones.
    fn of(dir: &Path) -> Result<Self> {
        let path = dir.join(CREDENTIALS);
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .with_context(|| format!("reading {}", path.display())),
            Err(error) if error.kind() == ErrorKind::NotFound => Self::generate(),
            Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
        }
    }

    fn generate() -> Result<Self> {
        Ok(Self {
            identity: Identity::generate()?,
            token: Identity::secret()?,
            ports: [0, 0],
        })
    }

    fn save(&self, dir: &Path) -> Result<()> {
        write_private(&dir.join(CREDENTIALS), &serde_json::to_string(self)?)
    }

    /// `must`: no other port will do.
    async fn bind(&self, which: usize, must: bool) -> Result<Server> {
        let bound = Server::bind(self.ports[which], &self.identity).await;
        if must || bound.is_ok() {
            return bound;
        }
        Server::bind(0, &self.identity).await
    }

    fn write_kubeconfigs(&self, dir: &Path, addresses: [SocketAddr; 2]) -> Result<[PathBuf; 2]> {
        let paths = ["infra", "app"].map(|name| dir.join(format!("{name}.kubeconfig")));
        for ((path, name), address) in paths.iter().zip(["infra", "app"]).zip(addresses) {
            write_private(path, &self.kubeconfig(name, address))?;
        }
        Ok(paths)
    }

    /// JSON is YAML.
    fn kubeconfig(&self, name: &str, address: SocketAddr) -> String {
        let ca = base64::Engine::encode(
            &base64::engine::general_purpose::STANDARD,
            &self.identity.ca,
        );
        let cluster =
            json!({"server": format!("https://{address}"), "certificate-authority-data": ca});
        json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": cluster}],
            "users": [{"name": name, "user": {"token": self.token}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "current-context": name,
        })
        .to_string()
    }

    fn start(
        &self,
        mut sim: Sim,
        infra: Server,
        app: Server,
        cancel: &CancellationToken,
    ) -> JoinSet<()> {
        let access = Access::with_token(&self.token);
        let mut tasks = JoinSet::new();
        for (server, cluster) in [(infra, Cluster::Infra), (app, Cluster::App)] {
            tasks.spawn(server.serve(sim.api(cluster, access.clone()), cancel.clone()));
        }
        let cancel = cancel.clone();
        tasks.spawn(async move { sim.run(cancel).await });
        tasks
    }
}

/// Written beside and renamed, so that no half file is ever read; mode 0600.
fn write_private(path: &Path, text: &str) -> Result<()> {
    let beside = path.with_extension("new");
    let written = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .and_then(|()| fs::rename(&beside, path));
    written.with_context(|| format!("writing {}", path.display()))
}
