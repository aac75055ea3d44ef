use std::time::Duration;

use serde_json::json;

use super::world::{GROUPS, MACHINES, SETS, World, group, machine, pod, set, spread_over_hosts};
use crate::resize::model::Cluster::{App, Infra};
use crate::resize::offer::Price;
use crate::resize::policy::{QuietHours, RemovalBudget, Share};

#[test]
fn an_empty_node_goes_when_nobody_has_needed_it_for_a_while() {
    let mut world = World::with_workers(2);
    world.tell(App, "pods", &pod("web", "1", Some("w-0")));
    let decision = world.decide_after(600);
    let gone: Vec<&str> = decision
        .remove
        .iter()
        .map(|gone| gone.node.as_str())
        .collect();
    assert_eq!(gone, ["w-1"]);
    assert_eq!(decision.remove[0].machine, "w-1");
    assert_eq!(decision.remove[0].reason, "empty");
    assert_eq!(decision.cost.after, Price(10_000));
}

#[test]
fn a_node_does_not_go_before_its_time() {
    let mut world = World::with_workers(2);
    world.tell(App, "pods", &pod("web", "1", Some("w-0")));
    world.pass(31);
    assert!(world.decide().remove.is_empty());
    world.pass(29);
    assert!(world.decide().remove.is_empty());
    world.pass(1);
    assert_eq!(world.decide().remove.len(), 1);
}

#[test]
fn pods_move_together_and_each_move_is_named() {
    let mut world = World::with_workers(3);
    for number in 0..3 {
        let node = format!("w-{number}");
        world.tell(App, "pods", &pod(&format!("p{number}"), "1", Some(&node)));
    }
    let decision = world.decide_after(600);
    assert_eq!(decision.remove.len(), 2, "{decision:?}");
    let stays = "w-2";
    for gone in &decision.remove {
        assert_eq!(gone.moves.len(), 1);
        assert_eq!(gone.moves[0].to, stays);
        assert_eq!(gone.reason, "25 % of it is asked for");
    }
}

#[test]
fn a_group_keeps_its_minimum() {
    let mut world = World::with_workers(3);
    let mut group = group("workers", 3);
    group["metadata"]["annotations"]["cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size"] =
        json!("2");
    world.tell(Infra, GROUPS, &group);
    assert_eq!(world.decide_after(600).remove.len(), 1);
}

/// Two workers with a pod each; `change` makes the second one's a special case. Why its node stays.
fn why_it_stays(change: impl Fn(&mut serde_json::Value)) -> String {
    let mut world = World::with_workers(2);
    world.tell(App, "pods", &pod("web", "3", Some("w-0")));
    let mut special = pod("special", "100m", Some("w-1"));
    change(&mut special);
    world.tell(App, "pods", &special);
    let decision = world.decide_after(600);
    assert!(decision.remove.iter().all(|gone| gone.node != "w-1"));
    let kept = decision.kept.iter().find(|kept| kept.node == "w-1");
    kept.map(|kept| kept.why.clone()).unwrap_or_default()
}

#[test]
fn a_pod_without_a_controller_keeps_its_node() {
    let why = why_it_stays(|pod| pod["metadata"]["ownerReferences"] = json!([]));
    assert_eq!(why, "default/special: no controller would make it again");
}

#[test]
fn local_data_keeps_its_node() {
    let why = why_it_stays(|pod| {
        pod["spec"]["volumes"] = json!([{"name": "cache", "emptyDir": {}}]);
    });
    assert_eq!(
        why,
        "default/special: what it keeps in volume cache would be lost"
    );
}

#[test]
fn annotations_keep_their_node() {
    for (key, value) in [
        ("infra.bex.co/do-not-evict", "true"),
        ("karpenter.sh/do-not-disrupt", "true"),
        ("karpenter.sh/do-not-disrupt", "2h"),
        ("cluster-autoscaler.kubernetes.io/safe-to-evict", "false"),
    ] {
        let why = why_it_stays(|pod| {
            pod["metadata"]["annotations"] = json!({key: value});
            pod["metadata"]["creationTimestamp"] = json!("2026-01-01T00:00:00Z");
        });
        assert_eq!(why, format!("default/special: annotation {key}={value}"));
    }
}

#[test]
fn a_system_pod_without_a_budget_keeps_its_node() {
    let why = why_it_stays(|pod| pod["metadata"]["namespace"] = json!("kube-system"));
    assert!(why.contains("no PodDisruptionBudget"), "{why}");
}

