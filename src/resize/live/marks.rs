//! Marks on nodes and machines that are to go, and the number of machines that their group is to have.
//!
//! The order is always the same: the node is cordoned with our annotation, emptied, its Machine marked, the mark read
//! back, and only then the group made smaller. Whatever is left half done is recognised by the annotation.
//!
//! Long before that, a node that nobody needs gets a taint that makes pods prefer others.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::model::{Cluster, DELETE_MACHINE, lowering};
use super::watch::path;
use super::writer::{Patch, Refused, Writer};
use crate::names::{REMOVED_ANNOTATION, REMOVING_ANNOTATION, SPARE_TAINT};
use crate::scheduling::node::PREFER_NO_SCHEDULE;
use crate::timestamp::rfc3339;

/// The group may change under our hands; then it is looked at again, so often at most.
const ATTEMPTS: u32 = 5;

/// So many removals of a group are written down.
const REMOVALS: usize = 100;

pub(super) fn node(name: &str) -> String {
    format!("{}/{name}", path("nodes", "v1", None))
}

pub(super) fn machine(namespace: &str, name: &str) -> String {
    let machines = path("machines.cluster.x-k8s.io", "v1beta2", Some(namespace));
    format!("{machines}/{name}")
}

pub(super) fn deployment(namespace: &str, name: &str) -> String {
    format!("{}/{name}", deployments(namespace))
}

fn deployments(namespace: &str) -> String {
    path(
        "machinedeployments.cluster.x-k8s.io",
        "v1beta2",
        Some(namespace),
    )
}

/// No new pods come to the node; the annotation says why. Returns the node.
pub(super) async fn cordon(
    writer: &Writer,
    name: &str,
    why: &str,
) -> Result<bytes::Bytes, Refused> {
    let body = json!({
        "metadata": {"annotations": {REMOVING_ANNOTATION: why}},
        "spec": {"unschedulable": true},
    });
    writer
        .patch(Cluster::App, &node(name), Patch::Merge, &body)
        .await
}

/// Sets our soft taint on a node, or takes it back; the other taints stay as they are. Returns the node.
pub(super) async fn set_spare(
    writer: &Writer,
    name: &str,
    spare: bool,
) -> Result<bytes::Bytes, Refused> {
    let path = node(name);
    let mut attempts = 1;
    loop {
        let found = writer.get(Cluster::App, &path).await?;
        let object: Value = serde_json::from_slice(&found).unwrap_or_default();
        let all = object["spec"]["taints"].as_array();
        let ours = |taint: &&Value| taint["key"] == SPARE_TAINT;
        if all.is_some_and(|all| all.iter().any(|taint| ours(&taint))) == spare {
            return Ok(found);
        }
        let others = all.into_iter().flatten().filter(|taint| !ours(taint));
        let soft = json!({"key": SPARE_TAINT, "effect": PREFER_NO_SCHEDULE});
        let taints: Vec<&Value> = others.chain(spare.then_some(&soft)).collect();
        // Taints are one list: what others have changed in it meanwhile is not to be lost.
        let body = json!([
            {"op": "test", "path": "/metadata/resourceVersion", "value": object["metadata"]["resourceVersion"]},
            {"op": "add", "path": "/spec/taints", "value": taints},
        ]);
        match writer.patch(Cluster::App, &path, Patch::Json, &body).await {
            Err(refused) if refused.is_conflict() && attempts < ATTEMPTS => attempts += 1,
            answer => return answer,
        }
    }
}

/// Takes our marks back, the Machine's first: a node that takes pods must not be the first to go.
pub(super) async fn undo(
    writer: &Writer,
    namespace: &str,
    machine_name: Option<&str>,
    node_name: Option<&str>,
) -> Result<(), Refused> {
    if let Some(name) = machine_name {
        let marks = json!({DELETE_MACHINE: null, REMOVING_ANNOTATION: null});
        let body = json!({"metadata": {"annotations": marks}});
        let path = machine(namespace, name);
        unless_gone(
            writer
                .patch(Cluster::Infra, &path, Patch::Merge, &body)
                .await,
        )?;
    }
    if let Some(name) = node_name {
        let body = json!({
            "metadata": {"annotations": {REMOVING_ANNOTATION: null}},
            "spec": {"unschedulable": null},
        });
        unless_gone(
            writer
                .patch(Cluster::App, &node(name), Patch::Merge, &body)
                .await,
        )?;
    }
    Ok(())
}

fn unless_gone(answer: Result<bytes::Bytes, Refused>) -> Result<(), Refused> {
    match answer {
        Err(refused) if !refused.is_gone() => Err(refused),
        _ => Ok(()),
    }
}

