//! Pods that come one after the other.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::world::{GROUPS, World, hetzner, large, pod};
use crate::resize::model::Cluster::{App, Infra};
use crate::resize::workload::generate::{Arrival, arriving};

/// A pod that the scheduler has not looked at yet.
fn new(name: &str, cpu: &str) -> Value {
    let mut pod = pod(name, cpu, None);
    pod["status"]["conditions"] = json!([]);
    pod
}

#[test]
fn a_pod_that_comes_alone_waits_for_the_word_of_the_scheduler_and_not_for_long() {
    let mut world = World::new();
    world.tell(App, "pods", &new("web", "2"));
    let decision = world.decide();
    assert!(decision.grow.is_empty(), "{decision:?}");
    let again = decision.again.unwrap();
    assert_eq!(again.duration_since(world.now).as_millis(), 20);
    // Whichever comes first.
    let mut silent = World::new();
    silent.tell(App, "pods", &new("web", "2"));
    silent.now = again;
    assert_eq!(silent.decide().grow[0].to, 1);
    assert!(world.tell(App, "pods", &pod("web", "2", None)));
    assert_eq!(world.decide().grow[0].to, 1);
}

#[test]
fn a_machine_that_is_not_full_waits_a_moment_for_more_pods_of_its_burst() {
    let mut world = World::new();
    world.tell(App, "pods", &pod("a", "1", None));
    world.tell(App, "pods", &pod("b", "1", None));
    let decision = world.decide();
    assert!(decision.grow.is_empty(), "{decision:?}");
    let again = decision.again.unwrap();
    assert_eq!(again.duration_since(world.now).as_millis(), 100);
    world.now = again;
    assert_eq!(world.decide().grow[0].to, 1);
}

#[test]
fn a_full_machine_of_the_best_type_waits_two_seconds_and_the_others_longer() {
    let mut world = World::new();
    world.tell(Infra, GROUPS, &large());
    let begun = world.now;
    let mut number = 0;
    // Eight fill a large machine; sixteen CPUs cost only three times as much as four.
    let decision = loop {
        world.tell(App, "pods", &new(&format!("p{number}"), "2"));
        number += 1;
        let decision = world.decide();
        if !decision.grow.is_empty() {
            break decision;
        }
        world.now += jiff::Span::new().milliseconds(50);
    };
    assert_eq!(world.now.duration_since(begun).as_millis(), 2000);
    assert_eq!(decision.grow.len(), 1, "{decision:?}");
    assert_eq!(decision.grow[0].group, "large");
    // Those that came first.
    let first: Vec<String> = (0..8).map(|number| format!("default/p{number}")).collect();
    assert_eq!(decision.grow[0].pods, first);
}

#[test]
fn a_stream_of_pods_that_does_not_end_is_waited_for_five_seconds() {
    let mut world = World::new();
    world.tell(Infra, GROUPS, &large());
    let mut waited = 0;
    for number in 0.. {
        world.tell(App, "pods", &new(&format!("p{number}"), "10m"));
        if !world.decide().grow.is_empty() {
            break;
        }
        world.now += jiff::Span::new().milliseconds(50);
        waited += 50;
    }
    assert_eq!(waited, 5000);
}

/// A ReplicaSet, of whose pods the world's `pod` is one.
fn set(replicas: u32) -> Value {
    json!({"metadata": {"name": "web", "namespace": "default"}, "spec": {"replicas": replicas}})
}

#[test]
fn pods_that_a_replica_set_still_owes_fill_machines_while_others_of_it_come() {
    let first_bought = |replicas: u32| {
        let mut world = World::new();
        world.tell(Infra, GROUPS, &large());
        world.tell(App, "replicasets.apps", &set(replicas));
        let begun = world.now;
        for number in 0.. {
            world.tell(App, "pods", &new(&format!("p{number}"), "160m"));
            let decision = world.decide();
            if let [grow] = &decision.grow[..] {
                let waited = world.now.duration_since(begun).as_millis();
                return (waited, grow.group.clone(), grow.pods.len());
            }
            world.now += jiff::Span::new().milliseconds(50);
        }
        unreachable!()
    };
    // A hundred fill a large machine, which is as good as any.
    assert_eq!(first_bought(200), (2000, "large".to_owned(), 41));
    assert!(first_bought(0).0 > 4000);
}