#[test]
fn a_budget_of_zero_keeps_its_node() {
    let mut world = World::with_workers(2);
    world.tell(App, "pods", &pod("a", "3", Some("w-0")));
    world.tell(App, "pods", &pod("b", "100m", Some("w-1")));
    let budget = json!({
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}},
        "status": {"disruptionsAllowed": 0},
    });
    world.tell(App, "poddisruptionbudgets.policy", &budget);
    let decision = world.decide_after(600);
    assert!(decision.remove.is_empty());
    let kept = decision
        .kept
        .iter()
        .find(|kept| kept.node == "w-1")
        .unwrap();
    assert!(
        kept.why.contains("default/b") && kept.why.contains("default/web"),
        "{}",
        kept.why
    );
}

#[test]
fn safe_to_evict_overrides_local_data_and_missing_controllers() {
    let mut world = World::with_workers(2);
    world.tell(App, "pods", &pod("web", "3", Some("w-0")));
    let mut special = pod("special", "100m", Some("w-1"));
    special["metadata"]["ownerReferences"] = json!([]);
    special["spec"]["volumes"] = json!([{"name": "cache", "emptyDir": {}}]);
    special["metadata"]["annotations"] =
        json!({"cluster-autoscaler.kubernetes.io/safe-to-evict": "true"});
    world.tell(App, "pods", &special);
    assert_eq!(world.decide_after(600).remove[0].node, "w-1");
}

#[test]
fn nothing_is_removed_during_a_rollout() {
    let mut world = World::with_workers(2);
    let mut other = set("workers", 1);
    other["metadata"]["name"] = json!("workers-new");
    world.tell(Infra, SETS, &other);
    let decision = world.decide_after(600);
    assert!(decision.remove.is_empty());
    assert!(decision.held[0].why.contains("rollout"), "{decision:?}");
}

#[test]
fn nothing_is_removed_before_cluster_api_has_seen_the_last_change() {
    let mut world = World::with_workers(2);
    let mut group = group("workers", 2);
    group["metadata"]["generation"] = json!(2);
    world.tell(Infra, GROUPS, &group);
    assert!(world.decide_after(600).remove.is_empty());
}

#[test]
fn nothing_is_removed_in_quiet_hours() {
    let mut world = World::with_workers(2);
    world.policy.quiet_hours = vec![QuietHours {
        from: 23 * 60,
        to: 60,
    }];
    let decision = world.decide_after(3000);
    assert!(decision.remove.is_empty());
    assert!(
        decision.held[0].why.contains("2026-01-01T01:00:00Z"),
        "{decision:?}"
    );
    world.pass(700);
    assert_eq!(world.decide_after(300).remove.len(), 2);
}

#[test]
fn a_machine_billed_by_the_hour_goes_shortly_before_the_next_one() {
    let mut world = World::with_workers(1);
    world.model.prices.billed_seconds = 3600;
    world.pass(60);
    assert!(world.decide().remove.is_empty());
    world.pass(3600 - 60 - 241);
    assert!(world.decide().remove.is_empty());
    world.pass(2);
    assert_eq!(world.decide().remove.len(), 1);
}

#[test]
fn a_node_that_somebody_cordoned_is_left_alone() {
    let mut world = World::with_workers(1);
    let mut node = world.node("w-0", 4000, 8 << 30);
    node["spec"]["unschedulable"] = json!(true);
    world.tell(App, "nodes", &node);
    assert!(world.decide_after(600).remove.is_empty());
}

#[test]
fn a_node_with_an_annotation_stays() {
    let mut world = World::with_workers(1);
    let mut node = world.node("w-0", 4000, 8 << 30);
    node["metadata"]["annotations"] =
        json!({"cluster-autoscaler.kubernetes.io/scale-down-disabled": "true"});
    world.tell(App, "nodes", &node);
    let decision = world.decide_after(600);
    assert!(decision.remove.is_empty());
    assert!(decision.kept[0].why.contains("scale-down-disabled"));
}

#[test]
fn a_node_on_its_way_out_counts_against_the_minimum() {
    let mut world = World::with_workers(2);
    let mut group = group("workers", 2);
    group["metadata"]["annotations"]["cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size"] =
        json!("1");
    world.tell(Infra, GROUPS, &group);
    let mut node = world.node("w-0", 4000, 8 << 30);
    node["metadata"]["annotations"] = json!({"infra.bex.co/removing": "empty"});
    node["spec"]["unschedulable"] = json!(true);
    world.tell(App, "nodes", &node);
    assert!(world.decide_after(600).remove.is_empty());
}

#[test]
fn no_pod_is_moved_to_a_machine_that_is_not_there_yet() {
    let mut world = World::with_workers(1);
    world.tell(App, "pods", &pod("web", "3", Some("w-0")));
    world.resize("workers", 2);
    let created = world.now.to_string();
    world.tell(Infra, MACHINES, &machine("w-1", "workers", &created));
    let decision = world.decide_after(300);
    assert!(decision.remove.is_empty(), "{decision:?}");
}

