//! Nodes that fall silent, come back, or go.

use serde_json::Value;

use super::world::{World, condition, deployment, is_ready};
use crate::sim::controllers::scheduler::Scheduler;
use crate::sim::engine::Cluster;
use crate::sim::scenario::Scenario;

const STOPPED: &str = "sim.infra.bex.co/stopped";

fn stop(world: &World, node: &str) {
    world.edit("nodes", node, |node| {
        node["metadata"]["annotations"][STOPPED] = "true".into();
    });
}

fn resume(world: &World, node: &str) {
    world.edit("nodes", node, |node| {
        node["metadata"]["annotations"]
            .as_object_mut()
            .unwrap()
            .remove(STOPPED);
    });
}

fn taints(world: &World, node: &str) -> Vec<String> {
    let taints = world.get("nodes", node).unwrap()["spec"]["taints"].take();
    let taints = taints.as_array().cloned().unwrap_or_default();
    let keys = taints
        .iter()
        .map(|taint| format!("{}:{}", taint["key"], taint["effect"]));
    keys.map(|key| key.replace('"', "")).collect()
}

#[tokio::test(start_paused = true)]
async fn a_new_node_becomes_ready_and_has_a_lease() {
    let world = World::new(1).await;
    let node = world.get("nodes", "n0").unwrap();
    assert_eq!(condition(&node, "Ready")["reason"], "KubeletReady");
    assert!(taints(&world, "n0").is_empty());
    let leases = world.list("leases.coordination.k8s.io");
    assert_eq!(leases[0]["spec"]["holderIdentity"], "n0");
}

#[tokio::test(start_paused = true)]
async fn pods_leave_a_silent_node_after_their_toleration() {
    let scheduler = Box::new(Scheduler::new(Cluster::App));
    let mut world = World::scheduled_by(scheduler, 2, Scenario::default()).await;
    world.create(deployment("web", 2));
    world.pass(5).await;
    stop(&world, "n0");
    world.pass(35).await;
    assert_eq!(
        condition(&world.get("nodes", "n0").unwrap(), "Ready")["status"],
        "True"
    );
    world.pass(10).await;
    assert_eq!(
        condition(&world.get("nodes", "n0").unwrap(), "Ready")["status"],
        "Unknown"
    );
    let key = "node.kubernetes.io/unreachable";
    assert_eq!(
        taints(&world, "n0"),
        [format!("{key}:NoSchedule"), format!("{key}:NoExecute")]
    );
    let on_dead = |pod: &Value| pod["spec"]["nodeName"] == "n0";
    let lost = world.pods(on_dead);
    assert!(world.pods(|pod| on_dead(pod) && is_ready(pod)).is_empty());

    world.pass(310).await;
    let going = world.pods(|pod| on_dead(pod) && pod["metadata"]["deletionTimestamp"].is_string());
    let stuck = lost.iter().all(|pod| going.contains(pod));
    assert!(
        stuck,
        "nothing stops them on a dead node: {lost:?} {going:?}"
    );
    assert_eq!(world.pods(is_ready).len(), 2);

    resume(&world, "n0");
    world.pass(5).await;
    assert!(taints(&world, "n0").is_empty());
    assert_eq!(world.pods(|_| true).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn pods_of_a_node_that_is_gone_go_after_a_while() {
    let mut world = World::new(2).await;
    world.create(deployment("web", 2));
    world.pass(5).await;
    world.delete("nodes", "n0", "Background");
    world.pass(35).await;
    let there = world.pods(|pod| pod["spec"]["nodeName"] == "n0").len();
    assert_eq!(there, 1);
    world.pass(10).await;
    assert_eq!(world.pods(|pod| pod["spec"]["nodeName"] == "n1").len(), 2);
    assert!(world.list("leases.coordination.k8s.io").len() == 1);
}

#[tokio::test(start_paused = true)]
async fn addresses_are_given_back_and_never_shared() {
    let mut world = World::new(1).await;
    world.create(deployment("web", 20));
    world.pass(5).await;
    let mut addresses: Vec<String> = world
        .list("pods")
        .iter()
        .map(|pod| pod["status"]["podIP"].as_str().unwrap().to_owned())
        .collect();
    addresses.sort();
    addresses.dedup();
    assert_eq!(addresses.len(), 20);
    world.delete("deployments.apps", "web", "Background");
    world.pass(5).await;
    world.create(deployment("web", 1));
    world.pass(5).await;
    assert_eq!(world.list("pods")[0]["status"]["podIP"], "10.0.0.2");
}
