//! What is wrong with objects of built-in kinds, in the words and with the fields of the real server.
//!
//! Most of it is data: `rules.txt` says what is asked of which field. What does not fit a line is a function that a line
//! names ([`checks`]). The kinds have what people write and what controllers rely on; volumes of cloud providers,
//! Windows, and security profiles are not looked into.

mod affinity;
mod checks;
mod containers;
mod counts;
mod data;
mod definitions;
mod jobs;
mod metadata;
mod names;
mod network;
mod nodes;
mod pods;
mod policy;
mod quantities;
mod report;
mod rules;
mod scaling;
mod selectors;
mod services;
mod storage;
mod volumes;
mod workloads;

use serde_json::Value;

use crate::sim::registry::Subresource;
use crate::sim::resources::Resource;
use crate::sim::status::Cause;
use names::Form;
use report::{Path, Report};
use rules::{Naming, Subject};

/// Of a new object: first its kind's own rules, and only if they are met what is asked of every kind.
pub(super) fn created(resource: &Resource, object: &Value) -> Vec<Cause> {
    let mut report = Report::default();
    check_own_metadata(resource, &object["metadata"], &mut report);
    run(resource, "", &Value::Null, object, &mut report);
    if report.causes.is_empty() {
        check_any_metadata(resource, &object["metadata"], &mut report);
    }
    report.causes
}

/// Of a changed object.
pub(super) fn updated(
    resource: &Resource,
    subresource: Subresource,
    before: &Value,
    after: &Value,
) -> Vec<Cause> {
    let mut report = Report::default();
    let (old, new) = (&before["metadata"], &after["metadata"]);
    check_any_metadata(resource, new, &mut report);
    metadata::check_update(old, new, &mut report);
    let naming = naming(resource);
    if naming.is_none_or(|naming| !naming.once) {
        metadata::check_update(old, new, &mut report);
        if !resource.custom {
            metadata::check_core_finalizers(new, &mut report);
        }
    }
    if !matches!(subresource, Subresource::None | Subresource::Scale) {
        run(resource, " status", before, after, &mut report);
        return report.causes;
    }
    if naming.is_some_and(|naming| naming.again) {
        check_own_metadata(resource, new, &mut report);
    }
    run(resource, "", before, after, &mut report);
    if !resource.custom {
        run(resource, " update", before, after, &mut report);
    }
    report.causes
}

/// What every kind asks of metadata.
fn check_any_metadata(resource: &Resource, meta: &Value, report: &mut Report) {
    metadata::check(meta, Form::PathSegment, resource.namespaced, report);
}

/// What the kind asks of metadata.
fn check_own_metadata(resource: &Resource, meta: &Value, report: &mut Report) {
    let Some(form) = naming(resource).and_then(|naming| naming.form) else {
        return;
    };
    metadata::check(meta, form, resource.namespaced, report);
    if !resource.custom {
        metadata::check_core_finalizers(meta, report);
    }
}

/// Defined kinds have names that are subdomains.
fn naming(resource: &Resource) -> Option<Naming> {
    if resource.custom {
        return Some(Naming {
            form: Some(Form::Subdomain),
            again: false,
            once: false,
        });
    }
    rules::naming(&resource.api_version(), &resource.kind)
}

fn run(resource: &Resource, which: &str, before: &Value, object: &Value, report: &mut Report) {
    if resource.custom {
        if let Some(paths) = &resource.subresources.scale {
            scaling::check(paths, object, report);
        }
        return;
    }
    let section = format!("{} {}{which}", resource.api_version(), resource.kind);
    let subject = Subject {
        value: object,
        before,
        object,
    };
    rules::run(&section, &subject, &Path::Root, report);
}

#[cfg(test)]
mod tests;
