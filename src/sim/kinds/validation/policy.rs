//! Disruption budgets, priorities, leases and roles.

use serde_json::Value;

use super::names::Form;
use super::report::{Path, Report, Shown, is_empty, items, text};
use super::rules::Subject;

const GROUP: &str = "rbac.authorization.k8s.io";
/// Higher ones are the system's.
const HIGHEST_PRIORITY: i64 = 1_000_000_000;
const SYSTEM: [(&str, i64); 2] = [
    ("system-node-critical", 2_000_001_000),
    ("system-cluster-critical", 2_000_000_000),
];

pub(super) fn budget(subject: &Subject, at: &Path, report: &mut Report) {
    let spec = &subject.value["spec"];
    if spec["minAvailable"].is_null() || spec["maxUnavailable"].is_null() {
        return;
    }
    // Shown as the real server has it inside, with all fields.
    let fields = [
        ("MinAvailable", "minAvailable"),
        ("Selector", "selector"),
        ("MaxUnavailable", "maxUnavailable"),
        ("UnhealthyPodEvictionPolicy", "unhealthyPodEvictionPolicy"),
    ];
    let shown = Shown::fields(fields.map(|(name, field)| (name, &spec[field])));
    let detail = "minAvailable and maxUnavailable cannot be both set";
    report.invalid(&at.field("spec"), shown, detail);
}

pub(super) fn priority_class(subject: &Subject, at: &Path, report: &mut Report) {
    if !subject.before.is_null() {
        return;
    }
    let class = subject.value;
    let name = text(&class["metadata"]["name"]);
    let value = class["value"].as_i64().unwrap_or(0);
    if name.starts_with("system-") {
        check_system_class(class, name, value, at, report);
    } else if value > HIGHEST_PRIORITY {
        let detail =
            format!("maximum allowed value of a user defined priority is {HIGHEST_PRIORITY}");
        report.forbidden(&at.field("value"), &detail);
    }
}

fn check_system_class(class: &Value, name: &str, value: i64, at: &Path, report: &mut Report) {
    let because = match SYSTEM.iter().find(|(known, _)| *known == name) {
        None => format!("{name} is not a known system priority class"),
        Some((_, right)) if *right != value => {
            format!("value of {name} PriorityClass must be {right}")
        }
        Some(_) if class["globalDefault"] == true => {
            format!("globalDefault of {name} PriorityClass must be false")
        }
        Some(_) => return,
    };
    let at = at.field("metadata");
    let detail = format!(
        "priority class names with 'system-' prefix are reserved for system use only. error: {because}"
    );
    report.forbidden(&at.field("name"), &detail);
}

pub(super) fn lease(subject: &Subject, at: &Path, report: &mut Report) {
    let spec = &subject.value["spec"];
    let at = at.field("spec");
    let (duration, transitions) = (&spec["leaseDurationSeconds"], &spec["leaseTransitions"]);
    if duration.as_i64().is_some_and(|seconds| seconds <= 0) {
        let at = at.field("leaseDurationSeconds");
        report.invalid(&at, duration.clone(), "must be greater than 0");
    }
    if transitions.as_i64().is_some_and(|count| count < 0) {
        let at = at.field("leaseTransitions");
        report.invalid(
            &at,
            transitions.clone(),
            "must be greater than or equal to 0",
        );
    }
}

pub(super) fn namespaced_rule(subject: &Subject, at: &Path, report: &mut Report) {
    check_rule(subject.value, true, at, report);
}

pub(super) fn cluster_rule(subject: &Subject, at: &Path, report: &mut Report) {
    check_rule(subject.value, false, at, report);
}

fn check_rule(rule: &Value, namespaced: bool, at: &Path, report: &mut Report) {
    if is_empty(&rule["verbs"]) {
        report.required(&at.field("verbs"), "verbs must contain at least one value");
    }
    let urls = &rule["nonResourceURLs"];
    if is_empty(urls) {
        for (field, what) in [("apiGroups", "api group"), ("resources", "resource")] {
            if is_empty(&rule[field]) {
                let detail = format!("resource rules must supply at least one {what}");
                report.required(&at.field(field), &detail);
            }
        }
        return;
    }
    let at = at.field("nonResourceURLs");
    if namespaced {
        let detail = "namespaced rules cannot apply to non-resource URLs";
        report.invalid(&at, urls.clone(), detail);
    }
    let mut others = ["apiGroups", "resources", "resourceNames"].into_iter();
    if others.any(|field| !is_empty(&rule[field])) {
        let detail = "rules cannot apply to both regular resources and non-resource URLs";
        report.invalid(&at, urls.clone(), detail);
    }
}

pub(super) fn role_binding(subject: &Subject, at: &Path, report: &mut Report) {
    check_binding(subject.value, &["Role", "ClusterRole"], at, report);
}

pub(super) fn cluster_role_binding(subject: &Subject, at: &Path, report: &mut Report) {
    check_binding(subject.value, &["ClusterRole"], at, report);
}

/// `roles`: the kinds of roles that can be bound.
fn check_binding(binding: &Value, roles: &[&str], at: &Path, report: &mut Report) {
    let role = &binding["roleRef"];
    let role_at = at.field("roleRef");
    let [group, kind, name] = ["apiGroup", "kind", "name"].map(|field| text(&role[field]));
    if group != GROUP {
        report.unsupported(&role_at.field("apiGroup"), group, &[GROUP]);
    }
    if !roles.contains(&kind) {
        report.unsupported(&role_at.field("kind"), kind, roles);
    }
    if name.is_empty() {
        report.required(&role_at.field("name"), "");
    }
    report.invalid_all(
        &role_at.field("name"),
        name,
        &Form::PathSegment.faults(name),
    );
    let namespaced = roles.contains(&"Role");
    let at = at.field("subjects");
    for (index, subject) in items(&binding["subjects"]).iter().enumerate() {
        check_subject(subject, namespaced, &at.index(index), report);
    }
}

fn check_subject(subject: &Value, namespaced: bool, at: &Path, report: &mut Report) {
    let [group, kind, name] = ["apiGroup", "kind", "name"].map(|field| text(&subject[field]));
    if name.is_empty() {
        report.required(&at.field("name"), "");
    }
    match kind {
        "ServiceAccount" => {
            if !name.is_empty() {
                report.invalid_all(&at.field("name"), name, &Form::Subdomain.faults(name));
            }
            if !group.is_empty() {
                report.unsupported(&at.field("apiGroup"), group, &[""]);
            }
            if !namespaced && text(&subject["namespace"]).is_empty() {
                report.required(&at.field("namespace"), "");
            }
        }
        "User" | "Group" if group != GROUP => {
            report.unsupported(&at.field("apiGroup"), group, &[GROUP]);
        }
        "User" | "Group" => {}
        _ => report.unsupported(
            &at.field("kind"),
            kind,
            &["ServiceAccount", "User", "Group"],
        ),
    }
}

/// A binding stays that of its role.
pub(super) fn bound_role(subject: &Subject, at: &Path, report: &mut Report) {
    let (was, is) = (&subject.before["roleRef"], &subject.value["roleRef"]);
    if was != is {
        let fields = [("APIGroup", "apiGroup"), ("Kind", "kind"), ("Name", "name")];
        let shown = Shown::fields(fields.map(|(name, field)| (name, &is[field])));
        report.invalid(&at.field("roleRef"), shown, "cannot change roleRef");
    }
}
