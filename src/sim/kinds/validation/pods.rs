//! Pods: what templates have not, and what may change.

use serde_json::{Map, Value};

use super::names::Form;
use super::report::{Path, Report, entries, items, text};
use super::rules::Subject;

const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";
const CHANGEABLE: &str = "pod updates may not change fields other than `spec.containers[*].image`,\
`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),\
`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

pub(super) fn annotations(subject: &Subject, at: &Path, report: &mut Report) {
    check_annotations(subject.value, at, report);
}

/// Annotations that mean something to the server itself.
pub(super) fn check_annotations(annotations: &Value, at: &Path, report: &mut Report) {
    let cost = &annotations[DELETION_COST];
    let Some(text) = cost.as_str() else { return };
    // `+5` and `007` are not counted as numbers.
    let canonical = text.parse::<i32>().map(|number| number.to_string());
    if canonical.as_deref() != Ok(text) {
        report.invalid(&at.key(DELETION_COST), text, "must be a 32bit integer");
    }
}

/// What is asked of pods only.
pub(super) fn pod(subject: &Subject, at: &Path, report: &mut Report) {
    let spec = &subject.value["spec"];
    let at = at.field("spec");
    if text(&spec["serviceAccountName"]).is_empty() {
        check_tokens(&spec["volumes"], &at.field("volumes"), report);
    }
    for list in ["containers", "initContainers"] {
        check_images(&spec[list], &at.field(list), report);
    }
    if !subject.before.is_null() {
        return;
    }
    if !items(&spec["ephemeralContainers"]).is_empty() {
        report.forbidden(&at.field("ephemeralContainers"), "cannot be set on create");
    }
    if !text(&spec["nodeName"]).is_empty() && !items(&spec["schedulingGates"]).is_empty() {
        let detail = "cannot be set until all schedulingGates have been cleared";
        report.forbidden(&at.field("nodeName"), detail);
    }
}

fn check_tokens(volumes: &Value, at: &Path, report: &mut Report) {
    for (index, volume) in items(volumes).iter().enumerate() {
        let at = at.index(index);
        let at = at.field("projected");
        let at = at.field("sources");
        for (index, source) in items(&volume["projected"]["sources"]).iter().enumerate() {
            if !source["serviceAccountToken"].is_null() {
                let detail = "must not be specified when serviceAccountName is not set";
                report.forbidden(&at.index(index).field("serviceAccountToken"), detail);
            }
        }
    }
}

fn check_images(containers: &Value, at: &Path, report: &mut Report) {
    for (index, container) in items(containers).iter().enumerate() {
        let image = text(&container["image"]);
        if image.trim() != image {
            let detail = "must not have leading or trailing whitespace";
            report.invalid(&at.index(index).field("image"), image, detail);
        }
    }
}

pub(super) fn gates(subject: &Subject, at: &Path, report: &mut Report) {
    let gates = items(subject.value);
    for (index, gate) in gates.iter().enumerate() {
        let at = at.index(index);
        let name = text(&gate["name"]);
        report.invalid_all(&at, name, &Form::Qualified.faults(name));
        if gates[..index].iter().any(|other| other["name"] == name) {
            report.duplicate(&at, name, "");
        }
    }
}

/// What may change of a pod.
pub(super) fn update(subject: &Subject, at: &Path, report: &mut Report) {
    let (before, after) = (&subject.before["spec"], &subject.value["spec"]);
    let at = at.field("spec");
    for list in ["containers", "initContainers"] {
        let count = |spec: &Value| items(&spec[list]).len();
        if count(before) != count(after) {
            let detail = "pod updates may not add or remove containers";
            report.forbidden(&at.field(list), detail);
            return;
        }
        check_images_given(&after[list], &at.field(list), report);
    }
    if check_deadline(before, after, &at.field("activeDeadlineSeconds"), report) {
        return;
    }
    check_tolerations(before, after, &at, report);
    check_gates(before, after, &at.field("schedulingGates"), report);
    if fixed(before, before) != fixed(after, before) {
        report.forbidden(&at, CHANGEABLE);
    }
}

