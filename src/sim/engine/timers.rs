//! Objects that are to be looked at later: in the order of their times, then of their arming.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use tokio::time::Instant;

use super::{Item, Slot};

/// One timer for each controller and object: the earliest that was asked for.
#[derive(Debug, Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<(Instant, u64, Slot, Item)>>,
    /// Number of the timer that counts; others of the same object in the heap were overtaken by it.
    armed: HashMap<(Slot, Item), (Instant, u64)>,
    sequence: u64,
}

impl Timers {
    pub(super) fn add(&mut self, at: Instant, slot: Slot, item: Item) {
        let known = self.armed.get(&(slot, item.clone()));
        if known.is_some_and(|(known, _)| *known <= at) {
            return;
        }
        self.sequence += 1;
        let timer = (at, self.sequence);
        self.armed.insert((slot, item.clone()), timer);
        self.heap.push(Reverse((at, self.sequence, slot, item)));
    }

    /// The next one whose time has come.
    pub(super) fn due(&mut self, now: Instant) -> Option<(Slot, Item)> {
        if self.next()? > now {
            return None;
        }
        let Reverse((_, _, slot, item)) = self.heap.pop()?;
        self.armed.remove(&(slot, item.clone()));
        Some((slot, item))
    }

    /// When the next one is due.
    pub(super) fn next(&mut self) -> Option<Instant> {
        while let Some(Reverse((at, number, slot, item))) = self.heap.peek() {
            if self.armed.get(&(*slot, item.clone())) == Some(&(*at, *number)) {
                return Some(*at);
            }
            self.heap.pop();
        }
        None
    }
}
