use serde_json::json;

use super::world::{GROUPS, MACHINES, World, group, large, machine, pod};
use crate::resize::model::Cluster::{App, Infra};
use crate::resize::offer::Price;

#[test]
fn a_pod_that_fits_nowhere_makes_its_group_grow() {
    let mut world = World::new();
    world.tell(App, "pods", &pod("web", "2", None));
    let decision = world.decide();
    let grow = &decision.grow[0];
    assert_eq!((grow.group.as_str(), grow.from, grow.to), ("workers", 0, 1));
    assert_eq!(grow.pods, ["default/web"]);
    assert_eq!(grow.machine_type, "small");
    assert_eq!(decision.cost.after, Price(10_000));
}

#[test]
fn a_pod_that_fits_on_a_node_buys_nothing() {
    let mut world = World::with_workers(1);
    world.tell(App, "pods", &pod("web", "2", None));
    assert!(world.decide().grow.is_empty());
}

#[test]
fn nothing_is_asked_for_twice() {
    let mut world = World::new();
    world.tell(App, "pods", &pod("web", "2", None));
    assert_eq!(world.decide().grow.len(), 1);
    // The number is written.
    world.resize("workers", 1);
    assert!(world.decide().grow.is_empty());
    // Its machine is there, without a node.
    let created = world.now.to_string();
    world.tell(Infra, MACHINES, &machine("w-0", "workers", &created));
    assert!(world.decide().grow.is_empty());
    // The node is there, not Ready.
    let mut node = world.node("w-0", 4000, 8 << 30);
    node["status"]["conditions"][0]["status"] = json!("False");
    node["spec"]["taints"] =
        json!([{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]);
    world.tell(App, "nodes", &node);
    assert!(world.decide().grow.is_empty());
}

#[test]
fn pods_that_nobody_may_help_make_nothing_come() {
    let mut world = World::new();
    let change = |name: &str, change: &dyn Fn(&mut serde_json::Value)| {
        let mut pod = pod(name, "2", None);
        change(&mut pod);
        pod
    };
    let pods = [
        change("gated", &|pod| {
            pod["spec"]["schedulingGates"] = json!([{"name": "later"}]);
        }),
        change("daemon", &|pod| {
            pod["metadata"]["ownerReferences"][0]["kind"] = json!("DaemonSet");
        }),
        change("others", &|pod| {
            pod["spec"]["schedulerName"] = json!("volcano");
        }),
        change("going", &|pod| {
            pod["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        }),
        change("low", &|pod| pod["spec"]["priority"] = json!(-11)),
        change("promised", &|pod| {
            pod["status"]["nominatedNodeName"] = json!("w-9");
        }),
        change("done", &|pod| pod["status"]["phase"] = json!("Succeeded")),
    ];
    for pod in &pods {
        world.tell(App, "pods", pod);
    }
    let decision = world.decide();
    assert!(decision.grow.is_empty(), "{decision:?}");
    assert!(decision.helpless.is_empty(), "{decision:?}");
}

#[test]
fn a_pod_that_no_machine_could_hold_is_helpless_with_a_reason() {
    let mut world = World::new();
    world.tell(App, "pods", &pod("huge", "400", None));
    let decision = world.decide();
    assert!(decision.grow.is_empty());
    assert_eq!(decision.helpless[0].pods, ["default/huge"]);
    assert!(decision.helpless[0].why.contains("cpu"), "{decision:?}");
}

#[test]
fn a_group_never_grows_beyond_its_maximum() {
    let mut world = World::new();
    for number in 0..30 {
        world.tell(App, "pods", &pod(&format!("p{number}"), "2500m", None));
    }
    world.pass(1);
    let decision = world.decide();
    assert_eq!(decision.grow[0].to, 10);
    let helpless: usize = decision
        .helpless
        .iter()
        .map(|helpless| helpless.pods.len())
        .sum();
    assert_eq!(helpless, 20);
}

#[test]
fn a_group_below_its_minimum_reaches_it_without_pods() {
    let mut world = World::new();
    let mut group = group("workers", 0);
    group["metadata"]["annotations"]["cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size"] =
        json!("2");
    world.tell(Infra, GROUPS, &group);
    let decision = world.decide();
    assert_eq!((decision.grow[0].from, decision.grow[0].to), (0, 2));
}

#[test]
fn costs_have_a_cap() {
    let mut world = World::new();
    world.policy.max_hourly_cost = Some(Price(25_000));
    for number in 0..6 {
        world.tell(App, "pods", &pod(&format!("p{number}"), "2500m", None));
    }
    world.pass(1);
    let decision = world.decide();
    assert_eq!(decision.grow[0].to, 2);
    assert!(
        decision.held[0].why.contains("more than 0.0250"),
        "{decision:?}"
    );
}

#[test]
fn a_cap_of_costs_needs_to_know_what_all_machines_cost() {
    let mut world = World::new();
    let mut other = group("other", 3);
    other["metadata"]["annotations"] = json!({});
    world.tell(Infra, GROUPS, &other);
    world.tell(App, "pods", &pod("web", "2500m", None));
    world.policy.max_hourly_cost = Some(Price(25_000));
    world.pass(1);
    let decision = world.decide();
    assert!(decision.grow.is_empty(), "{decision}");
    let why = &decision.held[0].why;
    assert!(
        why.contains("nobody knows what machines of other cost"),
        "{why}"
    );
    world.policy.max_hourly_cost = None;
    let decision = world.decide();
    assert_eq!(decision.grow[0].to, 1);
    // What nobody knows is not told as a price.
    assert_eq!(decision.cost.after, Price(10_000));
}

#[test]
fn machines_that_are_asked_for_count_against_the_cap_before_they_are_there() {
    let mut world = World::new();
    world.policy.max_hourly_cost = Some(Price(25_000));
    world.tell(Infra, GROUPS, &group("workers", 2));
    for number in 0..6 {
        world.tell(App, "pods", &pod(&format!("p{number}"), "2500m", None));
    }
    world.pass(1);
    let decision = world.decide();
    assert_eq!(decision.cost.before, Price(20_000));
    assert!(decision.grow.is_empty(), "{decision}");
}

#[test]
fn a_minimum_is_reached_within_the_cap_and_the_pace() {
    let mut world = World::new();
    let mut group = group("workers", 0);
    group["metadata"]["annotations"]["cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size"] =
        json!("5");
    world.tell(Infra, GROUPS, &group);
    world.policy.max_additions = 3;
    let decision = world.decide();
    assert_eq!(decision.grow[0].to, 3);
    assert_eq!(
        decision.held[0].why,
        "2 machines more would be needed: no more than 3 come at once"
    );
    world.policy.max_hourly_cost = Some(Price(10_000));
    assert_eq!(world.decide().grow[0].to, 1);
}

#[test]
fn only_so_many_machines_come_at_once() {
    let mut world = World::new();
    world.policy.max_additions = 3;
    for number in 0..6 {
        world.tell(App, "pods", &pod(&format!("p{number}"), "2500m", None));
    }
    world.pass(1);
    assert_eq!(world.decide().grow[0].to, 3);
}

#[test]
fn the_group_of_another_scaler_is_refused_in_words_and_the_others_go_on() {
    let mut world = World::new();
    let mut foreign = group("foreign", 0);
    foreign["metadata"]["annotations"]["infra.bex.co/scaler"] = json!("keda");
    world.tell(Infra, GROUPS, &foreign);
    let mut autoscaled = group("autoscaled", 0);
    autoscaled["metadata"]["managedFields"] = json!([
        {"manager": "cluster-autoscaler", "operation": "Update", "fieldsV1": {"f:spec": {"f:replicas": {}}}}
    ]);
    world.tell(Infra, GROUPS, &autoscaled);
    let mut nonsense = group("nonsense", 0);
    nonsense["metadata"]["annotations"]["cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size"] =
        json!("20");
    world.tell(Infra, GROUPS, &nonsense);
    world.tell(App, "pods", &pod("web", "2", None));
    let decision = world.decide();
    assert_eq!(decision.grow.len(), 1);
    assert_eq!(decision.grow[0].group, "workers");
    let held: Vec<&str> = decision
        .held
        .iter()
        .map(|held| held.group.as_str())
        .collect();
    assert_eq!(held, ["autoscaled", "foreign", "nonsense"]);
    assert!(decision.held[0].why.contains("Cluster Autoscaler"));
    assert!(decision.held[1].why.contains("`keda`"));
    assert!(
        decision.held[2]
            .why
            .contains("at least 20 machines and at most 10")
    );
}

#[test]
fn a_paused_or_vanishing_group_does_not_grow() {
    for change in [
        json!({"spec": {"paused": true}}),
        json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}),
    ] {
        let mut world = World::new();
        let mut group = group("workers", 0);
        for (part, fields) in change.as_object().unwrap() {
            for (field, value) in fields.as_object().unwrap() {
                group[part][field] = value.clone();
            }
        }
        world.tell(Infra, GROUPS, &group);
        world.tell(App, "pods", &pod("web", "2", None));
        let decision = world.decide();
        assert!(decision.grow.is_empty());
        assert_eq!(decision.held[0].group, "workers");
    }
}

#[test]
fn daemons_take_their_room_on_machines_that_come() {
    let mut world = World::new();
    let daemons = json!({
        "metadata": {"name": "agent", "namespace": "kube-system"},
        "spec": {
            "selector": {"matchLabels": {"app": "agent"}},
            "template": {
                "metadata": {"labels": {"app": "agent"}},
                "spec": {"containers": [{"name": "agent", "resources": {"requests": {"cpu": "500m"}}}]},
            },
        },
    });
    world.tell(App, "daemonsets.apps", &daemons);
    world.tell(App, "pods", &pod("web", "3800m", None));
    let decision = world.decide();
    assert!(decision.grow.is_empty(), "{decision:?}");
    assert_eq!(decision.helpless.len(), 1);
    world.tell(App, "pods", &pod("web", "3", None));
    assert_eq!(world.decide().grow[0].to, 1);
    // On the machine that is on its way the daemon has its place, too.
    world.resize("workers", 1);
    world.pass(1);
    world.tell(App, "pods", &pod("more", "800m", None));
    assert_eq!(world.decide().grow[0].to, 2);
}

#[test]
fn what_the_last_node_could_hold_counts_more_than_what_was_said() {
    let mut world = World::with_workers(1);
    // It joins with less than its annotations promise.
    let node = world.node("w-0", 3000, 8 << 30);
    world.tell(App, "nodes", &node);
    world.decide();
    world.resize("workers", 2);
    let created = world.now.to_string();
    world.tell(Infra, MACHINES, &machine("w-1", "workers", &created));
    world.decide();
    let small = world.node("w-1", 3000, 8 << 30);
    world.tell(App, "nodes", &small);
    world.decide();
    world.tell(App, "pods", &pod("web", "3500m", None));
    let decision = world.decide();
    assert!(decision.grow.is_empty(), "{decision:?}");
    assert_eq!(decision.helpless.len(), 1);
}

/// Four small machines with two pods of two CPUs each, so many seconds into their paid hour, and a pod that waits. Which
/// group grows.
fn grows_when_hours_are_so_old(seconds: i64) -> String {
    let mut world = World::with_workers(4);
    world.model.prices.billed_seconds = 3600;
    world.tell(Infra, GROUPS, &large());
    for number in 0..8 {
        let node = format!("w-{}", number / 2);
        world.tell(App, "pods", &pod(&format!("p{number}"), "2", Some(&node)));
    }
    world.pass(seconds);
    world.tell(App, "pods", &pod("waits", "2", None));
    let decision = world.decide_after(60);
    assert_eq!(decision.grow.len(), 1, "{decision:?}");
    decision.grow[0].group.clone()
}

#[test]
fn a_larger_machine_comes_where_it_lets_small_ones_go_before_they_are_paid_for_again() {
    assert_eq!(grows_when_hours_are_so_old(50 * 60), "large");
}

#[test]
fn a_larger_machine_does_not_come_for_nodes_that_are_paid_for() {
    assert_eq!(grows_when_hours_are_so_old(5 * 60), "workers");
}
