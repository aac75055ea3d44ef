//! Emptying a node by evictions, as far as disruption budgets allow.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use super::super::Scope;
use super::super::objects::{
    DAEMON_SET, NODE, POD, annotation, is_deleting, label, name, namespace, text, time,
};
use super::progress::Deletion;
use crate::sim::engine::Cluster;
use crate::sim::status::Status;

/// Pods that are gone are noticed at once; budgets are asked again after this.
const AGAIN: Duration = Duration::from_secs(20);

/// Most pods and failures that a message names.
const NAMED_PODS: usize = 3;
const NAMED_FAILURES: usize = 5;

const BUDGET: &str = "Cannot evict pod as it would violate the pod's disruption budget.";

/// What to do about a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Behavior {
    Evict,
    /// It stays and is not waited for.
    Skip,
    /// It stays and is waited for.
    WaitCompleted,
}

/// What became of the pods of a node.
#[derive(Debug, Default)]
struct Outcome {
    terminating: Vec<String>,
    /// By message.
    failed: BTreeMap<String, Vec<String>>,
    completing: Vec<String>,
}

/// Cordons the node and evicts its pods. Nothing when none is left that counts.
pub(super) fn step(scope: &mut Scope, node: &Value, since: &str) -> Result<Option<Deletion>> {
    let unreachable = is_unreachable(node);
    scope.app.edit(&NODE, node, |node| {
        node["spec"]["unschedulable"] = json!(true);
    })?;
    let pods = scope.context.pods.on_node(Cluster::App, name(node));
    let keys: Vec<_> = pods.map(|(key, _)| key.clone()).collect();
    let mut outcome = Outcome::default();
    for key in keys {
        if let Some(pod) = scope.app.get(&POD, &key.namespace, &key.name)? {
            outcome.settle(scope, &pod, unreachable)?;
        }
    }
    if outcome.is_complete() {
        return Ok(None);
    }
    Ok(Some(
        Deletion::waits("DrainingNode", outcome.message(since)).again(AGAIN),
    ))
}

/// The kubelet has not been heard of for so long that its state is unknown.
pub(crate) fn is_unreachable(node: &Value) -> bool {
    let conditions = node["status"]["conditions"].as_array();
    let mut conditions = conditions.into_iter().flatten();
    conditions.any(|condition| condition["type"] == "Ready" && condition["status"] == "Unknown")
}

impl Outcome {
    fn settle(&mut self, scope: &Scope, pod: &Value, unreachable: bool) -> Result<()> {
        let named = format!("{}/{}", namespace(pod), name(pod));
        match behavior(scope, pod, unreachable)? {
            Behavior::Skip => {}
            Behavior::WaitCompleted => self.completing.push(named),
            Behavior::Evict if is_deleting(pod) => self.terminating.push(named),
            Behavior::Evict => match scope.app.evict(pod, unreachable.then_some(1)) {
                Ok(()) => self.terminating.push(named),
                Err(status) if status.code == 404 => {}
                Err(status) => self.failed.entry(said(&status)).or_default().push(named),
            },
        }
        Ok(())
    }

    fn is_complete(&self) -> bool {
        self.terminating.is_empty() && self.failed.is_empty() && self.completing.is_empty()
    }

    fn message(&self, since: &str) -> String {
        let mut lines = vec![format!("Drain not completed yet (started at {since}):")];
        if !self.terminating.is_empty() {
            let why = "deletionTimestamp set, but still not removed from the Node";
            lines.push(line(&self.terminating, why));
        }
        for (why, pods) in self.failed.iter().take(NAMED_FAILURES) {
            lines.push(line(pods, why));
        }
        let others: usize = self
            .failed
            .values()
            .skip(NAMED_FAILURES)
            .map(Vec::len)
            .sum();
        match others {
            0 => {}
            1 => lines.push("* 1 Pod with other issues".into()),
            _ => lines.push(format!("* {others} Pods with other issues")),
        }
        if !self.completing.is_empty() {
            lines.push(line(&self.completing, "waiting for completion"));
        }
        lines.join("\n")
    }
}

fn line(pods: &[String], why: &str) -> String {
    let kind = if pods.len() == 1 { "Pod" } else { "Pods" };
    let first = pods.get(..NAMED_PODS).unwrap_or(pods).join(", ");
    match pods.len() {
        0..=NAMED_PODS => format!("* {kind} {first}: {why}"),
        all => format!("* {kind} {first}, ... ({} more): {why}", all - NAMED_PODS),
    }
}

fn behavior(scope: &Scope, pod: &Value, unreachable: bool) -> Result<Behavior> {
    if unreachable && has_waited(scope, pod) || is_mirror(pod) || is_daemon(scope, pod)? {
        return Ok(Behavior::Skip);
    }
    let wish = label(pod, "cluster.x-k8s.io/drain").unwrap_or_default();
    Ok(
        match wish.replacen('-', "", 1).to_ascii_lowercase().as_str() {
            "skip" => Behavior::Skip,
            "waitcompleted" => Behavior::WaitCompleted,
            _ => Behavior::Evict,
        },
    )
}

/// On a node that is lost no kubelet ends pods; what should be gone for a second counts as gone.
fn has_waited(scope: &Scope, pod: &Value) -> bool {
    let deleted = time(&pod["metadata"]["deletionTimestamp"]);
    deleted.is_some_and(|deleted| scope.now.duration_since(deleted).as_secs() > 1)
}

fn is_mirror(pod: &Value) -> bool {
    annotation(pod, "kubernetes.io/config.mirror").is_some()
}

/// A DaemonSet would put a new one in its place, unless it is gone itself.
fn is_daemon(scope: &Scope, pod: &Value) -> Result<bool> {
    let owners = pod["metadata"]["ownerReferences"].as_array();
    let mut owners = owners.into_iter().flatten();
    let Some(owner) = owners.find(|owner| owner["controller"] == true) else {
        return Ok(false);
    };
    let is_finished = matches!(text(&pod["status"]["phase"]), "Succeeded" | "Failed");
    if owner["kind"] != DAEMON_SET.name || is_finished {
        return Ok(false);
    }
    let set = scope
        .app
        .get(&DAEMON_SET, namespace(pod), text(&owner["name"]))?;
    Ok(set.is_some())
}

/// The API's refusal in Cluster API's words.
fn said(status: &Status) -> String {
    if status.code != 429 {
        return format!("failed to evict Pod, {}", status.message);
    }
    let causes = status.details.iter().flat_map(|details| &details.causes);
    let causes: Vec<&str> = causes.map(|cause| cause.message.as_str()).collect();
    let message = format!("{} {}", status.message, causes.join(","));
    match message.strip_prefix(BUDGET) {
        Some(rest) => format!("c{}{rest}", &BUDGET[1..]),
        None => format!("failed to evict Pod, {message}"),
    }
}
