//! What is known of both clusters, told of each change. Pure.
//!
//! Machines on their way are nodes in the [`State`] like any other, made after the last node of their group that joined
//! (before one has, after what annotations, the infrastructure's template or the price list say of it). So pods find
//! places on them, and nothing is asked for twice.
//!
//! A MachineDeployment whose type is not in the price list is taken to cost one unit of the currency an hour, like all
//! others without a price: among those, the larger machines win.
//!
//! What is sold out and how long machines take to boot is kept in annotations ([`memory`]); sizes and labels of nodes
//! are learned again after a restart, from the nodes that are there.

mod allowance;
mod coming;
mod daemons;
mod decide;
mod groups;
mod growth;
mod ladder;
mod leave;
mod machines;
mod memory;
mod minimum;
mod nodes;
mod objects;
mod owed;
mod plans;
mod pods;
mod removal;
mod strays;
mod template;
mod time;
mod whereabouts;

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::DaemonSet;
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use serde::{Deserialize, Serialize};

use super::decision::Decision;
use super::policy::Policy;
use super::prices::PriceList;
use super::shrink::Budget;
use crate::scheduling::labels::Selector;
use crate::scheduling::{Node, State};

pub use groups::{Lowering, lowering};
pub use leave::Stay;
pub use objects::DELETE_MACHINE;
pub use removal::in_words;
pub use strays::Stray;

/// Which of the two clusters an object is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Cluster {
    Infra,
    App,
}

/// What is looked at in the infra cluster; infrastructure templates besides, whatever their kind is called.
pub const INFRA_RESOURCES: [&str; 3] = [
    "machinedeployments.cluster.x-k8s.io",
    "machinesets.cluster.x-k8s.io",
    "machines.cluster.x-k8s.io",
];

const INFRASTRUCTURE_TEMPLATES: &str = "machinetemplates.infrastructure.cluster.x-k8s.io";

/// What is looked at in the app cluster, besides what decides where pods fit.
pub const APP_RESOURCES: [&str; 4] = [
    "pods",
    "poddisruptionbudgets.policy",
    "daemonsets.apps",
    "replicasets.apps",
];

/// With twice as many classes as were left the last time and so many more, those of pods that are gone are forgotten. It
/// depends on nothing but what was seen: a log without repetitions leads to the same decisions.
const FORGET_FROM: usize = 2000;

/// Nodes and the pods on them, pods that wait, machines on their way, node groups, budgets, `DaemonSets`.
#[derive(Debug)]
pub struct Model {
    prices: PriceList,
    state: State,
    pods: pods::Pods,
    nodes: BTreeMap<String, nodes::Known>,
    daemons: daemons::Daemons,
    budgets: BTreeMap<(String, String), Budget>,
    groups: BTreeMap<String, groups::Group>,
    sets: BTreeMap<String, groups::MachineSet>,
    machines: BTreeMap<String, machines::Machine>,
    templates: BTreeMap<String, template::Template>,
    /// By the name of the infrastructure's template: the last node of it that joined.
    learned: BTreeMap<String, Node>,
    boots: machines::Boots,
    ladder: ladder::Ladder,
    coming: coming::Coming,
    removal: removal::Memory,
    plans: plans::Plans,
    /// Pods that waited at the last decision though they have a place.
    settled: Vec<plans::Settled>,
    /// How many were left when classes were forgotten last.
    classes_left: usize,
}

impl Model {
    pub fn new(prices: PriceList) -> Self {
        Self {
            prices,
            state: State::new(),
            pods: pods::Pods::default(),
            nodes: BTreeMap::new(),
            daemons: daemons::Daemons::default(),
            budgets: BTreeMap::new(),
            groups: BTreeMap::new(),
            sets: BTreeMap::new(),
            machines: BTreeMap::new(),
            templates: BTreeMap::new(),
            learned: BTreeMap::new(),
            boots: machines::Boots::default(),
            ladder: ladder::Ladder::default(),
            coming: coming::Coming::default(),
            removal: removal::Memory::default(),
            plans: plans::Plans::default(),
            settled: Vec::new(),
            classes_left: 0,
        }
    }

    /// Takes over an object, or its deletion, as the API has it at `now`. True if a decision may be another now. `resource`
    /// is its plural with its group: `pods`, `machinedeployments.cluster.x-k8s.io`. What is not looked at is passed over.
    pub fn apply(
        &mut self,
        now: Timestamp,
        cluster: Cluster,
        resource: &str,
        namespace: &str,
        name: &str,
        json: Option<&[u8]>,
    ) -> Result<bool> {
        self.forget_now_and_then();
        let changed = match cluster {
            Cluster::App => self.apply_app(now, resource, namespace, name, json),
            Cluster::Infra => self.apply_infra(now, resource, name, json),
        };
        changed.with_context(|| format!("reading {resource} {namespace}/{name}"))
    }

    /// What is to be done. The same model, policy and time give the same decision.
    pub fn decide(&mut self, policy: &Policy, now: Timestamp) -> Decision {
        decide::decide(self, policy, now)
    }

