use serde_json::json;

use super::*;

const REASONS: [&str; 3] = ["NotReady", "ReadyUnknown", "Ready"];

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn machine(name: &str, condition: Condition) -> Source {
    Source {
        kind: "Machine",
        name: name.to_owned(),
        control_plane: false,
        condition: Some(condition),
    }
}

#[test]
fn the_transition_time_moves_only_with_the_status() {
    let mut conditions = Conditions::of(&json!({"metadata": {"generation": 2}}), at(10));
    conditions.set(Condition::no(READY, "A"));
    let mut object = json!({"status": {}});
    conditions.write(&mut object["status"]);
    let mut conditions = Conditions::of(&object, at(20));
    conditions.set(Condition::no(READY, "B"));
    assert_eq!(conditions.get(READY).unwrap().since(), Some(at(10)));
    assert_eq!(conditions.get(READY).unwrap().reason, "B");
    conditions.set(Condition::yes(READY, "C"));
    assert_eq!(conditions.get(READY).unwrap().since(), Some(at(20)));
}

#[test]
fn conditions_are_listed_in_cluster_apis_order() {
    let mut conditions = Conditions::of(&json!({}), at(0));
    for of in [
        DELETING, PAUSED, "Zebra", "Apple", NODE_READY, READY, AVAILABLE,
    ] {
        conditions.set(Condition::yes(of, "X"));
    }
    let mut status = json!({});
    conditions.write(&mut status);
    let listed: Vec<&str> = status["conditions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|condition| condition["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        listed,
        [
            AVAILABLE, READY, NODE_READY, "Apple", "Zebra", PAUSED, DELETING
        ]
    );
}

#[test]
fn a_summary_names_what_is_wrong_and_leaves_out_what_is_well() {
    let conditions = [
        Condition::no(DELETING, "NotDeleting"),
        Condition::yes(BOOTSTRAP_READY, "Ready"),
        Condition::no(INFRASTRUCTURE_READY, "NotReady").message("* VMProvisioned: Waiting"),
        Condition::unknown(NODE_HEALTHY, "InspectionFailed").message("Waiting for a Node"),
    ];
    let merge = Merge {
        negative: &[DELETING],
        ..Merge::positive(READY, REASONS)
    };
    let types = [
        DELETING,
        BOOTSTRAP_READY,
        INFRASTRUCTURE_READY,
        NODE_HEALTHY,
        "HealthCheckSucceeded?",
    ];
    let ready = merge.summary(&conditions, &types);
    assert_eq!(
        (ready.status, ready.reason.as_str()),
        (Truth::False, "NotReady")
    );
    assert_eq!(
        ready.message,
        "* InfrastructureReady:\n  * VMProvisioned: Waiting\n* NodeHealthy: Waiting for a Node"
    );
}

#[test]
fn a_condition_that_is_missing_is_unknown() {
    let ready = Merge::positive(READY, REASONS).summary(&[], &[NODE_HEALTHY]);
    assert_eq!(
        (ready.status, ready.reason.as_str()),
        (Truth::Unknown, "ReadyUnknown")
    );
    assert_eq!(ready.message, "* NodeHealthy: Condition not yet reported");
}

#[test]
fn the_components_of_a_control_plane_share_a_line_when_they_say_the_same() {
    let types = [
        "APIServerPodHealthy",
        "ControllerManagerPodHealthy",
        "SchedulerPodHealthy",
        "EtcdPodHealthy",
    ];
    let conditions = types.map(|of| Condition::unknown(of, "InspectionFailed").message("Waiting"));
    let ready = Merge::positive(READY, REASONS).summary(&conditions, &types);
    assert_eq!(
        ready.message,
        "* Control plane components: Waiting\n* EtcdPodHealthy: Waiting"
    );
}

#[test]
fn an_aggregate_groups_objects_that_say_the_same_and_counts_the_rest() {
    let waits = |name: &str| machine(name, Condition::no(READY, "NotReady").message("Waiting"));
    let mut sources: Vec<Source> = ["d", "b", "c", "a"].map(waits).into();
    sources.push(machine("e", Condition::yes(READY, "Ready")));
    let all = Merge::positive(MACHINES_READY, REASONS).aggregate(READY, sources);
    assert_eq!(
        (all.status, all.reason.as_str()),
        (Truth::False, "NotReady")
    );
    assert_eq!(all.message, "* Machines a, b, c, ... (1 more): Waiting");
}

#[test]
fn an_aggregate_shows_three_messages_and_how_many_more_there_are() {
    let sources = ["a", "b", "c", "d", "e"].map(|name| {
        machine(
            name,
            Condition::no(READY, "NotReady").message(format!("{name} waits")),
        )
    });
    let all = Merge::positive(MACHINES_READY, REASONS).aggregate(READY, sources);
    assert_eq!(
        all.message,
        "* Machine a: a waits\n* Machine b: b waits\n* Machine c: c waits\nAnd 2 Machines with other issues"
    );
}

#[test]
fn where_true_is_bad_one_true_makes_the_whole_true() {
    let scaling = |of: Condition| {
        Merge::negative(SCALING_UP, ["ScalingUp", "Unknown", "NotScalingUp"]).aggregate(
            SCALING_UP,
            [
                machine("a", Condition::no(SCALING_UP, "NotScalingUp")),
                machine("b", of),
            ],
        )
    };
    let busy =
        scaling(Condition::yes(SCALING_UP, "ScalingUp").message("Scaling up from 1 to 2 replicas"));
    assert_eq!(
        (busy.status, busy.reason.as_str()),
        (Truth::True, "ScalingUp")
    );
    assert_eq!(busy.message, "* Machine b: Scaling up from 1 to 2 replicas");
    assert_eq!(
        scaling(Condition::no(SCALING_UP, "NotScalingUp")).status,
        Truth::False
    );
}
