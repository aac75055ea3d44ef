//! Pods: those that wait for a node, and those that are on each.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use k8s_openapi::api::core::v1 as core;

use super::super::burst::Burst;
use super::super::grow::Demand;
use super::super::shrink::{Leave, Obstacle};
use super::leave::{self, Stay};
use super::owed::{self, ReplicaSets};
use super::time::{after, since};
use crate::scheduling::{ClassId, Pod, PodKey, State};

/// The scheduler whose pods we make room for.
const SCHEDULER: &str = "default-scheduler";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Waits {
    pub class: ClassId,
    pub priority: i32,
    pub uid: String,
    pub since: Timestamp,
    /// The ReplicaSet that made it.
    pub set: Option<PodKey>,
    /// The scheduler has found no place for it.
    pub unschedulable: bool,
}

/// A pod on a node, or one to which the node is promised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Resident {
    pub class: ClassId,
    pub stay: Stay,
}

#[derive(Debug, Default)]
pub(super) struct Pods {
    pub waiting: BTreeMap<PodKey, Waits>,
    pub sets: ReplicaSets,
    by_node: HashMap<Arc<str>, BTreeMap<PodKey, Resident>>,
    node_of: HashMap<PodKey, Arc<str>>,
    burst: Option<Burst>,
    /// Of the burst.
    demand: Demand,
}

impl Pods {
    /// Takes over a pod. True if a decision may be another now.
    pub(super) fn apply(
        &mut self,
        state: &mut State,
        now: Timestamp,
        key: PodKey,
        pod: Option<&core::Pod>,
    ) -> bool {
        let Some(pod) = pod.filter(|pod| !is_finished(pod)) else {
            let waited = self.waiting.remove(&key).is_some();
            let stayed = self.leave(&key);
            return state.remove_pod(&key) || waited || stayed;
        };
        let (content, unreadable) = content(pod);
        if let Some(node) = node(pod) {
            let mut stay = Stay::of(pod);
            if let Some(why) = unreadable {
                stay.leave = Leave::Never(Obstacle::Unreadable(why));
            }
            let terminating = pod.metadata.deletion_timestamp.is_some();
            let changed = state.set_pod(&key, content, node, terminating);
            let waited = self.waiting.remove(&key).is_some();
            let stays = state
                .placement(&key)
                .is_some_and(|(class, _)| self.settle(key, node, Resident { class, stay }));
            return changed || waited || stays;
        }
        self.leave(&key);
        let left = state.remove_pod(&key);
        if !is_ours_to_help(pod) {
            return self.waiting.remove(&key).is_some() || left;
        }
        let waits = Waits {
            priority: content.priority,
            uid: pod.metadata.uid.clone().unwrap_or_default(),
            class: state.class(content),
            set: owed::set_of(&key, pod),
            since: now,
            unschedulable: is_unschedulable(pod),
        };
        self.wait(state, now, key, waits) || left
    }

    fn wait(&mut self, state: &State, now: Timestamp, key: PodKey, waits: Waits) -> bool {
        let Some(known) = self.waiting.get_mut(&key) else {
            let class = waits.class;
            self.waiting.insert(key, waits);
            self.come(state, now, class);
            return true;
        };
        let told = waits.unschedulable != known.unschedulable;
        let same = (waits.class, waits.priority) == (known.class, known.priority)
            && waits.uid == known.uid;
        let since = known.since;
        *known = Waits { since, ..waits };
        // Only for a pod that came alone the scheduler's word is waited for.
        !same || told && self.burst.is_some_and(|burst| burst.is_alone())
    }

    fn come(&mut self, state: &State, now: Timestamp, class: ClassId) {
        let mut burst = Burst::with(self.burst, clock(now));
        if burst.is_alone() {
            self.demand.clear();
            if self.owed(state, now).contains_key(&class) {
                burst = burst.with_others_to_come();
            }
        }
        self.burst = Some(burst);
        let asked = state.requests(class).to_vec();
        *self.demand.entry(asked).or_default() += 1;
    }

    /// How many more pods are to come, by class: of ReplicaSets of which some wait.
    pub(super) fn owed(&self, state: &State, now: Timestamp) -> BTreeMap<ClassId, u32> {
        self.sets.owed(state, self.waiting.values(), now)
    }

    fn settle(&mut self, key: PodKey, node: &str, resident: Resident) -> bool {
        if self
            .node_of
            .get(&key)
            .is_some_and(|before| **before != *node)
        {
            self.leave(&key);
        }
        let known = self.by_node.get_key_value(node);
        let node = known.map_or_else(|| Arc::from(node), |(node, _)| Arc::clone(node));
        self.node_of.insert(key.clone(), Arc::clone(&node));
        let residents = self.by_node.entry(node).or_default();
        residents.insert(key, resident.clone()) != Some(resident)
    }

