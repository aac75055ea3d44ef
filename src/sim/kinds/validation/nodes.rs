//! Nodes and namespaces.

use serde_json::Value;

use super::affinity::check_effect;
use super::metadata::core_finalizer;
use super::names::Form;
use super::quantities::check_amount;
use super::report::{Path, Report, Shown, entries, is_empty, items, text};
use super::rules::Subject;

pub(super) fn node(subject: &Subject, at: &Path, report: &mut Report) {
    let node = subject.value;
    // The real server puts the taints into the metadata here.
    let metadata = at.field("metadata");
    check_taints(&node["spec"]["taints"], &metadata.field("taints"), report);
    check_resources(&node["status"], at, report);
}

fn check_resources(status: &Value, at: &Path, report: &mut Report) {
    let at = at.field("status");
    for field in ["capacity", "allocatable"] {
        let at = at.field(field);
        for (name, amount) in entries(&status[field]) {
            check_amount(name, amount, &at.field(name), report);
        }
    }
}

fn check_taints(taints: &Value, at: &Path, report: &mut Report) {
    let taints = items(taints);
    for (index, taint) in taints.iter().enumerate() {
        let at = at.index(index);
        let [key, value, effect] = ["key", "value", "effect"].map(|field| text(&taint[field]));
        report.invalid_all(&at.field("key"), key, &Form::Qualified.faults(key));
        let faults = Form::LabelValue.faults(value);
        if !faults.is_empty() {
            report.invalid(&at.field("value"), value, &faults.join(";"));
        }
        if effect.is_empty() {
            report.required(&at.field("effect"), "");
        } else {
            check_effect(effect, &at.field("effect"), report);
        }
        let same = |other: &Value| other["key"] == key && text(&other["effect"]) == effect;
        if taints[..index].iter().any(same) {
            let shown = Shown::fields([
                ("Key", &taint["key"]),
                ("Value", &value.into()),
                ("Effect", &effect.into()),
                ("TimeAdded", &taint["timeAdded"]),
            ]);
            let detail = "taints must be unique by key and effect pair";
            report.duplicate(&at, shown, detail);
        }
    }
}

/// What a node has got once it keeps.
pub(super) fn node_update(subject: &Subject, at: &Path, report: &mut Report) {
    let (old, new) = (subject.before, subject.value);
    check_resources(&new["status"], at, report);
    check_node_addresses(&new["status"]["addresses"], at, report);
    let spec = at.field("spec");
    for (field, shown) in [("podCIDRs", "podCIDR"), ("providerID", "providerID")] {
        let (was, is) = (&old["spec"][field], &new["spec"][field]);
        if !is_empty(was) && was != is {
            let detail = format!("node updates may not change {shown} except from \"\" to valid");
            report.forbidden(&spec.field(field), &detail);
        }
    }
    let metadata = at.field("metadata");
    check_taints(&new["spec"]["taints"], &metadata.field("taints"), report);
}

fn check_node_addresses(addresses: &Value, at: &Path, report: &mut Report) {
    let addresses = items(addresses);
    let at = at.field("status");
    let at = at.field("addresses");
    for (index, address) in addresses.iter().enumerate() {
        if addresses[..index].contains(address) {
            let shown =
                Shown::fields([("Type", &address["type"]), ("Address", &address["address"])]);
            report.duplicate(&at.index(index), shown, "");
        }
    }
}

pub(super) fn namespace_finalizers(subject: &Subject, at: &Path, report: &mut Report) {
    for finalizer in items(subject.value) {
        let name = text(finalizer);
        report.invalid_all(at, name, &Form::Qualified.faults(name));
        core_finalizer(name, at, report);
    }
}

pub(super) fn namespace_phase(subject: &Subject, at: &Path, report: &mut Report) {
    let namespace = subject.value;
    let (phase, when) = if namespace["metadata"]["deletionTimestamp"].is_null() {
        ("Active", "empty")
    } else {
        ("Terminating", "not empty")
    };
    let is = text(&namespace["status"]["phase"]);
    if is != phase {
        let at = at.field("status");
        let detail = format!("may only be '{phase}' if `deletionTimestamp` is {when}");
        report.invalid(&at.field("Phase"), is, &detail);
    }
}
