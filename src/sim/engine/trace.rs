//! What was done, one line a turn, and the hash over all of it.

use std::fmt;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::Item;
use crate::hash;

/// Takes the lines as they come.
pub type Sink = Box<dyn FnMut(&str) + Send>;

#[derive(Default)]
pub(super) struct Trace {
    hasher: Sha256,
    sink: Option<Sink>,
}

impl Trace {
    pub(super) fn follow(&mut self, sink: Sink) {
        self.sink = Some(sink);
    }

    pub(super) fn turn(&mut self, time: Duration, controller: &str, item: &Item, outcome: &str) {
        let milliseconds = time.as_millis();
        let line = format!("{milliseconds} {controller} {item} {outcome}\n");
        self.hasher.update(&line);
        if let Some(sink) = &mut self.sink {
            sink(line.trim_end());
        }
    }

    /// SHA-256 of all lines so far.
    pub(super) fn hash(&self) -> String {
        hash::hex(&self.hasher.clone().finalize())
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Trace").field(&self.hash()).finish()
    }
}
