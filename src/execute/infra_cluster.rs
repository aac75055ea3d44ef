//! Steps of the infra cluster: its node, its control plane, its components.

use std::collections::BTreeMap;
use std::time::Duration;

use ::kube::Client;
use anyhow::{Context, Result};
use futures::future::try_join_all;

use super::components;
use crate::catalog::Component;
use crate::names::{DOCKER_NETWORK, EXPIRES_LABEL, PLATFORM_LABEL};
use crate::progress::Reporter;
use crate::substrate::local::infra_node::{self, KubeadmSpec, NodeSpec};
use crate::tools::download;
use crate::tools::kube;
use crate::world::World;

const BOOT_DEADLINE: Duration = Duration::from_mins(1);
const API_DEADLINE: Duration = Duration::from_mins(1);
const COMPONENTS_DEADLINE: Duration = Duration::from_mins(5);

pub(super) async fn fetch_images(
    world: &World,
    images: &[String],
    reporter: &Reporter,
) -> Result<()> {
    if let Some(bundle) = &world.bundle {
        reporter.note("loading them from the bundle");
        return bundle.load(world.docker()?).await.map(drop);
    }
    for image in images {
        world
            .docker()?
            .pull_image(image, |status| {
                reporter.note(format!("pulling {image}: {status}"));
            })
            .await?;
    }
    Ok(())
}

pub(super) async fn create_node(world: &World, reporter: &Reporter) -> Result<()> {
    world
        .docker()?
        .ensure_network(
            DOCKER_NETWORK,
            &[(PLATFORM_LABEL, world.names().platform())],
        )
        .await?;
    let expires = world
        .expires
        .clone()
        .map(|time| (EXPIRES_LABEL.to_owned(), time));
    let spec = NodeSpec {
        names: world.names().clone(),
        image: world.platform.catalog.images.node_of_infra().to_owned(),
        labels: expires.into_iter().collect::<BTreeMap<_, _>>(),
    };
    infra_node::create(world.docker()?, &spec).await?;
    reporter.note("booting");
    infra_node::boot(
        world.docker()?,
        &world.names().infra_node(),
        world.at_most(BOOT_DEADLINE),
    )
    .await
}

pub(super) async fn start_node(world: &World, node: &str, reporter: &Reporter) -> Result<()> {
    world.docker()?.start(node).await?;
    reporter.note("booting");
    infra_node::boot(world.docker()?, node, world.at_most(BOOT_DEADLINE)).await
}

pub(super) async fn start_server(world: &World) -> Result<()> {
    let (expires, deadline) = (world.expires.as_deref(), world.deadline(API_DEADLINE));
    world.server()?.start(expires, deadline).await
}

/// Runs kubeadm, unless the node was initialised before and its API server only has to come back.
pub(super) async fn init(world: &World, reporter: &Reporter) -> Result<()> {
    let node = world.names().infra_node();
    let spec = KubeadmSpec {
        cluster_name: world.names().infra_cluster(),
        kubernetes_version: world.platform.catalog.kubernetes.clone(),
        pod_subnet: world.platform.network.pods.clone(),
        service_subnet: world.platform.network.services.clone(),
    };
    infra_node::kubeadm_init(world.docker()?, &node, &spec).await?;
    reporter.note("asking its API server");
    kube::server_ready(&world.infra_client().await?, world.deadline(API_DEADLINE)).await
}

pub(super) async fn install_networking(world: &World) -> Result<()> {
    let (objects, client) = tokio::try_join!(world.infra_networking(), world.infra_client())?;
    kube::apply(&client, &objects, world.deadline(API_DEADLINE)).await
}

pub(super) async fn install_components(
    world: &World,
    names: &[String],
    reporter: &Reporter,
) -> Result<()> {
    let chosen = world
        .platform
        .catalog
        .components
        .iter()
        .filter(|component| names.contains(&component.name));
    let manifests = try_join_all(chosen.map(manifest)).await?;
    let client = world.infra_client().await?;
    let (docker, node) = (world.docker()?, world.names().infra_node());
    let services = async {
        let address = api_server_service(&client).await?;
        infra_node::wait_for_services(docker, &node, &address).await
    };
    components::install(
        &client,
        &manifests,
        services,
        reporter,
        world.deadline(COMPONENTS_DEADLINE),
    )
    .await
}

/// Address of the Service by which pods reach the API server.
async fn api_server_service(client: &Client) -> Result<String> {
    let services = kube::Objects::new(client, "v1", "Service", Some("default"));
    let service = services.get("kubernetes").await?;
    let address = service
        .as_ref()
        .and_then(|service| service.data["spec"]["clusterIP"].as_str());
    address
        .map(ToOwned::to_owned)
        .context("the infra cluster has no Service kubernetes")
}

async fn manifest(component: &Component) -> Result<(Component, String)> {
    Ok((component.clone(), download::text(component).await?))
}

pub(super) async fn wait_for_components(world: &World, reporter: &Reporter) -> Result<()> {
    let client = world.infra_client().await?;
    let components = &world.platform.catalog.components;
    components::wait_ready(
        &client,
        components,
        reporter,
        world.deadline(COMPONENTS_DEADLINE),
    )
    .await
}
