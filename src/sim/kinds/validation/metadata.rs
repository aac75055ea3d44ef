//! The metadata that objects of all kinds have.

use serde_json::Value;

use super::names::{Form, without_dash};
use super::report::{Path, Report, Shown, entries, items, text};

/// All annotations of an object together.
const LARGEST_ANNOTATIONS: usize = 256 * 1024;
const LONGEST_MANAGER: usize = 128;
const ORPHAN: &str = "orphan";
const FOREGROUND: &str = "foregroundDeletion";
const IMMUTABLE: &str = "field is immutable";

const CORE_FINALIZERS: [&str; 3] = ["kubernetes", ORPHAN, FOREGROUND];
/// Fields of an owner reference.
const OWNER: [&str; 6] = [
    "apiVersion",
    "kind",
    "name",
    "uid",
    "controller",
    "blockOwnerDeletion",
];

/// What a write cannot change.
const KEPT: [&str; 6] = [
    "name",
    "namespace",
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
];

/// The metadata of an object whose name has this form.
pub(super) fn check(meta: &Value, form: Form, namespaced: bool, report: &mut Report) {
    let at = Path::Root.field("metadata");
    check_name(meta, form, &at, report);
    check_namespace(meta, namespaced, &at, report);
    check_lists(meta, &at, report);
    let at = at.field("finalizers");
    check_finalizers(&meta["finalizers"], &at, report);
}

/// The metadata of an object that was changed.
pub(super) fn check_update(before: &Value, after: &Value, report: &mut Report) {
    let at = Path::Root.field("metadata");
    if !before["deletionTimestamp"].is_null() {
        check_new_finalizers(&before["finalizers"], &after["finalizers"], &at, report);
    }
    for field in KEPT {
        let value = &after[field];
        if *value != before[field] {
            report.invalid(&at.field(field), value.clone(), IMMUTABLE);
        }
    }
    check_lists(after, &at, report);
}

/// Checks on creation and on each change.
fn check_lists(meta: &Value, at: &Path, report: &mut Report) {
    labels(&meta["labels"], &at.field("labels"), report);
    annotations(&meta["annotations"], &at.field("annotations"), report);
    check_owners(
        &meta["ownerReferences"],
        &at.field("ownerReferences"),
        report,
    );
    check_managers(&meta["managedFields"], &at.field("managedFields"), report);
}

fn check_name(meta: &Value, form: Form, at: &Path, report: &mut Report) {
    let (name, base) = (text(&meta["name"]), text(&meta["generateName"]));
    if !base.is_empty() {
        let faults = match form {
            // Whatever is appended makes `.` a good name.
            Form::PathSegment if matches!(base, "." | "..") => Vec::new(),
            Form::PathSegment => form.faults(base),
            _ => form.faults(&without_dash(base)),
        };
        report.invalid_all(&at.field("generateName"), base, &faults);
    }
    if name.is_empty() {
        report.required(&at.field("name"), "name or generateName is required");
    } else {
        report.invalid_all(&at.field("name"), name, &form.faults(name));
    }
}

fn check_namespace(meta: &Value, namespaced: bool, at: &Path, report: &mut Report) {
    let namespace = text(&meta["namespace"]);
    let at = at.field("namespace");
    match (namespaced, namespace) {
        (true, "") => report.required(&at, ""),
        (true, namespace) => report.invalid_all(&at, namespace, &Form::Label.faults(namespace)),
        (false, "") => {}
        (false, _) => report.forbidden(&at, "not allowed on this type"),
    }
}

/// Labels are checked where they are, whatever their key.
pub(super) fn labels(labels: &Value, at: &Path, report: &mut Report) {
    for (key, value) in entries(labels) {
        report.invalid_all(at, key, &Form::Qualified.faults(key));
        let value = text(value);
        report.invalid_all(at, value, &Form::LabelValue.faults(value));
    }
}

pub(super) fn annotations(annotations: &Value, at: &Path, report: &mut Report) {
    let mut size = 0;
    for (key, value) in entries(annotations) {
        let faults = Form::Qualified.faults(&key.to_lowercase());
        report.invalid_all(at, key, &faults);
        size += key.len() + text(value).len();
    }
    if size > LARGEST_ANNOTATIONS {
        report.too_long(at, LARGEST_ANNOTATIONS);
    }
}

