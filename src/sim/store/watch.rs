//! A reader of the history of changes.

use std::sync::Arc;

use tokio::sync::watch::Receiver;

use super::{Change, Expired, Store};

/// A position in the history of changes.
#[derive(Debug)]
pub struct Watch {
    store: Store,
    resource: Option<String>,
    namespace: Option<String>,
    position: u64,
    revision: Receiver<u64>,
}

impl Watch {
    pub(super) fn new(
        store: Store,
        resource: Option<&str>,
        namespace: Option<&str>,
        since: u64,
    ) -> Self {
        Self {
            resource: resource.map(str::to_owned),
            namespace: namespace.map(str::to_owned),
            position: since,
            revision: store.shared.revision.subscribe(),
            store,
        }
    }

    /// Changes that are there already; empty if there is nothing new. `Err` if the watcher was too slow and history is gone.
    pub fn take(&mut self, most: usize) -> Result<Vec<Arc<Change>>, Expired> {
        let state = self.store.state();
        let mut taken = Vec::new();
        let mut position = self.position;
        for entry in state.history().since(position)? {
            if taken.len() == most {
                break;
            }
            position = entry.change.revision;
            if self.wants(&entry.change) {
                taken.push(entry.change.clone());
            }
        }
        drop(state);
        self.position = position;
        Ok(taken)
    }

    fn wants(&self, change: &Change) -> bool {
        let is = |wanted: &Option<String>, value: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted == value)
        };
        is(&self.resource, &change.key.resource) && is(&self.namespace, &change.key.namespace)
    }

    /// Revision up to which everything was taken.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Returns when there may be something to take. Cancel-safe.
    pub async fn changed(&mut self) {
        let position = self.position;
        let newer = self.revision.wait_for(|revision| *revision > position);
        // It fails when the sender is gone, but this watch keeps the store that has it.
        drop(newer.await);
    }
}