#[test]
fn pods_that_have_places_are_not_counted_twice_among_those_that_came() {
    let mut world = World::new();
    world.tell(Infra, GROUPS, &large());
    world.tell(App, "replicasets.apps", &set(200));
    let begun = world.now;
    let mut bought = Vec::new();
    for number in 0..200 {
        world.tell(App, "pods", &new(&format!("p{number}"), "160m"));
        for grow in world.decide().grow {
            let mut group = large();
            group["spec"]["replicas"] = json!(grow.to);
            world.tell(Infra, GROUPS, &group);
            bought.push((world.now.duration_since(begun).as_millis(), grow.group));
        }
        world.now += jiff::Span::new().milliseconds(50);
    }
    // Each is full of a hundred, the second one from the pod on that comes after five seconds.
    let large = |at| (at, "large".to_owned());
    assert_eq!(bought, [large(2000), large(7000)]);
}

#[test]
fn a_pod_of_a_replica_set_that_makes_more_does_not_come_alone() {
    let bought = |set: Value| {
        let mut world = World::new();
        world.tell(App, "replicasets.apps", &set);
        world.tell(App, "pods", &pod("web", "2", None));
        world.decide().grow.len()
    };
    assert_eq!(bought(set(2)), 0);
    assert_eq!(bought(set(1)), 1);
    let mut failing = set(2);
    failing["status"] =
        json!({"replicas": 1, "conditions": [{"type": "ReplicaFailure", "status": "True"}]});
    assert_eq!(bought(failing), 1);
}

#[test]
fn nothing_is_bought_for_pods_that_are_owed_and_do_not_come() {
    let mut world = World::new();
    world.tell(Infra, GROUPS, &large());
    world.tell(App, "replicasets.apps", &set(100));
    for number in 0..2 {
        world.tell(App, "pods", &pod(&format!("p{number}"), "2", None));
    }
    assert!(world.decide().grow.is_empty());
    world.pass(1);
    let decision = world.decide();
    assert_eq!(
        (&*decision.grow[0].group, decision.grow[0].to),
        ("workers", 1)
    );
}

#[test]
fn the_demand_is_that_of_the_last_burst_whoever_of_it_has_been_helped() {
    let mut world = World::new();
    let demand = |world: &World| world.model.pods.demand().values().sum::<u32>();
    world.tell(App, "pods", &new("a", "2"));
    world.now += jiff::Span::new().milliseconds(50);
    world.tell(App, "pods", &new("b", "1"));
    let mut helped = new("a", "2");
    helped["spec"]["nodeName"] = json!("somewhere");
    world.tell(App, "pods", &helped);
    assert_eq!(demand(&world), 2);
    world.pass(10);
    world.tell(App, "pods", &new("c", "1"));
    assert_eq!(demand(&world), 1);
}

/// What the machines that are asked for cost while pods come, as a part of what one decision about all of them asks for.
fn dearer(arrival: Arrival, seed: u64) -> f64 {
    let workload = arriving(arrival, seed);
    let mut world = World::for_hetzner();
    let begun = world.now;
    let mut pending: BTreeMap<Timestamp, Vec<Value>> = BTreeMap::new();
    for (number, event) in workload.events.iter().enumerate() {
        let mut pod = serde_json::to_value(&workload.classes[event.class]).unwrap();
        pod["metadata"]["name"] = format!("p{number}").into();
        let at = begun + Duration::from_secs_f64(event.at_seconds);
        pending.entry(at).or_default().push(pod);
    }
    let mut bought = 0;
    let mut again = None;
    while let Some(at) = pending
        .keys()
        .next()
        .copied()
        .into_iter()
        .chain(again)
        .min()
    {
        world.now = at;
        for pod in pending.remove(&at).into_iter().flatten() {
            world.tell(App, "pods", &pod);
        }
        let decision = world.decide();
        bought += decision.cost.bought.0;
        for grow in &decision.grow {
            world.tell(Infra, GROUPS, &hetzner(&grow.group, grow.to));
        }
        // Afterwards only the time to boot is left to end.
        again = decision
            .again
            .filter(|again| again.duration_since(at).as_secs() < 5);
    }
    let mut all = World::for_hetzner();
    for (number, event) in workload.events.iter().enumerate() {
        let mut pod = serde_json::to_value(&workload.classes[event.class]).unwrap();
        pod["metadata"]["name"] = format!("p{number}").into();
        all.tell(App, "pods", &pod);
    }
    all.pass(10);
    let least = all.decide().cost.bought.0;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53 millionths")]
    let part = bought as f64 / least as f64;
    part
}

#[test]
fn bursts_cost_little_more_than_one_decision_about_all_of_their_pods() {
    // What comes for longer than anybody waits is decided about in parts.
    for (arrival, most) in [(Arrival::Deployments, 1.01), (Arrival::Controller, 1.06)] {
        for seed in 3..=4 {
            let part = dearer(arrival, seed);
            assert!(part < most, "{}, seed {seed}: {part}", arrival.name());
        }
    }
}
