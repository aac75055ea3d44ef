//! Volumes of pods, and where containers mount them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::names::Form;
use super::report::{Path, Report, entries, items, text};
use super::rules::Subject;

const MODE: &str = "must be a number between 0 and 0777 (octal), both inclusive";
const LARGEST_MODE: i64 = 0o777;

/// What a source must name.
const NEEDED: [(&str, &str); 5] = [
    ("secret", "secretName"),
    ("configMap", "name"),
    ("persistentVolumeClaim", "claimName"),
    ("hostPath", "path"),
    ("csi", "driver"),
];

pub(super) fn all(subject: &Subject, at: &Path, report: &mut Report) {
    let mut names = BTreeSet::new();
    for (index, volume) in items(subject.value).iter().enumerate() {
        check_volume(volume, &mut names, &at.index(index), report);
    }
}

/// Names of the volumes that nothing is wrong with: others count as missing where they are mounted.
pub(super) fn sound(volumes: &Value) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    for volume in items(volumes) {
        check_volume(volume, &mut names, &Path::Root, &mut Report::default());
    }
    names
}

/// Takes down its name, if nothing is wrong with it.
fn check_volume<'a>(
    volume: &'a Value,
    names: &mut BTreeSet<&'a str>,
    at: &Path,
    report: &mut Report,
) {
    let before = report.causes.len();
    check_source(volume, at, report);
    let name = text(&volume["name"]);
    let name_at = at.field("name");
    if name.is_empty() {
        report.required(&name_at, "");
    } else {
        report.invalid_all(&name_at, name, &Form::Label.faults(name));
    }
    if names.contains(name) {
        report.duplicate(&name_at, name, "");
    }
    if report.causes.len() == before {
        names.insert(name);
    }
}

fn check_source(volume: &Value, at: &Path, report: &mut Report) {
    let mut sources = entries(volume).filter(|(name, source)| *name != "name" && !source.is_null());
    let Some((first, source)) = sources.next() else {
        report.required(at, "must specify a volume type");
        return;
    };
    check_one(first, source, &at.field(first), report);
    for (name, _) in sources {
        report.forbidden(&at.field(name), "may not specify more than 1 volume type");
    }
}

fn check_one(kind: &str, source: &Value, at: &Path, report: &mut Report) {
    let needed = NEEDED.iter().find(|(known, _)| *known == kind);
    if let Some((_, field)) = needed.filter(|(_, field)| text(&source[field]).is_empty()) {
        report.required(&at.field(field), "");
    }
    check_mode(&source["defaultMode"], &at.field("defaultMode"), report);
    if matches!(kind, "secret" | "configMap") {
        check_items(source, at, report);
    }
    if kind == "emptyDir" && text(&source["sizeLimit"]).starts_with('-') {
        let detail = "SizeLimit field must be a valid resource quantity";
        report.forbidden(&at.field("sizeLimit"), detail);
    }
    if kind == "projected" {
        let at = at.field("sources");
        for (index, source) in items(&source["sources"]).iter().enumerate() {
            check_projection(source, &at.index(index), report);
        }
    }
}

fn check_projection(source: &Value, at: &Path, report: &mut Report) {
    for field in ["secret", "configMap"] {
        let (part, at) = (&source[field], at.field(field));
        if part.is_object() {
            if text(&part["name"]).is_empty() {
                report.required(&at.field("name"), "");
            }
            check_items(part, &at, report);
        }
    }
    let token = &source["serviceAccountToken"];
    if token.is_object() && text(&token["path"]).is_empty() {
        report.required(&at.field("serviceAccountToken").field("path"), "");
    }
}

/// Keys and the files that they become.
fn check_items(source: &Value, at: &Path, report: &mut Report) {
    let at = at.field("items");
    for (index, item) in items(&source["items"]).iter().enumerate() {
        let at = at.index(index);
        for field in ["key", "path"] {
            if text(&item[field]).is_empty() {
                report.required(&at.field(field), "");
            }
        }
        let path = text(&item["path"]);
        check_inside(path, &at.field("path"), report);
        if path.starts_with("..") && !path.starts_with("../") {
            report.invalid(&at.field("path"), path, "must not start with '..'");
        }
        check_mode(&item["mode"], &at.field("mode"), report);
    }
}

fn check_mode(mode: &Value, at: &Path, report: &mut Report) {
    if mode
        .as_i64()
        .is_some_and(|mode| !(0..=LARGEST_MODE).contains(&mode))
    {
        report.invalid(at, mode.clone(), MODE);
    }
}

/// A path that stays where it starts.
fn check_inside(path: &str, at: &Path, report: &mut Report) {
    if path.starts_with('/') {
        report.invalid(at, path, "must be a relative path");
    }
    if path.split('/').any(|part| part == "..") {
        report.invalid(at, path, "must not contain '..'");
    }
}

/// Where a container mounts volumes.
pub(super) fn check_mounts(
    container: &Value,
    volumes: &BTreeSet<&str>,
    at: &Path,
    report: &mut Report,
) {
    let list = at.field("volumeMounts");
    let mut paths = BTreeSet::new();
    for (index, mount) in items(&container["volumeMounts"]).iter().enumerate() {
        let at = list.index(index);
        let (name, path) = (text(&mount["name"]), text(&mount["mountPath"]));
        if name.is_empty() {
            report.required(&at.field("name"), "");
        }
        if !volumes.contains(name) {
            report.not_found(&at.field("name"), name);
        }
        if path.is_empty() {
            report.required(&at.field("mountPath"), "");
        }
        if !paths.insert(path) {
            report.invalid(&at.field("mountPath"), path, "must be unique");
        }
        // The real server leaves the index out here.
        check_inside(text(&mount["subPath"]), &list.field("subPath"), report);
    }
}
