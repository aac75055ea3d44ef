//! What is read again and again, parsed once for each change: Clusters, which all their machines ask, and the conditions
//! of Nodes, which health checks go through.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::machines::Id;
use crate::sim::store::Change;

/// As new as the last change that was taken in.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    clusters: HashMap<Id, Arc<Value>>,
    nodes: HashMap<String, Vec<NodeCondition>>,
}

/// A condition of a Node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct NodeCondition {
    #[serde(rename = "type")]
    pub of: String,
    pub status: String,
    pub reason: String,
    pub last_transition_time: Value,
}

#[derive(Deserialize)]
struct Node {
    #[serde(default)]
    status: NodeStatus,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct NodeStatus {
    conditions: Vec<NodeCondition>,
}

impl Parsed {
    pub(super) fn cluster_changed(&mut self, change: &Change) -> Option<&Arc<Value>> {
        let (namespace, name) = (&change.key.namespace, &change.key.name);
        let id = (namespace.to_string(), name.to_string());
        let parsed = change.after.as_ref();
        let parsed = parsed.and_then(|json| serde_json::from_slice(json).ok());
        match parsed {
            Some(cluster) => drop(self.clusters.insert(id.clone(), Arc::new(cluster))),
            None => drop(self.clusters.remove(&id)),
        }
        self.clusters.get(&id)
    }

    pub(super) fn node_changed(&mut self, change: &Change) {
        let name = change.key.name.to_string();
        let parsed = change.after.as_ref();
        let parsed = parsed.and_then(|json| serde_json::from_slice::<Node>(json).ok());
        match parsed {
            Some(node) => drop(self.nodes.insert(name, node.status.conditions)),
            None => drop(self.nodes.remove(&name)),
        }
    }

    pub(super) fn cluster(&self, namespace: &str, name: &str) -> Option<&Arc<Value>> {
        self.clusters.get(&(namespace.to_owned(), name.to_owned()))
    }

    /// Nothing if there is no such Node.
    pub(super) fn node(&self, name: &str) -> Option<&[NodeCondition]> {
        self.nodes.get(name).map(Vec::as_slice)
    }
}
