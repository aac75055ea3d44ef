//! What happens to a pod when its node goes: the rules of the Cluster Autoscaler, with Karpenter's and our annotations.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Pod, Volume};

use super::super::shrink::{Leave, Obstacle};
use crate::names::DO_NOT_EVICT_ANNOTATION;

const SAFE_TO_EVICT: &str = "cluster-autoscaler.kubernetes.io/safe-to-evict";
const SAFE_VOLUMES: &str = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes";
const DO_NOT_DISRUPT: &str = "karpenter.sh/do-not-disrupt";
const MIRROR: &str = "kubernetes.io/config.mirror";

/// How a pod stays or goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stay {
    pub leave: Leave,
    /// It must not be moved before that, whatever else holds: the annotation that says so.
    protected: Option<(String, Timestamp)>,
    /// It may be moved only if a budget covers it.
    needs_budget: bool,
}

impl Stay {
    pub fn of(pod: &Pod) -> Self {
        let leave = leave(pod);
        let system = pod.metadata.namespace.as_deref() == Some("kube-system");
        Self {
            protected: protected(pod).filter(|_| leave != Leave::WithNode),
            needs_budget: system
                && matches!(leave, Leave::Moves | Leave::Starting)
                && annotation(pod, SAFE_TO_EVICT) != Some("true"),
            leave,
        }
    }

    /// `covered`: whether a budget covers the pod.
    pub fn at(&self, now: Timestamp, covered: impl FnOnce() -> bool) -> Leave {
        match &self.protected {
            Some((why, until)) if now < *until => Leave::Never(Obstacle::Annotation(why.clone())),
            _ if self.needs_budget && !covered() => Leave::Never(Obstacle::System),
            _ => self.leave.clone(),
        }
    }
}

fn leave(pod: &Pod) -> Leave {
    if belongs_to_node(pod) {
        return Leave::WithNode;
    }
    let said = [
        (DO_NOT_EVICT_ANNOTATION, "true"),
        (DO_NOT_DISRUPT, "true"),
        (SAFE_TO_EVICT, "false"),
    ];
    for (key, value) in said {
        if annotation(pod, key) == Some(value) {
            return Leave::Never(Obstacle::Annotation(format!("{key}={value}")));
        }
    }
    let moves = match phase(pod) {
        Some("Pending") => Leave::Starting,
        _ => Leave::Moves,
    };
    if annotation(pod, SAFE_TO_EVICT) == Some("true") {
        return moves;
    }
    if controller(pod).is_none() {
        return Leave::Never(Obstacle::NoController);
    }
    match local_storage(pod) {
        Some(volume) => Leave::Never(Obstacle::LocalStorage(volume.name.clone())),
        None => moves,
    }
}

/// Of a DaemonSet, a mirror pod, finished, or on its way out already.
fn belongs_to_node(pod: &Pod) -> bool {
    annotation(pod, MIRROR).is_some()
        || matches!(phase(pod), Some("Succeeded" | "Failed"))
        || is_of_daemon_set(pod)
        || pod.metadata.deletion_timestamp.is_some()
}

/// Karpenter's annotation may be a time span from the pod's creation on.
fn protected(pod: &Pod) -> Option<(String, Timestamp)> {
    let value = annotation(pod, DO_NOT_DISRUPT)?;
    let span = super::time::go_duration(value)?;
    let created = pod.metadata.creation_timestamp.as_ref()?.0;
    let until = super::time::after(created, span);
    Some((format!("{DO_NOT_DISRUPT}={value}"), until))
}

fn phase(pod: &Pod) -> Option<&str> {
    pod.status.as_ref()?.phase.as_deref()
}

/// The kind and the name of the controller that would make the pod again.
pub(super) fn controller(pod: &Pod) -> Option<(&str, &str)> {
    let mut owners = pod.metadata.owner_references.iter().flatten();
    let owner = owners.find(|owner| owner.controller == Some(true));
    owner.map(|owner| (owner.kind.as_str(), owner.name.as_str()))
}

pub(super) fn is_of_daemon_set(pod: &Pod) -> bool {
    controller(pod).is_some_and(|(kind, _)| kind == "DaemonSet")
}

fn local_storage(pod: &Pod) -> Option<&Volume> {
    let safe = annotation(pod, SAFE_VOLUMES).unwrap_or_default();
    let is_safe = |name: &str| safe.split(',').any(|safe| safe.trim() == name);
    let volumes = pod.spec.as_ref()?.volumes.iter().flatten();
    let mut kept = volumes.filter(|volume| !is_safe(&volume.name));
    kept.find(|volume| {
        let on_disk = |medium: Option<&str>| medium != Some("Memory");
        volume.host_path.is_some()
            || volume
                .empty_dir
                .as_ref()
                .is_some_and(|dir| on_disk(dir.medium.as_deref()))
    })
}

fn annotation<'a>(pod: &'a Pod, key: &str) -> Option<&'a str> {
    let annotations = pod.metadata.annotations.as_ref()?;
    annotations.get(key).map(String::as_str)
}

#[cfg(test)]
mod tests;
