//! Standbys of Cluster API's controllers, and their taking over when the first API server answers.
//!
//! Each controller reaches for a new control plane once, when its load balancer is there and nothing stands behind it yet,
//! and then only every 30 s; Cluster API has no setting for that (`controllers/clustercache`). A control plane that is
//! up just after such a moment is not seen for half a minute. A controller that begins to lead reaches for it at once. So
//! each gets a standby while the node is set up, which needs but moments to take over and serves webhooks meanwhile.

mod leases;

use std::time::Duration;

use anyhow::Result;
use futures::future::try_join_all;
use kube::{Client, ResourceExt};
use serde_json::{Value, json};

use super::app_cluster::wait_for_first_node;
use crate::catalog::manifest::PROVIDER_LABEL;
use crate::names::STANDBY_ANNOTATION;
use crate::plan::Controllers;
use crate::progress::Reporter;
use crate::tools::kube::{DynamicObject, Objects, Verdict};
use crate::world::World;

const DEADLINE: Duration = Duration::from_mins(2);

/// Labels of infrastructure providers begin with it, as Cluster API's contract for providers has it.
const INFRASTRUCTURE: &str = "infrastructure-";

/// Of pods of one Deployment, those with the lowest go first.
const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";

/// Starts a second pod of each controller and waits until they are ready.
pub(super) async fn start_standbys(
    world: &World,
    cluster: &str,
    reporter: &Reporter,
) -> Result<()> {
    // Then the processors have little to do: the provider writes files into the node, and sleeps between them.
    wait_for_first_node(world, cluster, "ContainerProvisioned", reporter).await?;
    let client = world.infra_client().await?;
    let deployments = deployments(&client, None);
    let all = deployments.list(PROVIDER_LABEL).await?;
    try_join_all(all.iter().map(|it| scale(&client, it, true))).await?;
    let judge = |seen: &[DynamicObject]| match seen.iter().filter(|it| !has_standby(it)).count() {
        0 => Verdict::Done,
        count => Verdict::Waiting(format!("{count} of {} are not", seen.len())),
    };
    let what = "the standbys of Cluster API's controllers to be ready";
    let deadline = world.deadline(DEADLINE);
    deployments
        .wait_list(PROVIDER_LABEL, what, deadline, reporter, judge)
        .await
        .map(drop)
}

/// Kills the pods that lead, so that their standbys take over.
///
/// Killing is safe: controllers only ever go on from what the API server holds.
pub(super) async fn hand_over(world: &World, controllers: Controllers) -> Result<()> {
    let client = world.infra_client().await?;
    let ours = |it: &DynamicObject| controllers_of(it) == controllers;
    let mut leaders = pods(&client, None).list(PROVIDER_LABEL).await?;
    leaders.retain(ours);
    let held = leases::held(&client, &leaders).await?;
    leaders.retain(|pod| held.iter().any(|lease| leases::is_held(lease, pod)));
    let mut all = deployments(&client, None).list(PROVIDER_LABEL).await?;
    all.retain(ours);
    keep_one(&client, &all, &leaders).await?;
    try_join_all(leaders.iter().map(|pod| kill(&client, pod))).await?;
    let deadline = world.deadline(DEADLINE);
    leases::pass_on(&client, &held, &leaders, deadline).await
}

/// Lets the pods go that do not lead.
pub(super) async fn drop_standbys(world: &World) -> Result<()> {
    let client = world.infra_client().await?;
    let mut standbys = pods(&client, None).list(PROVIDER_LABEL).await?;
    let held = leases::held(&client, &standbys).await?;
    standbys.retain(|pod| !held.iter().any(|lease| leases::is_held(lease, pod)));
    let all = deployments(&client, None).list(PROVIDER_LABEL).await?;
    keep_one(&client, &all, &standbys).await
}

/// Scales Deployments to one pod each, which is none of those that are to go.
async fn keep_one(
    client: &Client,
    deployments: &[DynamicObject],
    to_go: &[DynamicObject],
) -> Result<()> {
    try_join_all(to_go.iter().map(|pod| choose(client, pod))).await?;
    let scaled = deployments.iter().map(|it| scale(client, it, false));
    try_join_all(scaled).await.map(drop)
}

/// Two pods of a Deployment if it is to have a standby, or one.
async fn scale(client: &Client, deployment: &DynamicObject, standby: bool) -> Result<()> {
    let patch = json!({
        "metadata": {"annotations": {STANDBY_ANNOTATION: standby.then_some("true")}},
        "spec": {"replicas": 1 + u8::from(standby)},
    });
    let deployments = deployments(client, deployment.namespace().as_deref());
    deployments
        .patch_merge(&deployment.name_any(), &patch)
        .await
        .map(drop)
}

fn has_standby(deployment: &DynamicObject) -> bool {
    let ready = deployment.data.pointer("/status/readyReplicas");
    ready.and_then(Value::as_u64) >= Some(2)
}

/// Makes a pod the first to go when its Deployment gets smaller.
async fn choose(client: &Client, pod: &DynamicObject) -> Result<()> {
    let patch = json!({"metadata": {"annotations": {DELETION_COST: "-1"}}});
    let pods = pods(client, pod.namespace().as_deref());
    pods.patch_merge(&pod.name_any(), &patch).await.map(drop)
}

async fn kill(client: &Client, pod: &DynamicObject) -> Result<()> {
    let pods = pods(client, pod.namespace().as_deref());
    pods.delete_at_once(&pod.name_any()).await
}

fn pods(client: &Client, namespace: Option<&str>) -> Objects {
    Objects::new(client, "v1", "Pod", namespace)
}

fn deployments(client: &Client, namespace: Option<&str>) -> Objects {
    Objects::new(client, "apps/v1", "Deployment", namespace)
}

fn controllers_of(object: &DynamicObject) -> Controllers {
    match object.labels().get(PROVIDER_LABEL) {
        Some(provider) if provider.starts_with(INFRASTRUCTURE) => Controllers::Infrastructure,
        _ => Controllers::Core,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(value: Value) -> DynamicObject {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn the_infrastructure_provider_is_told_from_the_other_controllers() {
        let of = |provider: &str| {
            controllers_of(&object(json!({
                "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "labels": {PROVIDER_LABEL: provider}},
            })))
        };
        assert_eq!(of("infrastructure-docker"), Controllers::Infrastructure);
        assert_eq!(of("cluster-api"), Controllers::Core);
        assert_eq!(of("control-plane-kubeadm"), Controllers::Core);
    }
}
