//! Volumes, claims and storage classes.

use serde_json::{Map, Value};

use super::affinity::node_selector;
use super::names::Form;
use super::quantities::{check_positive, compare};
use super::report::{Path, Report, entries, text};
use super::rules::Subject;

const MODES: [&str; 4] = [
    "ReadOnlyMany",
    "ReadWriteMany",
    "ReadWriteOnce",
    "ReadWriteOncePod",
];

/// Fields of a volume that are not where it really is.
const NO_SOURCE: [&str; 9] = [
    "accessModes",
    "capacity",
    "claimRef",
    "mountOptions",
    "nodeAffinity",
    "persistentVolumeReclaimPolicy",
    "storageClassName",
    "volumeAttributesClassName",
    "volumeMode",
];

/// A mode is named without its place in the list.
pub(super) fn access_mode(subject: &Subject, at: &Path, report: &mut Report) {
    let Path::Index(list, _) = at else { return };
    if !MODES.contains(&text(subject.value)) {
        report.unsupported(list, subject.value.clone(), &MODES);
    }
}

pub(super) fn volume(subject: &Subject, at: &Path, report: &mut Report) {
    let spec = subject.value;
    let capacity_at = at.field("capacity");
    let capacity = &spec["capacity"];
    if capacity["storage"].is_null() || entries(capacity).count() > 1 {
        report.unsupported(&capacity_at, capacity.clone(), &["storage"]);
    }
    for (name, amount) in entries(capacity) {
        check_positive(amount, &capacity_at.key(name), report);
    }
    let required = &spec["nodeAffinity"]["required"];
    if required.is_object() {
        let at = at.field("nodeAffinity");
        node_selector(required, &at.field("required"), report);
    }
    let mut sources = entries(spec).filter(|(name, _)| !NO_SOURCE.contains(name));
    if sources.next().is_none() {
        report.required(at, "must specify a volume type");
    }
    for (name, _) in sources {
        report.forbidden(&at.field(name), "may not specify more than 1 volume type");
    }
}

pub(super) fn claim_storage(subject: &Subject, at: &Path, report: &mut Report) {
    let amount = &subject.value["resources"]["requests"]["storage"];
    let at = at.field("resources");
    let at = at.key("storage");
    if amount.is_null() {
        report.required(&at, "");
    } else {
        check_positive(amount, &at, report);
    }
}

/// A claim stays what it is; a bound one may grow.
pub(super) fn claim_update(subject: &Subject, at: &Path, report: &mut Report) {
    let (old, new) = (subject.before, subject.value);
    let at = at.field("spec");
    let bound = new["status"]["phase"] == "Bound";
    if fixed(&old["spec"], &old["spec"], bound) != fixed(&new["spec"], &old["spec"], bound) {
        let detail = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";
        report.forbidden(&at, detail);
    }
    let size = |claim: &Value| claim["spec"]["resources"]["requests"]["storage"].clone();
    let capacity = &old["status"]["capacity"]["storage"];
    if compare(&size(new), &size(old)).is_lt() && compare(&size(new), capacity).is_le() {
        let at = at.field("resources");
        let at = at.field("requests");
        let detail = "field can not be less than status.capacity";
        report.forbidden(&at.field("storage"), detail);
    }
}

/// A claim's spec without what may change.
fn fixed(spec: &Value, before: &Value, bound: bool) -> Map<String, Value> {
    let mut fields = spec.as_object().cloned().unwrap_or_default();
    if text(&before["volumeName"]).is_empty() {
        fields.remove("volumeName");
    }
    if before["storageClassName"].is_null() {
        fields.remove("storageClassName");
    }
    if bound {
        fields.remove("volumeAttributesClassName");
        let requests = fields
            .get_mut("resources")
            .and_then(|it| it.get_mut("requests"));
        if let Some(Value::Object(requests)) = requests {
            requests.remove("storage");
        }
    }
    fields
}

pub(super) fn provisioner(subject: &Subject, at: &Path, report: &mut Report) {
    let name = text(subject.value);
    if !name.is_empty() {
        let faults = Form::Qualified.faults(&name.to_lowercase());
        report.invalid_all(at, &name.to_lowercase(), &faults);
    }
}