    /// The uid of a pod that waits, by `namespace/name`, or of a MachineDeployment: what Events about it name.
    pub fn uid(&self, name: &str) -> Option<&str> {
        let Some((namespace, pod)) = name.split_once('/') else {
            return Some(&self.groups.get(name)?.uid);
        };
        let waits = self.pods.waiting.get(&pods::key(namespace, pod))?;
        Some(&waits.uid)
    }

    fn apply_app(
        &mut self,
        now: Timestamp,
        resource: &str,
        namespace: &str,
        name: &str,
        json: Option<&[u8]>,
    ) -> Result<bool> {
        let id = || (namespace.to_owned(), name.to_owned());
        match resource {
            "pods" => {
                let pod = pods::read(json)?;
                let key = pods::key(namespace, name);
                Ok(self.pods.apply(&mut self.state, now, key, pod.as_ref()))
            }
            "nodes" => self.apply_node(now, name, json),
            "daemonsets.apps" => {
                let set: Option<DaemonSet> = objects::read(json)?;
                self.coming.make_stale();
                self.daemons.apply(&mut self.state, id(), set.as_ref())
            }
            "replicasets.apps" => {
                self.pods.sets.apply(namespace, name, json)?;
                // Nobody waits for it: its pods come, or do not.
                Ok(false)
            }
            "poddisruptionbudgets.policy" => {
                let budget: Option<PodDisruptionBudget> = objects::read(json)?;
                let budget = budget.and_then(|budget| read_budget(&budget));
                Ok(replace(&mut self.budgets, id(), budget))
            }
            _ if crate::scheduling::RESOURCES.contains(&resource) => {
                let changed = self.state.apply(resource, namespace, name, json);
                if resource == "csinodes.storage.k8s.io" {
                    self.learn_attachable(name);
                }
                changed
            }
            _ => Ok(false),
        }
    }

    fn apply_node(&mut self, now: Timestamp, name: &str, json: Option<&[u8]>) -> Result<bool> {
        let object: Option<core::Node> = objects::read(json)?;
        let before = self.nodes.get(name);
        let known = object
            .as_ref()
            .map(|object| nodes::Known::of(object, before, now))
            .transpose()?;
        if !replace(&mut self.nodes, name.to_owned(), known) {
            return Ok(false);
        }
        self.coming.make_stale();
        self.expect(name, now);
        Ok(true)
    }

    fn apply_infra(
        &mut self,
        now: Timestamp,
        resource: &str,
        name: &str,
        json: Option<&[u8]>,
    ) -> Result<bool> {
        let name = name.to_owned();
        let changed = match resource {
            "machinedeployments.cluster.x-k8s.io" => {
                let group = objects::read(json)?.map(groups::Group::of);
                if let Some(group) = &group {
                    self.remember(&name, group, now);
                }
                replace(&mut self.groups, name, group)
            }
            "machinesets.cluster.x-k8s.io" => {
                let set: Option<objects::Set> = objects::read(json)?;
                replace(
                    &mut self.sets,
                    name,
                    set.as_ref().map(groups::MachineSet::of),
                )
            }
            "machines.cluster.x-k8s.io" => {
                let read = objects::read(json)?;
                let machine = read.map(|machine| machines::Machine::of(machine, now));
                replace(&mut self.machines, name, machine)
            }
            _ if resource.ends_with(INFRASTRUCTURE_TEMPLATES) => {
                let template = objects::read(json)?.map(template::Template::of);
                replace(&mut self.templates, name, template)
            }
            _ => false,
        };
        if changed {
            self.coming.make_stale();
        }
        Ok(changed)
    }

    fn forget_now_and_then(&mut self) {
        if self.state.classes() <= 2 * self.classes_left + FORGET_FROM {
            return;
        }
        let mut held = self.pods.waiting_classes();
        held.extend(self.daemons.classes());
        self.state
            .forget_unused_classes(|class| held.contains(&class));
        self.classes_left = self.state.classes();
    }
}

/// True if it was another before.
fn replace<K: Ord, V: PartialEq>(map: &mut BTreeMap<K, V>, key: K, value: Option<V>) -> bool {
    match value {
        None => map.remove(&key).is_some(),
        Some(value) if map.get(&key) == Some(&value) => false,
        Some(value) => {
            map.insert(key, value);
            true
        }
    }
}

/// Nothing if it covers no pod. One whose status is behind its spec allows nothing, as in the eviction API.
fn read_budget(budget: &PodDisruptionBudget) -> Option<Budget> {
    let selector = budget.spec.as_ref()?.selector.as_ref();
    let status = budget.status.as_ref();
    let observed = status.and_then(|status| status.observed_generation);
    let behind = observed < budget.metadata.generation;
    let allowed = status.map_or(0, |status| status.disruptions_allowed);
    Some(Budget {
        namespace: budget.metadata.namespace.clone().unwrap_or_default(),
        name: budget.metadata.name.clone().unwrap_or_default(),
        selector: Selector::of(selector)?,
        allowed: if behind {
            0
        } else {
            u32::try_from(allowed).unwrap_or_default()
        },
    })
}

#[cfg(test)]
mod tests;
