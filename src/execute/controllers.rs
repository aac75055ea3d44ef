//! Starts Cluster API's controllers anew when the first API server answers.
//!
//! Each of them reaches for a new control plane once, when its load balancer is there and nothing stands behind it yet,
//! and then only every 30 s; Cluster API has no setting for that (`controllers/clustercache`). A control plane that is
//! up just after such a moment is not seen for half a minute. A controller that starts reaches for it at once.

use std::time::Duration;

use anyhow::Result;
use futures::future::try_join_all;
use kube::{Client, ResourceExt};
use tokio::time::{Instant, sleep};

use crate::catalog::manifest::PROVIDER_LABEL;
use crate::observe::capi;
use crate::observe::lease::leases;
use crate::plan::Controllers;
use crate::progress::Reporter;
use crate::tools::kube::{DynamicObject, Objects, Verdict, is_true};
use crate::world::World;

const DEADLINE: Duration = Duration::from_mins(2);
const PAUSE: Duration = Duration::from_millis(200);

/// Labels of infrastructure providers begin with it, as Cluster API's contract for providers has it.
const INFRASTRUCTURE: &str = "infrastructure-";

/// Kills the providers' pods, frees the Leases that they leave behind, and waits until their successors are ready.
///
/// Killing is safe: controllers only ever go on from what the API server holds. A killed one does not give its Lease
/// back, and its successor would wait a minute for it.
pub(super) async fn restart(
    world: &World,
    controllers: Controllers,
    reporter: &Reporter,
) -> Result<()> {
    let client = world.infra_client().await?;
    let deadline = world.deadline(DEADLINE);
    if controllers == Controllers::Infrastructure {
        wait_for_machines(world, &client, deadline, reporter).await?;
    }
    let pods = Objects::new(&client, "v1", "Pod", None);
    let mut killed = pods.list(PROVIDER_LABEL).await?;
    killed.retain(|pod| controllers_of(pod) == controllers);
    try_join_all(killed.iter().map(|pod| kill(&client, pod))).await?;
    let judge = |seen: &[DynamicObject]| match unready(seen, &killed, controllers) {
        0 => Verdict::Done,
        count => Verdict::Waiting(format!("{count} of {} are not", killed.len())),
    };
    let what = format!("{controllers} to be ready again");
    let ready = pods.wait_list(PROVIDER_LABEL, &what, deadline, reporter, judge);
    tokio::select! {
        ready = ready => ready.map(drop)?,
        failed = free_leases(&client, &killed) => failed?,
    }
    free_held(&client, &killed).await
}

/// Waits until the workers' Machines exist, if not yet as servers: while the provider's webhooks are away none can be made,
/// and Cluster API tries again after ever longer pauses.
async fn wait_for_machines(
    world: &World,
    client: &Client,
    deadline: Instant,
    reporter: &Reporter,
) -> Result<()> {
    let cluster = capi::of_cluster(world.names().app_cluster());
    let deployments = capi::objects(client, "MachineDeployment");
    let deployments = deployments.list(&cluster).await?;
    let replicas = deployments
        .iter()
        .filter_map(|d| d.data.pointer("/spec/replicas")?.as_u64());
    let wanted: u64 = replicas.sum();
    let judge = |seen: &[DynamicObject]| match seen.len() as u64 {
        made if made >= wanted => Verdict::Done,
        made => Verdict::Waiting(format!("{made} of {wanted} Machines are made")),
    };
    let workers = format!("{cluster},cluster.x-k8s.io/deployment-name");
    capi::objects(client, "Machine")
        .wait_list(
            &workers,
            "the workers' Machines to be made",
            deadline,
            reporter,
            judge,
        )
        .await
        .map(drop)
}

fn controllers_of(pod: &DynamicObject) -> Controllers {
    match pod.labels().get(PROVIDER_LABEL) {
        Some(provider) if provider.starts_with(INFRASTRUCTURE) => Controllers::Infrastructure,
        _ => Controllers::Core,
    }
}

