//! How long a controller waits before it looks again at an object that it failed on.

use std::collections::HashMap;
use std::time::Duration;

use super::{Item, Slot};
use crate::sim::random::Random;

const SHORTEST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(30);

/// Failures in a row.
#[derive(Debug, Default)]
pub(super) struct Retries(HashMap<(Slot, Item), u32>);

impl Retries {
    /// The pause after one more failure: it doubles each time, and up to a tenth of it is added so that objects that
    /// failed together do not come back together.
    pub(super) fn failed(&mut self, slot: Slot, item: &Item, seed: u64) -> Duration {
        let failures = self.0.entry((slot, item.clone())).or_default();
        let pause = LONGEST.min(SHORTEST * 2_u32.pow((*failures).min(16)));
        *failures += 1;
        let purpose = ["retry", &item.to_string(), &failures.to_string()];
        let tenth = u64::try_from(pause.as_millis() / 10).unwrap_or(0);
        pause + Duration::from_millis(Random::new(seed, &purpose).between(0, tenth))
    }

    pub(super) fn succeeded(&mut self, slot: Slot, item: &Item) {
        if !self.0.is_empty() {
            self.0.remove(&(slot, item.clone()));
        }
    }
}
