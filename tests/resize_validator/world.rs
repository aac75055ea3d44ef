//! Both clusters as lists of objects.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::DaemonSet;
use k8s_openapi::api::core::v1::{Node, PersistentVolume, PersistentVolumeClaim, Pod};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use serde_json::Value;

/// Cluster API's objects are plain JSON.
#[derive(Debug, Clone, Default)]
pub(crate) struct World {
    pub(crate) nodes: Vec<Node>,
    pub(crate) pods: Vec<Pod>,
    pub(crate) budgets: Vec<PodDisruptionBudget>,
    pub(crate) daemon_sets: Vec<DaemonSet>,
    pub(crate) claims: Vec<PersistentVolumeClaim>,
    pub(crate) volumes: Vec<PersistentVolume>,
    pub(crate) groups: Vec<Value>,
    pub(crate) machines: Vec<Value>,
    /// Nodes that groups get with one machine more, without names.
    pub(crate) templates: BTreeMap<String, Node>,
    /// An hour of a machine, in millionths.
    pub(crate) prices: BTreeMap<String, u64>,
}

impl World {
    pub(crate) fn pod(&self, id: &str) -> Option<&Pod> {
        self.pods.iter().find(|pod| self::id(pod) == id)
    }

    pub(crate) fn group(&self, name: &str) -> Option<&Value> {
        self.groups
            .iter()
            .find(|group| group["metadata"]["name"] == name)
    }

    pub(crate) fn machine(&self, name: &str) -> Option<&Value> {
        let mut machines = self.machines.iter();
        machines.find(|machine| machine["metadata"]["name"] == name)
    }

    /// Machines of a group that nobody deletes.
    pub(crate) fn staying(&self, group: &str) -> usize {
        let machines = self.machines.iter().filter(|machine| {
            machine["metadata"]["labels"]["cluster.x-k8s.io/deployment-name"] == group
                && machine["metadata"]["deletionTimestamp"].is_null()
        });
        machines.count()
    }

    pub(crate) fn pods_on(&self, node: &str) -> impl Iterator<Item = &Pod> {
        self.pods
            .iter()
            .filter(move |pod| node_of(pod) == node && !is_finished(pod))
    }
}

/// `namespace/name`.
pub(crate) fn id(pod: &Pod) -> String {
    format!("{}/{}", namespace(pod), name(pod))
}

pub(crate) fn namespace(pod: &Pod) -> &str {
    pod.metadata.namespace.as_deref().unwrap_or_default()
}

pub(crate) fn name(pod: &Pod) -> &str {
    pod.metadata.name.as_deref().unwrap_or_default()
}

pub(crate) fn node_name(node: &Node) -> &str {
    node.metadata.name.as_deref().unwrap_or_default()
}

/// Empty if it has none.
pub(crate) fn node_of(pod: &Pod) -> &str {
    let spec = pod.spec.as_ref();
    spec.and_then(|spec| spec.node_name.as_deref())
        .unwrap_or_default()
}

pub(crate) fn is_finished(pod: &Pod) -> bool {
    let phase = pod
        .status
        .as_ref()
        .and_then(|status| status.phase.as_deref());
    matches!(phase, Some("Succeeded" | "Failed"))
}

pub(crate) fn is_ready(node: &Node) -> bool {
    let conditions = node
        .status
        .as_ref()
        .and_then(|status| status.conditions.as_ref());
    let mut conditions = conditions.into_iter().flatten();
    conditions.any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

/// It waits for a node, and nobody else holds it back.
pub(crate) fn waits(pod: &Pod) -> bool {
    let gates = pod
        .spec
        .as_ref()
        .and_then(|spec| spec.scheduling_gates.as_ref());
    let scheduler = pod.spec.as_ref();
    let scheduler = scheduler.and_then(|spec| spec.scheduler_name.as_deref());
    node_of(pod).is_empty()
        && scheduler.is_none_or(|name| name == "default-scheduler")
        && !is_finished(pod)
        && pod.metadata.deletion_timestamp.is_none()
        && gates.is_none_or(Vec::is_empty)
}
