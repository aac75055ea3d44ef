//! Counts, and amounts that are counts or percentages.

use serde_json::Value;

use super::names::Form;
use super::report::{Path, Report};
use super::rules::Subject;

/// A count that is not negative, or a percentage.
pub(super) fn amount(subject: &Subject, at: &Path, report: &mut Report) {
    match subject.value {
        Value::String(text) => report.invalid_all(at, text, &Form::Percent.faults(text)),
        value if value.as_i64().is_some_and(|count| count < 0) => {
            report.invalid(at, value.clone(), "must be greater than or equal to 0");
        }
        _ => {}
    }
}

pub(super) fn at_most_all(subject: &Subject, at: &Path, report: &mut Report) {
    if percentage(subject.value).is_some_and(|percentage| percentage > 100) {
        report.invalid(at, subject.value.clone(), "must not be greater than 100%");
    }
}

/// Whether an amount is nothing, counted or in percent; so is one that is not there.
pub(super) fn is_nothing(amount: &Value) -> bool {
    let count = percentage(amount).or(amount.as_i64());
    count.unwrap_or(0) == 0
}

fn percentage(amount: &Value) -> Option<i64> {
    amount.as_str()?.strip_suffix('%')?.parse().ok()
}

pub(super) fn positive(subject: &Subject, at: &Path, report: &mut Report) {
    if subject.value.as_i64().is_some_and(|count| count <= 0) {
        report.invalid(at, subject.value.clone(), "must be greater than 0");
    }
}

/// What a field of a status counts; nothing is zero.
fn count(status: &Value, field: &str) -> i64 {
    status[field].as_i64().unwrap_or(0)
}

/// A part of the replicas cannot be more than `whole`.
fn part(subject: &Subject, at: &Path, field: &str, whole: &str, shown: &str, report: &mut Report) {
    let part = count(subject.value, field);
    if part > count(subject.value, whole) {
        let detail = format!("cannot be greater than {shown}");
        report.invalid(&at.field(field), part, &detail);
    }
}

pub(super) fn replica_counts(subject: &Subject, at: &Path, report: &mut Report) {
    for field in ["readyReplicas", "availableReplicas"] {
        part(subject, at, field, "replicas", "status.replicas", report);
    }
    let (part_of, whole) = ("availableReplicas", "readyReplicas");
    part(subject, at, part_of, whole, whole, report);
}

pub(super) fn updated_replicas(subject: &Subject, at: &Path, report: &mut Report) {
    let field = "updatedReplicas";
    part(subject, at, field, "replicas", "status.replicas", report);
    let (old, new) = [subject.before, subject.value]
        .map(|status| count(status, "collisionCount"))
        .into();
    if new < old {
        report.invalid(&at.field("collisionCount"), new, "cannot be decremented");
    }
}

pub(super) fn labeled_replicas(subject: &Subject, at: &Path, report: &mut Report) {
    let field = "fullyLabeledReplicas";
    part(subject, at, field, "replicas", "status.replicas", report);
}
