//! Pods without a node: those that are to be tried, by priority and age, and those that wait for a change.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::scheduling::{ClassId, PodKey};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Waiting {
    pub class: ClassId,
    pub priority: i32,
    /// The node that it is promised.
    pub nominated: Option<String>,
}

/// The highest priority first, then who came first.
type Turn = (Reverse<i32>, u64);

#[derive(Debug, Default)]
pub(super) struct Queue {
    pods: HashMap<PodKey, (Waiting, Turn)>,
    active: BTreeMap<Turn, PodKey>,
    parked: BTreeMap<ClassId, BTreeMap<Turn, PodKey>>,
    added: u64,
}

impl Queue {
    /// True if the pod is to be tried now: it is new, or it has changed.
    pub(super) fn add(&mut self, key: &PodKey, pod: Waiting) -> bool {
        if self.pods.get(key).is_some_and(|(known, _)| *known == pod) {
            return false;
        }
        self.remove(key);
        self.added += 1;
        let turn = (Reverse(pod.priority), self.added);
        self.active.insert(turn, key.clone());
        self.pods.insert(key.clone(), (pod, turn));
        true
    }

    pub(super) fn remove(&mut self, key: &PodKey) {
        if let Some((pod, turn)) = self.pods.remove(key) {
            self.active.remove(&turn);
            self.unpark(pod.class, turn);
        }
    }

    /// The next pod. It is parked, until its node is found or something wakes it up.
    pub(super) fn take(&mut self) -> Option<(PodKey, Waiting)> {
        let (turn, key) = self.active.pop_first()?;
        let (pod, _) = self.pods.get(&key)?;
        let pod = pod.clone();
        let parked = self.parked.entry(pod.class).or_default();
        parked.insert(turn, key.clone());
        Some((key, pod))
    }

    pub(super) fn classes(&self) -> BTreeSet<ClassId> {
        self.pods.values().map(|(pod, _)| pod.class).collect()
    }

    pub(super) fn parked_classes(&self) -> Vec<ClassId> {
        self.parked.keys().copied().collect()
    }

    /// The first of a class is to be tried again.
    pub(super) fn wake(&mut self, class: ClassId) -> Option<PodKey> {
        let (turn, key) = self.parked.get(&class)?.first_key_value()?;
        let (turn, key) = (*turn, key.clone());
        self.unpark(class, turn);
        self.active.insert(turn, key.clone());
        Some(key)
    }

    /// One that was taken goes back.
    pub(super) fn retry(&mut self, key: &PodKey) {
        if let Some((pod, turn)) = self.pods.get(key).cloned() {
            self.unpark(pod.class, turn);
            self.active.insert(turn, key.clone());
        }
    }

    fn unpark(&mut self, class: ClassId, turn: Turn) {
        if let Some(pods) = self.parked.get_mut(&class) {
            pods.remove(&turn);
            if pods.is_empty() {
                self.parked.remove(&class);
            }
        }
    }
}
