//! The pods of both clusters in brief, for all controllers: what they decide by, without reading the objects again.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;

use super::engine::{Cluster, Item};
use super::store::{Change, Key};

mod parse;

/// Keeps a finished pod until its Job has counted it.
pub const JOB_TRACKING: &str = "batch.kubernetes.io/job-tracking";

pub type Labels = BTreeMap<String, String>;

/// A pod as far as controllers decide by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pod {
    pub uid: Box<str>,
    /// Pods of one owner share them.
    pub labels: Arc<Labels>,
    pub owner: Option<Arc<Owner>>,
    pub node: Option<Arc<str>>,
    pub phase: Phase,
    pub ready: bool,
    /// Since when the condition Ready is what it is.
    pub ready_since: Option<Timestamp>,
    pub created: Timestamp,
    pub deleted: Option<Timestamp>,
    /// `controller.kubernetes.io/pod-deletion-cost`.
    pub deletion_cost: i32,
    pub restarts: u32,
    pub ip: Option<Box<str>>,
    /// Its Job has not counted it yet (finalizer `batch.kubernetes.io/job-tracking`).
    pub tracked: bool,
    /// How long its containers run and how they end, if its annotations say so.
    pub run: Option<Box<Run>>,
    pub host: Option<Box<Host>>,
}

/// What a pod is called below a Service of the name `subdomain`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    pub name: String,
    pub subdomain: String,
}

/// The end of a pod that is not meant to run for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// `sim.infra.bex.co/run-seconds`, in milliseconds.
    pub milliseconds: u64,
    /// `sim.infra.bex.co/exit-code`.
    pub exit_code: i32,
}

/// The controller of an object (`ownerReferences` with `controller: true`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Owner {
    pub api_version: String,
    pub kind: String,
    pub name: String,
    pub uid: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum Phase {
    Pending,
    Unknown,
    Running,
    Succeeded,
    Failed,
}

/// All pods, found by name, owner and node. Everything comes in the order of the keys.
#[derive(Debug, Default)]
pub struct Pods {
    infra: Index,
    app: Index,
    before: Option<Pod>,
}

#[derive(Debug, Default)]
struct Index {
    pods: BTreeMap<Key, Pod>,
    /// By the owner's uid.
    owned: HashMap<Box<str>, BTreeSet<Key>>,
    on_node: HashMap<Arc<str>, BTreeSet<Key>>,
    /// Without a controller.
    orphans: BTreeSet<Key>,
}

impl Pods {
    /// Takes in a change; those of other kinds are not looked at.
    pub fn changed(&mut self, cluster: Cluster, change: &Change) {
        if &*change.key.resource != "pods" {
            return;
        }
        let index = match cluster {
            Cluster::Infra => &mut self.infra,
            Cluster::App => &mut self.app,
        };
        self.before = index.remove(&change.key);
        if let Some(json) = &change.after {
            match parse::pod(json) {
                Ok(pod) => index.insert(change.key.clone(), pod),
                Err(error) => tracing::error!("pod {:?} cannot be read: {error}", change.key),
            }
        }
    }

    /// What the pod of the last change was before it.
    pub fn before(&self) -> Option<&Pod> {
        self.before.as_ref()
    }

    pub fn get(&self, cluster: Cluster, key: &Key) -> Option<&Pod> {
        self.index(cluster).pods.get(key)
    }

    pub fn of(&self, item: &Item) -> Option<&Pod> {
        self.get(item.cluster, &item.key)
    }

    /// Those of the controller with this uid.
    pub fn owned(&self, cluster: Cluster, uid: &str) -> impl Iterator<Item = (&Key, &Pod)> {
        let index = self.index(cluster);
        index.all(index.owned.get(uid))
    }

    pub fn on_node(&self, cluster: Cluster, node: &str) -> impl Iterator<Item = (&Key, &Pod)> {
        let index = self.index(cluster);
        index.all(index.on_node.get(node))
    }

