//! Steps of the infra cluster: its node, its control plane, its components.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
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
        return bundle.load(&world.docker).await.map(drop);
    }
    for image in images {
        world
            .docker
            .pull_image(image, |status| {
                reporter.note(format!("pulling {image}: {status}"));
            })
            .await?;
    }
    Ok(())
}

pub(super) async fn create_node(world: &World, reporter: &Reporter) -> Result<()> {
    world
        .docker
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
    infra_node::create(&world.docker, &spec).await?;
    reporter.note("booting");
    infra_node::boot(
        &world.docker,
        &world.names().infra_node(),
        world.at_most(BOOT_DEADLINE),
    )
    .await
}

pub(super) async fn start_node(world: &World, node: &str, reporter: &Reporter) -> Result<()> {
    world.docker.start(node).await?;
    reporter.note("booting");
    infra_node::boot(&world.docker, node, world.at_most(BOOT_DEADLINE)).await
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
    infra_node::kubeadm_init(&world.docker, &node, &spec).await?;
    reporter.note("asking its API server");
    kube::server_ready(&world.infra_client().await?, world.deadline(API_DEADLINE)).await
}

/// Installs CNI and storage class. Pods start with the CNI, so Services have to work before.
pub(super) async fn install_networking(world: &World, reporter: &Reporter) -> Result<()> {
    reporter.note("waiting for kube-proxy");
    if !infra_node::services_work(&world.docker, &world.names().infra_node()).await? {
        tracing::warn!("kube-proxy has set up no Service yet; pods may take 30 s longer to start");
    }
    let objects = world.networking().await?;
    let client = world.infra_client().await?;
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
    components::install(
        &client,
        &manifests,
        reporter,
        world.deadline(COMPONENTS_DEADLINE),
    )
    .await
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
