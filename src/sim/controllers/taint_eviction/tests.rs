use serde_json::json;

use super::*;

fn end_of(tolerations: &Value) -> Option<i64> {
    let pod: PodSpec = serde_json::from_value(json!({"tolerations": tolerations})).unwrap();
    let taint = json!({
        "key": "node.kubernetes.io/unreachable", "effect": "NoExecute", "timeAdded": "1970-01-01T00:01:40Z",
    });
    let taints: Vec<Taint> = serde_json::from_value(json!([taint])).unwrap();
    let now = Timestamp::from_second(120).unwrap();
    end(&pod, &taints, now).map(Timestamp::as_second)
}

#[test]
fn a_pod_stays_as_long_as_it_tolerates_the_taint() {
    let for_ever = json!({"key": "node.kubernetes.io/unreachable", "operator": "Exists"});
    let for_a_while =
        json!({"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300});
    let another = json!({"key": "other", "operator": "Exists"});
    assert_eq!(end_of(&json!([])), Some(100));
    assert_eq!(end_of(&json!([another])), Some(100));
    assert_eq!(end_of(&json!([for_a_while])), Some(400));
    assert_eq!(end_of(&json!([for_ever])), None);
    assert_eq!(end_of(&json!([for_ever, for_a_while])), Some(400));
}
