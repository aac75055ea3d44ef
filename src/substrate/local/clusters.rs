//! How the two clusters are reached from this machine.

use anyhow::{Context as _, Result};
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client};

use crate::kubeconfig::{Access, Kubeconfig, combine};
use crate::names::{NAMESPACE, Names};
use crate::substrate::local::infra_node;
use crate::tools::docker::Docker;
use crate::tools::kube as api;

/// Port of the API server inside a node and inside the load balancer.
const API_SERVER_PORT: u16 = 6443;

/// A client for the infra cluster, whose admin kubeconfig lies in its node.
pub async fn infra_client(docker: &Docker, names: &Names) -> Result<Client> {
    api::client(&infra_node::kubeconfig(docker, &names.infra_node()).await?).await
}

/// The app cluster's admin kubeconfig, with its server on this machine's loopback.
///
/// Cluster API writes the load balancer's own address into it, which not every machine can reach; the port is read
/// from Docker each time, because it changes when the load balancer restarts. Errors while either is missing.
pub async fn app_kubeconfig(docker: &Docker, infra: &Client, names: &Names) -> Result<String> {
    let secret_name = format!("{}-kubeconfig", names.app_cluster());
    let secrets: Api<Secret> = Api::namespaced(infra.clone(), NAMESPACE);
    let secret = secrets
        .get(&secret_name)
        .await
        .with_context(|| format!("reading Secret {secret_name}"))?;
    let value = secret.data.and_then(|mut data| data.remove("value"));
    let value = value.with_context(|| format!("Secret {secret_name} has no key `value`"))?;
    let admin =
        String::from_utf8(value.0).with_context(|| format!("Secret {secret_name} is not text"))?;
    let balancer = names.load_balancer();
    let container = docker.find_container(&balancer).await?;
    let container = container.with_context(|| format!("there is no container {balancer}"))?;
    let server = format!(
        "https://127.0.0.1:{}",
        container.published_port(API_SERVER_PORT)?
    );
    let access = Access {
        context: names.app_cluster(),
        admin: &admin,
        server: &server,
    };
    combine(&[access])?.to_yaml()
}

/// A client for the app cluster.
pub async fn app_client(docker: &Docker, infra: &Client, names: &Names) -> Result<Client> {
    api::client(&app_kubeconfig(docker, infra, names).await?).await
}

/// The platform's kubeconfig: a context for the app cluster, which is the current one, and one for the infra cluster.
pub async fn kubeconfig(docker: &Docker, infra: &Client, names: &Names) -> Result<Kubeconfig> {
    let app = app_kubeconfig(docker, infra, names).await?;
    let mgmt = infra_node::kubeconfig(docker, &names.infra_node()).await?;
    let infra_cluster = names.infra_cluster();
    let (app_server, infra_server) = (server_of(&app)?, server_of(&mgmt)?);
    combine(&[
        Access {
            context: names.app_cluster(),
            admin: &app,
            server: &app_server,
        },
        Access {
            context: &infra_cluster,
            admin: &mgmt,
            server: &infra_server,
        },
    ])
}

fn server_of(text: &str) -> Result<String> {
    let config = Kubeconfig::parse(text)?;
    let context = config
        .current()
        .context("a kubeconfig without a current context")?;
    let server = config
        .server(context)
        .context("a kubeconfig without a server")?;
    Ok(server.to_owned())
}
