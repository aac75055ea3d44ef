use serde_json::{Value, json};

use super::*;

fn deployment() -> Value {
    json!({
        "metadata": {
            "name": "workers",
            "generation": 7,
            "annotations": {MIN_SIZE_ANNOTATION: "1", MAX_SIZE_ANNOTATION: "5"},
        },
        "spec": {"replicas": 3},
        "status": {"observedGeneration": 7},
    })
}

/// A list of one.
fn list(object: &Value) -> Vec<u8> {
    serde_json::to_vec(&json!({"items": [object]})).unwrap()
}

fn lowered(object: &Value, by: u32) -> Result<Lowering, String> {
    lowering(&list(object), "workers", by, false)
}

#[test]
fn a_group_is_lowered_to_its_minimum_and_no_further() {
    let lowering = lowered(&deployment(), 2).unwrap();
    assert_eq!((lowering.from, lowering.to, lowering.generation), (3, 1, 7));
    let error = lowered(&deployment(), 3).unwrap_err();
    assert_eq!(error, "workers has 3 machines and needs at least 1");
}

#[test]
fn a_group_in_a_rollout_is_not_lowered() {
    let mut object = deployment();
    object["status"]["conditions"] = json!([{"type": "RollingOut", "status": "True"}]);
    assert!(lowered(&object, 1).unwrap_err().contains("rollout"));
}

#[test]
fn a_machine_that_never_came_can_always_be_taken_off() {
    let mut object = deployment();
    object["spec"]["replicas"] = json!(1);
    object["metadata"]["generation"] = json!(8);
    assert_eq!(lowering(&list(&object), "workers", 1, true).unwrap().to, 0);
}

#[test]
fn the_minimum_of_a_pool_holds_for_all_of_its_rungs_together() {
    let mut first = deployment();
    first["metadata"]["annotations"][POOL_ANNOTATION] = json!("web");
    let mut second = first.clone();
    second["metadata"]["name"] = json!("second");
    second["metadata"]["annotations"][MIN_SIZE_ANNOTATION] = json!("0");
    second["metadata"]["annotations"][RUNG_ANNOTATION] = json!("1");
    second["spec"]["replicas"] = json!(1);
    let lowered = |first: &Value, name: &str, by| {
        let list = serde_json::to_vec(&json!({"items": [first, second]})).unwrap();
        lowering(&list, name, by, false)
    };
    assert_eq!(lowered(&first, "workers", 3).unwrap().to, 0);
    assert_eq!(lowered(&first, "second", 1).unwrap().to, 0);
    first["spec"]["replicas"] = json!(0);
    let error = lowered(&first, "second", 1).unwrap_err();
    assert_eq!(error, "second has 1 machines and needs at least 1");
    assert!(lowered(&first, "third", 1).unwrap_err().contains("is gone"));
}

#[test]
fn only_the_labels_that_cluster_api_syncs_come_with_the_machine() {
    for (key, synced) in [
        ("node-role.kubernetes.io/worker", true),
        ("node-restriction.kubernetes.io/tier", true),
        ("team.node-restriction.kubernetes.io/a", true),
        ("notnode-restriction.kubernetes.io/a", false),
        ("cluster.x-k8s.io/cluster-name", false),
        ("node.cluster.x-k8s.io/x", true),
    ] {
        assert_eq!(is_synced(key), synced, "{key}");
    }
}

#[test]
fn a_group_without_sizes_is_nobodys() {
    let object = json!({"metadata": {"name": "workers"}, "spec": {"replicas": 3}});
    let group = Group::of(serde_json::from_value(object).unwrap());
    assert_eq!(group.sizes, None);
    assert_eq!(group.refusal, None);
}
