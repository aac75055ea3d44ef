//! This engine: a purchase as soon as a pod waits and no more of its burst are worth waiting for, a removal shortly before
//! the next paid hour.

use std::collections::BTreeMap;
use std::time::Duration;

use super::budgets;
use super::world::{DRAIN, SECOND, Time, World};
use crate::resize::burst::Burst;
use crate::resize::grow::{Bought, Effort, Placed, Waiting, grow};
use crate::resize::offer::Offer;
use crate::resize::policy::Policy;
use crate::resize::shrink::foresight::{Foresight, Prospect};
use crate::resize::shrink::{Candidate, Leave, Occupants, Question, shrink};
use crate::resize::trade::{best_offer, unpaid};
use crate::scheduling::ClassId;

/// How often nodes that may go are looked at again.
const PACE: Time = 30 * SECOND;

const EFFORT: Effort = Effort {
    improvements: 500,
    exact_up_to: 0,
    columns: 0,
};

#[derive(Debug, Default)]
pub(super) struct Ours {
    /// Arrivals that were looked at.
    known: u64,
    burst: Option<Burst>,
    /// When to buy what waits for more pods.
    due: Option<Time>,
    looked: Option<Time>,
    foresight: Foresight,
    /// Machines that nobody needed in a state of this generation, when these were due.
    unneeded: Vec<usize>,
    seen: (u64, Vec<usize>),
}

impl Ours {
    pub(super) fn act(&mut self, world: &mut World) -> Option<Time> {
        let new = world.arrivals - self.known;
        self.known = world.arrivals;
        for _ in 0..new {
            self.burst = Some(Burst::with(self.burst, Duration::from_millis(world.now)));
        }
        if world.waiting.is_empty() {
            self.due = None;
        } else if new > 0 || self.due.is_some_and(|due| due <= world.now) {
            self.due = self.buy(world);
        }
        let next = self.looked.map_or(0, |looked| looked + PACE);
        if world.now >= next {
            self.looked = Some(world.now);
            self.remove(world);
        }
        let look = world.alive().next().map(|_| next.max(world.now + PACE));
        self.due.into_iter().chain(look).min()
    }

    /// Returns when to buy what waits for more pods.
    fn buy(&self, world: &mut World) -> Option<Time> {
        let mut offers = world.offers.clone();
        for (place, offer) in offers.iter_mut().enumerate() {
            offer.limit = world.left(place);
        }
        let waiting = waiting(world);
        let mut growth = grow(&mut world.state, &waiting, &offers, EFFORT);
        if let [alone] = &mut growth.machines[..] {
            let offer = trade(world, alone, &offers);
            alone.sure &= offer == alone.offer;
            alone.offer = offer;
        }
        let mut queue = Queue::behind(&growth.placed);
        let mut due: Option<Time> = None;
        for machine in growth.machines {
            let oldest = queue.take(world, &machine);
            match self.hold(world, &machine, oldest) {
                Some(until) => due = Some(due.map_or(until, |due| due.min(until))),
                None => {
                    world.buy(machine.offer);
                }
            }
        }
        due
    }

    /// Until when a machine waits for more pods.
    fn hold(&self, world: &World, machine: &Bought, oldest: Time) -> Option<Time> {
        let (oldest, now) = (
            Duration::from_millis(oldest),
            Duration::from_millis(world.now),
        );
        let until = self.burst?.hold(machine.sure, oldest, true, now)?;
        Some(Time::try_from(until.as_millis()).unwrap_or(Time::MAX))
    }

    /// Of nodes that nobody needs, removes those whose paid hour is about to end, and keeps new pods off the others.
    fn remove(&mut self, world: &mut World) {
        if !world.waiting.is_empty() {
            return;
        }
        let is_due = |machine: &usize| is_due(world, *machine);
        let due: Vec<usize> = world.open().filter(is_due).collect();
        let seen = (world.state.generation(), due);
        if self.seen != seen {
            self.unneeded = unneeded(world);
            self.seen = seen;
        }
        let unneeded = self.unneeded.iter().copied();
        let (due, early): (Vec<usize>, Vec<usize>) =
            unneeded.partition(|machine| self.seen.1.contains(machine));
        for machine in removable(world, &due, due.len()) {
            world.drain(machine);
        }
        self.mark(world, &early);
    }

