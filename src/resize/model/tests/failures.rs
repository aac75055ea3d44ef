use serde_json::json;

use super::world::{GROUPS, MACHINES, World, group, machine, pod};
use crate::resize::model::Cluster::App;
use crate::resize::model::Cluster::Infra;

#[test]
fn a_machine_that_is_sold_out_is_taken_off_and_the_next_rung_grows() {
    let mut world = World::new();
    for (name, rung) in [("workers", "0"), ("second", "1")] {
        let mut group = group(name, 0);
        let said = &mut group["metadata"]["annotations"];
        said["infra.bex.co/pool"] = json!("worker-0");
        said["infra.bex.co/rung"] = json!(rung);
        world.tell(Infra, GROUPS, &group);
    }
    world.tell(App, "pods", &pod("web", "2", None));
    assert_eq!(world.decide().grow[0].group, "workers");
    let mut first = group("workers", 1);
    first["metadata"]["annotations"]["infra.bex.co/pool"] = json!("worker-0");
    world.tell(Infra, GROUPS, &first);
    let mut failed = machine("w-0", "workers", &world.now.to_string());
    failed["status"]["conditions"] = json!([{
        "type": "InfrastructureReady", "status": "False", "reason": "NotReady",
        "message": "* ServerCreateSucceeded: error during placement (resource_unavailable, 1234)",
    }]);
    world.tell(Infra, MACHINES, &failed);
    let decision = world.decide();
    assert_eq!(decision.replace.len(), 1);
    assert!(decision.replace[0].sold_out);
    assert_eq!(decision.grow[0].group, "second");
    // Once it is gone, the first rung is left alone until it is worth another try.
    world.forget(Infra, MACHINES, "w-0");
    first["spec"]["replicas"] = json!(0);
    world.tell(Infra, GROUPS, &first);
    assert_eq!(world.decide().grow[0].group, "second");
    world.pass(301);
    assert_eq!(world.decide().grow[0].group, "workers");
}

#[test]
fn a_machine_over_its_time_to_join_is_replaced_three_times_and_then_reported() {
    let mut world = World::new();
    world.resize("workers", 1);
    for attempt in 0..3 {
        let name = format!("w-{attempt}");
        let created = world.now.to_string();
        world.tell(Infra, MACHINES, &machine(&name, "workers", &created));
        world.pass(599);
        assert!(world.decide().replace.is_empty());
        world.pass(1);
        let decision = world.decide();
        assert_eq!(decision.replace.len(), 1, "{decision:?}");
        assert_eq!(decision.replace[0].machine, name);
        assert!(!decision.replace[0].sold_out);
        world.forget(Infra, MACHINES, &name);
    }
    let created = world.now.to_string();
    world.tell(Infra, MACHINES, &machine("w-3", "workers", &created));
    world.pass(600);
    let decision = world.decide();
    assert!(decision.replace.is_empty());
    assert!(
        decision.held[0]
            .why
            .contains("3 others were replaced in vain"),
        "{decision:?}"
    );
}

#[test]
fn boot_times_are_learned_and_slow_machines_are_replaced_sooner() {
    let mut world = World::new();
    for number in 0..25 {
        let name = format!("w-{number}");
        world.resize("workers", number + 1);
        let mut coming = machine(&name, "workers", &world.now.to_string());
        world.tell(Infra, MACHINES, &coming);
        world.decide();
        world.pass(30);
        let node = world.node(&name, 4000, 8 << 30);
        world.tell(App, "nodes", &node);
        coming["status"]["nodeRef"] = json!({"name": name});
        world.tell(Infra, MACHINES, &coming);
        world.decide();
    }
    world.resize("workers", 26);
    let created = world.now.to_string();
    world.tell(Infra, MACHINES, &machine("slow", "workers", &created));
    world.decide();
    world.pass(61);
    assert!(world.decide().replace.is_empty());
    world.pass(1);
    assert_eq!(world.decide().replace[0].machine, "slow");
}

