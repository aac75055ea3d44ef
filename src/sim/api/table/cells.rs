//! Cells that are computed, by the names that `columns.txt` has for them.

use jiff::Timestamp;
use serde_json::Value;

use super::value::Compute;
use super::{age, network, nodes, pods, selectors, workloads};

/// The function of that name.
pub(super) fn named(name: &str) -> Option<Compute> {
    Some(match name {
        "name" => self::name,
        "age" => self::age,
        "phase" => phase,
        "data-count" => data_count,
        "allows-expansion" => allows_expansion,
        "storage-class-name" => storage_class_name,
        "claim-capacity" => claim_capacity,
        "claim-access-modes" => claim_access_modes,
        "volume-access-modes" => volume_access_modes,
        "volume-claim" => volume_claim,
        "min-available" => |budget, _| number_or_text(&budget["spec"]["minAvailable"]),
        "max-unavailable" => |budget, _| number_or_text(&budget["spec"]["maxUnavailable"]),
        "role-ref" => role_ref,
        "subject-users" => |binding, _| subjects(binding, "User"),
        "subject-groups" => |binding, _| subjects(binding, "Group"),
        "subject-service-accounts" => |binding, _| subjects(binding, "ServiceAccount"),
        "event-last-seen" => event_last_seen,
        "event-first-seen" => |event, now| first_seen(event, now).into(),
        "event-object" => event_object,
        "event-source" => event_source,
        "event-message" => |event, _| text(&event["message"]).trim().into(),
        "event-count" => event_count,
        _ => {
            return pods::named(name)
                .or_else(|| nodes::named(name))
                .or_else(|| selectors::named(name))
                .or_else(|| network::named(name))
                .or_else(|| workloads::named(name));
        }
    })
}

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

fn allows_expansion(class: &Value, _: Timestamp) -> Value {
    class["allowVolumeExpansion"]
        .as_bool()
        .unwrap_or_default()
        .into()
}

fn storage_class_name(class: &Value, _: Timestamp) -> Value {
    let (name, annotations) = (
        text(&class["metadata"]["name"]),
        &class["metadata"]["annotations"],
    );
    let marks = [
        "storageclass.kubernetes.io/is-default-class",
        "storageclass.beta.kubernetes.io/is-default-class",
    ];
    if marks.iter().any(|mark| annotations[*mark] == "true") {
        return format!("{name} (default)").into();
    }
    name.into()
}

fn claim_capacity(claim: &Value, _: Timestamp) -> Value {
    if text(&claim["spec"]["volumeName"]).is_empty() {
        return "".into();
    }
    claim["status"]["capacity"]["storage"]
        .as_str()
        .unwrap_or("0")
        .into()
}

fn claim_access_modes(claim: &Value, _: Timestamp) -> Value {
    if text(&claim["spec"]["volumeName"]).is_empty() {
        return "".into();
    }
    access_modes(&claim["status"]["accessModes"])
}

fn volume_access_modes(volume: &Value, _: Timestamp) -> Value {
    access_modes(&volume["spec"]["accessModes"])
}

fn access_modes(modes: &Value) -> Value {
    let known = [
        ("ReadWriteOnce", "RWO"),
        ("ReadOnlyMany", "ROX"),
        ("ReadWriteMany", "RWX"),
        ("ReadWriteOncePod", "RWOP"),
    ];
    let has = |mode: &str| items(modes).iter().any(|given| given == mode);
    let shown: Vec<&str> = known
        .iter()
        .filter(|(mode, _)| has(mode))
        .map(|(_, short)| *short)
        .collect();
    shown.join(",").into()
}

fn volume_claim(volume: &Value, _: Timestamp) -> Value {
    let claim = &volume["spec"]["claimRef"];
    if claim.is_null() {
        return "".into();
    }
    format!("{}/{}", text(&claim["namespace"]), text(&claim["name"])).into()
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

/// Both groups' Events have the same columns; the fields have different names.
fn of_event<'a>(event: &'a Value, core: &str, events: &str) -> &'a Value {
    match &event[core] {
        Value::Null => &event[events],
        found => found,
    }
}

fn first_seen(event: &Value, now: Timestamp) -> String {
    match of_event(event, "firstTimestamp", "deprecatedFirstTimestamp") {
        Value::Null => age::since_value(&event["eventTime"], now),
        first => age::since_value(first, now),
    }
}

fn event_last_seen(event: &Value, now: Timestamp) -> Value {
    let last = of_event(event, "lastTimestamp", "deprecatedLastTimestamp");
    let series = &event["series"]["lastObservedTime"];
    match (series, last) {
        (Value::Null, Value::Null) => first_seen(event, now),
        (Value::Null, last) => age::since_value(last, now),
        (series, _) => age::since_value(series, now),
    }
    .into()
}

fn event_object(event: &Value, _: Timestamp) -> Value {
    let object = of_event(event, "involvedObject", "regarding");
    let kind = text(&object["kind"]).to_lowercase();
    match text(&object["name"]) {
        "" => kind.into(),
        name => format!("{kind}/{name}").into(),
    }
}

fn event_source(event: &Value, _: Timestamp) -> Value {
    let source = of_event(event, "source", "deprecatedSource");
    let controller = of_event(event, "reportingComponent", "reportingController");
    let first = |one: &Value, other: &Value| match text(one) {
        "" => text(other).to_owned(),
        found => found.to_owned(),
    };
    let component = first(&source["component"], controller);
    match first(&source["host"], &event["reportingInstance"]).as_str() {
        "" => component.into(),
        instance => format!("{component}, {instance}").into(),
    }
}

fn event_count(event: &Value, _: Timestamp) -> Value {
    match (
        count(&event["series"]["count"]),
        count(of_event(event, "count", "deprecatedCount")),
    ) {
        (0, 0) => 1.into(),
        (0, own) => own.into(),
        (series, _) => series.into(),
    }
}
