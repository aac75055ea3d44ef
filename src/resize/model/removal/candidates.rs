//! Which nodes may be looked at, with what runs on them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::super::super::decision::{Decision, Held, Kept};
use super::super::super::offer::Price;
use super::super::super::policy::Policy;
use super::super::super::shrink::{Budget, Candidate, Leave, Occupants, Question};
use super::super::Model;
use super::super::groups::{self, Group, Rung};
use super::super::plans::Settled;
use super::super::time::{before, sooner};
use crate::scheduling::NodeId;

/// A question in the making.
#[derive(Debug, Default)]
pub(super) struct Field {
    pub candidates: Vec<Candidate>,
    /// Nodes by the place of their candidate.
    pub names: Vec<String>,
    /// Nodes that do not even come into question.
    pub kept: Vec<Kept>,
    budgets: Vec<Budget>,
    may_go: Vec<u32>,
    limit: usize,
}

impl Field {
    pub(super) fn question(&self) -> Question {
        Question {
            candidates: self.candidates.clone(),
            budgets: self.budgets.clone(),
            may_go: self.may_go.clone(),
            limit: self.limit,
        }
    }

    /// Leaves out all other candidates.
    pub(super) fn keep_only(&mut self, nodes: &BTreeSet<String>) {
        let all = std::mem::take(&mut self.candidates).into_iter();
        let all = all.zip(std::mem::take(&mut self.names));
        let these = all.filter(|(_, name)| nodes.contains(name));
        (self.candidates, self.names) = these.unzip();
    }
}

impl Model {
    pub(super) fn field(
        &self,
        policy: &Policy,
        now: Timestamp,
        settled: &[Settled],
        decision: &mut Decision,
    ) -> Field {
        let leaving = self.leaving();
        let all: u32 = leaving.values().sum();
        let mut field = Field {
            budgets: self.budgets.values().cloned().collect(),
            limit: policy.max_removals.saturating_sub(all) as usize,
            ..Field::default()
        };
        let open = self.open_groups(policy, now, &leaving, &mut field, decision);
        let awaited: BTreeSet<NodeId> = settled.iter().map(|settled| settled.node).collect();
        let mut found: Vec<(Candidate, String)> = Vec::new();
        for name in self.nodes.keys() {
            let Some((group, of)) = self.group_of_node(name) else {
                continue;
            };
            let Some(place) = open.get(group).copied() else {
                continue;
            };
            if !self.is_settled(name) {
                continue;
            }
            if let Some(why) = &self.nodes[name].keeps {
                let why = format!("annotation {why}");
                let node = name.clone();
                field.kept.push(Kept { node, why });
                continue;
            }
            let id = self.state.node_id(name);
            if let Some(id) = id.filter(|id| !awaited.contains(id)) {
                found.push((self.candidate(now, name, id, place, of), name.clone()));
            }
        }
        // The hour that is paid for ends soonest; then the fewest evictions for the most money; of equals the one with the
        // smallest pods. What is spare stays so, unless another node's time has come.
        found.sort_by_cached_key(|(candidate, name)| {
            let Price(price) = candidate.price;
            let ends = self.paid_until(now, name);
            let is_due = ends.is_some_and(|ends| before(ends, policy.before_next_hour) <= now);
            (
                !is_due,
                !self.nodes[name].is_spare(),
                ends,
                moving(candidate),
                u64::MAX - price,
                self.used(name),
                name.clone(),
            )
        });
        (field.candidates, field.names) = found.into_iter().unzip();
        field
    }

    /// How many nodes of each group are on their way out, their machines not yet marked.
    pub(super) fn leaving(&self) -> BTreeMap<&str, u32> {
        let mut leaving = BTreeMap::new();
        for (name, _) in self.nodes.iter().filter(|(_, known)| known.removing) {
            let machine = self.coming.machine_of(name);
            let machine = machine.and_then(|machine| self.machines.get(machine));
            if let Some(machine) = machine.filter(|machine| machine.stays()) {
                *leaving.entry(machine.group.as_str()).or_default() += 1;
            }
        }
        leaving
    }

