//! Cells that are computed, by the names that `columns.txt` has for them.

use jiff::Timestamp;
use serde_json::Value;

use super::cells::{Compute, items, text};
use super::{age, events, network, nodes, pods, selectors, storage, workloads};

/// The function of that name.
pub(super) fn named(name: &str) -> Option<Compute> {
    Some(match name {
        "name" => self::name,
        "age" => self::age,
        "phase" => phase,
        "data-count" => data_count,
        "min-available" => |budget, _| number_or_text(&budget["spec"]["minAvailable"]),
        "max-unavailable" => |budget, _| number_or_text(&budget["spec"]["maxUnavailable"]),
        "role-ref" => role_ref,
        "subject-users" => |binding, _| subjects(binding, "User"),
        "subject-groups" => |binding, _| subjects(binding, "Group"),
        "subject-service-accounts" => |binding, _| subjects(binding, "ServiceAccount"),
        _ => {
            return pods::named(name)
                .or_else(|| nodes::named(name))
                .or_else(|| selectors::named(name))
                .or_else(|| network::named(name))
                .or_else(|| workloads::named(name))
                .or_else(|| storage::named(name))
                .or_else(|| events::named(name));
        }
    })
}

pub(super) fn name(object: &Value, _: Timestamp) -> Value {
    text(&object["metadata"]["name"]).into()
}

pub(super) fn age(object: &Value, now: Timestamp) -> Value {
    age::since_value(&object["metadata"]["creationTimestamp"], now).into()
}

fn phase(object: &Value, _: Timestamp) -> Value {
    if object["metadata"]["deletionTimestamp"].is_string() {
        return "Terminating".into();
    }
    text(&object["status"]["phase"]).into()
}

/// Of Secrets and their like.
fn data_count(object: &Value, _: Timestamp) -> Value {
    let count = |field: &str| object[field].as_object().map_or(0, serde_json::Map::len);
    (count("data") + count("binaryData")).into()
}

fn number_or_text(value: &Value) -> Value {
    match value {
        Value::Null => "N/A".into(),
        Value::String(percentage) => percentage.as_str().into(),
        number => number.to_string().into(),
    }
}

fn role_ref(binding: &Value, _: Timestamp) -> Value {
    let role = &binding["roleRef"];
    format!("{}/{}", text(&role["kind"]), text(&role["name"])).into()
}

fn subjects(binding: &Value, kind: &str) -> Value {
    let named = |subject: &Value| match text(&subject["namespace"]) {
        namespace if kind == "ServiceAccount" => format!("{namespace}/{}", text(&subject["name"])),
        _ => text(&subject["name"]).to_owned(),
    };
    let of_kind = items(&binding["subjects"])
        .iter()
        .filter(|subject| subject["kind"] == kind);
    of_kind.map(named).collect::<Vec<_>>().join(", ").into()
}