    /// The node that the pod is on, or that is promised to it.
    pub(super) fn node_of(&self, key: &PodKey) -> Option<&str> {
        self.node_of.get(key).map(AsRef::as_ref)
    }

    fn leave(&mut self, key: &PodKey) -> bool {
        let Some(node) = self.node_of.remove(key) else {
            return false;
        };
        if let Some(residents) = self.by_node.get_mut(&node) {
            residents.remove(key);
            if residents.is_empty() {
                self.by_node.remove(&node);
            }
        }
        true
    }

    /// Everything on a node, in the order of their names.
    pub(super) fn on(&self, node: &str) -> impl Iterator<Item = (&PodKey, &Resident)> {
        self.by_node.get(node).into_iter().flatten()
    }

    pub(super) fn waiting_classes(&self) -> BTreeSet<ClassId> {
        self.waiting.values().map(|waits| waits.class).collect()
    }

    /// What pods of the last burst ask for, those included that have been helped.
    pub(super) fn demand(&self) -> &Demand {
        &self.demand
    }

    /// Whether a burst of pods is not over.
    pub(super) fn more_may_come(&self, now: Timestamp) -> bool {
        self.burst.is_some_and(|burst| burst.goes_on(clock(now)))
    }

    /// Until when a machine for these pods waits for more of them; nothing if it does not.
    pub(super) fn hold(&self, now: Timestamp, sure: bool, pods: &[PodKey]) -> Option<Timestamp> {
        let waits = || pods.iter().filter_map(|pod| self.waiting.get(pod));
        let oldest = waits().map(|waits| waits.since).min()?;
        let unschedulable = waits().all(|waits| waits.unschedulable);
        let until = self
            .burst?
            .hold(sure, clock(oldest), unschedulable, clock(now))?;
        Some(after(Timestamp::UNIX_EPOCH, until))
    }
}

/// Times as a burst counts them.
fn clock(now: Timestamp) -> Duration {
    since(now, Timestamp::UNIX_EPOCH)
}

/// What cannot be read is taken for a pod without wishes, and its node stays.
fn content(pod: &core::Pod) -> (Pod, Option<String>) {
    match Pod::of(pod) {
        Ok(content) => (content, None),
        Err(error) => {
            let nothing = Pod {
                namespace: pod.metadata.namespace.clone().unwrap_or_default(),
                labels: pod.metadata.labels.clone().unwrap_or_default(),
                ..Pod::default()
            };
            (nothing, Some(format!("{error:#}")))
        }
    }
}

/// Where it is, or where room is kept for it.
fn node(pod: &core::Pod) -> Option<&str> {
    let spec = pod.spec.as_ref()?;
    let bound = spec.node_name.as_deref().filter(|node| !node.is_empty());
    let status = pod.status.as_ref();
    let nominated = status.and_then(|status| status.nominated_node_name.as_deref());
    bound.or_else(|| nominated.filter(|node| !node.is_empty()))
}

fn is_finished(pod: &core::Pod) -> bool {
    let status = pod.status.as_ref();
    let phase = status.and_then(|status| status.phase.as_deref());
    matches!(phase, Some("Succeeded" | "Failed"))
}

fn is_unschedulable(pod: &core::Pod) -> bool {
    let status = pod.status.as_ref();
    let conditions = status.and_then(|status| status.conditions.as_ref());
    let mut conditions = conditions.into_iter().flatten();
    conditions.any(|condition| condition.reason.as_deref() == Some("Unschedulable"))
}

/// It waits for the scheduler whose rules we know, and nobody else holds it back.
fn is_ours_to_help(pod: &core::Pod) -> bool {
    let Some(spec) = &pod.spec else {
        return false;
    };
    let scheduler = spec.scheduler_name.as_deref().unwrap_or(SCHEDULER);
    let gated = spec
        .scheduling_gates
        .as_ref()
        .is_some_and(|gates| !gates.is_empty());
    scheduler == SCHEDULER
        && !gated
        && pod.metadata.deletion_timestamp.is_none()
        && !leave::is_of_daemon_set(pod)
}

/// Its key in the API.
pub(super) fn key(namespace: &str, name: &str) -> PodKey {
    PodKey {
        namespace: Arc::from(namespace),
        name: Arc::from(name),
    }
}

/// `namespace/name`.
pub(super) fn title(key: &PodKey) -> String {
    format!("{}/{}", key.namespace, key.name)
}

/// Reads a pod; `None` of a deletion.
pub(super) fn read(json: Option<&[u8]>) -> Result<Option<core::Pod>> {
    super::objects::read(json)
}
