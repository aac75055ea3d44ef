//! Nodes that can go, and when: as late as possible in the hour that is paid for, and never while anything is unsettled.

mod budget;
mod candidates;
mod foresight;
mod trade;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::super::decision::{self, Decision, Held, Kept};
use super::super::policy::{Policy, QuietHours};
use super::super::shrink::foresight::Foresight;
use super::super::shrink::{self, Shrinkage};
use super::Model;
use super::plans::Settled;
use super::time::{after, before, since, sooner};
use crate::scheduling::{ClassId, Node, NodeId};
use candidates::Field;
pub use words::in_words;

/// Removals are looked for at most once in this time, and in a millisecond for each node.
const PACE: Duration = Duration::from_secs(1);

/// What is remembered from one decision to the next.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Since when a node could go.
    unneeded: BTreeMap<String, Timestamp>,
    /// When a group gained a machine last.
    gained: BTreeMap<String, Timestamp>,
    losses: budget::Losses,
    next_look: Option<Timestamp>,
    kept: Vec<Kept>,
    foresight: Foresight,
}

impl Memory {
    pub(super) fn gained(&mut self, group: &str, now: Timestamp) {
        self.gained.insert(group.to_owned(), now);
    }

    pub(super) fn lost(&mut self, group: &str, machines: u32, now: Timestamp) {
        self.losses.add(group, machines, now);
    }

    /// Until when the group keeps all of its machines.
    fn settles(&self, group: &str, policy: &Policy, now: Timestamp) -> Option<Timestamp> {
        let until = after(*self.gained.get(group)?, policy.settle);
        (now < until).then_some(until)
    }
}

impl Model {
    pub(super) fn shrink(
        &mut self,
        policy: &Policy,
        now: Timestamp,
        settled: &[Settled],
        decision: &mut Decision,
    ) {
        if let Some(until) = quiet_until(&policy.quiet_hours, now) {
            sooner(&mut decision.again, until);
            decision.held.push(Held {
                group: "all".to_owned(),
                why: format!("quiet hours: nothing is removed before {until}"),
            });
            return;
        }
        // What is being bought is not known to the state yet: its pods would be moved into each other's way.
        if !decision.grow.is_empty() {
            sooner(&mut decision.again, after(now, PACE));
            return;
        }
        decision.kept.clone_from(&self.removal.kept);
        if let Some(next) = self.removal.next_look.filter(|next| now < *next) {
            sooner(&mut decision.again, next);
            return;
        }
        let pace = Duration::from_millis(self.nodes.len() as u64).max(PACE);
        self.removal.next_look = Some(after(now, pace));
        self.look_for_removals(policy, now, settled, decision);
        self.removal.kept.clone_from(&decision.kept);
    }

    fn look_for_removals(
        &mut self,
        policy: &Policy,
        now: Timestamp,
        settled: &[Settled],
        decision: &mut Decision,
    ) {
        let mut field = self.field(policy, now, settled, decision);
        decision.kept.clone_from(&field.kept);
        if field.candidates.is_empty() {
            self.removal.unneeded.clear();
            self.foresee(policy, now, &BTreeSet::new(), decision);
            return;
        }
        let shrinkage = self.with_settled(settled, |model| {
            let shrinkage = shrink::shrink(&mut model.state, &field.question());
            model.say_what_stays(&field, &shrinkage, decision);
            let due = model.due(policy, now, &field, &shrinkage, decision);
            model.foresee(policy, now, &due, decision);
            if due.len() == shrinkage.gone.len() {
                return shrinkage;
            }
            field.keep_only(&due);
            model.of_these(&field)
        });
        // A pod must not count on the company of one that waits, whose place must be there after all moves: the scheduler
        // takes them in any order.
        let waiting: Vec<(ClassId, NodeId)> =
            settled.iter().map(|it| (it.class, it.node)).collect();
        if shrink::holds(&mut self.state, &field.question(), &shrinkage, &waiting) {
            self.write_removals(&field, &shrinkage, decision);
        } else {
            sooner(&mut decision.again, after(now, PACE));
        }
    }

