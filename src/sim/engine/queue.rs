//! What waits for a controller: objects in the order in which they were queued, each at most once.

use std::collections::{HashSet, VecDeque};

use super::Item;

#[derive(Debug, Default)]
pub(super) struct Queue {
    order: VecDeque<Item>,
    waiting: HashSet<Item>,
}

impl Queue {
    pub(super) fn add(&mut self, item: Item) {
        if self.waiting.insert(item.clone()) {
            self.order.push_back(item);
        }
    }

    /// An object that is queued again while it is looked at gets another turn.
    pub(super) fn take(&mut self) -> Option<Item> {
        let item = self.order.pop_front()?;
        self.waiting.remove(&item);
        Some(item)
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }
}
