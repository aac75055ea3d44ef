//! Where pods may go: affinities, spreading and tolerations.

use serde_json::Value;

use super::names::Form;
use super::report::{Path, Report, items, text};
use super::rules::Subject;
use super::selectors::{self, NO_OPERATOR};

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";
const EFFECTS: [&str; 3] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

pub(super) fn node_affinity(subject: &Subject, at: &Path, report: &mut Report) {
    let required = &subject.value[REQUIRED];
    if required.is_object() {
        node_selector(required, &at.field(REQUIRED), report);
    }
    let at = at.field(PREFERRED);
    for (index, preferred) in items(&subject.value[PREFERRED]).iter().enumerate() {
        let at = at.index(index);
        check_weight(&preferred["weight"], &at.field("weight"), report);
        check_term(
            &preferred["preference"],
            false,
            &at.field("preference"),
            report,
        );
    }
}

/// Terms of which one must be met.
pub(super) fn node_selector(selector: &Value, at: &Path, report: &mut Report) {
    let at = at.field("nodeSelectorTerms");
    let terms = items(&selector["nodeSelectorTerms"]);
    if terms.is_empty() {
        report.required(&at, "must have at least one node selector term");
    }
    for (index, term) in terms.iter().enumerate() {
        check_term(term, true, &at.index(index), report);
    }
}

/// `strict`: values must be values of labels.
fn check_term(term: &Value, strict: bool, at: &Path, report: &mut Report) {
    let expressions = at.field("matchExpressions");
    for (index, one) in items(&term["matchExpressions"]).iter().enumerate() {
        check_requirement(one, strict, &expressions.index(index), report);
    }
    let fields = at.field("matchFields");
    for (index, one) in items(&term["matchFields"]).iter().enumerate() {
        check_field(one, &fields.index(index), report);
    }
}

fn check_requirement(requirement: &Value, strict: bool, at: &Path, report: &mut Report) {
    let values = items(&requirement["values"]);
    let values_at = at.field("values");
    match text(&requirement["operator"]) {
        "Gt" | "Lt" if values.len() != 1 => {
            let detail = "must be specified single value when `operator` is 'Lt' or 'Gt'";
            report.required(&values_at, detail);
        }
        "Gt" | "Lt" => {}
        _ => selectors::check_operator(requirement, at, report),
    }
    let key = text(&requirement["key"]);
    report.invalid_all(&at.field("key"), key, &Form::Qualified.faults(key));
    for (index, value) in values.iter().enumerate().filter(|_| strict) {
        let value = text(value);
        let faults = Form::LabelValue.faults(value);
        report.invalid_all(&values_at.index(index), value, &faults);
    }
}

/// Nodes can be chosen by their names alone.
fn check_field(requirement: &Value, at: &Path, report: &mut Report) {
    let values = items(&requirement["values"]);
    let operator = text(&requirement["operator"]);
    match operator {
        "In" | "NotIn" if values.len() != 1 => {
            let detail =
                "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
            report.required(&at.field("values"), detail);
        }
        "In" | "NotIn" => {}
        _ => report.invalid(&at.field("operator"), operator, NO_OPERATOR),
    }
    let key = text(&requirement["key"]);
    if key != "metadata.name" {
        report.invalid(&at.field("key"), key, "not a valid field selector key");
        return;
    }
    let at = at.field("values");
    for (index, value) in values.iter().enumerate() {
        let faults = Form::Subdomain.faults(text(value));
        report.invalid_all(&at.index(index), text(value), &faults);
    }
}

pub(super) fn weight(subject: &Subject, at: &Path, report: &mut Report) {
    check_weight(subject.value, at, report);
}

fn check_weight(weight: &Value, at: &Path, report: &mut Report) {
    if !weight
        .as_i64()
        .is_some_and(|weight| (1..=100).contains(&weight))
    {
        report.invalid(at, weight.clone(), "must be in the range 1-100");
    }
}

pub(super) fn topology_key(subject: &Subject, at: &Path, report: &mut Report) {
    let key = text(&subject.value["topologyKey"]);
    let faults = Form::Qualified.faults(key);
    report.invalid_all(&at.field("topologyKey"), key, &faults);
}

