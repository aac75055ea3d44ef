//! Notices objects that are looked at again and again without an end.

use std::collections::HashMap;
use std::time::Duration;

use super::{Item, Slot};

/// More turns of one object within a second of the clock than any real work needs.
const MOST: u32 = 5000;

/// Turns of each object within the current second. With a virtual clock the second lasts until everything is idle, so
/// an endless loop is found there too.
#[derive(Debug, Default)]
pub(super) struct Laps {
    since: Duration,
    turns: HashMap<(Slot, Item), u32>,
}

impl Laps {
    /// Counts a turn; true if it is one too many.
    pub(super) fn endless(&mut self, now: Duration, slot: Slot, item: &Item) -> bool {
        if now >= self.since + Duration::from_secs(1) {
            self.turns.clear();
            self.since = now;
        }
        let turns = self.turns.entry((slot, item.clone())).or_default();
        *turns += 1;
        *turns > MOST
    }
}