fn check_owners(owners: &Value, at: &Path, report: &mut Report) {
    let mut controller: Option<String> = None;
    for owner in items(owners) {
        check_owner(owner, at, report);
        if owner["controller"] != true {
            continue;
        }
        let name = format!("{}/{}", text(&owner["kind"]), text(&owner["name"]));
        match &controller {
            None => controller = Some(name),
            Some(first) => {
                let detail = format!(
                    "Only one reference can have Controller set to true. Found \"true\" in references for {first} and {name}"
                );
                let all = Shown::list(items(owners).iter().map(shown_owner));
                report.invalid(at, all, &detail);
            }
        }
    }
}

fn check_owner(owner: &Value, at: &Path, report: &mut Report) {
    let api_version = text(&owner["apiVersion"]);
    let version = api_version
        .split_once('/')
        .map_or(api_version, |(_, it)| it);
    if version.is_empty() || version.contains('/') {
        report.invalid(
            &at.field("apiVersion"),
            api_version,
            "version must not be empty",
        );
    }
    for field in ["kind", "name", "uid"] {
        if text(&owner[field]).is_empty() {
            report.invalid(&at.field(field), "", "must not be empty");
        }
    }
    if api_version == "v1" && owner["kind"] == "Event" {
        let detail = "/v1, Kind=Event is disallowed from being an owner";
        report.invalid(at, shown_owner(owner), detail);
    }
}

/// In the order of the real server's fields.
fn shown_owner(owner: &Value) -> Shown {
    let given = OWNER.iter().filter(|field| !owner[**field].is_null());
    Shown::fields(given.map(|field| (*field, &owner[*field])))
}

/// Core kinds know few finalizers without a domain in their names.
pub(super) fn check_core_finalizers(meta: &Value, report: &mut Report) {
    let at = Path::Root.field("metadata");
    let at = at.field("finalizers");
    for (index, name) in items(&meta["finalizers"]).iter().enumerate() {
        core_finalizer(text(name), &at.index(index), report);
    }
}

pub(super) fn core_finalizer(name: &str, at: &Path, report: &mut Report) {
    if !name.contains('/') && !CORE_FINALIZERS.contains(&name) {
        let detail = "name is neither a standard finalizer name nor is it fully qualified";
        report.invalid(at, name, detail);
    }
}

fn check_finalizers(finalizers: &Value, at: &Path, report: &mut Report) {
    let all: Vec<&str> = items(finalizers).iter().map(text).collect();
    for name in &all {
        report.invalid_all(at, name, &Form::Qualified.faults(name));
    }
    if all.contains(&ORPHAN) && all.contains(&FOREGROUND) {
        let detail = format!("finalizer {ORPHAN} and {FOREGROUND} cannot be both set");
        report.invalid(at, finalizers.clone(), &detail);
    }
}

fn check_new_finalizers(before: &Value, after: &Value, at: &Path, report: &mut Report) {
    let mut new: Vec<&str> = items(after)
        .iter()
        .filter(|name| !items(before).contains(name))
        .map(text)
        .collect();
    new.sort_unstable();
    new.dedup();
    if !new.is_empty() {
        let list: Vec<String> = new.iter().map(|name| format!("{name:?}")).collect();
        let detail = format!(
            "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
            list.join(", ")
        );
        report.forbidden(&at.field("finalizers"), &detail);
    }
}

fn check_managers(entries: &Value, at: &Path, report: &mut Report) {
    for (index, entry) in items(entries).iter().enumerate() {
        let at = at.index(index);
        let operation = text(&entry["operation"]);
        if !matches!(operation, "Apply" | "Update") {
            report.invalid(
                &at.field("operation"),
                operation,
                "must be `Apply` or `Update`",
            );
        }
        let fields = text(&entry["fieldsType"]);
        if !matches!(fields, "" | "FieldsV1") {
            report.invalid(&at.field("fieldsType"), fields, "must be `FieldsV1`");
        }
        if text(&entry["manager"]).len() > LONGEST_MANAGER {
            report.too_long(&at.field("manager"), LONGEST_MANAGER);
        }
    }
}
