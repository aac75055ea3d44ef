//! Karpenter's rules with its defaults: waiting pods in batches, the largest first, onto machines of any type that still
//! holds them, of which the cheapest is bought; and consolidation, one command at a time.
//!
//! Constants and order are those of `sigs.k8s.io/karpenter` 1.15: controllers/provisioning, controllers/disruption.

mod consolidation;
mod provisioning;

use super::world::{SECOND, Time, World};
use consolidation::Command;

const BATCH_IDLE: Time = SECOND;
const BATCH_MOST: Time = 10 * SECOND;
/// Between looks at what could be consolidated.
const POLLING: Time = 10 * SECOND;
/// A command is only carried out if it is still right after this.
const VALIDATION: Time = 15 * SECOND;

#[derive(Debug, Default)]
pub(super) struct Karpenter {
    /// Arrivals that machines were bought for, and those seen so far.
    served: u64,
    seen: u64,
    batch: Option<Batch>,
    next_look: Time,
    /// Under validation until then.
    command: Option<(Time, Command)>,
    /// Nodes that go when their replacement is there.
    replacing: Vec<(usize, Vec<usize>)>,
    /// Of the state in which there was nothing to consolidate.
    settled: Option<u64>,
}

#[derive(Debug, Clone, Copy)]
struct Batch {
    began: Time,
    grew: Time,
}

impl Karpenter {
    pub(super) fn act(&mut self, world: &mut World) -> Option<Time> {
        let batch = self.provision(world);
        self.replace(world);
        let look = self.consolidate(world);
        batch.into_iter().chain(look).min()
    }

    /// Buys machines when the batch is complete; when that is.
    fn provision(&mut self, world: &mut World) -> Option<Time> {
        if world.waiting.is_empty() || world.arrivals == self.served {
            self.batch = None;
            return None;
        }
        let now = world.now;
        let batch = self.batch.get_or_insert(Batch {
            began: now,
            grew: now,
        });
        if world.arrivals != self.seen {
            self.seen = world.arrivals;
            batch.grew = now;
        }
        let due = (batch.began + BATCH_MOST).min(batch.grew + BATCH_IDLE);
        if now < due {
            return Some(due);
        }
        self.batch = None;
        self.served = world.arrivals;
        for offer in provisioning::machines(world) {
            world.buy(offer);
        }
        None
    }

    /// Drains what is replaced as soon as its replacement has joined.
    fn replace(&mut self, world: &mut World) {
        let ready = |(new, _): &mut (usize, Vec<usize>)| world.machines[*new].ready;
        let done: Vec<(usize, Vec<usize>)> = self.replacing.extract_if(.., ready).collect();
        for machine in done.into_iter().flat_map(|(_, old)| old) {
            world.drain(machine);
        }
    }

    fn consolidate(&mut self, world: &mut World) -> Option<Time> {
        if let Some((at, _)) = &self.command
            && world.now < *at
        {
            return Some(*at);
        }
        if let Some((_, command)) = self.command.take() {
            self.next_look = world.now + POLLING;
            self.carry_out(world, &command);
        }
        if world.now < self.next_look {
            return Some(self.next_look);
        }
        self.next_look = world.now + POLLING;
        let generation = world.state.generation();
        let still = self.settled == Some(generation) || !world.waiting.is_empty();
        self.command = if still {
            None
        } else {
            consolidation::find(world, &self.going())
        }
        .map(|command| (world.now + VALIDATION, command));
        if self.command.is_none() && world.waiting.is_empty() {
            self.settled = Some(generation);
        }
        let next = self.command.as_ref().map_or(self.next_look, |(at, _)| *at);
        world.alive().next().map(|_| next)
    }

    fn going(&self) -> Vec<usize> {
        self.replacing
            .iter()
            .flat_map(|(new, old)| old.iter().chain([new]))
            .copied()
            .collect()
    }

    fn carry_out(&mut self, world: &mut World, command: &Command) {
        let open: Vec<usize> = world.open().collect();
        let there = command
            .machines
            .iter()
            .all(|machine| open.contains(machine));
        if !there || consolidation::plan(world, &command.machines).as_ref() != Some(command) {
            return;
        }
        match command.replacement {
            Some(offer) => {
                let new = world.buy(offer);
                self.replacing.push((new, command.machines.clone()));
            }
            None => command
                .machines
                .iter()
                .for_each(|machine| world.drain(*machine)),
        }
    }
}
