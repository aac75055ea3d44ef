//! A cluster, kept up to date change by change.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use foldhash::HashMap;

use super::classes::{Class, Tallies};
use super::fixed::FixedRules;
use super::labels::Labels;
use super::node::Node;
use super::pod::{HostPort, Pod};
use super::pods::Pods;
use super::resources::Resources;
use super::storage::{ClaimUsers, Storage};
use super::tally::Namespaces;

/// The number of a node; it keeps it as long as the node or a pod on it exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(super) usize);

impl NodeId {
    /// Numbers are small and close together.
    pub fn number(self) -> usize {
        self.0
    }
}

/// The number of a class of pods with the same content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassId(pub(super) usize);

/// Nodes, the pods on them, and what rules need to know about both.
#[derive(Debug, Clone, Default)]
pub struct State {
    pub(super) slots: Vec<Slot>,
    pub(super) numbers: HashMap<String, usize>,
    pub(super) classes: Vec<Class>,
    pub(super) class_numbers: HashMap<Arc<Pod>, usize>,
    /// Numbers that can be given again.
    pub(super) unused_classes: Vec<usize>,
    pub(super) tallies: Tallies,
    pub(super) fixed: FixedRules,
    pub(super) namespaces: Namespaces,
    pub(super) pods: Pods,
    /// Classes by the claims that their pods use.
    pub(super) claim_users: ClaimUsers,
    pub(super) storage: Storage,
    /// Names of resources; amounts are kept by their place here.
    pub(super) resources: Vec<String>,
    nodes: usize,
    /// Goes up with each change.
    pub(super) generation: u64,
}

/// A node's place. Pods can be there before their node is known.
#[derive(Debug, Clone, Default)]
pub(super) struct Slot {
    pub node: Option<Node>,
    /// By the place of the resource's name.
    pub allocatable: Vec<i64>,
    pub requested: Vec<i64>,
    pub allowed_pods: i64,
    pub pods: i64,
    /// By the number of the class.
    pub present: BTreeMap<usize, Present>,
    pub ports: Vec<HostPort>,
}

/// Pods of a class on a node.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Present {
    pub live: i32,
    pub terminating: i32,
}

impl State {
    pub fn new() -> Self {
        Self::default()
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.nodes
    }

    pub fn is_empty(&self) -> bool {
        self.nodes == 0
    }

