//! What a run works with: the outside (Docker, a bundle, the platform's directory) and what it wants of it.

use std::time::{Duration, Instant};

use anyhow::Result;
use kube::Client;
use serde_json::Value;

use crate::catalog::bundle::Bundle;
use crate::home::Home;
use crate::kubeconfig::Kubeconfig;
use crate::names::Names;
use crate::render::{self, Manifest};
use crate::spec::Platform;
use crate::substrate::local::{clusters, networking};
use crate::tools::docker::Docker;

/// Everything that a step may need. Clients are made when they are needed: ports change when containers restart.
#[derive(Debug)]
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
    pub fn new(docker: Docker, home: Home, bundle: Option<Bundle>, platform: Platform, timeout: Duration) -> Result<Self> {
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

    pub fn names(&self) -> &Names {
        &self.platform.names
    }

    /// How long a wait may take: its own limit, but never longer than the run.
    pub fn at_most(&self, limit: Duration) -> Duration {
        limit.min(self.ends.saturating_duration_since(Instant::now()))
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

    /// CNI and storage class; the same for both clusters.
    pub async fn networking(&self) -> Result<Vec<Value>> {
        networking::objects(&self.docker, &self.names().infra_node(), &self.platform.network.pods).await
    }
}