    pub fn in_namespace(
        &self,
        cluster: Cluster,
        namespace: &str,
    ) -> impl Iterator<Item = (&Key, &Pod)> {
        let pods = &self.index(cluster).pods;
        let rest = pods.range(first_of(namespace)..);
        rest.take_while(move |(key, _)| &*key.namespace == namespace)
    }

    /// Those of a namespace that no controller owns.
    pub fn orphans(&self, cluster: Cluster, namespace: &str) -> impl Iterator<Item = (&Key, &Pod)> {
        let index = self.index(cluster);
        let rest = index.orphans.range(first_of(namespace)..);
        rest.take_while(move |key| &*key.namespace == namespace)
            .map(|key| (key, &index.pods[key]))
    }

    fn index(&self, cluster: Cluster) -> &Index {
        match cluster {
            Cluster::Infra => &self.infra,
            Cluster::App => &self.app,
        }
    }
}

/// Less than every pod of the namespace.
fn first_of(namespace: &str) -> Key {
    Key {
        resource: "pods".into(),
        namespace: namespace.into(),
        name: "".into(),
    }
}

impl Index {
    fn all<'a>(
        &'a self,
        keys: Option<&'a BTreeSet<Key>>,
    ) -> impl Iterator<Item = (&'a Key, &'a Pod)> {
        let keys = keys.into_iter().flatten();
        keys.map(|key| (key, &self.pods[key]))
    }

    fn insert(&mut self, key: Key, mut pod: Pod) {
        if let Some(node) = &pod.node {
            let there = self.on_node.entry(node.clone()).or_default();
            there.insert(key.clone());
        }
        if let Some(owner) = &pod.owner {
            let uid: Box<str> = owner.uid.as_str().into();
            let siblings = self.owned.entry(uid).or_default();
            if let Some(sibling) = siblings.first().map(|key| &self.pods[key]) {
                pod.share_with(sibling);
            }
            siblings.insert(key.clone());
        } else {
            self.orphans.insert(key.clone());
        }
        self.pods.insert(key, pod);
    }

    fn remove(&mut self, key: &Key) -> Option<Pod> {
        let pod = self.pods.remove(key)?;
        if let Some(node) = &pod.node {
            forget(&mut self.on_node, node, key);
        }
        match &pod.owner {
            Some(owner) => forget(&mut self.owned, owner.uid.as_str(), key),
            None => drop(self.orphans.remove(key)),
        }
        Some(pod)
    }
}

/// Takes a key out of a set that disappears with its last one.
fn forget<K>(sets: &mut HashMap<K, BTreeSet<Key>>, name: &str, key: &Key)
where
    K: std::borrow::Borrow<str> + std::hash::Hash + Eq,
{
    if let Some(set) = sets.get_mut(name) {
        set.remove(key);
        if set.is_empty() {
            sets.remove(name);
        }
    }
}

impl Pod {
    /// Pods of one owner are mostly alike: what is equal is kept once.
    fn share_with(&mut self, sibling: &Self) {
        if self.labels == sibling.labels {
            self.labels = sibling.labels.clone();
        }
        if self.owner == sibling.owner {
            self.owner.clone_from(&sibling.owner);
        }
    }

    pub fn finished(&self) -> bool {
        matches!(self.phase, Phase::Succeeded | Phase::Failed)
    }

    /// Neither finished nor on its way out.
    pub fn active(&self) -> bool {
        !self.finished() && self.deleted.is_none()
    }

    /// Ready for at least this long.
    pub fn available(&self, seconds: i64, now: Timestamp) -> bool {
        self.ready
            && (seconds == 0
                || self
                    .ready_since
                    .is_some_and(|since| now.as_second() >= since.as_second() + seconds))
    }

    pub fn owned_by(&self, uid: &str) -> bool {
        self.owner.as_ref().is_some_and(|owner| owner.uid == uid)
    }
}

#[cfg(test)]
mod tests;