    /// Another number means that answers may be others.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    pub fn node_id(&self, name: &str) -> Option<NodeId> {
        let number = self.numbers.get(name)?;
        self.slots[*number].node.as_ref().map(|_| NodeId(*number))
    }

    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.slots[id.0].node.as_ref()
    }

    /// How many pods of a class are on nodes.
    pub fn placed(&self, class: ClassId) -> u32 {
        u32::try_from(self.classes[class.0].placed).unwrap_or_default()
    }

    /// What pods have left of a node; `pods` is how many more it may run.
    pub fn free(&self, id: NodeId) -> Resources {
        let slot = &self.slots[id.0];
        let amounts = slot.allocatable.iter().enumerate();
        let left = amounts.map(|(place, all)| {
            let left = all - at(&slot.requested, place);
            (self.resources[place].clone(), left)
        });
        let pods = ("pods".to_owned(), slot.allowed_pods - slot.pods);
        left.chain([pods]).collect()
    }

    /// How much of a node is asked for, in thousandths of what it has: of the resource that is nearest to its end.
    pub fn fullness(&self, id: NodeId) -> i64 {
        let slot = &self.slots[id.0];
        let all = slot.allocatable.iter().enumerate();
        let amounts = all.map(|(place, all)| (at(&slot.requested, place), *all));
        let amounts = amounts.chain([(slot.pods, slot.allowed_pods)]);
        let shares = amounts.filter(|(asked, _)| *asked > 0);
        let shares = shares.map(|(asked, all)| asked.saturating_mul(1000) / all.max(1));
        shares.max().unwrap_or_default()
    }

    /// All numbers of nodes are below this one.
    pub fn node_numbers(&self) -> usize {
        self.slots.len()
    }

    /// The node with this number, if there is one.
    pub fn numbered(&self, number: usize) -> Option<NodeId> {
        let slot = self.slots.get(number)?;
        slot.node.as_ref().map(|_| NodeId(number))
    }

    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        let slots = self.slots.iter().enumerate();
        slots.filter_map(|(number, slot)| Some((NodeId(number), slot.node.as_ref()?)))
    }

    /// Adds a node or takes over its changes. True if they can matter to a pod.
    pub fn set_node(&mut self, node: Node) -> bool {
        let number = self.number(&node.name);
        if self.slots[number].node.as_ref() == Some(&node) {
            return false;
        }
        self.replace(number, Some(node));
        true
    }

    /// Removes a node. Its pods stay until they are removed themselves.
    pub fn remove_node(&mut self, name: &str) {
        if let Some(number) = self.numbers.get(name) {
            self.replace(*number, None);
        }
    }

    pub fn set_namespace(&mut self, name: &str, labels: Labels) {
        let before = self.namespaces.insert(name.to_owned(), labels);
        self.recount_if(before.as_ref() != self.namespaces.get(name));
    }

    pub fn remove_namespace(&mut self, name: &str) {
        let before = self.namespaces.remove(name);
        self.recount_if(before.is_some());
    }

    fn recount_if(&mut self, changed: bool) {
        if changed && self.tallies.select_namespaces() {
            self.generation += 1;
            self.recount();
        }
    }

    /// The number of a node of this name, there or not.
    pub(super) fn number(&mut self, name: &str) -> usize {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.slots.len();
        self.numbers.insert(name.to_owned(), number);
        self.slots.push(Slot::default());
        number
    }

    pub(super) fn replace(&mut self, number: usize, node: Option<Node>) -> Option<Node> {
        self.tallies
            .count_all(&self.slots[number], number, &self.classes, -1);
        let (mut allocatable, mut allowed) = (Vec::new(), 0);
        for (name, amount) in node.iter().flat_map(|node| &node.allocatable) {
            match name.as_str() {
                "pods" => allowed = *amount,
                _ => put(&mut allocatable, self.resource(name), *amount),
            }
        }
        self.nodes += usize::from(node.is_some());
        self.fixed.set_node(number, node.as_ref());
        self.tallies.set_node(number, node.as_ref());
        let slot = &mut self.slots[number];
        slot.allocatable = allocatable;
        slot.allowed_pods = allowed;
        let before = std::mem::replace(&mut slot.node, node);
        self.nodes -= usize::from(before.is_some());
        self.tallies
            .count_all(&self.slots[number], number, &self.classes, 1);
        before
    }

    pub(super) fn resource(&mut self, name: &str) -> usize {
        let known = self.resources.iter().position(|known| known == name);
        known.unwrap_or_else(|| {
            self.resources.push(name.to_owned());
            self.resources.len() - 1
        })
    }

    /// Puts `pods` more of a class on a node, or fewer.
    pub(super) fn add(&mut self, class: usize, number: usize, terminating: bool, pods: i32) {
        self.generation += 1;
        let slot = &mut self.slots[number];
        let content = &mut self.classes[class];
        content.placed += pods;
        slot.count(class, terminating, pods);
        for (resource, amount) in &content.requests {
            let before = at(&slot.requested, *resource);
            let more = amount.saturating_mul(i64::from(pods));
            put(&mut slot.requested, *resource, before.saturating_add(more));
        }
        for port in &content.pod.host_ports {
            slot.change_port(port, pods);
        }
        self.tallies.count(content, number, terminating, pods);
    }

    /// Takes everybody off a node.
    pub(super) fn vacate(&mut self, number: usize) {
        self.generation += 1;
        let slot = &mut self.slots[number];
        self.tallies.count_all(slot, number, &self.classes, -1);
        for (class, present) in std::mem::take(&mut slot.present) {
            self.classes[class].placed -= present.live + present.terminating;
        }
        slot.pods = 0;
        slot.requested.clear();
        slot.ports.clear();
    }
}

impl Slot {
    fn count(&mut self, class: usize, terminating: bool, pods: i32) {
        self.pods += i64::from(pods);
        let mut present = match self.present.entry(class) {
            Entry::Occupied(there) => there,
            Entry::Vacant(none) => none.insert_entry(Present::default()),
        };
        let count = present.get_mut();
        if terminating {
            count.terminating += pods;
        } else {
            count.live += pods;
        }
        if count.live == 0 && count.terminating == 0 {
            present.remove();
        }
    }

    fn change_port(&mut self, port: &HostPort, pods: i32) {
        for _ in 0..pods {
            self.ports.push(port.clone());
        }
        for _ in pods..0 {
            if let Some(place) = self.ports.iter().position(|used| used == port) {
                self.ports.swap_remove(place);
            }
        }
    }
}

pub(super) fn at(amounts: &[i64], place: usize) -> i64 {
    amounts.get(place).copied().unwrap_or_default()
}

fn put(amounts: &mut Vec<i64>, place: usize, amount: i64) {
    if amounts.len() <= place {
        amounts.resize(place + 1, 0);
    }
    amounts[place] = amount;
}
