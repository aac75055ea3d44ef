//! The status of a Deployment: counts, availability, and whether its rollout moves on.

use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Look;
use super::object::{DeploymentStatus, ReplicaSet};
use crate::sim::controllers::conditions;
use crate::sim::engine::Context;
use crate::timestamp::rfc3339;

const PROGRESSING: &str = "Progressing";

pub(super) fn progressing(known: &[Value]) -> Option<&Value> {
    conditions::find(known, PROGRESSING)
}

/// Deployments also say when a condition was last touched.
fn condition(of: &str, status: &str, reason: &str, message: &str, now: Timestamp) -> Value {
    let now = rfc3339(now);
    let mut condition = conditions::condition(of, status, reason, message, &now);
    condition["lastUpdateTime"] = now.into();
    condition
}

pub(super) fn progress(status: &str, reason: &str, message: &str, now: Timestamp) -> Value {
    condition(PROGRESSING, status, reason, message, now)
}

pub(super) fn set(known: &mut Vec<Value>, condition: Value) {
    conditions::set(known, condition);
}

/// The status now.
pub(super) fn of(look: &Look, judge_progress: bool, now: Timestamp) -> Value {
    let counts = counts(look);
    let mut known = look.deployment.status.conditions.clone();
    let enough = look.replicas() - look.deployment.max_unavailable();
    set(
        &mut known,
        if counts.available_replicas >= enough {
            let message = "Deployment has minimum availability.";
            condition(
                "Available",
                "True",
                "MinimumReplicasAvailable",
                message,
                now,
            )
        } else {
            let message = "Deployment does not have minimum availability.";
            condition(
                "Available",
                "False",
                "MinimumReplicasUnavailable",
                message,
                now,
            )
        },
    );
    if judge_progress {
        judge(look, &counts, &mut known, now);
        copy_failure(look, &mut known);
    }
    to_json(look, &counts, known)
}

fn counts(look: &Look) -> DeploymentStatus {
    let sum = |count: &dyn Fn(&ReplicaSet) -> i64| look.sets().map(count).sum();
    DeploymentStatus {
        observed_generation: look.deployment.metadata.generation,
        replicas: sum(&|set| set.status.replicas),
        updated_replicas: look.new.as_ref().map_or(0, |new| new.status.replicas),
        ready_replicas: sum(&|set| set.status.ready_replicas),
        available_replicas: sum(&|set| set.status.available_replicas),
        collision_count: look.deployment.status.collision_count,
        conditions: Vec::new(),
    }
}

fn to_json(look: &Look, counts: &DeploymentStatus, known: Vec<Value>) -> Value {
    let wanted: i64 = look.sets().map(ReplicaSet::replicas).sum();
    let mut status = json!({"observedGeneration": counts.observed_generation});
    let numbers = [
        ("replicas", counts.replicas),
        ("updatedReplicas", counts.updated_replicas),
        ("readyReplicas", counts.ready_replicas),
        ("availableReplicas", counts.available_replicas),
        (
            "unavailableReplicas",
            (wanted - counts.available_replicas).max(0),
        ),
    ];
    for (name, number) in numbers.into_iter().filter(|(_, number)| *number > 0) {
        status[name] = number.into();
    }
    if let Some(collisions) = counts.collision_count {
        status["collisionCount"] = collisions.into();
    }
    status["conditions"] = known.into();
    status
}

