//! Amounts of resources.

use serde_json::Value;

use super::names::Form;
use super::report::{Path, Report, entries, text};
use super::rules::Subject;
use crate::quantity::{Quantity, Rounding};

/// What containers can ask for without a domain in its name.
const STANDARD: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];
const HUGE: &str = "hugepages-";

/// Requests and limits of a container.
pub(super) fn resources(subject: &Subject, at: &Path, report: &mut Report) {
    let (limits, requests) = (&subject.value["limits"], &subject.value["requests"]);
    let (limits_at, requests_at) = (at.field("limits"), at.field("requests"));
    for (name, amount) in entries(limits) {
        check_name(name, &limits_at.key(name), report);
        check_amount(name, amount, &limits_at.key(name), report);
    }
    for (name, amount) in entries(requests) {
        check_name(name, &requests_at.key(name), report);
        check_amount(name, amount, &requests_at.key(name), report);
        check_limit(
            name,
            amount,
            &limits[name],
            [&requests_at, &limits_at],
            report,
        );
    }
}

fn check_name(name: &str, at: &Path, report: &mut Report) {
    let faults = Form::Qualified.faults(name);
    report.invalid_all(at, name, &faults);
    if name.contains('/') || STANDARD.contains(&name) || name.starts_with(HUGE) {
        return;
    }
    if faults.is_empty() && name != "storage" && name != "pods" {
        let detail = "must be a standard resource type or fully qualified";
        report.invalid(at, name, detail);
    }
    report.invalid(at, name, "must be a standard resource for containers");
}

/// An amount that is not negative; whole, if it cannot be divided.
pub(super) fn check_amount(name: &str, amount: &Value, at: &Path, report: &mut Report) {
    let amount = text(amount);
    if amount.starts_with('-') {
        report.invalid(at, amount, "must be greater than or equal to 0");
    }
    if is_extended(name) && !is_whole(amount) {
        report.invalid(at, amount, "must be an integer");
    }
}

/// `request_and_limits`: where both are.
fn check_limit(
    name: &str,
    request: &Value,
    limit: &Value,
    [at, limits_at]: [&Path; 2],
    report: &mut Report,
) {
    let overcommits = !is_extended(name) && !name.starts_with(HUGE);
    let request = text(request);
    if limit.is_null() {
        if !overcommits {
            let detail = "Limit must be set for non overcommitable resources";
            report.required(limits_at, detail);
        }
        return;
    }
    let limit = text(limit);
    let (asked, most) = (thousandths(request), thousandths(limit));
    if !overcommits && asked != most {
        let detail = format!("must be equal to {name} limit of {limit}");
        report.invalid(at, request, &detail);
    } else if asked > most {
        let detail = format!("must be less than or equal to {name} limit of {limit}");
        report.invalid(at, request, &detail);
    }
}

/// Devices: `example.com/gpu`.
fn is_extended(name: &str) -> bool {
    name.contains('/') && !name.contains("kubernetes.io/")
}

fn is_whole(amount: &str) -> bool {
    let amount = amount.trim_start_matches('-');
    thousandths(amount).is_multiple_of(1000)
}

fn thousandths(amount: &str) -> u64 {
    let parsed = amount.parse::<Quantity>();
    parsed.map_or(0, |amount| amount.thousandths(Rounding::Up))
}

/// How two amounts compare; negative ones count as nothing.
pub(super) fn compare(one: &Value, other: &Value) -> std::cmp::Ordering {
    thousandths(text(one)).cmp(&thousandths(text(other)))
}

pub(super) fn check_positive(amount: &Value, at: &Path, report: &mut Report) {
    if text(amount).starts_with('-') || thousandths(text(amount)) == 0 {
        report.invalid(at, text(amount), "must be greater than zero");
    }
}

/// What a pod costs beyond its containers.
pub(super) fn overhead(subject: &Subject, at: &Path, report: &mut Report) {
    for (name, amount) in entries(subject.value) {
        check_name(name, &at.field("limits").key(name), report);
        check_amount(name, amount, &at.field("limits").key(name), report);
    }
}
