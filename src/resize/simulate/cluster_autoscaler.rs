//! The Cluster Autoscaler's rules with its default flags: a loop every ten seconds, one node group in each, the one that
//! wastes the least; removal after ten minutes below half use.
//!
//! Constants and order are those of `cluster-autoscaler` 1.37: `config/flags/flags.go`, `core/static_autoscaler.go`.

use std::collections::BTreeMap;

use super::first_fit::{Offers, Planned, add, fill_all, nodes, request};
use super::ours::{removable, waiting};
use super::world::{SECOND, Time, World};
use crate::resize::grow::Waiting;
use crate::scheduling::{State, Trial};

const SCAN: Time = 10 * SECOND;
/// A loop in which all waiting pods are younger than this does nothing.
const YOUNG: Time = 2 * SECOND;
/// After a loop that did something the next one follows at once.
const PRODUCTIVE: Time = SECOND;
const MOST_NODES: usize = 1000;
const UNNEEDED: Time = 600 * SECOND;
const DELAY_AFTER_ADD: Time = 600 * SECOND;
/// Of a thousand.
const USED: i64 = 500;
const EMPTY_AT_ONCE: usize = 10;
const DRAINED_AT_ONCE: usize = 1;
/// Soft taints set in one loop, and taken back.
const SOFT_TAINTS: usize = 10;

#[derive(Debug, Default)]
pub(super) struct ClusterAutoscaler {
    next: Time,
    /// No loop for pods that wait before that. The trigger on new pods is taken at its best: as soon as they are not
    /// young any more.
    not_before: Time,
    added: Option<Time>,
    /// Machines that are not needed, since when.
    unneeded: BTreeMap<usize, Time>,
}

impl ClusterAutoscaler {
    pub(super) fn act(&mut self, world: &mut World) -> Option<Time> {
        let oldest = world
            .waiting
            .values()
            .flatten()
            .map(|pod| world.pods[*pod].since);
        let due = oldest
            .min()
            .map(|since| (since + YOUNG).max(self.not_before));
        if due.is_some_and(|due| world.now >= due) {
            let grown = self.grow(world);
            self.not_before = world.now + if grown { PRODUCTIVE } else { SCAN };
            if grown {
                return Some(self.not_before);
            }
        }
        if world.now >= self.next {
            self.next = world.now + SCAN;
            self.shrink(world);
        }
        let due = due.map(|due| due.max(self.not_before));
        let next = world.alive().next().map(|_| self.next);
        due.into_iter().chain(next).min()
    }

    /// Buys nodes of one group. False if there is nothing to be bought.
    fn grow(&mut self, world: &mut World) -> bool {
        let Some((offer, count)) = best_group(world) else {
            return false;
        };
        for _ in 0..count {
            world.buy(offer);
        }
        self.added = Some(world.now);
        true
    }

    fn shrink(&mut self, world: &mut World) {
        let low = |machine: &usize| world.state.fullness(world.machines[*machine].node) < USED;
        let low: Vec<usize> = world.open().filter(low).collect();
        let unneeded = removable(world, &low, low.len());
        self.unneeded
            .retain(|machine, _| unneeded.contains(machine));
        for machine in unneeded {
            self.unneeded.entry(machine).or_insert(world.now);
        }
        let settled = self
            .added
            .is_none_or(|added| world.now >= added + DELAY_AFTER_ADD);
        let draining = world
            .alive()
            .any(|machine| world.machines[machine].cordoned);
        let going = if settled && !draining {
            self.ripe(world)
        } else {
            Vec::new()
        };
        if going.is_empty() {
            self.taint(world);
        }
        for machine in going {
            self.unneeded.remove(&machine);
            world.drain(machine);
        }
    }

    /// Machines that have been unneeded for long enough: empty ones together, others one at a time.
    fn ripe(&self, world: &mut World) -> Vec<usize> {
        let ripe = self
            .unneeded
            .iter()
            .filter(|(_, since)| world.now >= **since + UNNEEDED);
        let ripe: Vec<usize> = ripe.map(|(machine, _)| *machine).collect();
        let is_empty = |machine: &usize| world.machines[*machine].pods.values().all(Vec::is_empty);
        let (empty, used): (Vec<usize>, Vec<usize>) = ripe.into_iter().partition(is_empty);
        if empty.is_empty() {
            removable(world, &used, DRAINED_AT_ONCE)
        } else {
            empty.into_iter().take(EMPTY_AT_ONCE).collect()
        }
    }

