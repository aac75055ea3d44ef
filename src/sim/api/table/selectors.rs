//! Selectors of objects in their text form.

use jiff::Timestamp;
use serde_json::Value;

use super::cells::{Compute, items, or_none, text};

pub(super) fn named(name: &str) -> Option<Compute> {
    Some(match name {
        "service-selector" => |service, _| labels(&service["spec"]["selector"]),
        "daemon-node-selector" => |set, _| labels(&set["spec"]["template"]["spec"]["nodeSelector"]),
        "deployment-selector" => |deployment, _| written(&deployment["spec"]["selector"]).into(),
        "cron-selector" => |cron, _| selector(&cron["spec"]["jobTemplate"]["spec"]["selector"]),
        "pod-selector" => |policy, _| selector(&policy["spec"]["podSelector"]),
        "selector" => of_spec,
        _ => return None,
    })
}

fn of_spec(object: &Value, _: Timestamp) -> Value {
    selector(&object["spec"]["selector"])
}

fn selector(selector: &Value) -> Value {
    or_none(&written(selector))
}

/// `a=b,c=d`.
fn labels(labels: &Value) -> Value {
    or_none(&equalities(labels).join(","))
}

fn equalities(labels: &Value) -> Vec<String> {
    let labels = labels.as_object().into_iter().flatten();
    labels
        .map(|(key, value)| format!("{key}={}", text(value)))
        .collect()
}

/// `matchLabels` and `matchExpressions` in the text form of a selector, by key.
fn written(selector: &Value) -> String {
    let mut parts = equalities(&selector["matchLabels"]);
    parts.extend(items(&selector["matchExpressions"]).iter().map(expression));
    parts.sort_by(|a, b| key(a).cmp(key(b)));
    parts.join(",")
}

fn key(part: &str) -> &str {
    part.trim_start_matches('!')
        .split(['=', ' '])
        .next()
        .unwrap_or_default()
}

fn expression(expression: &Value) -> String {
    let key = text(&expression["key"]);
    let mut values: Vec<&str> = items(&expression["values"]).iter().map(text).collect();
    values.sort_unstable();
    let values = values.join(",");
    match text(&expression["operator"]) {
        "In" => format!("{key} in ({values})"),
        "NotIn" => format!("{key} notin ({values})"),
        "DoesNotExist" => format!("!{key}"),
        _ => key.to_owned(),
    }
}
