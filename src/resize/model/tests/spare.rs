//! Nodes that nobody needs before their paid hour ends.

use serde_json::json;

use super::world::{World, pod};
use crate::resize::decision::{Decision, SoftTaint};
use crate::resize::model::Cluster::App;
use crate::resize::model::nodes::Known;
use crate::resize::policy::QuietHours;

const MINUTE: i64 = 60;

/// Two workers billed by the hour, of which the first one has all the pods.
fn world() -> World {
    let mut world = World::with_workers(2);
    world.model.prices.billed_seconds = 3600;
    world.tell(App, "pods", &pod("web", "3", Some("w-0")));
    world
}

impl World {
    /// Decides every five seconds, and writes the taints that are asked for. Those, and the last decision.
    fn live(&mut self, seconds: i64) -> (Vec<SoftTaint>, Decision) {
        let mut taints = Vec::new();
        let mut decision = self.decide();
        for _ in 0..seconds / 5 {
            for taint in &decision.taint {
                self.set_spare(&taint.node, taint.set);
            }
            taints.append(&mut decision.taint);
            self.pass(5);
            decision = self.decide();
        }
        (taints, decision)
    }

    fn set_spare(&mut self, name: &str, spare: bool) {
        let mut node = self.node(name, 4000, 8 << 30);
        if spare {
            node["spec"]["taints"] =
                json!([{"key": "infra.bex.co/spare", "effect": "PreferNoSchedule"}]);
        }
        self.tell(App, "nodes", &node);
    }
}

#[test]
fn a_node_that_nobody_needs_is_tainted_once_and_goes_when_its_hour_ends() {
    let mut world = world();
    let (taints, decision) = world.live(50 * MINUTE);
    let [taint] = &taints[..] else {
        panic!("{taints:?}")
    };
    assert_eq!((taint.node.as_str(), taint.set), ("w-1", true));
    assert_eq!(
        taint.reason,
        "nobody needs it: new pods go elsewhere if they can, and it goes at 2026-01-01T00:56:00Z"
    );
    assert!(decision.remove.is_empty(), "{decision:?}");
    let spare = decision.kept.iter().find(|kept| kept.node == "w-1");
    assert!(
        spare.unwrap().why.starts_with("nobody needs it"),
        "{decision:?}"
    );
    let (taints, decision) = world.live(6 * MINUTE + 5);
    assert!(taints.is_empty());
    assert_eq!(decision.remove[0].node, "w-1");
}

#[test]
fn a_node_is_not_tainted_for_pods_that_come_and_go() {
    let mut world = world();
    let mut all = Vec::new();
    for _ in 0..10 {
        all.extend(world.live(MINUTE).0);
        world.tell(App, "pods", &pod("other", "2", Some("w-1")));
        all.extend(world.live(MINUTE).0);
        world.forget(App, "pods", "other");
    }
    assert!(all.is_empty(), "{all:?}");
}

#[test]
fn a_node_that_is_needed_again_loses_its_taint() {
    let mut world = world();
    world.live(5 * MINUTE);
    world.tell(App, "pods", &pod("other", "2", Some("w-1")));
    let (taints, _) = world.live(5 * MINUTE);
    let taints: Vec<(&str, bool)> = taints.iter().map(|t| (t.node.as_str(), t.set)).collect();
    assert_eq!(taints, [("w-1", false)]);
}

#[test]
fn a_restarted_loop_takes_back_a_taint_that_does_not_hold_and_keeps_one_that_does() {
    let mut world = world();
    world.set_spare("w-0", true);
    world.set_spare("w-1", true);
    let (taints, _) = world.live(5 * MINUTE);
    let taints: Vec<(&str, bool)> = taints.iter().map(|t| (t.node.as_str(), t.set)).collect();
    // Of the two only one is needed.
    assert_eq!(taints.len(), 1, "{taints:?}");
    assert!(!taints[0].1);
}

#[test]
fn a_pod_that_waits_gets_the_room_of_a_tainted_node() {
    let mut world = world();
    world.live(5 * MINUTE);
    world.tell(App, "pods", &pod("other", "2", None));
    let decision = world.decide();
    assert!(
        decision.grow.is_empty() && decision.helpless.is_empty(),
        "{decision:?}"
    );
}

#[test]
fn in_quiet_hours_no_taint_changes() {
    let mut world = world();
    world.policy.quiet_hours = vec![QuietHours {
        from: 23 * 60,
        to: 60,
    }];
    assert!(world.live(30 * MINUTE).0.is_empty());
}

#[test]
fn the_next_machine_does_not_inherit_the_taint() {
    let mut world = world();
    world.set_spare("w-1", true);
    let known: &Known = &world.model.nodes["w-1"];
    assert!(known.is_spare());
    assert!(known.as_template().taints.is_empty());
}
