//! Where a pod is for which nothing is done.

use super::super::policy::Policy;
use super::coming::PREFIX;
use super::{Model, pods};

impl Model {
    /// Why the last decision does nothing for a pod, in words that go behind its name. Nothing of a pod that neither has a
    /// node nor waits for one.
    pub fn whereabouts(&self, pod: &str, policy: &Policy) -> Option<String> {
        let (namespace, name) = pod.split_once('/')?;
        let key = pods::key(namespace, name);
        if let Some(node) = self.pods.node_of(&key) {
            return Some(format!("is on node {node}"));
        }
        let waits = self.pods.waiting.get(&key)?;
        if waits.priority < policy.priority_cutoff {
            let (priority, cutoff) = (waits.priority, policy.priority_cutoff);
            return Some(format!(
                "waits, and nothing is bought for it: its priority of {priority} is below priorityCutoff, which is {cutoff}"
            ));
        }
        let settled = self.settled.iter().find(|settled| settled.pod == key);
        let node = settled.and_then(|settled| self.state.node(settled.node));
        Some(match node {
            Some(node) => format!("fits on {}: nothing is to be bought", place(&node.name)),
            None => "waits, and what it needs is held back for now".to_owned(),
        })
    }
}

/// A node, or a machine that becomes one.
fn place(node: &str) -> String {
    match node.strip_prefix(PREFIX).map(|of| of.split_once('/')) {
        None => format!("node {node}"),
        Some(None) => format!("machine {}, which is on its way", &node[PREFIX.len()..]),
        Some(Some((group, _))) => format!("a machine of {group} that is asked for"),
    }
}