    /// In a loop that removes nothing, nodes that are not needed get the taint `DeletionCandidateOfClusterAutoscaler`
    /// (`PreferNoSchedule`), and all others lose it.
    fn taint(&self, world: &mut World) {
        let is_unneeded = |machine: &usize| self.unneeded.contains_key(machine);
        let (unneeded, needed): (Vec<usize>, Vec<usize>) = world.open().partition(is_unneeded);
        for (machines, avoided) in [(unneeded, true), (needed, false)] {
            let other = |machine: &usize| world.machines[*machine].avoided != avoided;
            let wrong: Vec<usize> = machines.into_iter().filter(other).collect();
            for machine in wrong.into_iter().take(SOFT_TAINTS) {
                world.set_avoided(machine, avoided);
            }
        }
    }
}

/// The group that wastes the least of CPU and memory, and how many of it.
fn best_group(world: &mut World) -> Option<(usize, usize)> {
    let offers = Offers::of(world);
    let left: Vec<u32> = (0..offers.0.len()).map(|offer| world.left(offer)).collect();
    let there = nodes(world);
    let wanted = waiting(world);
    let mut trial = world.state.trial();
    let still = |wanted: &Waiting| Waiting {
        pods: fill_all(&mut trial, &there, *wanted),
        ..*wanted
    };
    let wanted: Vec<Waiting> = wanted.iter().map(still).filter(|w| w.pods > 0).collect();
    let mut best: Option<(f64, usize, usize)> = None;
    for (offer, left) in left.iter().enumerate().filter(|(_, left)| **left > 0) {
        let before = trial.changes();
        let most = usize::try_from(*left).unwrap_or(usize::MAX).min(MOST_NODES);
        let planned = estimate(&mut trial, &offers, offer, &wanted, most);
        let share = waste(&trial, &offers, &planned);
        trial.back_to(before);
        let better = best.is_none_or(|(least, _, _)| share < least);
        if !planned.is_empty() && better {
            best = Some((share, offer, planned.len()));
        }
    }
    best.map(|(_, offer, count)| (offer, count))
}

/// First fit by size onto nodes of one offer.
fn estimate(
    trial: &mut Trial,
    offers: &Offers,
    offer: usize,
    wanted: &[Waiting],
    most: usize,
) -> Vec<Planned> {
    let mut wanted = wanted.to_vec();
    let size = |w: &Waiting| {
        let share = |name| {
            let all = offers.amount(offer, name).max(1);
            request(trial, w.class, name).saturating_mul(1_000_000) / all
        };
        share("cpu") + share("memory")
    };
    wanted.sort_by_cached_key(|w| std::cmp::Reverse(size(w)));
    let mut planned: Vec<Planned> = Vec::new();
    for mut wanted in wanted {
        for planned in &mut planned {
            wanted.pods -= put(trial, planned, wanted);
        }
        while wanted.pods > 0 && planned.len() < most {
            let before = trial.changes();
            let mut new = add(trial, offers, offer, planned.len());
            let placed = put(trial, &mut new, wanted);
            if placed == 0 {
                trial.back_to(before);
                break;
            }
            wanted.pods -= placed;
            planned.push(new);
        }
    }
    planned
}

fn put(trial: &mut Trial, planned: &mut Planned, wanted: Waiting) -> u32 {
    let placed = trial.place_up_to(wanted.class, planned.node, wanted.pods);
    if placed > 0 {
        planned.pods.push((wanted.class, placed));
    }
    placed
}

/// Shares of CPU and memory that nobody asks for, added up.
#[expect(
    clippy::cast_precision_loss,
    reason = "shares are compared, not added up"
)]
fn waste(state: &State, offers: &Offers, planned: &[Planned]) -> f64 {
    let share = |name: &str| {
        let asked = planned.iter().flat_map(|p| &p.pods);
        let asked: i64 = asked
            .map(|(class, pods)| request(state, *class, name) * i64::from(*pods))
            .sum();
        let all: i64 = planned.iter().map(|p| offers.amount(p.offer, name)).sum();
        1.0 - asked as f64 / all.max(1) as f64
    };
    share("cpu") + share("memory")
}
