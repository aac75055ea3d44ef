use serde_json::json;

use super::*;

#[test]
fn resources_are_found_under_their_group() {
    assert_eq!(path("namespaces"), "/api/v1/namespaces");
    assert_eq!(
        path("csinodes.storage.k8s.io"),
        "/apis/storage.k8s.io/v1/csinodes"
    );
}

#[test]
fn an_object_keeps_its_name_and_its_content() {
    let claim = json!({"metadata": {"namespace": "shop", "name": "data"}, "spec": {}});
    let other = Other::of("persistentvolumeclaims", &claim);
    assert_eq!((&*other.namespace, &*other.name), ("shop", "data"));
    assert_eq!(serde_json::from_str::<Value>(&other.json).unwrap(), claim);
}
