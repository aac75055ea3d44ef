//! Deployments, replica sets, stateful sets and daemon sets: selectors, templates and how they roll out.

use serde_json::{Map, Value, json};

use super::counts::{amount, at_most_all, is_nothing};
use super::report::{Path, Report, Shown, is_empty, items, text};
use super::rules::{self, Subject};
use super::{metadata, pods, selectors};

const UNMATCHED: &str = "`selector` does not match template `labels`";
const CHANGEABLE: &str = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', \
'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
const CHANGING: [&str; 7] = [
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
];

/// Of a Deployment or a `ReplicaSet`; both are called a deployment here.
pub(super) fn deployment_selector(subject: &Subject, at: &Path, report: &mut Report) {
    check_selector(subject.value, "deployment", at, report);
}

pub(super) fn stateful_selector(subject: &Subject, at: &Path, report: &mut Report) {
    check_selector(subject.value, "statefulset", at, report);
}

fn check_selector(spec: &Value, called: &str, at: &Path, report: &mut Report) {
    let selector = &spec["selector"];
    let selector_at = at.field("selector");
    if selector.is_null() {
        report.required(&selector_at, "");
        unmatched(spec, at, report);
        return;
    }
    selectors::check(selector, &selector_at, report);
    if selectors::is_empty(selector) {
        let detail = format!("empty selector is invalid for {called}");
        report.invalid(&selector_at, selector.clone(), &detail);
    } else if selectors::is_sound(selector) {
        check_match(spec, at, report);
    } else if called == "deployment" {
        report.invalid(&selector_at, selector.clone(), "invalid label selector");
    } else {
        report.invalid(&selector_at, selector.clone(), "");
    }
}

/// A controller's selector selects the pods that it makes.
pub(super) fn check_match(spec: &Value, at: &Path, report: &mut Report) {
    let labels = &spec["template"]["metadata"]["labels"];
    if !selectors::matches(&spec["selector"], labels) {
        unmatched(spec, at, report);
    }
}

/// No selector at all selects nothing.
pub(super) fn unmatched(spec: &Value, at: &Path, report: &mut Report) {
    let labels = &spec["template"]["metadata"]["labels"];
    let at = at.field("template");
    let at = at.field("metadata");
    report.invalid(&at.field("labels"), labels.clone(), UNMATCHED);
}

pub(super) fn daemon_selector(subject: &Subject, at: &Path, report: &mut Report) {
    let selector = &subject.value["selector"];
    if selector.is_null() {
        unmatched(subject.value, at, report);
        return;
    }
    if selectors::is_empty(selector) {
        let detail = "empty selector is invalid for daemonset";
        report.invalid(&at.field("selector"), selector.clone(), detail);
    } else if selectors::is_sound(selector) {
        check_match(subject.value, at, report);
    }
}

/// Of a template's metadata only labels and annotations count; they are named without it.
pub(super) fn template_metadata(subject: &Subject, at: &Path, report: &mut Report) {
    let meta = &subject.value["metadata"];
    metadata::labels(&meta["labels"], &at.field("labels"), report);
    let at = at.field("annotations");
    metadata::annotations(&meta["annotations"], &at, report);
    pods::check_annotations(&meta["annotations"], &at, report);
}

/// Pods that are to run for ever.
pub(super) fn lasting_template(subject: &Subject, at: &Path, report: &mut Report) {
    let spec = &subject.value["spec"];
    let at = at.field("spec");
    if spec["restartPolicy"] != "Always" {
        let policy = spec["restartPolicy"].clone();
        report.unsupported(&at.field("restartPolicy"), policy, &["Always"]);
    }
    if !spec["activeDeadlineSeconds"].is_null() {
        let kind = match text(&subject.object["kind"]) {
            // A Deployment's template is checked as that of its replica sets.
            "Deployment" => "ReplicaSet",
            kind => kind,
        };
        let detail = format!("activeDeadlineSeconds in {kind} is not Supported");
        report.forbidden(&at.field("activeDeadlineSeconds"), &detail);
    }
}

pub(super) fn progress_deadline(subject: &Subject, at: &Path, report: &mut Report) {
    let Some(deadline) = subject.value["progressDeadlineSeconds"].as_i64() else {
        return;
    };
    if deadline <= subject.value["minReadySeconds"].as_i64().unwrap_or(0) {
        let at = at.field("progressDeadlineSeconds");
        report.invalid(&at, deadline, "must be greater than minReadySeconds");
    }
}

pub(super) fn deployment_strategy(subject: &Subject, at: &Path, report: &mut Report) {
    let strategy = subject.value;
    let rolling = &strategy["rollingUpdate"];
    let rolling_at = at.field("rollingUpdate");
    match text(&strategy["type"]) {
        "Recreate" if !rolling.is_null() => {
            let detail = "may not be specified when strategy `type` is 'Recreate'";
            report.forbidden(&rolling_at, detail);
        }
        "Recreate" => {}
        "RollingUpdate" if rolling.is_null() => {
            report.required(&rolling_at, "this should be defaulted and never be nil");
        }
        "RollingUpdate" => check_rolling(subject, rolling, &rolling_at, report),
        _ => report.unsupported(at, shown(strategy), &["Recreate", "RollingUpdate"]),
    }
}

/// As the real server shows a strategy of a type that it does not know.
fn shown(strategy: &Value) -> Shown {
    Shown::fields([("Type", &strategy["type"]), ("RollingUpdate", &Value::Null)])
}

