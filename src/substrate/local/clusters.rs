//! How the two clusters are reached from this machine.

use anyhow::{Context as _, Result};
use kube::Client;

use crate::kubeconfig::{Access, Kubeconfig, combine};
use crate::names::{NAMESPACE, Names};
use crate::substrate::local::infra_node::{self, API_SERVER_PORT};
use crate::tools::docker::Docker;
use crate::tools::kube as api;

/// A client for the infra cluster, whose admin kubeconfig lies in its node.
pub async fn infra_client(docker: &Docker, names: &Names) -> Result<Client> {
    api::client(&infra_node::kubeconfig(docker, &names.infra_node()).await?).await
}

/// A client for the app cluster.
pub async fn app_client(docker: &Docker, infra: &Client, names: &Names) -> Result<Client> {
    let (admin, server) = app_access(docker, infra, names).await?;
    let access = Access {
        context: names.app_cluster(),
        admin: &admin,
        server: Some(&server),
    };
    api::client(&combine(&[access])?.to_yaml()?).await
}

/// The platform's kubeconfig: a context for the app cluster, which is the current one, and one for the infra cluster.
pub async fn kubeconfig(docker: &Docker, infra: &Client, names: &Names) -> Result<Kubeconfig> {
    let node = names.infra_node();
    let (app, infra_admin, infra_server) = tokio::try_join!(
        app_access(docker, infra, names),
        infra_node::kubeconfig(docker, &node),
        infra_node::server(docker, &node),
    )?;
    let (app_admin, app_server) = app;
    combine(&[
        Access {
            context: names.app_cluster(),
            admin: &app_admin,
            server: Some(&app_server),
        },
        Access {
            context: &names.infra_cluster(),
            admin: &infra_admin,
            server: Some(&infra_server),
        },
    ])
}

/// The app cluster's admin kubeconfig and its server as this machine reaches it.
///
/// Cluster API writes the load balancer's own address into it, which not every machine can reach; the port is read
/// from Docker each time, because it changes when the load balancer restarts. Errors while either is missing.
async fn app_access(docker: &Docker, infra: &Client, names: &Names) -> Result<(String, String)> {
    let admin = api::secret(infra, NAMESPACE, &names.app_kubeconfig(), "value").await?;
    let balancer = names.load_balancer();
    let container = docker.find_container(&balancer).await?;
    let container = container.with_context(|| format!("there is no container {balancer}"))?;
    let port = container.published_port(API_SERVER_PORT)?;
    Ok((admin, format!("https://127.0.0.1:{port}")))
}
