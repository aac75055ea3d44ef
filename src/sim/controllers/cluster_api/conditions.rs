//! Conditions of an object, in the form and order of Cluster API's contract v1beta2.

mod merge;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::objects;
use crate::timestamp::rfc3339;

pub(super) use merge::{Merge, Source};

pub(super) const AVAILABLE: &str = "Available";
pub(super) const READY: &str = "Ready";
pub(super) const UP_TO_DATE: &str = "UpToDate";
pub(super) const INFRASTRUCTURE_READY: &str = "InfrastructureReady";
pub(super) const BOOTSTRAP_READY: &str = "BootstrapConfigReady";
pub(super) const CONTROL_PLANE_INITIALIZED: &str = "ControlPlaneInitialized";
pub(super) const NODE_HEALTHY: &str = "NodeHealthy";
pub(super) const NODE_READY: &str = "NodeReady";
pub(super) const HEALTH_CHECK_SUCCEEDED: &str = "HealthCheckSucceeded";
pub(super) const OWNER_REMEDIATED: &str = "OwnerRemediated";
pub(super) const PAUSED: &str = "Paused";
pub(super) const DELETING: &str = "Deleting";
pub(super) const UPDATING: &str = "Updating";
pub(super) const ROLLING_OUT: &str = "RollingOut";
pub(super) const SCALING_UP: &str = "ScalingUp";
pub(super) const SCALING_DOWN: &str = "ScalingDown";
pub(super) const REMEDIATING: &str = "Remediating";
pub(super) const MACHINES_READY: &str = "MachinesReady";
pub(super) const MACHINES_UP_TO_DATE: &str = "MachinesUpToDate";

/// The order in which Cluster API lists conditions; those that are not here come before the last two, by name.
const ORDER: [&str; 35] = [
    AVAILABLE,
    READY,
    UP_TO_DATE,
    "RemoteConnectionProbe",
    BOOTSTRAP_READY,
    INFRASTRUCTURE_READY,
    CONTROL_PLANE_INITIALIZED,
    "ControlPlaneAvailable",
    "WorkersAvailable",
    "CertificatesAvailable",
    "Initialized",
    "EtcdClusterHealthy",
    "ControlPlaneComponentsHealthy",
    NODE_HEALTHY,
    NODE_READY,
    "NodeKubeadmLabelsAndTaintsSet",
    "EtcdPodHealthy",
    "EtcdMemberHealthy",
    "APIServerPodHealthy",
    "ControllerManagerPodHealthy",
    "SchedulerPodHealthy",
    HEALTH_CHECK_SUCCEEDED,
    OWNER_REMEDIATED,
    UPDATING,
    ROLLING_OUT,
    REMEDIATING,
    SCALING_DOWN,
    SCALING_UP,
    MACHINES_READY,
    "ControlPlaneMachinesReady",
    "WorkerMachinesReady",
    MACHINES_UP_TO_DATE,
    "ControlPlaneMachinesUpToDate",
    "WorkerMachinesUpToDate",
    // Place of all others.
    "",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Truth {
    True,
    False,
    Unknown,
}

/// One condition. A transition time of its own is kept only when its status changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Condition {
    #[serde(rename = "type")]
    pub of: String,
    pub status: Truth,
    #[serde(default)]
    pub reason: String,
    #[serde(default)]
    pub message: String,
    #[serde(default)]
    pub last_transition_time: String,
    #[serde(default)]
    pub observed_generation: i64,
}

impl Condition {
    pub(super) fn new(of: &str, status: Truth, reason: &str) -> Self {
        Self {
            of: of.to_owned(),
            status,
            reason: reason.to_owned(),
            message: String::new(),
            last_transition_time: String::new(),
            observed_generation: 0,
        }
    }

    pub(super) fn yes(of: &str, reason: &str) -> Self {
        Self::new(of, Truth::True, reason)
    }

    pub(super) fn no(of: &str, reason: &str) -> Self {
        Self::new(of, Truth::False, reason)
    }

    pub(super) fn unknown(of: &str, reason: &str) -> Self {
        Self::new(of, Truth::Unknown, reason)
    }

    pub(super) fn message(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    /// The same under another name, as owners show conditions of what they own.
    pub(super) fn named(mut self, of: &str) -> Self {
        of.clone_into(&mut self.of);
        self
    }

    pub(super) fn since(&self) -> Option<Timestamp> {
        self.last_transition_time.parse().ok()
    }
}

/// The condition of an object, if it reports it.
pub(super) fn find(object: &Value, of: &str) -> Option<Condition> {
    let conditions = object["status"]["conditions"].as_array()?;
    let found = conditions
        .iter()
        .find(|condition| condition["type"] == of)?;
    Condition::deserialize(found).ok()
}

pub(super) fn is_true(object: &Value, of: &str) -> bool {
    find(object, of).is_some_and(|condition| condition.status == Truth::True)
}

/// The conditions of an object on their way to its next status.
#[derive(Debug, Clone)]
pub(super) struct Conditions {
    list: Vec<Condition>,
    generation: i64,
    now: String,
}

impl Conditions {
    pub(super) fn of(object: &Value, now: Timestamp) -> Self {
        let found = &object["status"]["conditions"];
        Self {
            list: Vec::deserialize(found).unwrap_or_default(),
            generation: objects::generation(object),
            now: rfc3339(now),
        }
    }

    pub(super) fn all(&self) -> &[Condition] {
        &self.list
    }

    pub(super) fn get(&self, of: &str) -> Option<&Condition> {
        self.list.iter().find(|condition| condition.of == of)
    }

    pub(super) fn is(&self, of: &str, status: Truth) -> bool {
        self.get(of)
            .is_some_and(|condition| condition.status == status)
    }

    pub(super) fn set(&mut self, mut condition: Condition) {
        condition.observed_generation = self.generation;
        let old = self.list.iter_mut().find(|old| old.of == condition.of);
        match &old {
            Some(old) if old.status == condition.status => {
                condition
                    .last_transition_time
                    .clone_from(&old.last_transition_time);
            }
            _ if condition.last_transition_time.is_empty() => {
                condition.last_transition_time.clone_from(&self.now);
            }
            _ => {}
        }
        match old {
            Some(old) => *old = condition,
            None => self.list.push(condition),
        }
    }

    pub(super) fn remove(&mut self, of: &str) {
        self.list.retain(|condition| condition.of != of);
    }

    /// Writes them into a status, in their order.
    pub(super) fn write(mut self, status: &mut Value) {
        self.list.sort_by(|a, b| place(&a.of).cmp(&place(&b.of)));
        status["conditions"] = json!(self.list);
    }
}

fn place(of: &str) -> (usize, &str) {
    let known = match of {
        PAUSED => Some(ORDER.len()),
        DELETING => Some(ORDER.len() + 1),
        _ => ORDER.iter().position(|known| *known == of),
    };
    (known.unwrap_or(ORDER.len() - 1), of)
}

#[cfg(test)]
mod tests;