/// How many of the killed pods have no ready successor yet. A controller is ready when its webhooks are served.
fn unready(seen: &[DynamicObject], killed: &[DynamicObject], controllers: Controllers) -> usize {
    let successors = seen.iter().filter(|pod| {
        controllers_of(pod) == controllers && !killed.iter().any(|old| old.uid() == pod.uid())
    });
    let ready = successors.filter(|pod| is_true(pod, "Ready"));
    killed.len().saturating_sub(ready.count())
}

async fn kill(client: &Client, pod: &DynamicObject) -> Result<()> {
    let pods = Objects::new(client, "v1", "Pod", pod.namespace().as_deref());
    pods.delete_at_once(&pod.name_any()).await
}

/// Deletes the Leases that these pods hold, again and again until it is dropped: a pod is gone before its processes are, and
/// they may take a Lease once more with their last breath. Ends only if it fails.
async fn free_leases(client: &Client, pods: &[DynamicObject]) -> Result<()> {
    loop {
        free_held(client, pods).await?;
        sleep(PAUSE).await;
    }
}

async fn free_held(client: &Client, pods: &[DynamicObject]) -> Result<()> {
    let all = leases(client, None).list("").await?;
    let held = all.iter().filter(|lease| is_held(lease, pods));
    try_join_all(held.map(|lease| free(client, lease)))
        .await
        .map(drop)
}

async fn free(client: &Client, lease: &DynamicObject) -> Result<()> {
    let leases = leases(client, lease.namespace().as_deref());
    leases.delete(&lease.name_any()).await
}

/// A holder calls itself by its pod's name, an underscore and something unique.
fn is_held(lease: &DynamicObject, pods: &[DynamicObject]) -> bool {
    let holder = lease
        .data
        .pointer("/spec/holderIdentity")
        .and_then(|holder| holder.as_str());
    let holder = holder
        .and_then(|holder| holder.split_once('_'))
        .map(|(pod, _)| pod);
    pods.iter()
        .any(|pod| pod.namespace() == lease.namespace() && pod.metadata.name.as_deref() == holder)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn object(value: Value) -> DynamicObject {
        serde_json::from_value(value).unwrap()
    }

    fn lease(namespace: &str, holder: &str) -> DynamicObject {
        object(json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": {"name": "l", "namespace": namespace}, "spec": {"holderIdentity": holder},
        }))
    }

    fn pod(uid: &str, ready: &str) -> DynamicObject {
        object(json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "capi", "uid": uid, "labels": {PROVIDER_LABEL: "cluster-api"}},
            "status": {"conditions": [{"type": "Ready", "status": ready}]},
        }))
    }

    #[test]
    fn a_killed_pod_that_still_calls_itself_ready_is_no_successor() {
        let killed = [pod("a", "True"), pod("b", "True")];
        let unready = |seen: &[DynamicObject]| unready(seen, &killed, Controllers::Core);
        assert_eq!(unready(&killed), 2);
        assert_eq!(unready(&[pod("c", "True"), pod("d", "False")]), 1);
        assert_eq!(unready(&[pod("c", "True"), pod("d", "True")]), 0);
    }

    #[test]
    fn the_infrastructure_provider_is_no_successor_of_the_other_controllers() {
        let killed = [pod("a", "True")];
        let mut provider = pod("b", "True");
        let label = (
            PROVIDER_LABEL.to_owned(),
            "infrastructure-docker".to_owned(),
        );
        provider.labels_mut().extend([label]);
        let seen = [provider];
        assert_eq!(unready(&seen, &killed, Controllers::Core), 1);
        assert_eq!(unready(&seen, &killed, Controllers::Infrastructure), 0);
    }

    #[test]
    fn only_the_leases_of_the_killed_pods_are_freed() {
        let pod = object(json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "capi-1", "namespace": "capi-system"},
        }));
        let pods = [pod];
        assert!(is_held(&lease("capi-system", "capi-1_2f6c"), &pods));
        assert!(!is_held(&lease("capi-system", "capi-12_2f6c"), &pods));
        assert!(!is_held(&lease("capd-system", "capi-1_2f6c"), &pods));
        assert!(!is_held(&lease("capi-system", ""), &pods));
    }
}
