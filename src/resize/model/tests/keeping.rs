use serde_json::{Value, json};

use super::world::{GROUPS, MACHINES, World, group, machine, pod, spread_over_hosts};
use crate::resize::model::Cluster::{App, Infra};

#[test]
fn pods_keep_the_places_that_were_found_for_them() {
    let mut world = World::new();
    // They fill two machines of four CPUs in one way only, and not if the large ones are put first.
    for (number, cpu) in [1800, 1600, 1200, 1200, 1200, 1000].iter().enumerate() {
        let pod = pod(&format!("p{number}"), &format!("{cpu}m"), None);
        world.tell(App, "pods", &pod);
    }
    world.pass(1);
    assert_eq!(world.decide().grow[0].to, 2);
    world.resize("workers", 2);
    assert!(world.decide().grow.is_empty());
    for name in ["w-0", "w-1"] {
        let created = world.now.to_string();
        world.tell(Infra, MACHINES, &machine(name, "workers", &created));
        assert!(world.decide().grow.is_empty());
        world.join(name, "workers");
        assert!(world.decide().grow.is_empty());
    }
    // Nobody keeps a place for those that have gone.
    for number in 0..6 {
        world.forget(App, "pods", &format!("p{number}"));
    }
    for name in ["one", "two"] {
        world.tell(App, "pods", &pod(name, "4", None));
    }
    world.pass(1);
    assert!(world.decide().grow.is_empty());
}

#[test]
fn a_pod_that_fits_on_a_node_keeps_its_place_beside_machines_that_come() {
    let mut world = World::with_workers(2);
    for node in ["w-0", "w-1"] {
        let name = format!("on-{node}");
        world.tell(App, "pods", &pod(&name, "1", Some(node)));
    }
    world.tell(App, "pods", &spread_over_hosts(pod("spread", "1", None)));
    let mut large = pod("large", "4", None);
    large["metadata"]["labels"]["app"] = json!("db");
    world.tell(App, "pods", &large);
    world.pass(1);
    let grow = world.decide().grow;
    assert_eq!(
        (grow[0].to, &*grow[0].pods),
        (3, &["default/large".to_owned()][..])
    );
    // The machine that comes holds the large pod only: were it a host without pods already, no other host could take a
    // second one.
    world.resize("workers", 3);
    assert_eq!(world.decide().grow, []);
}

#[test]
fn pods_are_spread_over_the_machines_of_the_minimum_too() {
    let mut world = World::new();
    let mut other = group("minimum", 0);
    let annotations = &mut other["metadata"]["annotations"];
    annotations["cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size"] = json!("1");
    annotations["capacity.cluster-autoscaler.kubernetes.io/cpu"] = json!("1");
    world.tell(Infra, GROUPS, &other);
    let workers = group("workers", 0);
    // Both fit on one of the workers, but not beside a node that holds none of them.
    for name in ["one", "two"] {
        let pod = spread_over_hosts(pod(name, "1500m", None));
        world.tell(App, "pods", &pod);
    }
    world.pass(1);
    let mut asked = Vec::new();
    for _ in 0..4 {
        for grow in world.decide().grow {
            let minimum = grow.group == "minimum";
            let mut grown = if minimum { &other } else { &workers }.clone();
            grown["spec"]["replicas"] = json!(grow.to);
            world.tell(Infra, GROUPS, &grown);
            asked.push((grow.group, grow.to));
        }
    }
    assert_eq!(
        asked,
        [("minimum".to_owned(), 1), ("workers".to_owned(), 2)]
    );
}

#[test]
fn places_that_are_in_the_way_of_others_are_given_up() {
    let mut world = World::with_workers(1);
    world.tell(
        App,
        "pods",
        &spread_over_hosts(pod("there", "1", Some("w-0"))),
    );
    world.tell(App, "pods", &apart(pod("filler", "2", Some("w-0"))));
    world.resize("workers", 2);
    let created = world.now.to_string();
    world.tell(Infra, MACHINES, &machine("w-1", "workers", &created));
    for name in ["spread-a", "spread-b"] {
        let waits = spread_over_hosts(pod(name, "1500m", None));
        world.tell(App, "pods", &waits);
    }
    assert!(world.decide().grow.is_empty());
    // There is no room for these beside the two that are to come to w-1.
    for name in ["plain-a", "plain-b"] {
        world.tell(App, "pods", &apart(pod(name, "1500m", None)));
    }
    let decision = world.decide_after(10);
    assert_eq!(
        decision.grow[0].pods,
        ["default/plain-a", "default/plain-b"]
    );
    // Once that machine is on its way, w-1 may not have two of those that spread more than it.
    world.resize("workers", 3);
    world.tell(Infra, MACHINES, &machine("w-2", "workers", &created));
    let decision = world.decide();
    assert!(decision.grow.is_empty(), "{decision:?}");
    assert!(decision.helpless.is_empty(), "{decision:?}");
}

/// A pod that those that spread do not count.
fn apart(mut pod: Value) -> Value {
    pod["metadata"]["labels"] = json!({"app": "other"});
    pod
}
