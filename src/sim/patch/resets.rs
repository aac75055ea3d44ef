//! Fields that nobody owns: those that the server sets, and those that a request cannot write.

use std::sync::LazyLock;

use serde_json::json;

use super::super::resources::Resource;
use super::Writer;
use super::fields::Set;

/// Whom an object is about, and what the server keeps of it for itself.
pub(super) static IDENTITY: LazyLock<Set> = LazyLock::new(|| {
    set(json!({
        "f:apiVersion": {},
        "f:kind": {},
        "f:metadata": {
            ".": {},
            "f:name": {},
            "f:namespace": {},
            "f:creationTimestamp": {},
            "f:selfLink": {},
            "f:uid": {},
            "f:clusterName": {},
            "f:generation": {},
            "f:managedFields": {},
            "f:resourceVersion": {},
        },
    }))
});

/// What a request leaves as it is, whatever its body says: the status, or all but the status.
pub(super) fn unwritable(resource: &Resource, writer: &Writer) -> Set {
    match (writer.subresource.as_str(), &*resource.kind) {
        ("status", "Pod") => set(json!({
            "f:spec": {},
            "f:metadata": { "f:deletionTimestamp": {}, "f:ownerReferences": {} },
        })),
        ("status", "Deployment") if &*resource.group == "apps" => {
            set(json!({ "f:spec": {}, "f:metadata": { "f:labels": {} } }))
        }
        ("status", "CustomResourceDefinition") => set(json!({ "f:spec": {}, "f:metadata": {} })),
        ("status", _) => set(json!({ "f:spec": {} })),
        ("" | "finalize", _) if resource.subresources.status => set(json!({ "f:status": {} })),
        _ => Set::new(),
    }
}

fn set(value: serde_json::Value) -> Set {
    match value {
        serde_json::Value::Object(set) => set,
        _ => Set::new(),
    }
}
