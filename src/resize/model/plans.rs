//! Whom a machine was bought for, and who had a place without one. They keep their places until the scheduler has put
//! them somewhere: else a choice that leaves no room would be looked for again with each change, in another order or
//! beside nodes that have come meanwhile, not be found, and more be bought.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use super::Model;
use super::coming::{Coming, PREFIX};
use super::machines::Machine;
use crate::scheduling::{ClassId, Destination, NodeId, PodKey, Trial};

/// A pod that has a place already, though the scheduler has not put it there yet.
#[derive(Debug, Clone)]
pub(super) struct Settled {
    pub pod: PodKey,
    pub class: ClassId,
    pub node: NodeId,
}

/// By the name of the group: the machines that were bought and for whom, the oldest in front.
#[derive(Debug, Default)]
pub(super) struct Plans(BTreeMap<String, Vec<Plan>>);

#[derive(Debug, Default)]
struct Plan {
    /// Once Cluster API has made one.
    machine: Option<String>,
    /// Machines that were on their way before it was bought: none of them is the one.
    older: Arc<BTreeSet<String>>,
    pods: Vec<PodKey>,
}

/// Who still has the place of the last decision.
pub(super) struct Kept {
    pub settled: Vec<Settled>,
    /// Somebody has lost theirs.
    pub lost: bool,
}

impl Plans {
    /// `older`: machines that are on their way already.
    pub(super) fn add(&mut self, group: &str, pods: Vec<PodKey>, older: &Arc<BTreeSet<String>>) {
        let plans = self.0.entry(group.to_owned()).or_default();
        plans.push(Plan {
            machine: None,
            older: older.clone(),
            pods,
        });
    }

    /// They get other places.
    fn forget(&mut self, lost: &[Settled]) {
        let lost: BTreeSet<&PodKey> = lost.iter().map(|lost| &lost.pod).collect();
        let plans = self.0.values_mut().flatten().filter(|_| !lost.is_empty());
        for plan in plans {
            plan.pods.retain(|pod| !lost.contains(pod));
        }
    }

    fn of_machine(&mut self, group: &str, name: &str) -> Option<&mut Plan> {
        let plans = self.0.entry(group.to_owned()).or_default();
        if !plans.iter().any(|plan| plan.is_for(name)) {
            plans.push(Plan {
                machine: Some(name.to_owned()),
                ..Plan::default()
            });
        }
        plans.iter_mut().find(|plan| plan.is_for(name))
    }

    /// Of the machine with this number among those that Cluster API has not made.
    fn of_number(&mut self, group: &str, number: usize) -> Option<&mut Plan> {
        let plans = self.0.entry(group.to_owned()).or_default();
        let open = plans.iter().filter(|plan| plan.machine.is_none()).count();
        plans.extend((open..=number).map(|_| Plan::default()));
        let mut open = plans.iter_mut().filter(|plan| plan.machine.is_none());
        open.nth(number)
    }
}

impl Plan {
    fn is_for(&self, machine: &str) -> bool {
        self.machine.as_deref() == Some(machine)
    }
}

impl Model {
    /// Puts pods that wait where the last decision had places for them, and onto the machines that were bought for them, as
    /// far as they still fit.
    pub(super) fn keep_places(&mut self) -> Kept {
        self.match_plans();
        let (there, coming): (Vec<Settled>, Vec<Settled>) = self
            .places()
            .into_iter()
            .partition(|place| !self.is_expected(place.node));
        let expected = self.coming.expected.keys();
        let expected: Vec<NodeId> = expected.filter_map(|it| self.state.node_id(it)).collect();
        let mut trial = self.state.trial();
        // The scheduler does not know of nodes that are not there: they do not count in spread rules.
        for node in expected.into_iter().filter(|_| !there.is_empty()) {
            trial.remove_node(node);
        }
        let (mut kept, mut left) = put(&mut trial, there);
        trial.back_to(0);
        for place in &kept {
            trial.place(place.class, place.node);
        }
        left.extend(coming);
        let (more, lost) = put(&mut trial, left);
        drop(trial);
        kept.extend(more);
        self.plans.forget(&lost);
        self.put_there(&kept);
        Kept {
            settled: kept,
            lost: !lost.is_empty(),
        }
    }

    /// Puts pods where they have places, as if the scheduler had done it.
    pub(super) fn put_there(&mut self, settled: &[Settled]) {
        for Settled { pod, class, node } in settled {
            self.state.place(pod, *class, *node);
        }
    }

    /// They wait again.
    pub(super) fn take_away(&mut self, settled: &[Settled]) {
        for settled in settled {
            self.state.remove_pod(&settled.pod);
        }
    }