#[test]
fn a_node_that_a_waiting_pod_is_about_to_get_stays() {
    let mut world = World::with_workers(2);
    world.tell(App, "pods", &pod("a", "3", Some("w-0")));
    world.pass(100);
    world.decide();
    world.pass(100);
    world.tell(App, "pods", &pod("b", "2", None));
    let decision = world.decide();
    assert!(
        decision.remove.is_empty() && decision.grow.is_empty(),
        "{decision:?}"
    );
}

#[test]
fn a_node_does_not_go_while_a_pod_that_waits_would_lose_its_place_for_that() {
    let mut world = World::with_workers(3);
    for node in ["w-0", "w-1", "w-2"] {
        let name = format!("on-{node}");
        world.tell(App, "pods", &pod(&name, "1", Some(node)));
    }
    world.decide();
    world.pass(100);
    // It fits on any node as long as all have as many pods, but not beside a cordoned one without pods.
    let mut spread = spread_over_hosts(pod("spread", "1", None));
    world.tell(App, "pods", &spread);
    let decision = world.decide_after(60);
    assert_eq!((&*decision.grow, &*decision.remove), (&[][..], &[][..]));
    spread["spec"]["nodeName"] = json!("w-0");
    world.tell(App, "pods", &spread);
    assert!(!world.decide_after(600).remove.is_empty());
}

#[test]
fn pods_that_ask_for_more_than_can_be_counted_keep_their_node() {
    let mut world = World::with_workers(2);
    for name in ["a", "b"] {
        let mut huge = pod(name, "100m", Some("w-0"));
        huge["spec"]["containers"][0]["resources"]["requests"]["memory"] = json!("7Ei");
        world.tell(App, "pods", &huge);
    }
    let decision = world.decide_after(600);
    let gone: Vec<&str> = decision.remove.iter().map(|gone| &*gone.node).collect();
    assert_eq!(gone, ["w-1"]);
}

#[test]
fn marks_that_were_left_behind_are_found() {
    let mut world = World::with_workers(1);
    let mut node = world.node("w-0", 4000, 8 << 30);
    node["metadata"]["annotations"] = json!({"infra.bex.co/removing": "empty"});
    world.tell(App, "nodes", &node);
    world.decide();
    let strays = world.model.strays();
    assert_eq!(strays[0].node.as_deref(), Some("w-0"));
    assert_eq!(strays[0].machine, None);
    let mut marked = machine("w-0", "workers", &world.now.to_string());
    marked["status"]["nodeRef"] = json!({"name": "w-0"});
    marked["metadata"]["annotations"] =
        json!({"infra.bex.co/removing": "empty", "cluster.x-k8s.io/delete-machine": "empty"});
    world.tell(Infra, MACHINES, &marked);
    world.decide();
    let machine = ("w-0".to_owned(), "default".to_owned());
    assert_eq!(world.model.strays()[0].machine, Some(machine));
    // The group is smaller already: the machine goes, and nothing is to be taken back.
    world.resize("workers", 0);
    world.decide();
    assert!(world.model.strays().is_empty());
}

#[test]
fn no_more_of_a_pool_go_within_a_time_than_its_budget_lets() {
    let mut world = World::with_workers(4);
    world.policy.removal_budget = Some(RemovalBudget {
        nodes: Share::Percent(25),
        within: Duration::from_mins(10),
    });
    let decision = world.decide_after(120);
    assert_eq!(decision.remove.len(), 1, "{decision:?}");
    let why = &decision.kept[0].why;
    assert_eq!(
        why,
        "removalBudget lets no more nodes of its pool go for now"
    );
    world.forget(Infra, MACHINES, &decision.remove[0].machine);
    world.forget(App, "nodes", &decision.remove[0].node);
    world.resize("workers", 3);
    assert!(world.decide_after(500).remove.is_empty());
    assert_eq!(world.decide_after(200).remove.len(), 1);
}

#[test]
fn what_an_earlier_process_took_counts_in_the_budget() {
    let mut world = World::with_workers(3);
    world.policy.removal_budget = Some(RemovalBudget {
        nodes: Share::Percent(25),
        within: Duration::from_mins(10),
    });
    let mut written = group("workers", 3);
    written["metadata"]["annotations"]["infra.bex.co/removed"] =
        json!("2025-12-31T23:59:00Z yesterday");
    world.forget(Infra, GROUPS, "workers");
    world.tell(Infra, GROUPS, &written);
    assert!(world.decide_after(120).remove.is_empty());
    assert_eq!(world.decide_after(500).remove.len(), 1);
}
