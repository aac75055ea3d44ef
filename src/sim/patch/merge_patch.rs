//! Merge patch (RFC 7386).

use serde_json::{Map, Value};

/// What `patch` says replaces what `current` says, object by object; `null` removes.
pub(super) fn apply(current: &Value, patch: &Value) -> Value {
    let Value::Object(changes) = patch else {
        return without_nulls(patch);
    };
    let mut merged = current.as_object().cloned().unwrap_or_default();
    for (name, change) in changes {
        if change.is_null() {
            merged.remove(name);
        } else {
            let before = merged.get(name).unwrap_or(&Value::Null);
            let after = apply(before, change);
            merged.insert(name.clone(), after);
        }
    }
    Value::Object(merged)
}

/// The API drops nulls in new objects inside of lists too; the RFC would keep those.
pub(super) fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| (name.clone(), without_nulls(value)))
                .collect::<Map<_, _>>(),
        ),
        other => other.clone(),
    }
}
