//! Label selectors: their form, and whether they match.

use serde_json::Value;

use super::metadata;
use super::names::Form;
use super::report::{Path, Report, entries, items, text};

const NEEDS_VALUES: &str = "must be specified when `operator` is 'In' or 'NotIn'";
const NEEDS_NONE: &str = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
pub(super) const NO_OPERATOR: &str = "not a valid selector operator";

/// The form of a selector; none is fine.
pub(super) fn check(selector: &Value, at: &Path, report: &mut Report) {
    let labels = &selector["matchLabels"];
    metadata::labels(labels, &at.field("matchLabels"), report);
    let at = at.field("matchExpressions");
    for (index, requirement) in items(&selector["matchExpressions"]).iter().enumerate() {
        check_requirement(requirement, &at.index(index), report);
    }
}

fn check_requirement(requirement: &Value, at: &Path, report: &mut Report) {
    check_operator(requirement, at, report);
    let key = text(&requirement["key"]);
    report.invalid_all(&at.field("key"), key, &Form::Qualified.faults(key));
    let at = at.field("values");
    for (index, value) in items(&requirement["values"]).iter().enumerate() {
        let value = text(value);
        let faults = Form::LabelValue.faults(value);
        report.invalid_all(&at.index(index), value, &faults);
    }
}

/// The operator, and whether it has the values that it needs.
pub(super) fn check_operator(requirement: &Value, at: &Path, report: &mut Report) {
    let none = items(&requirement["values"]).is_empty();
    let operator = text(&requirement["operator"]);
    match operator {
        "In" | "NotIn" if none => report.required(&at.field("values"), NEEDS_VALUES),
        "Exists" | "DoesNotExist" if !none => report.forbidden(&at.field("values"), NEEDS_NONE),
        "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
        _ => report.invalid(&at.field("operator"), operator, NO_OPERATOR),
    }
}

/// Whether a selector can be used at all.
pub(super) fn is_sound(selector: &Value) -> bool {
    let mut report = Report::default();
    check(selector, &Path::Root, &mut report);
    report.causes.is_empty()
}

/// Whether labels fulfil a sound selector.
pub(super) fn matches(selector: &Value, labels: &Value) -> bool {
    let expressions = items(&selector["matchExpressions"]);
    entries(&selector["matchLabels"]).all(|(key, value)| labels[key] == *value)
        && expressions.iter().all(|one| is_met(one, labels))
}

fn is_met(requirement: &Value, labels: &Value) -> bool {
    let value = &labels[text(&requirement["key"])];
    let listed = items(&requirement["values"]).contains(value);
    match text(&requirement["operator"]) {
        "In" => listed,
        "NotIn" => !listed,
        "Exists" => !value.is_null(),
        _ => value.is_null(),
    }
}

/// Whether it says nothing, and so would select everything.
pub(super) fn is_empty(selector: &Value) -> bool {
    entries(&selector["matchLabels"]).next().is_none()
        && items(&selector["matchExpressions"]).is_empty()
}
