//! The nodes that remain, filling up as pods move there.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use super::rules::{Domains, RULES};
use super::selectors::term_covers;
use crate::observe::workload::{Node, Pod, Resources, Workload};

/// In the order of their names.
pub(super) struct Rooms<'a>(pub(super) Vec<Room<'a>>);

/// A node and the pods that are on it, or would be.
pub(super) struct Room<'a> {
    pub(super) node: &'a Node,
    pub(super) free: Resources,
    pub(super) pods: Vec<&'a Pod>,
}

impl<'a> Room<'a> {
    fn new(node: &'a Node) -> Self {
        Self {
            node,
            free: node.allocatable.clone(),
            pods: Vec::new(),
        }
    }

    fn add(&mut self, pod: &'a Pod) {
        for (name, amount) in &pod.requests {
            if let Some(free) = self.free.get_mut(name) {
                *free = free.saturating_sub(*amount);
            }
        }
        self.pods.push(pod);
    }
}

impl<'a> Rooms<'a> {
    /// Every node except those that are `gone`, with the pods that run there now.
    pub(super) fn without(gone: &BTreeSet<&str>, workload: &'a Workload) -> Self {
        let stays = |node: &&Node| !gone.contains(node.name.as_str());
        let mut rooms: Vec<Room> = workload.nodes.iter().filter(stays).map(Room::new).collect();
        rooms.sort_by_key(|room| &room.node.name);
        let index: HashMap<&str, usize> = rooms
            .iter()
            .enumerate()
            .map(|(index, room)| (room.node.name.as_str(), index))
            .collect();
        for pod in workload.pods.iter().filter(|pod| !pod.is_finished()) {
            if let Some(room) = pod.node.as_deref().and_then(|node| index.get(node)) {
                rooms[*room].add(pod);
            }
        }
        Self(rooms)
    }

    /// Pods that are bound to certain nodes come first, then those that take the largest share of what is free.
    pub(super) fn largest_first(&self, mut pods: Vec<&'a Pod>) -> Vec<&'a Pod> {
        let mut free = Resources::new();
        for (name, amount) in self.0.iter().flat_map(|room| &room.free) {
            let sum = free.entry(name.clone()).or_default();
            *sum = sum.saturating_add(*amount);
        }
        let share = |(name, amount): (&String, &u64)| {
            let free = free.get(name).copied().unwrap_or_default();
            u128::from(*amount) * 1_000_000 / u128::from(free.max(1))
        };
        pods.sort_by_cached_key(|pod| {
            let bound = !pod.node_selector.is_empty()
                || pod.node_affinity.is_some()
                || !pod.volumes.is_empty();
            let share = pod.requests.iter().map(share).max();
            (Reverse((bound, share)), &pod.namespace, &pod.name)
        });
        pods
    }

    /// Puts `pod` on the first node that may take it; the error names the rule that left none.
    pub(super) fn place(&mut self, pod: &'a Pod) -> Result<(), String> {
        let taken = self.taken_domains(pod);
        let open = |room: &Room| room.node.ready && !room.node.unschedulable;
        let mut left: Vec<usize> = (0..self.0.len()).filter(|i| open(&self.0[*i])).collect();
        if left.is_empty() {
            return Err("no Ready and schedulable node remains".to_owned());
        }
        for rule in &RULES {
            let before = left.clone();
            left.retain(|index| (rule.holds)(pod, &self.0[*index], &taken));
            if left.is_empty() {
                let rooms: Vec<&Room> = before.iter().map(|index| &self.0[*index]).collect();
                return Err((rule.why)(pod, &rooms));
            }
        }
        self.0[left[0]].add(pod);
        Ok(())
    }

    /// Where required anti-affinity, its own or that of others, keeps `pod` out: topology keys and their values.
    fn taken_domains(&self, pod: &'a Pod) -> Domains<'a> {
        let mut taken = Domains::new();
        for room in &self.0 {
            for other in &room.pods {
                let own = pod.anti_affinity.iter();
                let own = own.filter(|term| term_covers(term, &pod.namespace, other));
                let theirs = other.anti_affinity.iter();
                let theirs = theirs.filter(|term| term_covers(term, &other.namespace, pod));
                for term in own.chain(theirs) {
                    if let Some(value) = room.node.labels.get(&term.topology_key) {
                        taken.insert((term.topology_key.as_str(), value.as_str()));
                    }
                }
            }
        }
        taken
    }
}
