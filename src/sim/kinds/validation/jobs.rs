//! Jobs and `CronJobs`.

use serde_json::Value;

use super::report::{Path, Report, text};
use super::rules::Subject;
use super::workloads::{check_match, unmatched};
use super::{names::Form, selectors};

/// What the names of a cron job's jobs add to its own.
const LONGEST_CRON_JOB: usize = 52;

/// A suspended job that never started may still be told where its pods go.
const DIRECTIVES: [&str; 3] = ["nodeSelector", "tolerations", "schedulingGates"];

pub(super) fn restart_policy(subject: &Subject, at: &Path, report: &mut Report) {
    let at = at.field("restartPolicy");
    match text(&subject.value["restartPolicy"]) {
        "OnFailure" | "Never" => {}
        "" | "Always" => report.required(&at, "valid values: \"OnFailure\", \"Never\""),
        policy => report.unsupported(&at, policy, &["OnFailure", "Never"]),
    }
}

pub(super) fn completion_mode(subject: &Subject, at: &Path, report: &mut Report) {
    let spec = subject.value;
    let indexed = spec["completionMode"] == "Indexed";
    let counted = matches!(text(&spec["completionMode"]), "" | "NonIndexed");
    if indexed && spec["completions"].is_null() {
        let detail = "when completion mode is Indexed";
        report.required(&at.field("completions"), detail);
    }
    if !spec["maxFailedIndexes"].is_null() && spec["backoffLimitPerIndex"].is_null() {
        let detail = "when maxFailedIndexes is specified";
        report.required(&at.field("backoffLimitPerIndex"), detail);
    }
    for field in ["backoffLimitPerIndex", "maxFailedIndexes"] {
        if counted && !spec[field].is_null() {
            let detail = "requires indexed completion mode";
            report.invalid(&at.field(field), spec[field].clone(), detail);
        }
    }
}

/// A job whose selector is to be generated has none of its own until it has its uid.
pub(super) fn selector(subject: &Subject, at: &Path, report: &mut Report) {
    let spec = &subject.value["spec"];
    let at = at.field("spec");
    check_index_names(subject.value, report);
    let generated = spec["manualSelector"] != true;
    if generated && subject.before.is_null() {
        return;
    }
    let selector = &spec["selector"];
    if selector.is_null() {
        report.required(&at.field("selector"), "");
        unmatched(spec, &at, report);
        return;
    }
    selectors::check(selector, &at.field("selector"), report);
    if selectors::is_sound(selector) {
        check_match(spec, &at, report);
    }
}

/// The pods of an indexed job are called after it and their index.
fn check_index_names(job: &Value, report: &mut Report) {
    let spec = &job["spec"];
    let count = spec["completions"].as_i64().unwrap_or(0);
    if spec["completionMode"] != "Indexed" || count <= 0 {
        return;
    }
    let name = text(&job["metadata"]["name"]);
    let last = format!("{name}-{}", count - 1);
    if !Form::Label.fits(&last) {
        let at = Path::Root.field("metadata");
        let detail = format!("will not able to create pod with invalid DNS label: {last}");
        report.invalid(&at.field("name"), name, &detail);
    }
}

/// Only an indexed job can be asked for more, and then its parallelism goes along.
pub(super) fn completions(subject: &Subject, at: &Path, report: &mut Report) {
    let (old, new) = (&subject.before["spec"], &subject.value["spec"]);
    let at = at.field("spec");
    let at = at.field("completions");
    let (was, is) = (&old["completions"], &new["completions"]);
    if was == is {
        return;
    }
    let elastic = new["completionMode"] == "Indexed" && is.is_i64() && is == &new["parallelism"];
    if new["completionMode"] == "Indexed" && !elastic {
        let detail = "can only be modified in tandem with spec.parallelism";
        report.invalid(&at, is.clone(), detail);
    } else if !elastic {
        report.invalid(&at, is.clone(), "field is immutable");
    }
}

pub(super) fn template_update(subject: &Subject, at: &Path, report: &mut Report) {
    let (old, new) = (subject.before, subject.value);
    let suspended = old["spec"]["suspend"] == true && old["status"]["startTime"].is_null();
    let fixed = |job: &Value| {
        let mut template = job["spec"]["template"].clone();
        if suspended && let Some(Value::Object(spec)) = template.get_mut("spec") {
            spec.retain(|name, _| !DIRECTIVES.contains(&name.as_str()));
            if let Some(Value::Object(affinity)) = spec.get_mut("affinity") {
                affinity.remove("nodeAffinity");
            }
            template["metadata"] = Value::Null;
        }
        template
    };
    if fixed(old) != fixed(new) {
        let at = at.field("spec");
        let template = new["spec"]["template"].clone();
        report.invalid(&at.field("template"), template, "field is immutable");
    }
}

pub(super) fn cron_job_name(subject: &Subject, at: &Path, report: &mut Report) {
    let name = text(subject.value);
    if subject.before.is_null() && name.len() > LONGEST_CRON_JOB {
        report.invalid(at, name, "must be no more than 52 characters");
    }
}

pub(super) fn cron_job_template(subject: &Subject, at: &Path, report: &mut Report) {
    let spec = subject.value;
    if !spec["selector"].is_null() {
        let detail = "`selector` will be auto-generated";
        report.invalid(&at.field("selector"), spec["selector"].clone(), detail);
    }
    if spec["manualSelector"] == true {
        report.unsupported(
            &at.field("manualSelector"),
            &spec["manualSelector"],
            &["nil", "false"],
        );
    }
}

/// Five fields, or one of the words.
pub(super) fn schedule(subject: &Subject, at: &Path, report: &mut Report) {
    let schedule = text(subject.value);
    let given: Vec<&str> = schedule
        .split_whitespace()
        .filter(|field| !field.contains("TZ="))
        .collect();
    let fields = given.len();
    if !schedule.starts_with('@') && !schedule.is_empty() && fields != 5 {
        let detail = format!(
            "expected exactly 5 fields, found {fields}: [{}]",
            given.join(" ")
        );
        report.invalid(at, schedule, &detail);
    }
    if schedule.contains("TZ") {
        let detail = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
        report.invalid(at, schedule, detail);
    }
}
