//! Bytes by key, with revisions: what etcd is to Kubernetes.
//!
//! One writer at a time; a write is a closure that sees the current bytes and the revision that it will get, so that
//! the revision can be part of the bytes and nothing has to be retried. Readers get the stored bytes without a copy,
//! and wait neither for transactions nor for the disk.
//!
//! - `state`, `history`: objects and their latest changes, in memory.
//! - `disk`: a log of all writes and a snapshot now and then, so that a crash of the process loses nothing.

mod disk;
mod history;
mod record;
mod state;
mod watch;

use std::fmt::{self, Debug, Formatter};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use bytes::Bytes;

use disk::Disk;
use record::Record;
use state::State;
pub use watch::Watch;

/// Identity of an object: its resource (`pods`, `deployments.apps`), namespace (empty if it has none) and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub resource: Arc<str>,
    pub namespace: Arc<str>,
    pub name: Arc<str>,
}

/// An object as it is stored: JSON with `metadata.resourceVersion` in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub key: Key,
    /// Revision of its last write.
    pub revision: u64,
    pub json: Bytes,
}

/// One write, as watchers see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub key: Key,
    pub revision: u64,
    /// Absent before a creation.
    pub before: Option<Bytes>,
    /// After a deletion: absent.
    pub after: Option<Bytes>,
    /// What watchers are shown of a deletion: the last state under the revision of the deletion.
    pub last: Option<Bytes>,
}

/// What a transaction does to its object.
#[derive(Debug)]
pub enum Outcome {
    Put(Bytes),
    /// With the last state, as watchers are to see it.
    Delete(Bytes),
    /// Nothing is written and no revision is used.
    Keep,
}

/// History before that revision was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expired {
    pub oldest: u64,
}

/// The log on disk could not be written; nothing has changed.
#[derive(Debug, thiserror::Error)]
#[error("writing {}: {cause}", path.display())]
pub struct Unwritten {
    pub path: PathBuf,
    pub cause: io::Error,
}

/// A page of a list, at one revision of the whole store.
#[derive(Debug, Clone)]
pub struct Page {
    pub revision: u64,
    pub items: Vec<Stored>,
    /// Key to go on from, if there is more, and how many that are.
    pub next: Option<(Key, u64)>,
}

/// Which page of a list.
#[derive(Debug, Clone, Default)]
pub struct PageRequest {
    pub limit: Option<usize>,
    /// Revision and last key of the page before.
    pub after: Option<(u64, Key)>,
}

/// How much is kept for watchers and for pages of older lists, and how long the log may get.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub changes: usize,
    /// Held by history alone: states that are no longer current.
    pub bytes: usize,
    /// A log up to this length never calls for a snapshot.
    pub log: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            changes: 200_000,
            bytes: 128 << 20,
            log: 16 << 20,
        }
    }
}

/// All objects. Clones are the same store.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    /// Held for the whole of a write; absent if nothing is kept on disk.
    writer: Mutex<Option<Disk>>,
    state: RwLock<State>,
    /// Wakes watchers up.
    revision: tokio::sync::watch::Sender<u64>,
}

impl Store {
    /// Lives as long as the process.
    pub fn in_memory() -> Self {
        Self::new(State::new(Limits::default()), None)
    }

    /// Kept in `directory`, which is made if it does not exist. No other process can open it meanwhile.
    ///
    /// A write is acknowledged when the kernel has it: it survives the death of the process, but not of the machine.
    pub fn open(directory: &Path) -> anyhow::Result<Self> {
        Self::open_within(directory, Limits::default())
    }

    fn open_within(directory: &Path, limits: Limits) -> anyhow::Result<Self> {
        let mut state = State::new(limits);
        let disk = Disk::open(directory, limits.log, &mut state)?;
        Ok(Self::new(state, Some(disk)))
    }

    fn new(state: State, disk: Option<Disk>) -> Self {
        let revision = tokio::sync::watch::Sender::new(state.revision());
        Self {
            shared: Arc::new(Shared {
                writer: Mutex::new(disk),
                state: RwLock::new(state),
                revision,
            }),
        }
    }

    /// Revision of the last write.
    pub fn revision(&self) -> u64 {
        self.state().revision()
    }

    pub fn get(&self, key: &Key) -> Option<Stored> {
        self.state().get(key)
    }

    /// Objects of a resource in the order of namespace and name: now, or for a page that follows another one, at the
    /// revision of that and after its last key.
    pub fn list(
        &self,
        resource: &str,
        namespace: Option<&str>,
        page: &PageRequest,
    ) -> Result<Page, Expired> {
        self.state().page(resource, namespace, page)
    }

    /// Runs `transaction` on the current bytes of the object with the revision that a write would get. Returns what is
    /// stored afterwards (for a deletion: the last state). The transaction may read the store, but not write to it.
    pub fn write<E: From<Unwritten>>(
        &self,
        key: &Key,
        transaction: impl FnOnce(Option<&Stored>, u64) -> Result<Outcome, E>,
    ) -> Result<Option<Stored>, E> {
        // A transaction that panicked has changed nothing.
        let mut disk = self
            .shared
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let current = self.get(key);
        let revision = self.revision() + 1;
        let (json, deletion) = match (transaction(current.as_ref(), revision)?, &current) {
            (Outcome::Put(json), _) => (json, false),
            (Outcome::Delete(last), Some(_)) => (last, true),
            (Outcome::Delete(_), None) | (Outcome::Keep, _) => return Ok(current),
        };
        let stored = Stored {
            key: current.map_or_else(|| key.clone(), |current| current.key),
            revision,
            // Serialisers leave room at the end of their buffers, which would be kept as long as the object.
            json: Bytes::copy_from_slice(&json),
        };
        let record = Record { stored, deletion };
        self.commit(&mut disk, &record)?;
        Ok(Some(record.stored))
    }

    /// First the disk, then memory, then the watchers: nobody sees what a crash can take back.
    fn commit(&self, disk: &mut Option<Disk>, record: &Record) -> Result<(), Unwritten> {
        if let Some(disk) = disk {
            disk.append(record)?;
        }
        self.shared
            .state
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .apply(record);
        self.shared.revision.send_replace(record.stored.revision);
        if let Some(disk) = disk {
            disk.compact(&self.state());
        }
        Ok(())
    }

    /// Changes after revision `since`, one after the other. `resource` and `namespace` narrow them down.
    pub fn watch(
        &self,
        resource: Option<&str>,
        namespace: Option<&str>,
        since: u64,
    ) -> Result<Watch, Expired> {
        self.state().history().since(since).map(drop)?;
        Ok(Watch::new(self.clone(), resource, namespace, since))
    }

    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.shared
            .state
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Debug for Store {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("revision", &self.revision())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
