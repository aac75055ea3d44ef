//! Whom a machine was bought for. Those keep their places on it until the scheduler has put them somewhere: else a choice
//! that leaves no room would be looked for again with each change, in another order, not be found, and more be bought.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Model;
use super::coming::PREFIX;
use super::growth::Settled;
use super::machines::Machine;
use crate::scheduling::PodKey;

/// By the name of the group: the machines that were bought and for whom, the oldest in front.
#[derive(Debug, Default)]
pub(super) struct Plans(BTreeMap<String, Vec<Plan>>);

#[derive(Debug)]
struct Plan {
    /// Once Cluster API has made one.
    machine: Option<String>,
    pods: Vec<PodKey>,
}

impl Plans {
    pub(super) fn add(&mut self, group: &str, pods: Vec<PodKey>) {
        let machine = None;
        let plans = self.0.entry(group.to_owned()).or_default();
        plans.push(Plan { machine, pods });
    }
}

impl Model {
    /// Puts pods that wait onto the machines that were bought for them, as far as they still fit.
    pub(super) fn keep_places(&mut self) -> Vec<Settled> {
        self.match_plans();
        let mut kept = Vec::new();
        for (node, pods) in self.planned() {
            let Some(node) = self.state.node_id(&node) else {
                continue;
            };
            for pod in pods {
                let Some(waits) = self.pods.waiting.get(&pod) else {
                    continue;
                };
                let class = waits.class;
                let inquiry = self.state.ask(class);
                if inquiry.is_ok_and(|inquiry| inquiry.fits(node).is_ok()) {
                    self.state.place(&pod, class, node);
                    kept.push(Settled { pod, class, node });
                }
            }
        }
        kept
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
                machine.group == *group && self.coming.is_awaited(name) && !known.contains(*name)
            });
            let open = plans.iter_mut().filter(|plan| plan.machine.is_none());
            for (plan, (name, _)) in open.zip(new) {
                plan.machine = Some(name.clone());
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