pub(super) fn spread(subject: &Subject, at: &Path, report: &mut Report) {
    let constraints = items(subject.value);
    for (index, constraint) in constraints.iter().enumerate() {
        let at = at.index(index);
        check_constraint(constraint, &at, report);
        let same = |field: &str, other: &Value| other[field] == constraint[field];
        let repeated = constraints[index + 1..]
            .iter()
            .any(|other| same("topologyKey", other) && same("whenUnsatisfiable", other));
        if repeated {
            let [key, action] =
                ["topologyKey", "whenUnsatisfiable"].map(|it| text(&constraint[it]));
            let at = at.field("{topologyKey, whenUnsatisfiable}");
            report.duplicate(&at, format!("{{{key}, {action}}}").as_str(), "");
        }
    }
}

fn check_constraint(constraint: &Value, at: &Path, report: &mut Report) {
    let skew = constraint["maxSkew"].as_i64().unwrap_or(0);
    if skew <= 0 {
        report.invalid(&at.field("maxSkew"), skew, "must be greater than zero");
    }
    if text(&constraint["topologyKey"]).is_empty() {
        report.required(&at.field("topologyKey"), "can not be empty");
    }
    let action = text(&constraint["whenUnsatisfiable"]);
    let actions = ["DoNotSchedule", "ScheduleAnyway"];
    if !actions.contains(&action) {
        report.unsupported(&at.field("whenUnsatisfiable"), action, &actions);
    }
    check_domains(
        &constraint["minDomains"],
        action,
        &at.field("minDomains"),
        report,
    );
    for field in ["nodeAffinityPolicy", "nodeTaintsPolicy"] {
        let policy = &constraint[field];
        if !policy.is_null() && !matches!(text(policy), "Honor" | "Ignore") {
            report.unsupported(&at.field(field), policy.clone(), &["Honor", "Ignore"]);
        }
    }
    selectors::check(
        &constraint["labelSelector"],
        &at.field("labelSelector"),
        report,
    );
}

fn check_domains(domains: &Value, action: &str, at: &Path, report: &mut Report) {
    let Some(count) = domains.as_i64() else {
        return;
    };
    if count <= 0 {
        report.invalid(at, count, "must be greater than zero");
    }
    if action != "DoNotSchedule" {
        let detail =
            format!("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}");
        report.invalid(at, count, &detail);
    }
}

pub(super) fn tolerations(subject: &Subject, at: &Path, report: &mut Report) {
    for (index, toleration) in items(subject.value).iter().enumerate() {
        check_toleration(toleration, &at.index(index), report);
    }
}

fn check_toleration(toleration: &Value, at: &Path, report: &mut Report) {
    let [key, operator, value, effect] =
        ["key", "operator", "value", "effect"].map(|field| text(&toleration[field]));
    let (operator_at, effect_at) = (at.field("operator"), at.field("effect"));
    if !key.is_empty() {
        report.invalid_all(&at.field("key"), key, &Form::Qualified.faults(key));
    } else if operator != "Exists" {
        let detail = "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
        report.invalid(&operator_at, operator, detail);
    }
    if !toleration["tolerationSeconds"].is_null() && effect != "NoExecute" {
        let detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
        report.invalid(&effect_at, effect, detail);
    }
    match operator {
        "Equal" | "" => {
            let faults = Form::LabelValue.faults(value);
            if !faults.is_empty() {
                report.invalid(&operator_at, value, &faults.join(";"));
            }
        }
        "Exists" if value.is_empty() => {}
        "Exists" => {
            let detail = "value must be empty when `operator` is 'Exists'";
            report.invalid(&operator_at, value, detail);
        }
        _ => report.unsupported(&operator_at, operator, &["Equal", "Exists"]),
    }
    if !effect.is_empty() {
        check_effect(effect, &effect_at, report);
    }
}

/// What a taint does.
pub(super) fn check_effect(effect: &str, at: &Path, report: &mut Report) {
    if !EFFECTS.contains(&effect) {
        report.unsupported(at, effect, &EFFECTS);
    }
}
