//! Looks at what Docker has of a platform.

use std::collections::BTreeSet;

use anyhow::Result;
use futures::future::try_join_all;

use super::{Instance, Observed};
use crate::names::{DOCKER_NETWORK, KIND_CLUSTER_LABEL, Names, PLATFORM_LABEL};
use crate::tools::docker::{self, Docker, State};
use crate::world::World;

/// Images, containers and network; nothing of what is in the clusters.
pub(super) async fn observe(docker: &Docker, world: &World) -> Result<Observed> {
    let names = world.names();
    let of_app = [(KIND_CLUSTER_LABEL, names.app_cluster())];
    let (images, node, containers, network) = tokio::try_join!(
        present(docker, world.images()),
        find_node(docker, names),
        docker.list_containers(&of_app),
        network_is_ours_alone(docker, names),
    )?;
    let ours = node.as_ref().is_some_and(|node| node.ours);
    let containers = containers
        .iter()
        .map(|found| (found.name.clone(), instance(found, ours)))
        .collect();
    let mut observed = Observed {
        images,
        containers,
        network,
        ..Observed::default()
    };
    observed.infra.node = node;
    Ok(observed)
}

async fn present(docker: &Docker, images: BTreeSet<String>) -> Result<BTreeSet<String>> {
    let found = try_join_all(images.iter().map(|image| docker.image_id(image))).await?;
    Ok(images
        .into_iter()
        .zip(found)
        .filter_map(|(image, id)| id.map(|_| image))
        .collect())
}

async fn find_node(docker: &Docker, names: &Names) -> Result<Option<Instance>> {
    let found = docker.find_container(&names.infra_node()).await?;
    Ok(found.map(|found| {
        let ours = found
            .labels
            .get(PLATFORM_LABEL)
            .is_some_and(|name| name == names.platform());
        instance(&found, ours)
    }))
}

fn instance(found: &docker::Container, ours: bool) -> Instance {
    Instance {
        running: found.state == State::Running,
        state: found.state.to_string(),
        ours,
    }
}

/// Whether the network carries our label and no container, running or not, but this platform's is attached to it.
async fn network_is_ours_alone(docker: &Docker, names: &Names) -> Result<bool> {
    let labels = docker.network_labels(DOCKER_NETWORK).await?;
    if !labels.is_some_and(|labels| labels.contains_key(PLATFORM_LABEL)) {
        return Ok(false);
    }
    let (infra, app) = (names.infra_cluster(), names.app_cluster());
    let is_mine = |found: &docker::Container| {
        found
            .labels
            .get(KIND_CLUSTER_LABEL)
            .is_some_and(|cluster| *cluster == infra || cluster == app)
    };
    let everyone = docker.list_containers(&[]).await?;
    Ok(everyone
        .iter()
        .filter(|found| found.networks.contains_key(DOCKER_NETWORK))
        .all(is_mine))
}
