//! What is told of pods for which nothing is done, and of nodes that stay.

use serde_json::json;

use super::world::{GROUPS, World, group, pod};
use crate::resize::decision::Decision;
use crate::resize::model::Cluster::{App, Infra};

fn why_kept<'a>(decision: &'a Decision, node: &str) -> &'a str {
    let mut kept = decision.kept.iter();
    let of = kept.find(|kept| kept.node == node);
    of.map_or("", |kept| &kept.why)
}

fn told(world: &World, name: &str) -> Option<String> {
    world.model.whereabouts(name, &world.policy)
}

#[test]
fn a_pod_that_fits_is_told_where() {
    let mut world = World::with_workers(1);
    world.tell(App, "pods", &pod("web", "1", None));
    let decision = world.decide();
    assert!(decision.grow.is_empty(), "{decision:?}");
    let node = world.model.nodes.keys().next().unwrap();
    let expected = format!("fits on node {node}: nothing is to be bought");
    assert_eq!(told(&world, "default/web"), Some(expected));
}

#[test]
fn a_pod_that_fits_on_what_is_on_its_way_is_told_so() {
    let mut world = World::new();
    world.resize("workers", 1);
    world.tell(App, "pods", &pod("web", "1", None));
    world.decide();
    let expected = "fits on a machine of workers that is asked for: nothing is to be bought";
    assert_eq!(told(&world, "default/web").as_deref(), Some(expected));
}

#[test]
fn a_pod_on_a_node_and_one_of_low_priority_are_told_so() {
    let mut world = World::with_workers(1);
    let node = world.model.nodes.keys().next().unwrap().clone();
    world.tell(App, "pods", &pod("runs", "1", Some(&node)));
    let mut low = pod("low", "1", None);
    low["spec"]["priority"] = (-100).into();
    world.tell(App, "pods", &low);
    world.decide();
    let expected = format!("is on node {node}");
    assert_eq!(told(&world, "default/runs"), Some(expected));
    let why = told(&world, "default/low").unwrap();
    assert!(why.contains("below priorityCutoff"), "{why}");
    assert_eq!(told(&world, "default/nobody"), None);
}

#[test]
fn a_budget_that_allows_less_than_a_node_needs_is_told_with_what_it_allows() {
    let mut world = World::with_workers(2);
    for (name, node) in [("a", "w-0"), ("b", "w-0"), ("c", "w-1"), ("d", "w-1")] {
        world.tell(App, "pods", &pod(name, "1", Some(node)));
    }
    let mut budget = json!({
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}},
        "status": {"disruptionsAllowed": 1},
    });
    world.tell(App, "poddisruptionbudgets.policy", &budget);
    let decision = world.decide_after(600);
    assert_eq!(
        why_kept(&decision, "w-0"),
        "default/a: PodDisruptionBudget default/web allows one eviction now, and more are needed"
    );
    budget["status"]["disruptionsAllowed"] = json!(0);
    world.tell(App, "poddisruptionbudgets.policy", &budget);
    let decision = world.decide_after(600);
    assert_eq!(
        why_kept(&decision, "w-0"),
        "default/a: PodDisruptionBudget default/web allows no further eviction"
    );
}

#[test]
fn a_node_that_stays_because_others_are_on_their_way_out_is_told_so() {
    let mut world = World::with_workers(3);
    let mut group = group("workers", 3);
    group["metadata"]["annotations"]["cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size"] =
        json!("2");
    world.tell(Infra, GROUPS, &group);
    let mut going = world.node("w-0", 4000, 8 << 30);
    going["metadata"]["annotations"] = json!({"infra.bex.co/removing": "empty"});
    going["spec"]["unschedulable"] = json!(true);
    world.tell(App, "nodes", &going);
    let decision = world.decide_after(600);
    assert_eq!(
        why_kept(&decision, "w-1"),
        "others of its pool go, which leaves its minimum of 2"
    );
}

#[test]
fn a_node_that_nobody_needs_is_told_when_it_goes() {
    let mut world = World::with_workers(2);
    world.policy.settle = std::time::Duration::ZERO;
    world.policy.unneeded_for = std::time::Duration::from_secs(90);
    let decision = world.decide();
    assert_eq!(
        why_kept(&decision, "w-0"),
        "nobody needs it: it goes when that has been so for 1m30s"
    );
}
