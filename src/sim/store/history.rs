//! The latest changes, for watchers and for lists at an older revision.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{Change, Expired, Limits};

/// A change, and what a list before it needs.
#[derive(Debug)]
pub(super) struct Entry {
    pub change: Arc<Change>,
    /// Revision of the write before; 0 before a creation.
    pub previous: u64,
}

/// Every revision is one change, so the place of a change follows from its revision.
#[derive(Debug)]
pub(super) struct History {
    entries: VecDeque<Entry>,
    /// Revision before the first entry.
    oldest: u64,
    bytes: usize,
    limits: Limits,
}

impl History {
    /// Knows nothing of what was before `revision`.
    pub(super) fn starting_at(revision: u64, limits: Limits) -> Self {
        Self {
            entries: VecDeque::new(),
            oldest: revision,
            bytes: 0,
            limits,
        }
    }

    pub(super) fn push(&mut self, entry: Entry) {
        self.bytes += weight(&entry);
        self.entries.push_back(entry);
        while self.entries.len() > self.limits.changes || self.bytes > self.limits.bytes {
            let Some(dropped) = self.entries.pop_front() else {
                break;
            };
            self.bytes -= weight(&dropped);
            self.oldest = dropped.change.revision;
        }
    }

    /// Changes after `revision`, in order.
    pub(super) fn since(
        &self,
        revision: u64,
    ) -> Result<impl Iterator<Item = &Entry> + use<'_>, Expired> {
        let skipped = revision.checked_sub(self.oldest).ok_or(Expired {
            oldest: self.oldest,
        })?;
        let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
        Ok(self.entries.range(skipped.min(self.entries.len())..))
    }
}

/// What a change keeps in memory: the state before and the last one. The one after belongs to the objects, or to the
/// next change as the state before.
fn weight(entry: &Entry) -> usize {
    let change = &entry.change;
    let bytes =
        [&change.before, &change.last].map(|bytes| bytes.as_ref().map_or(0, bytes::Bytes::len));
    size_of::<Entry>() + size_of::<Change>() + bytes.iter().sum::<usize>()
}