    fn mark(&mut self, world: &mut World, unneeded: &[usize]) {
        let open: Vec<usize> = world.open().collect();
        let prospects = open.iter().map(|machine| Prospect {
            node: &world.machines[*machine].name,
            marked: world.machines[*machine].avoided,
            unneeded: unneeded.contains(machine),
        });
        let (turning, _) = self
            .foresight
            .look(Duration::from_millis(world.now), prospects);
        let machine = |name: &str| {
            let mut open = open.iter();
            open.find(|machine| world.machines[**machine].name == name)
        };
        let turning = turning.iter();
        let turning = turning.filter_map(|it| Some((*machine(it.node)?, it.unneeded)));
        let turning: Vec<(usize, bool)> = turning.collect();
        for (machine, unneeded) in turning {
            world.set_avoided(machine, unneeded);
        }
    }
}

/// How many pods of each class have their places, the one that came first in front.
struct Queue(BTreeMap<ClassId, usize>);

impl Queue {
    fn behind(placed: &[Placed]) -> Self {
        let mut taken: BTreeMap<ClassId, usize> = BTreeMap::new();
        for placed in placed {
            *taken.entry(placed.class).or_default() += placed.pods as usize;
        }
        Self(taken)
    }

    /// Gives the next ones to a machine. When the oldest of them came.
    fn take(&mut self, world: &World, machine: &Bought) -> Time {
        let mut oldest = world.now;
        for (class, pods) in &machine.pods {
            let taken = self.0.entry(*class).or_default();
            let waiting = world.waiting.get(class);
            if let Some(pod) = waiting.and_then(|waiting| waiting.get(*taken)) {
                oldest = oldest.min(world.pods[*pod].since);
            }
            *taken += *pods as usize;
        }
        oldest
    }
}

/// Machines that could go together: first those that are due, then those that pods avoid already.
fn unneeded(world: &mut World) -> Vec<usize> {
    let mut machines: Vec<usize> = world.open().collect();
    machines.sort_by_cached_key(|machine| {
        let it = &world.machines[*machine];
        let paid = world.paid_until(*machine);
        let fullness = world.state.fullness(it.node);
        (!is_due(world, *machine), !it.avoided, paid, fullness)
    });
    let limit = machines.len();
    removable(world, &machines, limit)
}

/// What to buy for the pods of a machine, as far as that lets other machines go within its first hour.
fn trade(world: &mut World, bought: &Bought, offers: &[Offer]) -> usize {
    let mut machines: Vec<usize> = world.open().collect();
    machines.sort_by_key(|machine| world.paid_until(*machine));
    let limit = machines.len();
    let mut question = question(world, &machines, limit);
    for (candidate, machine) in question.candidates.iter_mut().zip(&machines) {
        let paid = world.paid_until(*machine) - world.now;
        candidate.price = unpaid(candidate.price, paid, world.billed);
    }
    best_offer(&mut world.state, bought, offers, &question)
}

/// Its next hour begins soon, and there is still time to drain it.
fn is_due(world: &World, machine: usize) -> bool {
    let before = Policy::default().before_next_hour.as_millis();
    let before = Time::try_from(before).unwrap_or(Time::MAX);
    let window = world.now + DRAIN..=world.now + before;
    window.contains(&world.paid_until(machine))
}

/// Pods that wait, by class.
pub(super) fn waiting(world: &World) -> Vec<Waiting> {
    let waiting = world.waiting.iter();
    let waiting = waiting.map(|(class, pods)| Waiting {
        class: *class,
        pods: u32::try_from(pods.len()).unwrap_or(u32::MAX),
    });
    waiting.collect()
}

/// Those of the machines that can go together, at most so many; the ones in front are tried first.
pub(super) fn removable(world: &mut World, machines: &[usize], limit: usize) -> Vec<usize> {
    if machines.is_empty() {
        return Vec::new();
    }
    let question = question(world, machines, limit);
    let gone = shrink(&mut world.state, &question).gone;
    gone.iter().map(|gone| machines[gone.candidate]).collect()
}

fn question(world: &World, machines: &[usize], limit: usize) -> Question {
    Question {
        candidates: machines
            .iter()
            .map(|machine| candidate(world, *machine))
            .collect(),
        budgets: budgets::allowed(world),
        may_go: vec![u32::MAX; world.offers.len()],
        limit,
    }
}

fn candidate(world: &World, machine: usize) -> Candidate {
    let it = &world.machines[machine];
    let moving = it
        .pods
        .iter()
        .map(|(class, pods)| (*class, pods.len(), Leave::Moves));
    let daemons = world.offers[it.offer].daemons.iter();
    let staying = daemons.map(|class| (*class, 1, Leave::WithNode));
    let occupants = moving.chain(staying).filter(|(_, pods, _)| *pods > 0);
    Candidate {
        node: it.node,
        group: it.offer,
        price: world.offers[it.offer].price,
        pods: occupants
            .map(|(class, pods, leave)| Occupants {
                class,
                pods: u32::try_from(pods).unwrap_or(u32::MAX),
                leave,
            })
            .collect(),
    }
}