/// Marks a Machine to go first and reads the mark back.
pub(super) async fn mark(
    writer: &Writer,
    namespace: &str,
    name: &str,
    why: &str,
) -> Result<(), String> {
    let path = machine(namespace, name);
    let body =
        json!({"metadata": {"annotations": {DELETE_MACHINE: why, REMOVING_ANNOTATION: why}}});
    let said = |refused: Refused| format!("marking machine {name}: {refused}");
    writer
        .patch(Cluster::Infra, &path, Patch::Merge, &body)
        .await
        .map_err(said)?;
    let found = writer.get(Cluster::Infra, &path).await.map_err(said)?;
    let found: Value = serde_json::from_slice(&found).unwrap_or_default();
    if found["metadata"]["annotations"][DELETE_MACHINE].is_null() {
        return Err(format!("the mark on machine {name} did not last"));
    }
    Ok(())
}

/// What is learned of a group's machines: its annotations, by name.
pub(super) type Notes = BTreeMap<&'static str, String>;

/// Machines to take off a group.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fewer {
    /// Nodes that are empty; when their removal began.
    Removed(u32, Timestamp),
    /// One that never came.
    Failed,
}

/// Takes machines off a group: as one write that does nothing if the group has changed since it was read.
/// Returns the numbers before and after.
pub(super) async fn lower(
    writer: &Writer,
    namespace: &str,
    name: &str,
    fewer: Fewer,
    notes: &Notes,
) -> Result<(u32, u32), String> {
    let (by, failed) = match fewer {
        Fewer::Removed(by, _) => (by, false),
        Fewer::Failed => (1, true),
    };
    let path = deployment(namespace, name);
    for _ in 0..ATTEMPTS {
        // All of them: the minimum holds for a pool as a whole.
        let found = writer.get(Cluster::Infra, &deployments(namespace)).await;
        let found = found.map_err(|refused| format!("reading {name}: {refused}"))?;
        let step = lowering(&found, name, by, failed)?;
        let mut body = vec![
            json!({"op": "test", "path": "/metadata/generation", "value": step.generation}),
            json!({"op": "test", "path": "/spec/replicas", "value": step.from}),
            json!({"op": "replace", "path": "/spec/replicas", "value": step.to}),
        ];
        body.extend(notes.iter().map(note));
        if let Fewer::Removed(by, at) = fewer {
            body.push(note((&REMOVED_ANNOTATION, &removed(step.removed, by, at))));
        }
        let body = Value::Array(body);
        match writer
            .patch(Cluster::Infra, &path, Patch::Json, &body)
            .await
        {
            Ok(_) => return Ok((step.from, step.to)),
            Err(refused) if refused.is_conflict() => {}
            Err(refused) => return Err(format!("lowering {name} to {}: {refused}", step.to)),
        }
    }
    Err(format!("{name} changes too often to be lowered"))
}

/// The times of removals with so many more at the end, as they are written down.
fn removed(mut times: Vec<Timestamp>, by: u32, at: Timestamp) -> String {
    times.extend((0..by).map(|_| at));
    let last = times.split_off(times.len().saturating_sub(REMOVALS));
    last.into_iter().map(rfc3339).collect::<Vec<_>>().join(" ")
}

/// Raises a group, unless it has another number of machines by now. Returns it.
pub(super) async fn raise(
    writer: &Writer,
    namespace: &str,
    name: &str,
    (from, to): (u32, u32),
    notes: &Notes,
) -> Result<bytes::Bytes, Refused> {
    let mut body = vec![
        json!({"op": "test", "path": "/spec/replicas", "value": from}),
        json!({"op": "replace", "path": "/spec/replicas", "value": to}),
    ];
    body.extend(notes.iter().map(note));
    let body = Value::Array(body);
    let path = deployment(namespace, name);
    writer
        .patch(Cluster::Infra, &path, Patch::Json, &body)
        .await
}

/// Writes down what is learned of a group's machines, if it is anything new.
pub(super) async fn write(
    writer: &Writer,
    namespace: &str,
    name: &str,
    notes: &Notes,
) -> Result<(), Refused> {
    if !notes.is_empty() {
        let body = json!({"metadata": {"annotations": notes}});
        let path = deployment(namespace, name);
        writer
            .patch(Cluster::Infra, &path, Patch::Merge, &body)
            .await?;
    }
    Ok(())
}

/// The operation that writes an annotation. A group that is resized has some already.
fn note((key, value): (&&'static str, &String)) -> Value {
    let key = key.replace('/', "~1");
    json!({"op": "add", "path": format!("/metadata/annotations/{key}"), "value": value})
}
