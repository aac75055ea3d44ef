//! `v1` and `events.k8s.io/v1` show the same Events under different field names; they are stored as `v1`.

use bytes::Bytes;
use serde_json::{Map, Value};

pub(super) const GROUP: &str = "events.k8s.io";

/// Core name, name in the events group.
const NAMES: &[(&str, &str)] = &[
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
];

/// Stored bytes as `events.k8s.io/v1` shows them.
pub(super) fn to_events_group(json: &Bytes) -> Bytes {
    let Ok(Value::Object(mut event)) = serde_json::from_slice(json) else {
        return json.clone();
    };
    for (core, events) in NAMES {
        rename(&mut event, core, events);
    }
    // What only this group asks for stands empty in events of the other.
    for name in ["reportingController", "reportingInstance"] {
        if event.get(name).is_some_and(|value| value == "") {
            event.remove(name);
        }
    }
    event.insert("apiVersion".into(), "events.k8s.io/v1".into());
    Value::Object(event).to_string().into()
}

/// What a writer of `events.k8s.io/v1` sent, as it is stored.
pub(in crate::sim) fn to_core(event: &mut Value) {
    let Some(event) = event.as_object_mut() else {
        return;
    };
    for (core, events) in NAMES {
        rename(event, events, core);
    }
    event.insert("apiVersion".into(), "v1".into());
}

fn rename(event: &mut Map<String, Value>, from: &str, to: &str) {
    if let Some(value) = event.remove(from) {
        event.insert(to.into(), value);
    }
}
