//! Looks at a platform: Docker first, then whichever of its clusters answer.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use futures::future::try_join_all;
use kube::Client;
use serde_json::Value;

use super::{App, Container, Infra, Observed, capi, components};
use crate::kubeconfig::file;
use crate::names::{
    APPLIED_HASH_ANNOTATION, DOCKER_NETWORK, KIND_CLUSTER_LABEL, Names, PLATFORM_LABEL,
};
use crate::render::Manifest;
use crate::substrate::local::{clusters, infra_node};
use crate::tools::docker::{self, Docker, State};
use crate::tools::kube::Objects;
use crate::world::World;

/// An API server that takes longer than this to answer is not counted as answering.
const ANSWER_WITHIN: std::time::Duration = std::time::Duration::from_secs(5);

/// Everything that is known of the platform now. Parts that do not answer are absent, not errors.
pub async fn observe(world: &World) -> Result<Observed> {
    let names = world.names();
    let of_app = [(KIND_CLUSTER_LABEL, names.app_cluster())];
    let (images, node, containers, network) = tokio::try_join!(
        present(&world.docker, world.images()),
        find_node(&world.docker, names),
        world.docker.list_containers(&of_app),
        network_is_ours_alone(&world.docker, names),
    )?;
    let ours = node.as_ref().is_some_and(|node| node.ours);
    let containers = containers
        .iter()
        .map(|found| (found.name.clone(), container(found, ours)))
        .collect();
    let mut observed = Observed {
        images,
        containers,
        network,
        ..Observed::default()
    };
    observed.infra.node = node;
    if let Some(client) = answering_infra(world, &observed.infra).await {
        let (infra, app) = tokio::try_join!(infra(world, &client), app(world, &client))?;
        observed.infra = Infra {
            node: observed.infra.node,
            ..infra
        };
        observed.app = app;
        observed.kubeconfig = kubeconfig_is_current(world, &client).await;
    }
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

async fn find_node(docker: &Docker, names: &Names) -> Result<Option<Container>> {
    let found = docker.find_container(&names.infra_node()).await?;
    Ok(found.map(|found| {
        let ours = found
            .labels
            .get(PLATFORM_LABEL)
            .is_some_and(|name| name == names.platform());
        container(&found, ours)
    }))
}

fn container(found: &docker::Container, ours: bool) -> Container {
    Container {
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

/// A client for the infra cluster, if it is ours, runs and its API server answers.
async fn answering_infra(world: &World, infra: &Infra) -> Option<Client> {
    infra
        .node
        .as_ref()
        .filter(|node| node.ours && node.running)?;
    let node = world.names().infra_node();
    let initialised = infra_node::is_initialised(&world.docker, &node).await;
    initialised.ok().filter(|initialised| *initialised)?;
    let client = world
        .infra_client()
        .await
        .inspect_err(|error| tracing::debug!("{error:#}"))
        .ok()?;
    let answered = tokio::time::timeout(ANSWER_WITHIN, client.apiserver_version()).await;
    answered
        .ok()?
        .inspect_err(|error| tracing::debug!("infra API server: {error}"))
        .ok()?;
    Some(client)
}

async fn infra(world: &World, client: &Client) -> Result<Infra> {
    let (networking, components) = tokio::try_join!(
        async { are_applied(client, &world.infra_networking().await?).await },
        components::installed(client),
    )?;
    Ok(Infra {
        node: None,
        api: true,
        networking,
        components,
    })
}

/// Whether objects are in the cluster as they are wanted.
async fn are_applied(client: &Client, wanted: &[Value]) -> Result<bool> {
    let present = try_join_all(wanted.iter().map(|object| is_applied(client, object))).await?;
    Ok(present.into_iter().all(|present| present))
}

async fn is_applied(client: &Client, object: &Value) -> Result<bool> {
    let field = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let (Some(api_version), Some(kind), Some(name)) = (
        field("/apiVersion"),
        field("/kind"),
        field("/metadata/name"),
    ) else {
        return Ok(false);
    };
    let objects = Objects::new(client, api_version, kind, field("/metadata/namespace"));
    let found = objects.get(name).await?;
    let wanted = object["metadata"]["annotations"][APPLIED_HASH_ANNOTATION].as_str();
    Ok(found
        .and_then(|found| capi::applied_hash(&found))
        .as_deref()
        == wanted)
}

async fn app(world: &World, client: &Client) -> Result<Option<App>> {
    let names = world.names();
    let Some(cluster) = capi::objects(client, "Cluster")
        .get(names.app_cluster())
        .await?
    else {
        return Ok(None);
    };
    let selector = format!("cluster.x-k8s.io/cluster-name={}", names.app_cluster());
    let (deployments, machines) = (
        capi::objects(client, "MachineDeployment"),
        capi::objects(client, "Machine"),
    );
    let (deployments, machines, applied) = tokio::try_join!(
        deployments.list(&selector),
        machines.list(&selector),
        applied(client, &world.manifests),
    )?;
    let mut app = capi::app(names, &cluster, &deployments, &machines);
    app.applied = applied;
    app.networking = app.initialized && app_has_networking(world, client).await;
    Ok(Some(app))
}

async fn applied(client: &Client, manifests: &[Manifest]) -> Result<BTreeMap<String, String>> {
    let found = try_join_all(manifests.iter().map(|manifest| async move {
        let objects = Objects::new(
            client,
            manifest.api_version(),
            manifest.kind(),
            manifest.namespace(),
        );
        let found = objects.get(manifest.name()).await?;
        anyhow::Ok(
            found
                .and_then(|found| capi::applied_hash(&found))
                .map(|hash| (manifest.key(), hash)),
        )
    }))
    .await?;
    Ok(found.into_iter().flatten().collect())
}

/// An app cluster that does not answer has no networking that could be relied on.
async fn app_has_networking(world: &World, infra: &Client) -> bool {
    let looked = async {
        let client = clusters::app_client(&world.docker, infra, world.names()).await?;
        are_applied(&client, &world.app_networking().await?).await
    };
    match tokio::time::timeout(ANSWER_WITHIN, looked).await {
        Ok(Ok(present)) => present,
        Ok(Err(error)) => {
            tracing::debug!("app cluster: {error:#}");
            false
        }
        Err(_) => false,
    }
}

async fn kubeconfig_is_current(world: &World, infra: &Client) -> bool {
    let wanted = clusters::kubeconfig(&world.docker, infra, world.names()).await;
    let on_disk = file::read(&world.home.kubeconfig());
    match (wanted, on_disk) {
        (Ok(wanted), Ok(Some(on_disk))) => wanted == on_disk,
        _ => false,
    }
}
