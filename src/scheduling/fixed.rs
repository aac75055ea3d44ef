//! What nodes as such say to pods, whatever else runs on them.

use std::sync::Arc;

use foldhash::HashMap;

use super::node::{Node, Taint};
use super::pod::Pod;
use super::refusal::NodeRule;
use super::state::Slot;

/// What nodes as such say to pods: the same for all pods that select and tolerate the same.
#[derive(Debug, Clone, Default)]
pub(super) struct FixedRules {
    /// With the verdict of each node by its number.
    all: Vec<(Arc<Pod>, Vec<Option<NodeRule>>)>,
    numbers: HashMap<Arc<Pod>, usize>,
}

impl FixedRules {
    pub(super) fn rule(&mut self, pod: &Pod, slots: &[Slot]) -> usize {
        let part = Pod {
            node_selector: pod.node_selector.clone(),
            node_affinity: pod.node_affinity.clone(),
            tolerations: pod.tolerations.clone(),
            ..Pod::default()
        };
        if let Some(number) = self.numbers.get(&part) {
            return *number;
        }
        let verdicts = slots.iter().map(|slot| verdict(&part, slot.node.as_ref()));
        let verdicts = verdicts.collect();
        let part = Arc::new(part);
        self.numbers.insert(Arc::clone(&part), self.all.len());
        self.all.push((part, verdicts));
        self.all.len() - 1
    }

    pub(super) fn set_node(&mut self, number: usize, node: Option<&Node>) {
        for (part, verdicts) in &mut self.all {
            if verdicts.len() <= number {
                verdicts.resize(number + 1, Some(NodeRule::Closed));
            }
            verdicts[number] = verdict(part, node);
        }
    }

    /// One pod for each rule.
    pub(super) fn pods(&self) -> impl Iterator<Item = &Pod> {
        self.all.iter().map(|(pod, _)| &**pod)
    }

    pub(super) fn verdict(&self, rule: usize, number: usize) -> Option<NodeRule> {
        let verdict = self.all[rule].1.get(number).copied();
        verdict.unwrap_or(Some(NodeRule::Closed))
    }
}

pub(super) fn verdict(pod: &Pod, node: Option<&Node>) -> Option<NodeRule> {
    let Some(node) = node else {
        return Some(NodeRule::Closed);
    };
    if pod
        .named_nodes()
        .is_some_and(|named| !named.contains(node.name.as_str()))
    {
        Some(NodeRule::NotNamed)
    } else if node.unschedulable && !pod.tolerates(&Taint::unschedulable()) {
        Some(NodeRule::Unschedulable)
    } else if pod.untolerated(&node.taints).is_some() {
        Some(NodeRule::Taint)
    } else if !pod.selects_node(&node.name, &node.labels) {
        Some(NodeRule::Affinity)
    } else {
        None
    }
}
