//! Cells of nodes.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

use super::cells::{Compute, items, or_none, text};

pub(super) fn named(name: &str) -> Option<Compute> {
    Some(match name {
        "node-status" => status,
        "node-roles" => roles,
        "node-internal-ip" => |node, _| address(node, "InternalIP"),
        "node-external-ip" => |node, _| address(node, "ExternalIP"),
        _ => return None,
    })
}

fn status(node: &Value, _: Timestamp) -> Value {
    let ready = items(&node["status"]["conditions"])
        .iter()
        .find(|condition| condition["type"] == "Ready");
    let mut status = match ready.map(|condition| text(&condition["status"])) {
        Some("True") => "Ready".to_owned(),
        Some(_) => "NotReady".to_owned(),
        None => "Unknown".to_owned(),
    };
    if node["spec"]["unschedulable"] == true {
        status.push_str(",SchedulingDisabled");
    }
    status.into()
}

fn roles(node: &Value, _: Timestamp) -> Value {
    let labels = node["metadata"]["labels"].as_object().into_iter().flatten();
    let role = |(key, value): (&String, &Value)| match key.strip_prefix("node-role.kubernetes.io/")
    {
        Some(role) => Some(role.to_owned()),
        None if key == "kubernetes.io/role" => value.as_str().map(str::to_owned),
        None => None,
    };
    let roles: BTreeSet<String> = labels
        .filter_map(role)
        .filter(|role| !role.is_empty())
        .collect();
    or_none(&roles.into_iter().collect::<Vec<_>>().join(","))
}

fn address(node: &Value, of: &str) -> Value {
    let found = items(&node["status"]["addresses"])
        .iter()
        .find(|address| address["type"] == of);
    or_none(
        found
            .map(|address| text(&address["address"]))
            .unwrap_or_default(),
    )
}
