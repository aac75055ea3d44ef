//! Who owns whom: all objects of a cluster in brief.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use serde::Deserialize;

use super::{FOREGROUND, ORPHAN};
use crate::sim::engine::Item;

#[derive(Debug, Default)]
pub(super) struct Graph {
    nodes: HashMap<Item, Node>,
    items: HashMap<Box<str>, Item>,
    /// By the uid of the owner, which may not exist.
    dependents: HashMap<Box<str>, BTreeSet<Item>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) uid: Box<str>,
    pub(super) owners: Vec<Owner>,
    pub(super) deleted: bool,
    finalizers: Vec<Box<str>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) uid: Box<str>,
    /// `blockOwnerDeletion`.
    pub(super) blocks: bool,
}

impl Graph {
    /// Takes in an object as it is now (`None`: it is gone); returns what is to be looked at because of that.
    pub(super) fn note(&mut self, item: Item, json: Option<&[u8]>) -> Vec<Item> {
        let now = json.and_then(Node::parse);
        let before = self.nodes.remove(&item);
        if let Some(before) = &before {
            self.unlink(&item, before);
        }
        let mut affected = Vec::new();
        match &now {
            Some(now) if before.as_ref() == Some(now) => {}
            Some(now) => {
                if self.is_questionable(now) {
                    affected.push(item.clone());
                }
                if now.awaits_dependents() && !before.is_some_and(|b| b.awaits_dependents()) {
                    affected.extend(self.dependents(&now.uid).cloned());
                }
            }
            None => affected.extend(before.iter().flat_map(|gone| self.left_by(gone))),
        }
        if let Some(now) = now {
            self.link(item, now);
        }
        affected
    }

    /// It is going, or not all of its owners are there to stay. All others are well until their owners change.
    fn is_questionable(&self, node: &Node) -> bool {
        let stays = |owner: &Owner| {
            let owner = self.by_uid(&owner.uid);
            owner.is_some_and(|owner| !owner.awaits_dependents())
        };
        node.deleted || !node.owners.iter().all(stays)
    }

    /// The dependents of an object that is gone, and those of its owners that may have waited for it.
    fn left_by(&self, gone: &Node) -> Vec<Item> {
        let owners = gone.owners.iter();
        let waiting = owners
            .filter(|owner| self.by_uid(&owner.uid).is_some_and(Node::awaits_dependents))
            .filter_map(|owner| self.items.get(&owner.uid));
        let dependents = self.dependents(&gone.uid);
        dependents.chain(waiting).cloned().collect()
    }

    fn link(&mut self, item: Item, node: Node) {
        for owner in &node.owners {
            let dependents = self.dependents.entry(owner.uid.clone()).or_default();
            dependents.insert(item.clone());
        }
        self.items.insert(node.uid.clone(), item.clone());
        self.nodes.insert(item, node);
    }

    fn unlink(&mut self, item: &Item, node: &Node) {
        for owner in &node.owners {
            if let Some(dependents) = self.dependents.get_mut(&owner.uid) {
                dependents.remove(item);
                if dependents.is_empty() {
                    self.dependents.remove(&owner.uid);
                }
            }
        }
        self.items.remove(&node.uid);
    }

    pub(super) fn get(&self, item: &Item) -> Option<&Node> {
        self.nodes.get(item)
    }

    pub(super) fn by_uid(&self, uid: &str) -> Option<&Node> {
        self.nodes.get(self.items.get(uid)?)
    }

    pub(super) fn dependents(&self, uid: &str) -> impl Iterator<Item = &Item> {
        self.dependents.get(uid).into_iter().flatten()
    }

    pub(super) fn has_dependents(&self, uid: &str) -> bool {
        self.dependents.contains_key(uid)
    }

    /// Some dependent is still there and says that its owner must wait for it.
    pub(super) fn is_blocked(&self, uid: &str) -> bool {
        let nodes = self.dependents(uid).filter_map(|item| self.get(item));
        let mut owners = nodes.flat_map(|node| &node.owners);
        owners.any(|owner| &*owner.uid == uid && owner.blocks)
    }
}

impl Node {
    /// It goes after its dependents.
    pub(super) fn awaits_dependents(&self) -> bool {
        self.deleted && self.has_finalizer(FOREGROUND)
    }

    /// It goes without its dependents.
    pub(super) fn orphans_dependents(&self) -> bool {
        self.deleted && self.has_finalizer(ORPHAN)
    }

    pub(super) fn has_finalizer(&self, finalizer: &str) -> bool {
        self.finalizers.iter().any(|known| &**known == finalizer)
    }

    fn parse(json: &[u8]) -> Option<Self> {
        let Raw { metadata } = serde_json::from_slice(json).ok()?;
        let owners = metadata.owner_references.into_iter().map(|owner| Owner {
            uid: owner.uid.into(),
            blocks: owner.block_owner_deletion,
        });
        let finalizers = metadata.finalizers.into_iter();
        Some(Self {
            uid: metadata.uid.into(),
            owners: owners.collect(),
            deleted: metadata.deletion_timestamp.is_some(),
            finalizers: finalizers.map(Into::into).collect(),
        })
    }
}

#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    #[serde(borrow)]
    uid: Cow<'a, str>,
    #[serde(borrow)]
    deletion_timestamp: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    finalizers: Vec<Cow<'a, str>>,
    #[serde(borrow, default)]
    owner_references: Vec<Reference<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reference<'a> {
    #[serde(borrow)]
    uid: Cow<'a, str>,
    #[serde(default)]
    block_owner_deletion: bool,
}
