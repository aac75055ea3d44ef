//! Steps of the app cluster: its Cluster API objects, its network, its pools.

use std::iter;
use std::time::Duration;

use anyhow::Result;
use futures::future::try_join_all;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::nudge;
use crate::kubeconfig::file;
use crate::names::{MAX_SIZE_ANNOTATION, MIN_SIZE_ANNOTATION, NAMESPACE};
use crate::observe::{Machine, capi};
use crate::plan::workers;
use crate::progress::Reporter;
use crate::tools::kube::{self, DynamicObject, Objects, Verdict, is_true};
use crate::world::World;

/// The API server may be restarting, or a webhook with it.
const APPLY_DEADLINE: Duration = Duration::from_mins(1);
/// A control plane that is not up by then has failed: image, cgroup or load balancer trouble.
const CONTROL_PLANE_DEADLINE: Duration = Duration::from_mins(5);
/// Covers one machine that fails its bootstrap and is replaced by its health check.
const POOL_DEADLINE: Duration = Duration::from_mins(10);

const PAUSE: Duration = Duration::from_millis(200);

/// Of the KubeadmControlPlane.
const KCP_API_VERSION: &str = "controlplane.cluster.x-k8s.io/v1beta2";

/// Of the kinds of Cluster API's Docker provider.
const DEV_API_VERSION: &str = "infrastructure.cluster.x-k8s.io/v1beta2";

/// Value of Cluster API's annotation that makes a Machine the first to go; any value counts.
const DELETE_MACHINE: &str = "cluster.x-k8s.io/delete-machine";

/// Applies those of the rendered manifests whose `Kind/name` is in `objects`.
pub(super) async fn apply(world: &World, objects: &[String]) -> Result<()> {
    let client = world.infra_client().await?;
    let chosen: Vec<Value> = world
        .manifests
        .iter()
        .filter(|manifest| objects.contains(&manifest.key()))
        .map(|manifest| manifest.object.clone())
        .collect();
    kube::apply(&client, &chosen, world.deadline(APPLY_DEADLINE)).await
}

/// Waits until the first control plane node's API server answers through the load balancer.
pub(super) async fn wait_for_api_server(
    world: &World,
    cluster: &str,
    reporter: &Reporter,
) -> Result<()> {
    let deadline = world.deadline(CONTROL_PLANE_DEADLINE);
    loop {
        // There is no client before Cluster API has made the credentials and its provider the load balancer.
        let error = match world.app_client().await {
            Ok(client) => return kube::server_ready(&client, deadline).await,
            Err(error) => error,
        };
        reporter.note(format!("{error:#}"));
        if Instant::now() >= deadline {
            return Err(error.context(format!("the API server of {cluster} cannot be reached")));
        }
        sleep(PAUSE).await;
    }
}

/// Waits until the infrastructure provider says `condition` of the first control plane node.
pub(super) async fn wait_for_first_node(
    world: &World,
    cluster: &str,
    condition: &str,
    reporter: &Reporter,
) -> Result<()> {
    let client = world.infra_client().await?;
    let machines = Objects::new(&client, DEV_API_VERSION, "DevMachine", Some(NAMESPACE));
    let selector = format!(
        "{},cluster.x-k8s.io/control-plane",
        capi::of_cluster(cluster)
    );
    let what = format!("{condition} of the first control plane node of {cluster}");
    let judge = |seen: &[DynamicObject]| {
        if seen.iter().any(|machine| is_true(machine, condition)) {
            return Verdict::Done;
        }
        Verdict::Waiting(
            seen.iter()
                .flat_map(capi::problems)
                .collect::<Vec<_>>()
                .join("; "),
        )
    };
    let deadline = world.deadline(CONTROL_PLANE_DEADLINE);
    machines
        .wait_list(&selector, &what, deadline, reporter, judge)
        .await
        .map(drop)
}

/// Waits for Cluster API to initialise the control plane, then for the API server to answer on this machine.
pub(super) async fn wait_for_control_plane(
    world: &World,
    cluster: &str,
    reporter: &Reporter,
) -> Result<()> {
    let deadline = world.deadline(CONTROL_PLANE_DEADLINE);
    wait_for_condition(
        world,
        cluster,
        "ControlPlaneInitialized",
        deadline,
        reporter,
    )
    .await?;
    reporter.note("asking its API server");
    kube::server_ready(&world.app_client().await?, deadline).await
}

/// Waits for the condition in which Cluster API sums up all others.
pub(super) async fn wait_until_available(
    world: &World,
    cluster: &str,
    reporter: &Reporter,
) -> Result<()> {
    let deadline = world.deadline(POOL_DEADLINE);
    let client = world.infra_client().await?;
    let control_planes = Objects::new(
        &client,
        KCP_API_VERSION,
        "KubeadmControlPlane",
        Some(NAMESPACE),
    );
    let name = world.names().control_plane();
    tokio::select! {
        available = wait_for_condition(world, cluster, "Available", deadline, reporter) => available,
        never = nudge::control_plane(&control_planes, &name) => match never {},
    }
}

