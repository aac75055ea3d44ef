//! Cells of the kinds that make pods.

use jiff::Timestamp;
use serde_json::Value;

use super::age;
use super::cells::{Compute, count, is_true, items, text};

pub(super) fn named(name: &str) -> Option<Compute> {
    Some(match name {
        "replicas-ready" => replicas_ready,
        "revision-controller" => revision_controller,
        "container-names" => |object, _| containers(object, "name"),
        "container-images" => |object, _| containers(object, "image"),
        "job-status" => job_status,
        "job-completions" => job_completions,
        "job-duration" => job_duration,
        "cron-suspended" => cron_suspended,
        "cron-last-schedule" => cron_last_schedule,
        _ => return None,
    })
}

fn replicas_ready(object: &Value, _: Timestamp) -> Value {
    let ready = count(&object["status"]["readyReplicas"]);
    format!("{ready}/{}", count(&object["spec"]["replicas"])).into()
}

/// `daemonset.apps/agent`.
fn revision_controller(revision: &Value, _: Timestamp) -> Value {
    let owners = items(&revision["metadata"]["ownerReferences"]);
    let Some(owner) = owners.iter().find(|owner| owner["controller"] == true) else {
        return "<none>".into();
    };
    let group = text(&owner["apiVersion"]).split_once('/');
    let group = group.map_or(String::new(), |(group, _)| format!(".{group}"));
    let kind = text(&owner["kind"]).to_lowercase();
    format!("{kind}{group}/{}", text(&owner["name"])).into()
}

/// A field of every container in the pod template, the one of a `CronJob` included.
fn containers(object: &Value, field: &str) -> Value {
    let spec = match &object["spec"]["jobTemplate"] {
        Value::Null => &object["spec"],
        job => &job["spec"],
    };
    let containers = items(&spec["template"]["spec"]["containers"]);
    let values: Vec<&str> = containers
        .iter()
        .map(|container| text(&container[field]))
        .collect();
    values.join(",").into()
}

fn job_status(job: &Value, _: Timestamp) -> Value {
    let has = |of: &str| is_true(&job["status"]["conditions"], of);
    let deleted = job["metadata"]["deletionTimestamp"].is_string();
    let states = [
        (has("Complete"), "Complete"),
        (has("Failed"), "Failed"),
        (deleted, "Terminating"),
        (has("Suspended"), "Suspended"),
        (has("FailureTarget"), "FailureTarget"),
        (has("SuccessCriteriaMet"), "SuccessCriteriaMet"),
    ];
    let first = states.iter().find(|(holds, _)| *holds);
    first.map_or("Running", |(_, state)| *state).into()
}

fn job_completions(job: &Value, _: Timestamp) -> Value {
    let succeeded = count(&job["status"]["succeeded"]);
    let parallelism = count(&job["spec"]["parallelism"]);
    match job["spec"]["completions"].as_i64() {
        Some(completions) => format!("{succeeded}/{completions}"),
        None if parallelism > 1 => format!("{succeeded}/1 of {parallelism}"),
        None => format!("{succeeded}/1"),
    }
    .into()
}

fn job_duration(job: &Value, now: Timestamp) -> Value {
    let time = |field: &str| text(&job["status"][field]).parse::<Timestamp>().ok();
    let Some(start) = time("startTime") else {
        return "".into();
    };
    age::since(start, time("completionTime").unwrap_or(now)).into()
}

fn cron_suspended(cron: &Value, _: Timestamp) -> Value {
    match cron["spec"]["suspend"].as_bool() {
        Some(true) => "True",
        Some(false) => "False",
        None => "<unset>",
    }
    .into()
}

fn cron_last_schedule(cron: &Value, now: Timestamp) -> Value {
    match &cron["status"]["lastScheduleTime"] {
        Value::Null => "<none>".into(),
        time => age::since_value(time, now).into(),
    }
}
