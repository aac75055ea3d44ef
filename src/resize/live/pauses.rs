//! What failed is not tried again at once.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

const LONGEST: Duration = Duration::from_mins(5);

/// Pauses by the name of what failed; each is twice the one before.
#[derive(Debug, Default)]
pub(super) struct Pauses {
    all: HashMap<String, (Instant, Duration)>,
}

impl Pauses {
    /// `first`: how long it is left alone the first time.
    pub(super) fn failed(&mut self, what: &str, first: Duration) {
        let before = self.all.get(what).map(|(_, pause)| *pause * 2);
        let pause = before.unwrap_or(first).min(LONGEST);
        self.all
            .insert(what.to_owned(), (Instant::now() + pause, pause));
    }

    pub(super) fn succeeded(&mut self, what: &str) {
        self.all.remove(what);
    }

    pub(super) fn is_over(&self, what: &str) -> bool {
        self.all
            .get(what)
            .is_none_or(|(until, _)| *until <= Instant::now())
    }

    /// When the next one ends.
    pub(super) fn next(&self) -> Option<Instant> {
        let ends = self.all.values().map(|(until, _)| *until);
        ends.filter(|until| Instant::now() < *until).min()
    }
}