    /// Remembers who got room on machines that are on their way, too: others are not to come before them there.
    pub(super) fn plan_for(&mut self, settled: &[Settled]) {
        for together in settled.chunk_by(|a, b| a.node == b.node) {
            let Some(node) = self.state.node(together[0].node) else {
                continue;
            };
            let plan = plan_of(&mut self.plans, &self.coming, &self.machines, &node.name);
            if let Some(plan) = plan {
                plan.pods.extend(together.iter().map(|it| it.pod.clone()));
            }
        }
    }

    /// Where pods that still wait are to come.
    fn places(&self) -> Vec<Settled> {
        let settled = self.settled.iter().map(|it| (it.pod.clone(), it.node));
        let mut places: BTreeMap<PodKey, NodeId> = settled.collect();
        for (node, pods) in self.planned() {
            if let Some(node) = self.state.node_id(&node) {
                places.extend(pods.into_iter().map(|pod| (pod, node)));
            }
        }
        let waits = |(pod, node): (PodKey, NodeId)| {
            let class = self.pods.waiting.get(&pod)?.class;
            Some(Settled { pod, class, node })
        };
        places.into_iter().filter_map(waits).collect()
    }

    fn is_expected(&self, node: NodeId) -> bool {
        let node = self.state.node(node);
        node.is_none_or(|node| node.name.starts_with(PREFIX))
    }

    /// Forgets whom nobody has to wait for any more, and finds the machines that were made since.
    fn match_plans(&mut self) {
        let (waiting, machines) = (&self.pods.waiting, &self.machines);
        for (group, plans) in &mut self.plans.0 {
            for plan in plans.iter_mut() {
                plan.pods.retain(|pod| waiting.contains_key(pod));
            }
            plans.retain(|plan| {
                let mut made = plan.machine.iter();
                let stays = made.all(|name| machines.get(name).is_some_and(Machine::stays));
                stays && !plan.pods.is_empty()
            });
            let known = plans.iter().filter_map(|plan| plan.machine.clone());
            let known: BTreeSet<String> = known.collect();
            let new = machines.iter().filter(|(name, machine)| {
                machine.group == *group
                    && self.coming.awaited().contains(*name)
                    && !known.contains(*name)
            });
            let mut new: VecDeque<&String> = new.map(|(name, _)| name).collect();
            for plan in plans.iter_mut().filter(|plan| plan.machine.is_none()) {
                let place = new.iter().position(|name| !plan.older.contains(*name));
                plan.machine = place.and_then(|place| new.remove(place)).cloned();
            }
            let replicas = self.groups.get(group).map_or(0, |group| group.replicas);
            let tally = self.coming.tallies.get(group).copied().unwrap_or_default();
            let mut missing = replicas.saturating_sub(tally.staying);
            // Those that never were asked for: the write failed.
            plans.retain(|plan| {
                let there = plan.machine.is_some() || missing > 0;
                missing = missing.saturating_sub(u32::from(plan.machine.is_none()));
                there
            });
        }
        self.plans.0.retain(|_, plans| !plans.is_empty());
    }

    /// Names of nodes that are there or expected, with the pods that they are for.
    fn planned(&self) -> Vec<(String, Vec<PodKey>)> {
        if self.plans.0.is_empty() {
            return Vec::new();
        }
        let nodes = self.coming.nodes_of_machines();
        let nodes: HashMap<&str, &str> = nodes.collect();
        let mut planned = Vec::new();
        for (group, plans) in &self.plans.0 {
            let mut number = 0;
            for plan in plans {
                let node = if let Some(name) = &plan.machine {
                    let there = nodes.get(name.as_str());
                    there.map_or_else(|| format!("{PREFIX}{name}"), |node| (*node).to_owned())
                } else {
                    number += 1;
                    format!("{PREFIX}{group}/{}", number - 1)
                };
                planned.push((node, plan.pods.clone()));
            }
        }
        planned
    }
}

/// Those that fit in some order, and the others.
fn put(trial: &mut Trial, all: Vec<Settled>) -> (Vec<Settled>, Vec<Settled>) {
    let to = all.iter().map(|settled| Destination {
        class: settled.class,
        node: settled.node,
        pods: 1,
    });
    let mut to: Vec<Destination> = to.collect();
    trial.place_in_any_order(&mut to);
    let mut left = to.iter().map(|to| to.pods > 0);
    all.into_iter().partition(|_| left.next() == Some(false))
}

/// The plan of a node that is not there or not ready yet.
fn plan_of<'p>(
    plans: &'p mut Plans,
    coming: &Coming,
    machines: &BTreeMap<String, Machine>,
    node: &str,
) -> Option<&'p mut Plan> {
    let expected = node.strip_prefix(PREFIX);
    if let Some((group, number)) = expected.and_then(|machine| machine.split_once('/')) {
        return plans.of_number(group, number.parse().ok()?);
    }
    let machine = expected.or_else(|| coming.machine_of(node));
    let machine = machine.filter(|machine| coming.awaited().contains(*machine))?;
    plans.of_machine(&machines.get(machine)?.group, machine)
}
