//! What differs between the places that nodes can come from.

pub mod local;
pub mod sim;

use anyhow::Result;
use kube::Client;

use crate::kubeconfig::Kubeconfig;
use crate::names::Names;
use crate::tools::docker::Docker;
use local::clusters;
use sim::Server;

/// What a platform's nodes are made with, and the way to its clusters.
#[derive(Clone)]
pub enum Backend {
    /// Containers of this daemon.
    Docker(Docker),
    /// Entries in the memory of this process.
    Sim(Server),
}

impl Backend {
    pub async fn infra_client(&self, names: &Names) -> Result<Client> {
        match self {
            Self::Docker(docker) => clusters::infra_client(docker, names).await,
            Self::Sim(server) => server.infra_client().await,
        }
    }

    /// `infra` knows how the app cluster is reached.
    pub async fn app_client(&self, infra: &Client, names: &Names) -> Result<Client> {
        match self {
            Self::Docker(docker) => clusters::app_client(docker, infra, names).await,
            Self::Sim(server) => server.app_client().await,
        }
    }

    /// Contexts for both clusters, the app cluster's being the current one.
    pub async fn kubeconfig(&self, infra: &Client, names: &Names) -> Result<Kubeconfig> {
        match self {
            Self::Docker(docker) => clusters::kubeconfig(docker, infra, names).await,
            Self::Sim(server) => server.kubeconfig(names),
        }
    }
}
