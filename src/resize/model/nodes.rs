//! Nodes as the loop sees them: some are still starting, some are lost, and what was learned from those that joined.

use jiff::Timestamp;
use k8s_openapi::api::core::v1 as core;

use anyhow::Result;

use crate::names::{DO_NOT_EVICT_ANNOTATION, REMOVING_ANNOTATION, SPARE_TAINT};
use crate::scheduling::Node;
use crate::scheduling::node::{ATTACHABLE, Taint};

/// Taints that a node has until it has started.
const STARTUP_TAINTS: [&str; 8] = [
    "node.kubernetes.io/not-ready",
    "node.kubernetes.io/unreachable",
    "node.kubernetes.io/network-unavailable",
    "node.cloudprovider.kubernetes.io/uninitialized",
    "node.cluster.x-k8s.io/uninitialized",
    "node.cilium.io/agent-not-ready",
    "startup-taint.cluster-autoscaler.kubernetes.io/",
    "ignore-taint.cluster-autoscaler.kubernetes.io/",
];

const HOSTNAME: &str = "kubernetes.io/hostname";

/// Annotations that keep a node, and the value with which they do.
const KEEPS: [(&str, &str); 3] = [
    (
        "cluster-autoscaler.kubernetes.io/scale-down-disabled",
        "true",
    ),
    ("karpenter.sh/do-not-disrupt", "true"),
    (DO_NOT_EVICT_ANNOTATION, "true"),
];

/// A node of the app cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    pub node: Node,
    pub provider_id: String,
    pub created: Timestamp,
    pub ready: bool,
    /// It was Ready once, without taints of starting.
    pub joined: bool,
    /// We cordoned it, to empty it.
    pub removing: bool,
    /// The annotation that keeps it.
    pub keeps: Option<String>,
}

impl Known {
    pub(super) fn of(object: &core::Node, before: Option<&Self>, now: Timestamp) -> Result<Self> {
        let node = Node::of(object)?;
        let ready = is_ready(object);
        let annotations = object.metadata.annotations.as_ref();
        let said = |key: &str| Some(annotations?.get(key)?.as_str());
        let keeps = KEEPS
            .iter()
            .find(|(key, value)| said(key) == Some(*value))
            .map(|(key, value)| format!("{key}={value}"));
        let created = object.metadata.creation_timestamp.as_ref();
        let spec = object.spec.as_ref();
        Ok(Self {
            provider_id: spec
                .and_then(|spec| spec.provider_id.clone())
                .unwrap_or_default(),
            created: created.map_or(now, |time| time.0),
            joined: before.is_some_and(|before| before.joined)
                || ready && !node.taints.iter().any(is_of_startup),
            removing: said(REMOVING_ANNOTATION).is_some(),
            ready,
            keeps,
            node,
        })
    }

    /// It has our taint, so that new pods go elsewhere.
    pub(super) fn is_spare(&self) -> bool {
        let mut taints = self.node.taints.iter();
        taints.any(|taint| taint.key == SPARE_TAINT)
    }

    /// The node as pods will find it. One that is starting is taken for what it will be; to one that is lost no pod
    /// comes.
    pub(super) fn expected(&self, starting: bool, template: Option<&Node>) -> Node {
        let mut node = self.node.clone();
        if starting {
            node.taints.retain(|taint| !is_of_startup(taint));
            if let Some(template) = template {
                if node.allocatable.is_empty() {
                    node.allocatable.clone_from(&template.allocatable);
                }
                // Its drivers say what they attach when they have started.
                let attachable = template.allocatable.iter();
                let attachable = attachable.filter(|(name, _)| name.starts_with(ATTACHABLE));
                for (name, volumes) in attachable {
                    node.allocatable.entry(name.clone()).or_insert(*volumes);
                }
                for (key, value) in &template.labels {
                    node.labels
                        .entry(key.clone())
                        .or_insert_with(|| value.clone());
                }
            }
        } else if !self.ready {
            node.unschedulable = true;
        }
        node
    }

    /// What the next machine of the same template becomes.
    pub(super) fn as_template(&self) -> Node {
        let mut node = self.node.clone();
        node.name.clear();
        node.labels.remove(HOSTNAME);
        node.unschedulable = false;
        let unschedulable = Taint::unschedulable();
        node.taints
            .retain(|taint| !is_of_startup(taint) && taint.key != unschedulable.key);
        node.taints
            .retain(|taint| !is_a_condition(taint) && taint.key != SPARE_TAINT);
        node
    }
}

/// A node of that name with these properties.
pub(super) fn named(template: &Node, name: &str) -> Node {
    let mut node = template.clone();
    name.clone_into(&mut node.name);
    node.labels.insert(HOSTNAME.to_owned(), name.to_owned());
    node
}

/// Part of what the node lifecycle controller says of a node's health.
fn is_a_condition(taint: &Taint) -> bool {
    taint.key.starts_with("node.kubernetes.io/") && taint.key.ends_with("-pressure")
}

fn is_of_startup(taint: &Taint) -> bool {
    STARTUP_TAINTS
        .iter()
        .any(|known| taint.key == *known || known.ends_with('/') && taint.key.starts_with(known))
}

fn is_ready(node: &core::Node) -> bool {
    let status = node.status.as_ref();
    let mut conditions = status.iter().flat_map(|s| s.conditions.iter().flatten());
    conditions.any(|condition| condition.type_ == "Ready" && condition.status == "True")
}
