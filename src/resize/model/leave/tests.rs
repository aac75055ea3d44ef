use serde_json::{Value, json};

use super::*;

fn leave_of(change: impl Fn(&mut Value)) -> Leave {
    let mut pod = json!({
        "metadata": {
            "name": "web",
            "namespace": "default",
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "1", "controller": true}],
        },
        "spec": {"containers": [{"name": "web"}]},
    });
    change(&mut pod);
    let pod: Pod = serde_json::from_value(pod).unwrap();
    Stay::of(&pod).at("2026-01-01T00:00:00Z".parse().unwrap(), || false)
}

#[test]
fn a_pod_of_a_replica_set_moves() {
    assert_eq!(leave_of(|_| {}), Leave::Moves);
}

#[test]
fn mirrors_daemons_and_what_has_ended_go_with_the_node() {
    let changes: [fn(&mut Value); 4] = [
        |pod| pod["metadata"]["annotations"] = json!({MIRROR: "x"}),
        |pod| pod["metadata"]["ownerReferences"][0]["kind"] = json!("DaemonSet"),
        |pod| pod["status"]["phase"] = json!("Failed"),
        |pod| pod["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z"),
    ];
    for change in changes {
        assert_eq!(leave_of(change), Leave::WithNode);
    }
}

#[test]
fn memory_and_named_volumes_are_no_local_storage() {
    let memory = |pod: &mut Value| {
        pod["spec"]["volumes"] = json!([{"name": "tmp", "emptyDir": {"medium": "Memory"}}]);
    };
    assert_eq!(leave_of(memory), Leave::Moves);
    let safe = |pod: &mut Value| {
        pod["spec"]["volumes"] = json!([{"name": "tmp", "emptyDir": {}}]);
        pod["metadata"]["annotations"] = json!({SAFE_VOLUMES: "other, tmp"});
    };
    assert_eq!(leave_of(safe), Leave::Moves);
    let host = |pod: &mut Value| {
        pod["spec"]["volumes"] = json!([{"name": "data", "hostPath": {"path": "/data"}}]);
    };
    let obstacle = Obstacle::LocalStorage("data".to_owned());
    assert_eq!(leave_of(host), Leave::Never(obstacle));
}

#[test]
fn a_time_span_protects_only_so_long() {
    let with = |created: &'static str| {
        leave_of(move |pod| {
            pod["metadata"]["creationTimestamp"] = json!(created);
            pod["metadata"]["annotations"] = json!({DO_NOT_DISRUPT: "30m"});
        })
    };
    assert!(matches!(with("2025-12-31T23:40:00Z"), Leave::Never(_)));
    assert_eq!(with("2025-12-31T23:20:00Z"), Leave::Moves);
}
