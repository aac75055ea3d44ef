//! What a run works with: the outside (a backend, a bundle, the platform's directory) and what it wants of it.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Result, bail};
use kube::Client;
use serde_json::Value;
use tokio::time::Instant;

use crate::catalog::Component;
use crate::catalog::bundle::Bundle;
use crate::home::Home;
use crate::kubeconfig::Kubeconfig;
use crate::names::Names;
use crate::plan::Wanted;
use crate::render::{self, Manifest, Program};
use crate::spec::{Platform, Substrate};
use crate::substrate::Backend;
use crate::substrate::local::{infra_node, loop_image, networking};
use crate::substrate::sim::Server;
use crate::tools::docker::Docker;

/// Everything that a step may need. Clients are made when they are needed: ports change when containers restart.
#[derive(Clone)]
pub struct World {
    pub backend: Backend,
    pub home: Home,
    pub bundle: Option<Bundle>,
    pub platform: Platform,
    /// The app cluster's objects, rendered.
    pub manifests: Vec<Manifest>,
    /// The resize loop's objects, where it is to be installed or removed.
    pub resize: Vec<Manifest>,
    /// RFC 3339; the infra node carries it, so that `gc` finds what has outlived its time.
    pub expires: Option<String>,
    ends: Instant,
}

impl World {
    /// `timeout` bounds everything that is waited for from now on.
    pub fn new(
        backend: Backend,
        home: Home,
        bundle: Option<Bundle>,
        platform: Platform,
        timeout: Duration,
    ) -> Result<Self> {
        let manifests = render::app_cluster(&platform)?;
        Ok(Self {
            backend,
            home,
            bundle,
            platform,
            manifests,
            resize: Vec::new(),
            expires: None,
            ends: Instant::now() + timeout,
        })
    }

    /// The same with `timeout` from now on.
    #[must_use]
    pub fn renewed(&self, timeout: Duration) -> Self {
        Self {
            ends: Instant::now() + timeout,
            ..self.clone()
        }
    }

    pub fn names(&self) -> &Names {
        &self.platform.names
    }

    /// When a wait has to end: after its own limit, but never later than the run.
    pub fn deadline(&self, limit: Duration) -> Instant {
        self.ends.min(Instant::now() + limit)
    }

    /// The same as a length of time.
    pub fn at_most(&self, limit: Duration) -> Duration {
        limit.min(self.ends.saturating_duration_since(Instant::now()))
    }

    /// For steps that only platforms of containers have.
    pub fn docker(&self) -> Result<&Docker> {
        match &self.backend {
            Backend::Docker(docker) => Ok(docker),
            Backend::Sim(_) => bail!("a simulated platform has no containers"),
        }
    }

    /// For steps that only simulated platforms have.
    pub fn server(&self) -> Result<&Server> {
        match &self.backend {
            Backend::Sim(server) => Ok(server),
            Backend::Docker(_) => bail!("a platform of containers has no embedded Kubernetes"),
        }
    }

    /// Images that Docker needs to start the platform's nodes.
    pub fn images(&self) -> BTreeSet<String> {
        if self.platform.substrate == Substrate::Sim {
            return BTreeSet::new();
        }
        let images = &self.platform.catalog.images;
        [images.node_of_infra(), &images.node, &images.load_balancer]
            .map(ToOwned::to_owned)
            .into()
    }

    /// Has the resize loop installed if it has anything to do, which is if a pool has a maximum; removed if nobody wants
    /// it.
    pub fn look_for_resize(&mut self) -> Result<()> {
        let pools = &self.platform.pools;
        let installs = self.platform.resize.enabled;
        if installs && pools.iter().all(|pool| pool.sizes.is_none()) {
            return Ok(());
        }
        let program = match self.platform.substrate {
            Substrate::Local if installs => loop_image::program()?,
            // What goes is found by its name, and a simulated platform runs no pods.
            _ => Program::default(),
        };
        self.resize = render::resize(&self.platform, &program)?;
        Ok(())
    }

    /// Looks for the resize loop's objects, however they were installed.
    pub fn look_for_any_resize(&mut self) -> Result<()> {
        self.resize = render::resize(&self.platform, &Program::default())?;
        Ok(())
    }

    /// What `up` wants of the clusters.
    pub fn wanted(&self) -> Wanted {
        Wanted {
            images: self.images(),
            objects: keys(&self.manifests),
            resize: keys(&self.resize),
            components: self.components().to_vec(),
        }
    }

    /// What the infra cluster needs; the embedded Kubernetes brings Cluster API's behaviour with it.
    pub fn components(&self) -> &[Component] {
        match self.platform.substrate {
            Substrate::Local => &self.platform.catalog.components,
            Substrate::Sim => &[],
        }
    }

    pub async fn infra_client(&self) -> Result<Client> {
        self.backend.infra_client(self.names()).await
    }

    pub async fn app_client(&self) -> Result<Client> {
        let infra = self.infra_client().await?;
        self.backend.app_client(&infra, self.names()).await
    }

    pub async fn kubeconfig(&self) -> Result<Kubeconfig> {
        let infra = self.infra_client().await?;
        self.backend.kubeconfig(&infra, self.names()).await
    }

    /// CNI and storage class of the infra cluster, if its node needs them. It is its API server.
    pub async fn infra_networking(&self) -> Result<Vec<Value>> {
        let Backend::Docker(docker) = &self.backend else {
            return Ok(Vec::new());
        };
        let node = self.names().infra_node();
        let endpoint = format!("{node}:{}", infra_node::API_SERVER_PORT);
        let pods = &self.platform.network.pods;
        networking::objects(docker, &node, pods, Some(&endpoint)).await
    }

    /// CNI and storage class of the app cluster, if its nodes need them.
    pub async fn app_networking(&self) -> Result<Vec<Value>> {
        let Backend::Docker(docker) = &self.backend else {
            return Ok(Vec::new());
        };
        let node = self.names().infra_node();
        let pods = &self.platform.network.pods;
        networking::objects(docker, &node, pods, None).await
    }
}

/// Each object's `Kind/name` and hash.
fn keys(manifests: &[Manifest]) -> Vec<(String, String)> {
    let keys = manifests.iter();
    keys.map(|manifest| (manifest.key(), manifest.hash.clone()))
        .collect()
}