    /// Asks something with pods in the state that wait and have their places, and without nodes that no pod can move to yet.
    fn with_settled<T>(&mut self, settled: &[Settled], ask: impl FnOnce(&mut Self) -> T) -> T {
        let closed = self.close_unready();
        for settled in settled {
            self.state.place(&settled.pod, settled.class, settled.node);
        }
        let answer = ask(self);
        for settled in settled {
            self.state.remove_pod(&settled.pod);
        }
        for node in closed {
            self.state.set_node(node);
        }
        answer
    }

    fn of_these(&mut self, field: &Field) -> Shrinkage {
        if field.candidates.is_empty() {
            return Shrinkage::default();
        }
        shrink::shrink(&mut self.state, &field.question())
    }

    /// No pod is moved to a node that is not there yet. Returns the nodes as they were.
    fn close_unready(&mut self) -> Vec<Node> {
        let ids = self.unready_nodes();
        let nodes = ids.into_iter().filter_map(|id| self.state.node(id));
        let nodes: Vec<_> = nodes.filter(|node| !node.unschedulable).cloned().collect();
        for node in &nodes {
            let mut closed = node.clone();
            closed.unschedulable = true;
            self.state.set_node(closed);
        }
        nodes
    }

    /// Names of the nodes whose time has come.
    fn due(
        &mut self,
        policy: &Policy,
        now: Timestamp,
        field: &Field,
        shrinkage: &Shrinkage,
        decision: &mut Decision,
    ) -> BTreeSet<String> {
        let gone = shrinkage.gone.iter();
        let unneeded: BTreeSet<&String> = gone.map(|gone| &field.names[gone.candidate]).collect();
        self.removal
            .unneeded
            .retain(|node, _| unneeded.contains(node));
        let mut due = BTreeSet::new();
        for node in unneeded {
            let begun = self.removal.unneeded.entry(node.clone()).or_insert(now);
            let begun = *begun;
            let time = self.time_to_go(policy, now, node, begun);
            if time <= now {
                due.insert(node.clone());
            } else {
                sooner(&mut decision.again, time);
            }
        }
        due
    }

    /// A machine that is billed by the hour goes shortly before the next one begins.
    fn time_to_go(
        &self,
        policy: &Policy,
        now: Timestamp,
        node: &str,
        begun: Timestamp,
    ) -> Timestamp {
        let ready = after(begun, policy.unneeded_for);
        let ends = self.paid_until(now.max(ready), node);
        ends.map_or(ready, |ends| {
            ready.max(before(ends, policy.before_next_hour))
        })
    }

    /// When the hour ends that is paid for at some time. Nothing if the node is not billed by the hour.
    fn paid_until(&self, at: Timestamp, node: &str) -> Option<Timestamp> {
        let hour = u64::from(self.prices.billed_seconds);
        let (_, group) = self.group_of_node(node)?;
        let machine = self.machines.get(self.coming.machine_of(node)?)?;
        let billed = self.price(group).1 && hour > 0;
        billed.then(|| {
            let begun = since(at, machine.created).as_secs() / hour + 1;
            after(machine.created, Duration::from_secs(begun * hour))
        })
    }

    fn write_removals(&self, field: &Field, shrinkage: &Shrinkage, decision: &mut Decision) {
        for gone in &shrinkage.gone {
            let node = &field.names[gone.candidate];
            let Some((group, of)) = self.group_of_node(node) else {
                continue;
            };
            let machine = self.coming.machine_of(node).unwrap_or_default();
            decision.remove.push(decision::Remove {
                node: node.clone(),
                machine: machine.to_owned(),
                group: group.to_owned(),
                moves: self.moves(node, &gone.moves),
                saves: self.price(of).0,
                reason: self.share(node),
            });
        }
    }
}

/// When the quiet hours end that it is now.
fn quiet_until(all: &[QuietHours], now: Timestamp) -> Option<Timestamp> {
    const DAY: i64 = 24 * 60;
    let minutes = now.as_second().div_euclid(60);
    let minute = minutes.rem_euclid(DAY);
    let mut ends = Vec::new();
    for hours in all {
        let (from, to) = (i64::from(hours.from), i64::from(hours.to));
        let length = (to - from).rem_euclid(DAY);
        let inside = (minute - from).rem_euclid(DAY);
        if inside < length {
            ends.push(Timestamp::from_second((minutes + length - inside) * 60).ok()?);
        }
    }
    ends.into_iter().max()
}
