//! Steps that take things away. Each one looks again and fails if what it removed is still there.

use std::time::Duration;

use anyhow::{Result, bail};
use futures::future::try_join_all;

use crate::failure::Failure;
use crate::names::{DOCKER_NETWORK, KIND_CLUSTER_LABEL};
use crate::observe::capi;
use crate::progress::Reporter;
use crate::tools::kube::{DynamicObject, Verdict};
use crate::world::World;

/// Cluster API deletes a healthy cluster in 20 s; more than this means that something holds it.
const DELETE_DEADLINE: Duration = Duration::from_mins(3);

/// Deletes the Cluster object and waits until it and its containers are gone.
pub(super) async fn delete_app_cluster(
    world: &World,
    cluster: &str,
    reporter: &Reporter,
) -> Result<()> {
    let client = world.infra_client().await?;
    let clusters = capi::objects(&client, "Cluster");
    clusters.delete(cluster).await?;
    let gone = |object: Option<&DynamicObject>| match object {
        None => Verdict::Done,
        Some(object) => Verdict::Waiting(capi::problems(object).join("; ")),
    };
    let what = format!("Cluster {cluster} to be gone");
    clusters
        .wait(
            cluster,
            &what,
            world.deadline(DELETE_DEADLINE),
            reporter,
            gone,
        )
        .await?;
    let left = world
        .docker()?
        .list_containers(&[(KIND_CLUSTER_LABEL, cluster)])
        .await?;
    if left.is_empty() {
        return Ok(());
    }
    let mut failure = Failure::failed(format!(
        "Cluster {cluster} is gone, but containers of it are still there"
    ));
    for container in left {
        failure = failure.left_behind(format!("container {}", container.name));
    }
    Err(failure.hint("run `down` again; it removes them").into())
}

pub(super) async fn remove_containers(world: &World, names: &[String]) -> Result<()> {
    let docker = world.docker()?;
    try_join_all(names.iter().map(|name| docker.remove_container(name))).await?;
    for name in names {
        if docker.find_container(name).await?.is_some() {
            bail!("container {name} is still there after its removal");
        }
    }
    Ok(())
}

pub(super) async fn remove_server(world: &World) -> Result<()> {
    world.server()?.remove().await
}

pub(super) async fn remove_network(world: &World) -> Result<()> {
    world.docker()?.remove_network(DOCKER_NETWORK).await
}