    /// How many machines a pool has without those on their way out.
    pub(super) fn left(&self, rungs: &[Rung], leaving: &BTreeMap<&str, u32>) -> u32 {
        let left = |(name, group): &Rung| {
            let tally = self.coming.tallies.get(*name).copied().unwrap_or_default();
            let leaves = leaving.get(name).copied().unwrap_or_default();
            tally.staying.min(group.replicas).saturating_sub(leaves)
        };
        rungs.iter().map(left).sum()
    }

    /// Groups that may shrink, with the places of their pools in the question.
    fn open_groups(
        &self,
        policy: &Policy,
        now: Timestamp,
        leaving: &BTreeMap<&str, u32>,
        field: &mut Field,
        decision: &mut Decision,
    ) -> BTreeMap<String, usize> {
        let mut open = BTreeMap::new();
        let pools = groups::pools(&self.groups);
        for (name, group) in &self.groups {
            if group.sizes.is_none() || group.may_not_change().is_some() {
                continue;
            }
            if let Some(why) = self.unsettled(name, group) {
                let group = name.clone();
                let why = format!("nothing is removed: {why}");
                decision.held.push(Held { group, why });
                continue;
            }
            if let Some(until) = self.removal.settles(name, policy, now) {
                sooner(&mut decision.again, until);
                continue;
            }
            let pool = group.key(name);
            let place = pools.keys().position(|key| *key == pool);
            open.extend(place.map(|place| (name.clone(), place)));
        }
        for rungs in pools.values() {
            let leaves = |name: &str| leaving.get(name).copied().unwrap_or_default();
            let left = self.left(rungs, leaving);
            let leaving = rungs.iter().map(|(name, _)| leaves(name)).sum();
            let again = &mut decision.again;
            let budget = self.budget_left(policy, now, rungs, leaving, again);
            let over = left.saturating_sub(groups::minimum(rungs));
            field.may_go.push(over.min(budget));
        }
        open
    }

    /// Why the machines of a group are not what they are going to be.
    fn unsettled(&self, name: &str, group: &Group) -> Option<String> {
        let mut sets = self.sets.values();
        let active = sets.by_ref().filter(|set| set.group == name && set.active);
        if active.count() > 1 {
            return Some("its machines are being replaced (rollout)".to_owned());
        }
        group.may_not_shrink().map(str::to_owned)
    }

    /// A node in service that nobody else has plans for.
    fn is_settled(&self, name: &str) -> bool {
        let Some(known) = self.nodes.get(name) else {
            return false;
        };
        let machine = self.coming.machine_of(name);
        let machine = machine.and_then(|machine| self.machines.get(machine));
        known.joined
            && known.ready
            && !known.removing
            && !known.node.unschedulable
            && machine.is_some_and(|machine| machine.stays() && machine.node == *name)
    }

    fn candidate(
        &self,
        now: Timestamp,
        name: &str,
        id: NodeId,
        group: usize,
        of: &Group,
    ) -> Candidate {
        let mut pods: Vec<Occupants> = Vec::new();
        for (key, resident) in self.pods.on(name) {
            let covered = || {
                let labels = &self.state.content(resident.class).labels;
                self.budgets.values().any(|budget| {
                    *budget.namespace == *key.namespace && budget.selector.matches(labels)
                })
            };
            let leave = resident.stay.at(now, covered);
            let same =
                |known: &&mut Occupants| known.class == resident.class && known.leave == leave;
            match pods.iter_mut().find(same) {
                Some(known) => known.pods += 1,
                None => pods.push(Occupants {
                    class: resident.class,
                    pods: 1,
                    leave,
                }),
            }
        }
        Candidate {
            node: id,
            group,
            price: self.price(of).0,
            pods,
        }
    }
}

fn moving(candidate: &Candidate) -> u32 {
    let pods = candidate.pods.iter();
    let moving = pods.filter(|pods| matches!(pods.leave, Leave::Moves | Leave::Starting));
    moving.map(|pods| pods.pods).sum()
}
