//! Jobs: how many pods they run, and which pods are theirs.

use serde_json::{Value, json};

/// Fills in what depends on other fields.
pub(super) fn fill(job: &mut Value) {
    let Some(spec) = job.get_mut("spec") else {
        return;
    };
    if spec["parallelism"].is_null() {
        if spec["completions"].is_null() {
            spec["completions"] = json!(1);
        }
        spec["parallelism"] = json!(1);
    }
    if spec["backoffLimit"].is_null() && !spec["backoffLimitPerIndex"].is_null() {
        spec["backoffLimit"] = json!(i32::MAX);
    }
    if spec["podReplacementPolicy"].is_null() && !spec["podFailurePolicy"].is_null() {
        spec["podReplacementPolicy"] = "Failed".into();
    }
}

/// Gives a new Job the labels and the selector that tell its pods from all others; they hold its uid.
pub(super) fn generate_selector(job: &mut Value) {
    if job["spec"]["manualSelector"] != true {
        let [uid, name] = ["uid", "name"].map(|field| job["metadata"][field].clone());
        let labels = &mut job["spec"]["template"]["metadata"]["labels"];
        labels["batch.kubernetes.io/controller-uid"] = uid.clone();
        labels["batch.kubernetes.io/job-name"] = name.clone();
        labels["controller-uid"] = uid.clone();
        labels["job-name"] = name;
        let selector = &mut job["spec"]["selector"]["matchLabels"];
        selector["batch.kubernetes.io/controller-uid"] = uid;
    }
    if job["metadata"]["labels"].is_null() {
        job["metadata"]["labels"] = job["spec"]["template"]["metadata"]["labels"].clone();
    }
}
