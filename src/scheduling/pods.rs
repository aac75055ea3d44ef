//! Pods by name: which class they are of, and where they are.

use std::collections::BTreeMap;

use foldhash::HashMap;

use super::pod::Pod;
use super::state::{ClassId, NodeId, State};

/// Namespace and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PodKey {
    pub namespace: std::sync::Arc<str>,
    pub name: std::sync::Arc<str>,
}

/// Pods that are on nodes, and those that have one promised.
#[derive(Debug, Clone, Default)]
pub(super) struct Pods {
    placed: HashMap<PodKey, Placed>,
    /// By the node's number.
    nominated: BTreeMap<usize, BTreeMap<PodKey, usize>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Placed {
    class: usize,
    number: usize,
    terminating: bool,
}

impl Pods {
    /// Whether a node is promised to a pod of the class.
    pub(super) fn is_promised(&self, class: usize) -> bool {
        let mut classes = self.nominated.values().flat_map(BTreeMap::values);
        classes.any(|promised| *promised == class)
    }
}

impl State {
    /// Takes over a pod that is on a node. True if anything changed.
    pub fn set_pod(&mut self, key: &PodKey, pod: Pod, node: &str, terminating: bool) -> bool {
        let ClassId(class) = self.class(pod);
        let now = Placed {
            class,
            number: self.number(node),
            terminating,
        };
        if self.pods.placed.get(key) == Some(&now) {
            return false;
        }
        self.remove_pod(key);
        self.add(class, now.number, terminating, 1);
        self.pods.placed.insert(key.clone(), now);
        true
    }

    /// Puts a pod of a class on a node, before the API has it there.
    pub fn place(&mut self, key: &PodKey, class: ClassId, node: NodeId) {
        self.remove_pod(key);
        self.add(class.0, node.0, false, 1);
        let placed = Placed {
            class: class.0,
            number: node.0,
            terminating: false,
        };
        self.pods.placed.insert(key.clone(), placed);
    }

    /// Forgets a pod. True if it was on a node.
    pub fn remove_pod(&mut self, key: &PodKey) -> bool {
        self.set_nominated(key, None);
        let Some(before) = self.pods.placed.remove(key) else {
            return false;
        };
        self.add(before.class, before.number, before.terminating, -1);
        true
    }

    /// Room on a node is kept for a pod against those of lower priority.
    pub fn set_nominated(&mut self, key: &PodKey, nominated: Option<(ClassId, &str)>) {
        let mut all = self.pods.nominated.values_mut();
        let known = all.any(|pods| pods.remove(key).is_some());
        self.generation += u64::from(known || nominated.is_some());
        if let Some((ClassId(class), node)) = nominated {
            let number = self.number(node);
            let pods = self.pods.nominated.entry(number).or_default();
            pods.insert(key.clone(), class);
        }
        self.pods.nominated.retain(|_, pods| !pods.is_empty());
    }

    /// The class and the node of a pod.
    pub fn placement(&self, key: &PodKey) -> Option<(ClassId, NodeId)> {
        let placed = self.pods.placed.get(key)?;
        Some((ClassId(placed.class), NodeId(placed.number)))
    }

    /// The node where a pod takes room: it is there, or the node is promised to it.
    pub fn room_of(&self, key: &PodKey) -> Option<NodeId> {
        let placed = self.placement(key).map(|(_, node)| node);
        placed.or_else(|| {
            let mut all = self.pods.nominated.iter();
            let promised = all.find(|(_, pods)| pods.contains_key(key));
            promised.map(|(number, _)| NodeId(*number))
        })
    }

    /// Whether any node has room for a pod that is not there yet.
    pub fn keeps_room(&self) -> bool {
        !self.pods.nominated.is_empty()
    }

    /// Classes of the pods that a node keeps room for: those a pod of this class has to yield to.
    pub(super) fn nominees(&self, id: NodeId, key: &PodKey, class: ClassId) -> Vec<ClassId> {
        let priority = self.content(class).priority;
        let pods = self.pods.nominated.get(&id.0).into_iter().flatten();
        let others = pods.filter(|(other, _)| *other != key);
        let others = others.map(|(_, class)| ClassId(*class));
        others
            .filter(|other| self.content(*other).priority >= priority)
            .collect()
    }

    /// Nodes that keep room for a pod.
    pub(super) fn promised(&self) -> impl Iterator<Item = NodeId> {
        self.pods.nominated.keys().map(|number| NodeId(*number))
    }
}
