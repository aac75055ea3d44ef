mod bursts;
mod explained;
mod failures;
mod growing;
mod keeping;
mod ladder;
mod shrinking;
mod spare;
mod volumes;
mod world;

use serde_json::json;

use super::*;
use world::{World, pod};

#[test]
fn an_object_that_is_not_looked_at_changes_nothing() {
    let mut world = World::new();
    let secret = json!({"metadata": {"name": "s", "namespace": "default"}});
    assert!(!world.tell(Cluster::App, "secrets", &secret));
}

#[test]
fn a_heartbeat_changes_nothing() {
    let mut world = World::with_workers(1);
    let mut node = world.node("w-0", 4000, 8 << 30);
    node["status"]["conditions"][0]["lastHeartbeatTime"] = json!("2026-01-01T00:01:00Z");
    assert!(!world.tell(Cluster::App, "nodes", &node));
}

#[test]
fn a_pod_that_cannot_be_read_keeps_its_node_and_says_why() {
    let mut world = World::with_workers(2);
    let mut odd = pod("odd", "100m", Some("w-1"));
    odd["spec"]["containers"][0]["resources"]["requests"]["cpu"] = json!("many");
    world.tell(Cluster::App, "pods", &odd);
    let decision = world.decide_after(600);
    let kept = decision.kept.iter().find(|kept| kept.node == "w-1");
    assert!(kept.unwrap().why.contains("default/odd"), "{decision:?}");
}

#[test]
fn broken_json_is_an_error_that_names_the_object() {
    let mut world = World::new();
    let now = world.now;
    let broken = Some(&b"{\"metadata\": 3"[..]);
    let error = world
        .model
        .apply(now, Cluster::App, "pods", "default", "web", broken)
        .unwrap_err();
    assert!(error.to_string().contains("pods default/web"), "{error:#}");
}

#[test]
fn more_than_a_third_of_all_nodes_unready_freezes_everything() {
    let mut world = World::with_workers(9);
    for number in 0..4 {
        let mut node = world.node(&format!("w-{number}"), 4000, 8 << 30);
        node["status"]["conditions"][0]["status"] = json!("Unknown");
        world.tell(Cluster::App, "nodes", &node);
    }
    world.tell(Cluster::App, "pods", &pod("web", "3900m", None));
    let decision = world.decide_after(600);
    assert!(decision.grow.is_empty() && decision.remove.is_empty());
    assert_eq!(decision.held[0].group, "all");
    assert!(
        decision.held[0].why.contains("4 of 9 nodes"),
        "{decision:?}"
    );
}

#[test]
fn the_same_model_and_time_give_the_same_decision() {
    let decide = || {
        let mut world = World::with_workers(3);
        for number in 0..20 {
            world.tell(
                Cluster::App,
                "pods",
                &pod(&format!("p{number}"), "1500m", None),
            );
        }
        world.decide_after(200)
    };
    assert_eq!(decide(), decide());
}
