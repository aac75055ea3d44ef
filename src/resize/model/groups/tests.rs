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

fn lowered(object: &Value, by: u32) -> Result<Lowering, String> {
    lowering(&serde_json::to_vec(object).unwrap(), by, false)
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
    let json = serde_json::to_vec(&object).unwrap();
    assert_eq!(lowering(&json, 1, true).unwrap().to, 0);
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