/// Says whether the rollout is done, moves on, or has been stuck for too long.
fn judge(look: &Look, counts: &DeploymentStatus, known: &mut Vec<Value>, now: Timestamp) {
    let Some(deadline) = look.deployment.deadline() else {
        conditions::remove(known, PROGRESSING);
        return;
    };
    let current = progressing(&look.deployment.status.conditions);
    let was_complete = current.is_some_and(|c| c["reason"] == "NewReplicaSetAvailable");
    if counts.replicas == counts.updated_replicas && was_complete {
        return;
    }
    let name = look.new.as_ref().map(|new| &new.metadata.name);
    let subject = name.map_or_else(
        || format!("Deployment \"{}\"", look.deployment.metadata.name),
        |name| format!("ReplicaSet \"{name}\""),
    );
    if look.deployment.is_complete(counts) {
        let message = format!("{subject} has successfully progressed.");
        set(
            known,
            progress("True", "NewReplicaSetAvailable", &message, now),
        );
    } else if moved_on(&look.deployment.status, counts) {
        let message = format!("{subject} is progressing.");
        let mut condition = progress("True", "ReplicaSetUpdated", &message, now);
        if let Some(current) = current.filter(|current| current["status"] == "True") {
            condition["lastTransitionTime"] = current["lastTransitionTime"].clone();
        }
        conditions::remove(known, PROGRESSING);
        known.push(condition);
    } else if current.is_some_and(|current| timed_out(current, deadline, now)) {
        let message = format!("{subject} has timed out progressing.");
        set(
            known,
            progress("False", "ProgressDeadlineExceeded", &message, now),
        );
    }
}

fn moved_on(before: &DeploymentStatus, now: &DeploymentStatus) -> bool {
    let old = |status: &DeploymentStatus| status.replicas - status.updated_replicas;
    now.updated_replicas > before.updated_replicas
        || old(now) < old(before)
        || now.ready_replicas > before.ready_replicas
        || now.available_replicas > before.available_replicas
}

fn timed_out(current: &Value, deadline: i64, now: Timestamp) -> bool {
    match current["reason"].as_str() {
        Some("NewReplicaSetAvailable") => false,
        Some("ProgressDeadlineExceeded") => true,
        _ => seconds_left(current, deadline, now).is_some_and(|left| left < 0),
    }
}

fn seconds_left(current: &Value, deadline: i64, now: Timestamp) -> Option<i64> {
    let updated: Timestamp = current["lastUpdateTime"].as_str()?.parse().ok()?;
    Some(updated.as_second() + deadline - now.as_second())
}

/// A `ReplicaSet` that cannot create its pods is the Deployment's failure, the new one's before the old ones'.
fn copy_failure(look: &Look, known: &mut Vec<Value>) {
    let failure =
        |set: &ReplicaSet| conditions::find(&set.status.conditions, "ReplicaFailure").cloned();
    match look.new.iter().chain(&look.old).find_map(failure) {
        Some(mut failure) => {
            failure["lastUpdateTime"] = failure["lastTransitionTime"].clone();
            set(known, failure);
        }
        None => conditions::remove(known, "ReplicaFailure"),
    }
}

/// When to look again whether the rollout is stuck.
pub(super) fn next_check(look: &Look, status: &Value, now: Timestamp) -> Option<Duration> {
    let current = progressing(status["conditions"].as_array()?)?;
    let settled = ["NewReplicaSetAvailable", "ProgressDeadlineExceeded"];
    if settled.iter().any(|reason| current["reason"] == *reason) {
        return None;
    }
    let left = seconds_left(current, look.deployment.deadline()?, now)?;
    Some(Duration::from_secs(u64::try_from(left).unwrap_or(0)))
}

impl Look<'_> {
    /// Notes that a Deployment was paused or resumed, so that the pause does not count against its deadline. True if
    /// something was written: its change brings the next look.
    pub(super) fn note_pause(&mut self, context: &Context) -> Result<bool> {
        if self.deployment.deadline().is_none() {
            return Ok(false);
        }
        let current = progressing(&self.deployment.status.conditions);
        let reason = current.and_then(|current| current["reason"].as_str());
        let (reason, message) = match (self.deployment.spec.paused, reason) {
            (_, Some("ProgressDeadlineExceeded")) | (true, Some("DeploymentPaused")) => {
                return Ok(false);
            }
            (true, _) => ("DeploymentPaused", "Deployment is paused"),
            (false, Some("DeploymentPaused")) => ("DeploymentResumed", "Deployment is resumed"),
            (false, _) => return Ok(false),
        };
        let condition = progress("Unknown", reason, message, context.now());
        self.write_condition(&condition, context)?;
        Ok(true)
    }
}
