use serde_json::json;

use super::*;

fn object(conditions: &Value) -> DynamicObject {
    serde_json::from_value(json!({
        "apiVersion": "cluster.x-k8s.io/v1beta2",
        "kind": "Cluster",
        "metadata": {"name": "bex"},
        "status": {"conditions": conditions},
    }))
    .unwrap()
}

#[test]
fn only_conditions_that_are_not_as_they_should_be_are_described() {
    let object = object(&json!([
        {"type": "Available", "status": "False", "reason": "NotAvailable", "message": "* WorkersAvailable:\n  * 0 of 1\n* RemoteConnectionProbe: none yet"},
        {"type": "InfrastructureReady", "status": "True", "reason": "Ready"},
        {"type": "Paused", "status": "False", "reason": "NotPaused"},
        {"type": "ScalingUp", "status": "True", "reason": "ScalingUp"},
        {"type": "Ready", "status": "False", "reason": "NodeNotReady", "message": "kubelet stopped"},
        {"type": "UpToDate", "status": "Unknown"},
    ]));
    assert_eq!(
        not_true(&object),
        "Available: WorkersAvailable: 0 of 1, RemoteConnectionProbe: none yet; ScalingUp is True; Ready: NodeNotReady, kubelet stopped; UpToDate is Unknown"
    );
}

#[test]
fn a_condition_is_found_by_its_type() {
    let object = object(&json!([{"type": "Ready", "status": "True"}]));
    assert!(is_true(&object, "Ready"));
    assert!(!is_true(&object, "Available"));
}

#[test]
fn an_object_without_status_has_no_conditions() {
    let mut object = object(&json!(null));
    object.data = json!({});
    assert_eq!(conditions(&object), []);
    assert_eq!(not_true(&object), "");
}
