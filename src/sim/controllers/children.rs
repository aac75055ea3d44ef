//! Which objects of a kind belong to which controller: the `ReplicaSets` of Deployments, the Jobs of others.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

use super::objects::Meta;
use crate::sim::engine::{Cluster, Item};

/// Objects of one kind by the uid of their controller.
#[derive(Debug, Default)]
pub(super) struct Children {
    controllers: HashMap<Item, Uid>,
    by_controller: HashMap<Uid, BTreeSet<Item>>,
    orphans: BTreeSet<Item>,
}

type Uid = (Cluster, String);

impl Children {
    /// Takes in an object as it is now (`None`: it is gone).
    pub(super) fn note(&mut self, item: &Item, meta: Option<&Meta>) {
        self.forget(item);
        let Some(meta) = meta else {
            return;
        };
        let Some(controller) = meta.controller() else {
            self.orphans.insert(item.clone());
            return;
        };
        let uid = (item.cluster, controller.uid.clone());
        self.controllers.insert(item.clone(), uid.clone());
        let siblings = self.by_controller.entry(uid).or_default();
        siblings.insert(item.clone());
    }

    fn forget(&mut self, item: &Item) {
        self.orphans.remove(item);
        let Some(uid) = self.controllers.remove(item) else {
            return;
        };
        if let Entry::Occupied(mut siblings) = self.by_controller.entry(uid) {
            siblings.get_mut().remove(item);
            if siblings.get().is_empty() {
                siblings.remove();
            }
        }
    }

    pub(super) fn of(&self, cluster: Cluster, uid: &str) -> impl Iterator<Item = &Item> {
        let children = self.by_controller.get(&(cluster, uid.to_owned()));
        children.into_iter().flatten()
    }

    /// Those of the namespace of `near` that nobody controls.
    pub(super) fn orphans(&self, near: &Item) -> impl Iterator<Item = &Item> {
        self.orphans.iter().filter(move |item| {
            item.cluster == near.cluster && item.key.namespace == near.key.namespace
        })
    }
}
