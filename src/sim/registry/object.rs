//! Reading and setting the metadata that every object has.

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::sim::resources::{Resource, event_to_core};
use crate::sim::status::Status;

/// Etcd refuses larger values.
const LARGEST: usize = 3 << 19;

pub(super) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

pub(super) fn number(object: &Value, pointer: &str) -> Option<i64> {
    object.pointer(pointer).and_then(Value::as_i64)
}

pub(super) fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}

pub(super) fn uid(object: &Value) -> &str {
    text(object, "/metadata/uid")
}

pub(super) fn resource_version(object: &Value) -> &str {
    text(object, "/metadata/resourceVersion")
}

pub(super) fn generation(object: &Value) -> i64 {
    number(object, "/metadata/generation").unwrap_or(0)
}

pub(super) fn is_deleting(object: &Value) -> bool {
    !text(object, "/metadata/deletionTimestamp").is_empty()
}

pub(super) fn grace(object: &Value) -> Option<i64> {
    number(object, "/metadata/deletionGracePeriodSeconds")
}

pub(super) fn finalizers(object: &Value) -> Vec<&str> {
    object
        .pointer("/metadata/finalizers")
        .and_then(Value::as_array)
        .map(|list| list.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default()
}

/// Without any the field goes.
pub(super) fn set_finalizers(object: &mut Value, finalizers: &[String]) {
    if finalizers.is_empty() {
        metadata(object).remove("finalizers");
    } else {
        metadata(object).insert("finalizers".into(), json!(finalizers));
    }
}

/// The member `name` of an object; what is not an object becomes one.
pub(super) fn member<'a>(object: &'a mut Value, name: &str) -> &'a mut Value {
    if !object.is_object() {
        *object = Value::Object(Map::new());
    }
    &mut object[name]
}

pub(super) fn metadata(object: &mut Value) -> &mut Map<String, Value> {
    map(member(object, "metadata"))
}

/// What is not a map becomes an empty one.
pub(super) fn map(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(map) => map,
        _ => unreachable!("it was made one above"),
    }
}

pub(super) fn set_resource_version(object: &mut Value, revision: u64) {
    metadata(object).insert("resourceVersion".into(), revision.to_string().into());
}

/// RFC 3339 in whole seconds, as all metadata has it.
pub(super) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Stored bytes as an object of the resource's version.
pub(super) fn parse(resource: &Resource, stored: &Bytes) -> Result<Value, Status> {
    serde_json::from_slice(&resource.present(stored))
        .map_err(|error| Status::internal(format!("stored object is damaged: {error}")))
}

/// The bytes to store of an object of the resource's version.
pub(super) fn print(resource: &Resource, mut object: Value) -> Result<Bytes, Status> {
    if resource.custom {
        object["apiVersion"] = json!(&*resource.stored.api_version);
    } else if !resource.shows_stored() {
        event_to_core(&mut object);
    }
    let bytes = bytes_of(&object);
    if bytes.len() > LARGEST {
        return Err(Status::unclassified("etcdserver: request is too large"));
    }
    Ok(bytes)
}

pub(super) fn bytes_of(object: &Value) -> Bytes {
    // Keys of a Value are texts, and nothing else can fail.
    serde_json::to_vec(object).unwrap_or_default().into()
}

/// Namespaces have finalizers of their own.
pub(super) fn spec_finalizers(object: &Value) -> usize {
    object
        .pointer("/spec/finalizers")
        .and_then(Value::as_array)
        .map_or(0, Vec::len)
}

/// What a new object says of itself has been so since now; Nodes report their own times.
pub(super) fn date_status(resource: &Resource, object: &mut Value, now: &str) {
    match &*resource.stored.resource {
        "persistentvolumes" => {
            member(object, "status")["lastPhaseTransitionTime"] = json!(now);
        }
        "nodes" => return,
        _ => {}
    }
    let conditions = object.pointer_mut("/status/conditions");
    let conditions = conditions.and_then(Value::as_array_mut);
    for condition in conditions.into_iter().flatten() {
        let time = member(condition, "lastTransitionTime");
        if time.is_null() {
            *time = json!(now);
        }
    }
}

/// Sets the condition of that type. Its time of transition is kept as long as its status is the same.
pub(super) fn set_condition(status: &mut Value, condition: Value, now: &str) {
    let conditions = map(status).entry("conditions").or_insert_with(|| json!([]));
    if !conditions.is_array() {
        *conditions = json!([]);
    }
    let Some(conditions) = conditions.as_array_mut() else {
        return;
    };
    let mut condition = condition;
    let same_type = |other: &&mut Value| other["type"] == condition["type"];
    let Some(old) = conditions.iter_mut().find(same_type) else {
        condition["lastTransitionTime"] = json!(now);
        conditions.push(condition);
        return;
    };
    condition["lastTransitionTime"] = if old["status"] == condition["status"] {
        old["lastTransitionTime"].take()
    } else {
        json!(now)
    };
    *old = condition;
}
