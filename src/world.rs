//! What a run works with: the outside (Docker, a bundle, the platform's directory) and what it wants of it.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Result;
use kube::Client;
use serde_json::Value;
use tokio::time::Instant;

use crate::catalog::bundle::Bundle;
use crate::home::Home;
use crate::kubeconfig::Kubeconfig;
use crate::names::Names;
use crate::plan::Wanted;
use crate::render::{self, Manifest};
use crate::spec::Platform;
use crate::substrate::local::{clusters, infra_node, networking};
use crate::tools::docker::Docker;

/// Everything that a step may need. Clients are made when they are needed: ports change when containers restart.
#[derive(Clone)]
pub struct World {
    pub docker: Docker,
    pub home: Home,
    pub bundle: Option<Bundle>,
    pub platform: Platform,
    /// The app cluster's objects, rendered.
    pub manifests: Vec<Manifest>,
    /// RFC 3339; the infra node carries it, so that `gc` finds what has outlived its time.
    pub expires: Option<String>,
    ends: Instant,
}

impl World {
    /// `timeout` bounds everything that is waited for from now on.
    pub fn new(
        docker: Docker,
        home: Home,
        bundle: Option<Bundle>,
        platform: Platform,
        timeout: Duration,
    ) -> Result<Self> {
        let manifests = render::app_cluster(&platform)?;
        Ok(Self {
            docker,
            home,
            bundle,
            platform,
            manifests,
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

    /// Images that Docker needs to start the platform's nodes.
    pub fn images(&self) -> BTreeSet<String> {
        let images = &self.platform.catalog.images;
        [images.node_of_infra(), &images.node, &images.load_balancer]
            .map(ToOwned::to_owned)
            .into()
    }

    /// What `up` wants of the clusters.
    pub fn wanted(&self) -> Wanted {
        Wanted {
            images: self.images(),
            objects: self
                .manifests
                .iter()
                .map(|manifest| (manifest.key(), manifest.hash.clone()))
                .collect(),
            components: self.platform.catalog.components.clone(),
        }
    }

    pub async fn infra_client(&self) -> Result<Client> {
        clusters::infra_client(&self.docker, self.names()).await
    }

    pub async fn app_client(&self) -> Result<Client> {
        clusters::app_client(&self.docker, &self.infra_client().await?, self.names()).await
    }

    pub async fn kubeconfig(&self) -> Result<Kubeconfig> {
        clusters::kubeconfig(&self.docker, &self.infra_client().await?, self.names()).await
    }

    /// CNI and storage class of the infra cluster. Its node is its API server.
    pub async fn infra_networking(&self) -> Result<Vec<Value>> {
        let node = self.names().infra_node();
        let endpoint = format!("{node}:{}", infra_node::API_SERVER_PORT);
        let pods = &self.platform.network.pods;
        networking::objects(&self.docker, &node, pods, Some(&endpoint)).await
    }

    /// CNI and storage class of the app cluster.
    pub async fn app_networking(&self) -> Result<Vec<Value>> {
        let node = self.names().infra_node();
        let pods = &self.platform.network.pods;
        networking::objects(&self.docker, &node, pods, None).await
    }
}
