//! Pools with several rungs: who is preferred, what that costs, and the sizes of the pool as a whole.

use serde_json::{Value, json};

use super::world::{GROUPS, World, group, pod};
use crate::resize::decision::Decision;
use crate::resize::model::Cluster::{App, Infra};
use crate::resize::offer::Price;

/// A rung of the pool `web`: its name, type, place and CPUs, and its smallest and largest size.
fn rung(name: &str, machine_type: &str, place: &str, cpu: &str, (min, max): (u32, u32)) -> Value {
    let mut group = group(name, 0);
    let said = &mut group["metadata"]["annotations"];
    said["infra.bex.co/pool"] = json!("web");
    said["infra.bex.co/rung"] = json!(place);
    said["infra.bex.co/machine-type"] = json!(machine_type);
    said["capacity.cluster-autoscaler.kubernetes.io/cpu"] = json!(cpu);
    let size = |end: &str| format!("cluster.x-k8s.io/cluster-api-autoscaler-node-group-{end}-size");
    said[size("min")] = json!(min.to_string());
    said[size("max")] = json!(max.to_string());
    group
}

/// `first` has large machines and these sizes; `second` has small ones, ten at most.
fn ladder(first: (u32, u32)) -> World {
    let mut world = World::new();
    world.forget(Infra, GROUPS, "workers");
    world.tell(Infra, GROUPS, &rung("first", "large", "0", "16", first));
    world.tell(Infra, GROUPS, &rung("second", "small", "1", "4", (0, 10)));
    world
}

fn bought(decision: &Decision) -> Vec<(&str, u32, usize)> {
    let grow = decision.grow.iter();
    grow.map(|grow| (grow.group.as_str(), grow.to - grow.from, grow.pods.len()))
        .collect()
}

#[test]
fn the_maximum_of_a_pool_holds_for_all_of_its_rungs_together() {
    let mut world = ladder((0, 10));
    for number in 0..30 {
        world.tell(App, "pods", &pod(&format!("p{number}"), "9", None));
        world.tell(App, "pods", &pod(&format!("q{number}"), "3", None));
    }
    world.pass(1);
    let decision = world.decide();
    let machines: u32 = bought(&decision)
        .iter()
        .map(|(_, machines, _)| machines)
        .sum();
    assert_eq!(machines, 10, "{decision:?}");
}

#[test]
fn the_preferred_rung_is_taken_even_if_it_is_dearer() {
    let mut world = ladder((0, 10));
    world.tell(App, "pods", &pod("web", "2", None));
    let decision = world.decide();
    assert_eq!(bought(&decision), [("first", 1, 1)]);
    assert_eq!(decision.cost.bought, Price(30_000));
    assert_eq!(decision.cost.bound, Price(30_000));
}

#[test]
fn what_the_preferred_rung_cannot_hold_goes_to_the_next_one_at_its_real_price() {
    let mut world = ladder((0, 1));
    for number in 0..7 {
        world.tell(App, "pods", &pod(&format!("p{number}"), "3", None));
    }
    world.pass(1);
    let decision = world.decide();
    assert_eq!(bought(&decision), [("first", 1, 5), ("second", 2, 2)]);
    assert_eq!(decision.cost.bought, Price(50_000));
    assert_eq!(decision.cost.bound, Price(50_000));
    assert!(decision.helpless.is_empty(), "{decision:?}");
}

#[test]
fn who_keeps_away_from_others_sees_those_on_the_preferred_rung() {
    let mut world = ladder((0, 1));
    for number in 0..2 {
        let mut apart = pod(&format!("p{number}"), "1", None);
        apart["spec"]["affinity"] = json!({"podAntiAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": [{
                "topologyKey": "kubernetes.io/hostname",
                "labelSelector": {"matchLabels": {"app": "web"}},
            }],
        }});
        world.tell(App, "pods", &apart);
    }
    world.pass(1);
    let decision = world.decide();
    assert_eq!(bought(&decision), [("first", 1, 1), ("second", 1, 1)]);
    assert!(decision.helpless.is_empty(), "{decision:?}");
}

#[test]
fn whom_no_rung_helps_is_told_of_all_of_them() {
    let mut world = ladder((0, 10));
    world.tell(App, "pods", &pod("huge", "40", None));
    let decision = world.decide();
    let why = &decision.helpless[0].why;
    assert!(why.contains("cpu") && why.contains("16"), "{why}");
}

#[test]
fn machines_that_policy_holds_back_do_not_count_in_the_bound() {
    let mut world = ladder((0, 10));
    world.policy.max_additions = 1;
    for number in 0..30 {
        world.tell(App, "pods", &pod(&format!("p{number}"), "9", None));
    }
    world.pass(1);
    let cost = world.decide().cost;
    assert_eq!(cost.bought, Price(30_000));
    assert!(
        cost.bound <= cost.bought && cost.bound > Price(0),
        "{cost:?}"
    );
}

#[test]
fn the_minimum_of_a_pool_is_bought_on_the_next_rung_where_the_preferred_one_is_full() {
    let mut world = ladder((1, 1));
    let second = rung("second", "small", "1", "4", (2, 10));
    world.tell(Infra, GROUPS, &second);
    let decision = world.decide();
    assert_eq!(bought(&decision), [("first", 1, 0), ("second", 2, 0)]);
    assert_eq!(decision.cost.bought, decision.cost.bound);
}

#[test]
fn machines_of_any_rung_make_up_the_minimum_of_a_pool() {
    let mut world = World::with_workers(2);
    let first = rung("first", "large", "0", "16", (1, 10));
    world.tell(Infra, GROUPS, &first);
    let mut workers = rung("workers", "small", "1", "4", (0, 10));
    workers["spec"]["replicas"] = json!(2);
    world.tell(Infra, GROUPS, &workers);
    let decision = world.decide_after(120);
    assert!(decision.grow.is_empty(), "{decision:?}");
    assert_eq!(decision.remove.len(), 1, "{decision:?}");
    let why = &decision.kept[0].why;
    assert_eq!(why, "others of its pool go, which leaves its minimum of 1");
}
