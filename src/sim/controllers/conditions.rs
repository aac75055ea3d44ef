//! Conditions in a status, as lists of JSON objects.

use serde_json::{Value, json};

/// A condition of this type.
pub(super) fn find<'a>(conditions: &'a [Value], of: &str) -> Option<&'a Value> {
    conditions.iter().find(|condition| condition["type"] == of)
}

/// True if the condition is there and has the status `True`.
pub(super) fn holds(conditions: &[Value], of: &str) -> bool {
    find(conditions, of).is_some_and(|condition| condition["status"] == "True")
}

/// A condition that changed at `now`.
pub(super) fn condition(of: &str, status: &str, reason: &str, message: &str, now: &str) -> Value {
    json!({
        "type": of,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": now,
    })
}

/// Puts a condition in the place of the one of its type, at the end. One of the same status and reason stays as it is;
/// one of the same status keeps its time.
pub(super) fn set(conditions: &mut Vec<Value>, mut condition: Value) {
    let of = condition["type"].as_str().unwrap_or_default().to_owned();
    if let Some(known) = find(conditions, &of)
        && known["status"] == condition["status"]
    {
        if known["reason"] == condition["reason"] {
            return;
        }
        condition["lastTransitionTime"] = known["lastTransitionTime"].clone();
    }
    remove(conditions, &of);
    conditions.push(condition);
}

pub(super) fn remove(conditions: &mut Vec<Value>, of: &str) {
    conditions.retain(|condition| condition["type"] != of);
}

/// Puts a condition where the one of its type is. One of the same status keeps its time.
pub(super) fn put(conditions: &mut Vec<Value>, mut condition: Value) {
    let of = condition["type"].clone();
    match conditions.iter_mut().find(|known| known["type"] == of) {
        None => conditions.push(condition),
        Some(known) => {
            if known["status"] == condition["status"] {
                condition["lastTransitionTime"] = known["lastTransitionTime"].take();
            }
            *known = condition;
        }
    }
}