async fn wait_for_condition(
    world: &World,
    cluster: &str,
    condition: &str,
    deadline: Instant,
    reporter: &Reporter,
) -> Result<()> {
    let clusters = capi::objects(&world.infra_client().await?, "Cluster");
    let judge = |object: Option<&DynamicObject>| match object {
        None => Verdict::Failed("the Cluster object is gone".to_owned()),
        Some(object) if is_true(object, condition) => Verdict::Done,
        Some(object) if capi::problems(object).is_empty() => {
            Verdict::Waiting(format!("{condition} is not known yet"))
        }
        Some(object) => Verdict::Waiting(capi::problems(object).join("; ")),
    };
    let what = format!("Cluster {cluster} to be {condition}");
    clusters
        .wait(cluster, &what, deadline, reporter, judge)
        .await
        .map(drop)
}

pub(super) async fn install_networking(world: &World) -> Result<()> {
    let objects = world.app_networking().await?;
    kube::apply(
        &world.app_client().await?,
        &objects,
        world.deadline(APPLY_DEADLINE),
    )
    .await
}

pub(super) async fn write_kubeconfig(world: &World) -> Result<()> {
    file::write(&world.home.kubeconfig(), &world.kubeconfig().await?)
}

pub(super) async fn mark_for_deletion(world: &World, machines: &[String]) -> Result<()> {
    let client = world.infra_client().await?;
    let patch = json!({"metadata": {"annotations": {DELETE_MACHINE: "bex-infra"}}});
    let objects = capi::objects(&client, "Machine");
    try_join_all(
        machines
            .iter()
            .map(|machine| objects.patch_merge(machine, &patch)),
    )
    .await
    .map(drop)
}

pub(super) async fn scale_pool(world: &World, group: &str, replicas: u32) -> Result<()> {
    let client = world.infra_client().await?;
    let name = world.platform.names.pool(group);
    let deployments = capi::objects(&client, "MachineDeployment");
    let patch = json!({"spec": {"replicas": replicas}});
    deployments.patch_merge(&name, &patch).await.map(drop)
}

pub(super) async fn size_pool(world: &World, group: &str, min: u32, max: u32) -> Result<()> {
    let client = world.infra_client().await?;
    let name = world.platform.names.pool(group);
    let deployments = capi::objects(&client, "MachineDeployment");
    let annotations = json!({
        MIN_SIZE_ANNOTATION: min.to_string(),
        MAX_SIZE_ANNOTATION: max.to_string(),
    });
    let patch = json!({"metadata": {"annotations": annotations}});
    deployments.patch_merge(&name, &patch).await.map(drop)
}

/// How many workers are waited for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub(super) replicas: u32,
    /// More will do as well.
    pub(super) or_more: bool,
}

/// Waits until the pool, which these groups make up, has as many machines as are wanted and each one's node is Ready.
pub(super) async fn wait_for_pool(
    world: &World,
    pool: &str,
    groups: &[String],
    wanted: Wanted,
    reporter: &Reporter,
) -> Result<()> {
    let client = world.infra_client().await?;
    let machines = capi::objects(&client, "Machine");
    let groups = groups.iter().map(|group| world.platform.names.pool(group));
    let selector = format!(
        "cluster.x-k8s.io/deployment-name in ({})",
        groups.collect::<Vec<_>>().join(",")
    );
    let what = format!("{} ready in pool {pool}", workers(wanted.replicas));
    let deadline = world.deadline(POOL_DEADLINE);
    let judge = |objects: &[DynamicObject]| {
        let seen = objects
            .iter()
            .map(|object| capi::machine(&world.platform.names, object));
        pool_verdict(&seen.collect::<Vec<_>>(), wanted)
    };
    tokio::select! {
        settled = machines.wait_list(&selector, &what, deadline, reporter, judge) => settled.map(drop),
        never = nudge::draining(&machines, &selector) => match never {},
    }
}

fn pool_verdict(machines: &[Machine], wanted: Wanted) -> Verdict {
    let ready = machines
        .iter()
        .filter(|machine| machine.ready && !machine.deleting)
        .count();
    let Wanted { replicas, or_more } = wanted;
    let wanted = usize::try_from(replicas).unwrap_or(usize::MAX);
    let enough = or_more && ready >= wanted;
    if enough || (ready == wanted && machines.len() == wanted) {
        return Verdict::Done;
    }
    let leaving = machines
        .iter()
        .filter(|machine| machine.deleting)
        .map(|machine| format!("{} is leaving", machine.name));
    let coming = machines
        .iter()
        .filter(|machine| !machine.deleting && !machine.ready)
        .map(|machine| {
            format!(
                "{}: {}",
                machine.name,
                machine.problem.as_deref().unwrap_or(&machine.phase)
            )
        });
    let sizes = format!("{ready} ready, {replicas} wanted");
    let details: Vec<String> = iter::once(sizes).chain(leaving).chain(coming).collect();
    Verdict::Waiting(details.join("; "))
}
