//! This engine: a purchase as soon as a pod waits, a removal shortly before the next paid hour.

use super::budgets;
use super::world::{DRAIN, SECOND, Time, World};
use crate::resize::grow::{Effort, Waiting, grow};
use crate::resize::policy::Policy;
use crate::resize::shrink::{Candidate, Leave, Occupants, Question, shrink};

/// A short window collects what comes in one burst.
const WINDOW: Time = 50;
/// How often nodes that may go are looked at again.
const PACE: Time = 30 * SECOND;

const EFFORT: Effort = Effort {
    improvements: 500,
    exact_up_to: 0,
    columns: 0,
};

#[derive(Debug, Default)]
pub(super) struct Ours {
    /// Arrivals that machines were bought for.
    served: u64,
    /// When to buy for those that came since.
    due: Option<Time>,
    looked: Option<Time>,
    /// Machines that could not go, in a state of this generation.
    kept: (u64, Vec<usize>),
}

impl Ours {
    pub(super) fn act(&mut self, world: &mut World) -> Option<Time> {
        if world.waiting.is_empty() || world.arrivals == self.served {
            self.due = None;
        } else {
            let due = *self.due.get_or_insert(world.now + WINDOW);
            if world.now < due {
                return Some(due);
            }
            self.buy(world);
        }
        let next = self.looked.map_or(0, |looked| looked + PACE);
        if world.now >= next {
            self.looked = Some(world.now);
            self.remove(world);
        }
        world.alive().next().map(|_| next.max(world.now + PACE))
    }

    fn buy(&mut self, world: &mut World) {
        self.served = world.arrivals;
        self.due = None;
        let mut offers = world.offers.clone();
        for (place, offer) in offers.iter_mut().enumerate() {
            offer.limit = world.left(place);
        }
        let waiting = waiting(world);
        let growth = grow(&mut world.state, &waiting, &offers, EFFORT);
        for machine in growth.machines {
            world.buy(machine.offer);
        }
    }

    /// Removes nodes whose paid hour is about to end, if their pods fit elsewhere.
    fn remove(&mut self, world: &mut World) {
        if !world.waiting.is_empty() {
            return;
        }
        let before = Policy::default().before_next_hour.as_millis();
        let before = Time::try_from(before).unwrap_or(Time::MAX);
        let window = world.now + DRAIN..=world.now + before;
        let ends = |machine: &usize| window.contains(&world.paid_until(*machine));
        let mut machines: Vec<usize> = world.open().filter(ends).collect();
        let (generation, kept) = &self.kept;
        if *generation == world.state.generation() && machines.iter().all(|m| kept.contains(m)) {
            return;
        }
        machines.sort_by_key(|machine| world.state.fullness(world.machines[*machine].node));
        let limit = machines.len();
        for machine in removable(world, &machines, limit) {
            world.drain(machine);
        }
        self.kept = (world.state.generation(), machines);
    }
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
    let question = Question {
        candidates: machines
            .iter()
            .map(|machine| candidate(world, *machine))
            .collect(),
        budgets: budgets::allowed(world),
        may_go: vec![u32::MAX; world.offers.len()],
        limit,
    };
    let gone = shrink(&mut world.state, &question).gone;
    gone.iter().map(|gone| machines[gone.candidate]).collect()
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