fn check_rolling(subject: &Subject, rolling: &Value, at: &Path, report: &mut Report) {
    for field in ["maxUnavailable", "maxSurge"] {
        check_amount(subject, &rolling[field], amount, &at.field(field), report);
    }
    let unavailable = &rolling["maxUnavailable"];
    let unavailable_at = at.field("maxUnavailable");
    if is_nothing(unavailable) && is_nothing(&rolling["maxSurge"]) {
        let detail = "may not be 0 when `maxSurge` is 0";
        report.invalid(&unavailable_at, unavailable.clone(), detail);
    }
    check_amount(subject, unavailable, at_most_all, &unavailable_at, report);
}

fn check_amount(
    subject: &Subject,
    value: &Value,
    check: rules::Check,
    at: &Path,
    report: &mut Report,
) {
    let before = &Value::Null;
    let part = Subject {
        value,
        before,
        ..*subject
    };
    check(&part, at, report);
}

pub(super) fn daemon_strategy(subject: &Subject, at: &Path, report: &mut Report) {
    let strategy = subject.value;
    let rolling = &strategy["rollingUpdate"];
    let at_rolling = at.field("rollingUpdate");
    match text(&strategy["type"]) {
        "OnDelete" => {}
        "RollingUpdate" if rolling.is_null() => report.required(&at_rolling, ""),
        "RollingUpdate" => check_daemon_rolling(subject, rolling, &at_rolling, report),
        _ => report.unsupported(at, shown(strategy), &["RollingUpdate", "OnDelete"]),
    }
}

fn check_daemon_rolling(subject: &Subject, rolling: &Value, at: &Path, report: &mut Report) {
    for check in [amount as rules::Check, at_most_all] {
        for field in ["maxUnavailable", "maxSurge"] {
            check_amount(subject, &rolling[field], check, &at.field(field), report);
        }
    }
    let surge = &rolling["maxSurge"];
    match (is_nothing(&rolling["maxUnavailable"]), is_nothing(surge)) {
        (false, false) => {
            let detail = "may not be set when maxUnavailable is non-zero";
            report.invalid(&at.field("maxSurge"), surge.clone(), detail);
        }
        (true, true) => {
            let detail = "cannot be 0 when maxSurge is 0";
            report.required(&at.field("maxUnavailable"), detail);
        }
        _ => {}
    }
}

pub(super) fn pod_management(subject: &Subject, at: &Path, report: &mut Report) {
    if !matches!(text(subject.value), "OrderedReady" | "Parallel") {
        let detail = "must be 'OrderedReady' or 'Parallel'";
        report.invalid(at, subject.value.clone(), detail);
    }
}

pub(super) fn stateful_strategy(subject: &Subject, at: &Path, report: &mut Report) {
    let strategy = &subject.value["updateStrategy"];
    let at = at.field("updateStrategy");
    match text(&strategy["type"]) {
        "" => report.required(&at, ""),
        "RollingUpdate" => {
            let partition = &strategy["rollingUpdate"]["partition"];
            if partition.as_i64().is_some_and(|partition| partition < 0) {
                let at = at.field("rollingUpdate");
                let detail = "must be greater than or equal to 0";
                report.invalid(&at.field("partition"), partition.clone(), detail);
            }
        }
        "OnDelete" if strategy["rollingUpdate"].is_null() => {}
        "OnDelete" => {
            let partition = &strategy["rollingUpdate"]["partition"];
            let shown = Shown::fields([("Partition", partition), ("MaxUnavailable", &Value::Null)]);
            let detail = "only allowed for updateStrategy 'RollingUpdate'";
            report.invalid(&at.field("rollingUpdate"), shown, detail);
        }
        _ => {
            let detail = "must be 'RollingUpdate' or 'OnDelete'";
            report.invalid(&at, shown(strategy), detail);
        }
    }
}

/// The claims of a stateful set are volumes for its template, too.
pub(super) fn stateful_template(subject: &Subject, at: &Path, report: &mut Report) {
    let mut template = subject.value["template"].clone();
    let claims = items(&subject.value["volumeClaimTemplates"]);
    if subject.before.is_null() {
        let at = at.field("volumeClaimTemplates");
        for (index, claim) in claims.iter().enumerate() {
            let part = Subject {
                value: &claim["spec"],
                ..*subject
            };
            rules::run("claim", &part, &at.index(index).field("spec"), report);
        }
    }
    if let Some(spec) = template.get_mut("spec").filter(|_| !claims.is_empty()) {
        add_claims(spec, claims);
    }
    let part = Subject {
        value: &template,
        before: &Value::Null,
        ..*subject
    };
    rules::run("lasting-template", &part, &at.field("template"), report);
}

fn add_claims(spec: &mut Value, claims: &[Value]) {
    let names: Vec<&Value> = claims
        .iter()
        .map(|claim| &claim["metadata"]["name"])
        .collect();
    let others = items(&spec["volumes"]).iter();
    let others = others.filter(|volume| !names.contains(&&volume["name"]));
    let of_claims = names
        .iter()
        .map(|name| json!({"name": name, "persistentVolumeClaim": {"claimName": name}}));
    let volumes: Vec<Value> = of_claims.chain(others.cloned()).collect();
    spec["volumes"] = volumes.into();
}

pub(super) fn stateful_update(subject: &Subject, at: &Path, report: &mut Report) {
    let fixed = |object: &Value| -> Map<String, Value> {
        let mut fields = object["spec"].as_object().cloned().unwrap_or_default();
        fields.retain(|name, value| !CHANGING.contains(&name.as_str()) && !is_empty(value));
        fields
    };
    if fixed(subject.before) != fixed(subject.value) {
        report.forbidden(&at.field("spec"), CHANGEABLE);
    }
}
