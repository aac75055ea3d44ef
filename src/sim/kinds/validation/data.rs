//! `ConfigMaps`, Secrets and Events.

use serde_json::Value;

use super::names::Form;
use super::report::{Path, Report, entries, text};
use super::rules::Subject;

/// All values of a `ConfigMap` or a Secret together.
const LARGEST: usize = 1024 * 1024;
const LOCKED: &str = "field is immutable when `immutable` is set";
const ACCOUNT: &str = "kubernetes.io/service-account.name";

/// Keys that a Secret of a type must have. Of several in one entry, one is enough.
const NEEDED: [(&str, &[&[&str]]); 5] = [
    ("kubernetes.io/dockercfg", &[&[".dockercfg"]]),
    ("kubernetes.io/dockerconfigjson", &[&[".dockerconfigjson"]]),
    ("kubernetes.io/basic-auth", &[&["username", "password"]]),
    ("kubernetes.io/ssh-auth", &[&["ssh-privatekey"]]),
    ("kubernetes.io/tls", &[&["tls.crt"], &["tls.key"]]),
];

pub(super) fn config_data(subject: &Subject, at: &Path, report: &mut Report) {
    let (data, binary) = (&subject.value["data"], &subject.value["binaryData"]);
    let data_at = at.field("data");
    let mut size = 0;
    for (key, value) in entries(data) {
        check_key(key, &data_at, report);
        if !binary[key].is_null() {
            let detail = "duplicate of key present in binaryData";
            report.invalid(&data_at.key(key), key, detail);
        }
        size += text(value).len();
    }
    for (key, value) in entries(binary) {
        check_key(key, &at.field("binaryData"), report);
        size += decoded_length(text(value));
    }
    if size > LARGEST {
        // The real server has no name for the whole.
        report.too_long(at, LARGEST);
    }
}

fn check_key(key: &str, at: &Path, report: &mut Report) {
    report.invalid_all(&at.key(key), key, &Form::ConfigKey.faults(key));
}

/// Of base64.
fn decoded_length(text: &str) -> usize {
    text.trim_end_matches('=').len() * 3 / 4
}

pub(super) fn secret_data(subject: &Subject, at: &Path, report: &mut Report) {
    let data = &subject.value["data"];
    let data_at = at.field("data");
    let mut size = 0;
    for (key, value) in entries(data) {
        check_key(key, &data_at, report);
        size += decoded_length(text(value));
    }
    if size > LARGEST {
        report.too_long(&data_at, LARGEST);
    }
    let of = text(&subject.value["type"]);
    let needed = NEEDED.iter().find(|(known, _)| *known == of);
    for keys in needed.into_iter().flat_map(|(_, keys)| *keys) {
        if keys.iter().all(|key| data[key].is_null()) {
            for key in *keys {
                report.required(&data_at.key(key), "");
            }
        }
    }
    if of == "kubernetes.io/service-account-token" {
        check_account(&subject.value["metadata"]["annotations"], at, report);
    }
}

fn check_account(annotations: &Value, at: &Path, report: &mut Report) {
    if text(&annotations[ACCOUNT]).is_empty() {
        let at = at.field("metadata");
        report.required(&at.field("annotations").key(ACCOUNT), "");
    }
}

/// What was once declared immutable stays so.
pub(super) fn locked_data(subject: &Subject, at: &Path, report: &mut Report) {
    let (before, after) = (subject.before, subject.value);
    if before["immutable"] != true {
        return;
    }
    if after["immutable"] != true {
        report.forbidden(&at.field("immutable"), LOCKED);
    }
    for field in ["data", "binaryData"] {
        if before[field] != after[field] {
            report.forbidden(&at.field(field), LOCKED);
        }
    }
}

/// An event belongs to the namespace of what it is about; what is cluster-wide has its events in `default`.
pub(super) fn event(subject: &Subject, at: &Path, report: &mut Report) {
    let event = subject.value;
    let timed = !event["eventTime"].is_null();
    let object = if event["regarding"].is_null() {
        &event["involvedObject"]
    } else {
        &event["regarding"]
    };
    let (about, own) = (
        text(&object["namespace"]),
        text(&event["metadata"]["namespace"]),
    );
    let fits = match (about, timed) {
        ("", false) => own == "default",
        ("", true) => matches!(own, "default" | "kube-system"),
        (_, true) => true,
        (about, false) => about == own,
    };
    if !fits {
        let at = at.field("involvedObject");
        report.invalid(
            &at.field("namespace"),
            about,
            "does not match event.namespace",
        );
    }
    if timed {
        check_reporter(event, at, report);
    }
}

fn check_reporter(event: &Value, at: &Path, report: &mut Report) {
    let field = if event["apiVersion"] == "v1" {
        "reportingComponent"
    } else {
        "reportingController"
    };
    let reporter = text(&event[field]);
    let reporter_at = at.field(field);
    if reporter.is_empty() {
        report.required(&reporter_at, "");
    }
    report.invalid_all(&reporter_at, reporter, &Form::Qualified.faults(reporter));
    for field in ["reportingInstance", "action", "reason"] {
        match text(&event[field]) {
            "" => report.required(&at.field(field), ""),
            given if given.len() > 128 => {
                report.invalid(&at.field(field), "", "can have at most 128 characters");
            }
            _ => {}
        }
    }
}

/// Events of their own group have a time and a type.
pub(super) fn new_event(subject: &Subject, at: &Path, report: &mut Report) {
    let event = subject.value;
    if event["eventTime"].is_null() {
        report.required(&at.field("eventTime"), "");
    }
    let of = text(&event["type"]);
    if !matches!(of, "Normal" | "Warning") {
        report.invalid(&at.field("type"), "", &format!("has invalid value: {of}"));
    }
}
