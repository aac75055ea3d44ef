//! What is told of a pod for which nothing is done.

use super::world::{World, pod};
use crate::resize::model::Cluster::App;

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