fn check_images_given(containers: &Value, at: &Path, report: &mut Report) {
    for (index, container) in items(containers).iter().enumerate() {
        if text(&container["image"]).is_empty() {
            report.required(&at.index(index).field("image"), "");
        }
    }
    check_images(containers, at, report);
}

/// Whether that is all that is to be said.
fn check_deadline(before: &Value, after: &Value, at: &Path, report: &mut Report) -> bool {
    let field = "activeDeadlineSeconds";
    let (old, new) = (before[field].as_i64(), after[field].as_i64());
    match (old, new) {
        (_, Some(new)) if new < 0 || new > i64::from(i32::MAX) => {
            report.invalid(at, new, "must be between 0 and 2147483647, inclusive");
            true
        }
        (Some(old), Some(new)) if old < new => {
            report.invalid(at, new, "must be less than or equal to previous value");
            true
        }
        (Some(_), None) => {
            let detail = "must not update from a positive integer to nil value";
            report.invalid(at, Value::Null, detail);
            false
        }
        _ => false,
    }
}

/// Tolerations stay, but for how long they tolerate.
fn check_tolerations(before: &Value, after: &Value, at: &Path, report: &mut Report) {
    let same = |old: &Value, new: &Value| {
        entries(old)
            .chain(entries(new))
            .all(|(name, _)| name == "tolerationSeconds" || old[name] == new[name])
    };
    let new = items(&after["tolerations"]);
    let gone = |old: &&Value| !new.iter().any(|new| same(old, new));
    if items(&before["tolerations"]).iter().any(|old| gone(&old)) {
        let detail = "existing toleration can not be modified except its tolerationSeconds";
        report.forbidden(&at.field("tolerations"), detail);
    }
}

fn check_gates(before: &Value, after: &Value, at: &Path, report: &mut Report) {
    let old = items(&before["schedulingGates"]);
    for (index, gate) in items(&after["schedulingGates"]).iter().enumerate() {
        if !old.contains(gate) {
            let name = text(&gate["name"]);
            let detail =
                format!("only deletion is allowed, but found new scheduling gate '{name}'");
            report.forbidden(&at.index(index).field("name"), &detail);
        }
    }
}

/// A spec without what may change. A pod with gates may still be told where to go.
fn fixed(spec: &Value, before: &Value) -> Map<String, Value> {
    let mut fields = spec.as_object().cloned().unwrap_or_default();
    let gated = !items(&before["schedulingGates"]).is_empty();
    for field in ["activeDeadlineSeconds", "schedulingGates", "tolerations"] {
        fields.remove(field);
    }
    if gated {
        fields.remove("nodeSelector");
        if let Some(Value::Object(affinity)) = fields.get_mut("affinity") {
            affinity.remove("nodeAffinity");
        }
        if fields
            .get("affinity")
            .is_some_and(|it| *it == Value::Object(Map::new()))
        {
            fields.remove("affinity");
        }
    }
    if before["terminationGracePeriodSeconds"]
        .as_i64()
        .is_some_and(|period| period < 0)
        && spec["terminationGracePeriodSeconds"] == 1
    {
        let period = before["terminationGracePeriodSeconds"].clone();
        fields.insert("terminationGracePeriodSeconds".to_owned(), period);
    }
    for list in ["containers", "initContainers"] {
        let containers = fields.get_mut(list).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten() {
            if let Value::Object(container) = container {
                container.remove("image");
            }
        }
    }
    fields
}

/// Conditions of one's own have qualified names.
pub(super) fn status(subject: &Subject, at: &Path, report: &mut Report) {
    let at = at.field("status");
    let at = at.field("conditions");
    let conditions = items(&subject.value["status"]["conditions"]);
    for (index, condition) in conditions.iter().enumerate() {
        let of = text(&condition["type"]);
        if !matches!(of, "PodScheduled" | "Ready" | "Initialized") {
            let faults = Form::Qualified.faults(of);
            report.invalid_all(&at.index(index).field("Type"), of, &faults);
        }
    }
}
