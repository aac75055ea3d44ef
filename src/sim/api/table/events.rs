//! Cells of Events. Both groups' have the same columns; the fields have different names.

use jiff::Timestamp;
use serde_json::Value;

use super::age;
use super::cells::{Compute, count, text};

pub(super) fn named(name: &str) -> Option<Compute> {
    Some(match name {
        "event-last-seen" => event_last_seen,
        "event-first-seen" => |event, now| first_seen(event, now).into(),
        "event-object" => event_object,
        "event-source" => event_source,
        "event-message" => |event, _| text(&event["message"]).trim().into(),
        "event-count" => event_count,
        _ => return None,
    })
}

/// The field, as either group calls it.
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
