//! Conditions in the status of an object. Pure.

use kube::api::DynamicObject;
use serde_json::Value;

/// One condition. Texts are empty where the object has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    pub reason: String,
    pub message: String,
}

/// Types whose good state is `False`.
const NEGATIVE: [&str; 14] = [
    "Deleting",
    "DiskPressure",
    "HasRemediateMachineAnnotation",
    "MemoryPressure",
    "NetworkUnavailable",
    "PIDPressure",
    "Paused",
    "Remediating",
    "ReplicaFailure",
    "RollingOut",
    "ScalingDown",
    "ScalingUp",
    "Updating",
    "DisruptionTarget",
];

/// All conditions in `status.conditions`, in the object's order.
pub fn conditions(object: &DynamicObject) -> Vec<Condition> {
    let list = object
        .data
        .pointer("/status/conditions")
        .and_then(Value::as_array);
    list.into_iter().flatten().map(parse).collect()
}

/// The condition of one type.
pub fn condition(object: &DynamicObject, kind: &str) -> Option<Condition> {
    conditions(object)
        .into_iter()
        .find(|condition| condition.kind == kind)
}

/// Whether a condition exists and is `True`.
pub fn is_true(object: &DynamicObject, kind: &str) -> bool {
    condition(object, kind).is_some_and(|condition| condition.status == "True")
}

/// The conditions that are not as they should be, on one line: `Ready: NodeNotReady, kubelet stopped`. Empty if all
/// are well.
pub fn not_true(object: &DynamicObject) -> String {
    let bad = conditions(object)
        .into_iter()
        .filter(|condition| !condition.is_well());
    bad.map(|condition| condition.describe())
        .collect::<Vec<_>>()
        .join("; ")
}

impl Condition {
    /// `True`, or `False` for the types that report trouble or work under way.
    pub fn is_well(&self) -> bool {
        let good = if NEGATIVE.contains(&self.kind.as_str()) {
            "False"
        } else {
            "True"
        };
        self.status == good
    }

    /// `Ready: NodeNotReady, kubelet stopped`. A reason that only says the type again (`NotReady`) is left out.
    pub fn describe(&self) -> String {
        let Self {
            kind,
            status,
            reason,
            message,
        } = self;
        let says_nothing = reason.strip_prefix("Not").unwrap_or(reason) == kind;
        let reason = if says_nothing { "" } else { reason };
        let message = one_line(message);
        match (reason, message.as_str()) {
            ("", "") => format!("{kind} is {status}"),
            ("", why) | (why, "") => format!("{kind}: {why}"),
            (reason, message) => format!("{kind}: {reason}, {message}"),
        }
    }
}

/// Messages are often lists with bullets, in several levels.
fn one_line(message: &str) -> String {
    let lines = message
        .lines()
        .map(|line| line.trim().trim_start_matches("* "));
    let mut text = String::new();
    for line in lines.filter(|line| !line.is_empty()) {
        let separator = match text.chars().last() {
            None => "",
            Some(':') => " ",
            Some(_) => ", ",
        };
        text.push_str(separator);
        text.push_str(line);
    }
    text
}

fn parse(condition: &Value) -> Condition {
    let text = |field: &str| condition[field].as_str().unwrap_or_default().to_owned();
    Condition {
        kind: text("type"),
        status: text("status"),
        reason: text("reason"),
        message: text("message"),
    }
}

#[cfg(test)]
mod tests;
