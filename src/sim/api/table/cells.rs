//! What the cells of all kinds are read with.

use jiff::Timestamp;
use serde_json::Value;

/// A function from an object to a cell.
pub(super) type Compute = fn(&Value, Timestamp) -> Value;

/// Text, or nothing.
pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The items of a list, or none.
pub(super) fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

pub(super) fn or_none(text: &str) -> Value {
    if text.is_empty() { "<none>" } else { text }.into()
}

/// A count that may be absent.
pub(super) fn count(value: &Value) -> i64 {
    value.as_i64().unwrap_or_default()
}

pub(super) fn is_true(conditions: &Value, of: &str) -> bool {
    items(conditions)
        .iter()
        .any(|condition| condition["type"] == of && condition["status"] == "True")
}

/// `a,b,c + 2 more...`
pub(super) fn first_three(all: &[String]) -> String {
    const MOST: usize = 3;
    let shown = all[..all.len().min(MOST)].join(",");
    match all.len() {
        0 => "<none>".to_owned(),
        count if count > MOST => format!("{shown} + {} more...", count - MOST),
        _ => shown,
    }
}