#[test]
fn machines_that_cluster_api_does_not_make_are_reported() {
    let mut world = World::new();
    world.resize("workers", 2);
    world.decide();
    world.pass(600);
    let decision = world.decide();
    assert!(
        decision.held[0]
            .why
            .contains("has not made 2 of its machines"),
        "{decision:?}"
    );
}

#[test]
fn a_clock_that_goes_back_harms_nothing() {
    let mut world = World::with_workers(2);
    world.pass(100);
    world.decide();
    world.pass(-50_000);
    world.tell(App, "pods", &pod("web", "3900m", None));
    let decision = world.decide();
    assert!(
        decision.remove.is_empty() && decision.grow.is_empty(),
        "{decision:?}"
    );
}

#[test]
fn what_is_learned_is_written_with_the_sizes_and_read_back_by_the_next_process() {
    let mut world = World::new();
    world.model.boots.remember("small", 42);
    world
        .model
        .ladder
        .remember("workers", world.now + jiff::SignedDuration::from_mins(5));
    let notes = world.model.annotations("workers");
    let mut next = World::new();
    let mut written = group("workers", 0);
    for (key, value) in &notes {
        written["metadata"]["annotations"][*key] = json!(value);
    }
    next.tell(Infra, GROUPS, &written);
    assert_eq!(next.model.boots.deadline("small"), Some(42));
    next.tell(App, "pods", &pod("web", "2", None));
    let decision = next.decide();
    assert!(decision.grow.is_empty(), "{decision:?}");
    assert!(decision.again.is_some(), "{decision:?}");
    next.pass(300);
    assert_eq!(next.decide().grow[0].group, "workers");
    // What is written already is not written again.
    assert!(next.model.annotations("workers").is_empty());
}

#[test]
fn machines_that_an_earlier_process_replaced_count_until_one_joins() {
    let mut world = World::new();
    let mut written = group("workers", 1);
    written["metadata"]["annotations"]["infra.bex.co/replaced"] = json!("w-0 w-1 w-2");
    world.tell(Infra, GROUPS, &written);
    assert!(world.model.annotations("workers").is_empty());
    let created = world.now.to_string();
    let mut late = machine("w-3", "workers", &created);
    world.tell(Infra, MACHINES, &late);
    world.pass(600);
    let decision = world.decide();
    assert!(decision.replace.is_empty(), "{decision:?}");
    let why = &decision.held[0].why;
    assert!(why.contains("3 others were replaced in vain"), "{why}");
    // It comes after all, and so the next one has its three attempts again.
    world.tell(App, "nodes", &world.node("w-3", 4000, 8 << 30));
    late["status"]["nodeRef"] = json!({"name": "w-3"});
    world.tell(Infra, MACHINES, &late);
    world.decide();
    let notes = world.model.annotations("workers");
    assert_eq!(notes["infra.bex.co/replaced"], "");
    written["spec"]["replicas"] = json!(2);
    world.tell(Infra, GROUPS, &written);
    let created = world.now.to_string();
    world.tell(Infra, MACHINES, &machine("w-4", "workers", &created));
    world.pass(600);
    assert_eq!(world.decide().replace[0].machine, "w-4");
    let notes = world.model.annotations("workers");
    assert_eq!(notes["infra.bex.co/replaced"], "w-4");
}

#[test]
fn annotations_that_nobody_can_read_are_passed_over() {
    let mut world = World::new();
    let mut group = group("workers", 0);
    let said = &mut group["metadata"]["annotations"];
    said["infra.bex.co/sold-out-until"] = json!("tomorrow");
    said["infra.bex.co/boot-deadline"] = json!("-3");
    world.tell(Infra, GROUPS, &group);
    world.tell(App, "pods", &pod("web", "2", None));
    assert_eq!(world.decide().grow.len(), 1);
}
