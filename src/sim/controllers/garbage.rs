//! The garbage collector: objects go when all their owners are gone; owners that wait for theirs wait; orphans are let
//! go.

mod graph;

use anyhow::Result;

use super::objects::{Object, OwnerReference, retain};
use crate::sim::engine::{Cluster, Context, Controller, Item};
use crate::sim::registry::{DeleteOptions, Subresource};
use crate::sim::store::Change;
use graph::{Graph, Node, Owner};

pub(super) const FOREGROUND: &str = "foregroundDeletion";
pub(super) const ORPHAN: &str = "orphan";

/// Collects garbage of all kinds in both clusters.
#[derive(Debug, Default)]
pub(super) struct GarbageCollector {
    infra: Graph,
    app: Graph,
}

/// The owners of an object by what they mean for it.
#[derive(Debug, Default)]
struct Owners {
    /// They exist and stay.
    solid: Vec<Owner>,
    /// They are gone.
    absent: Vec<Owner>,
    /// They wait for this object to go.
    waiting: Vec<Owner>,
}

impl Controller for GarbageCollector {
    fn name(&self) -> &'static str {
        "generic-garbage-collector"
    }

    fn changed(&mut self, cluster: Cluster, change: &Change, context: &mut Context) {
        let item = Item {
            cluster,
            key: change.key.clone(),
        };
        for affected in self.graph_mut(cluster).note(item, change.after.as_deref()) {
            context.enqueue(affected);
        }
    }

    fn reconcile(&mut self, item: &Item, context: &mut Context) -> Result<()> {
        let graph = self.graph(item.cluster);
        let Some(node) = graph.get(item) else {
            return Ok(());
        };
        if node.orphans_dependents() {
            return orphan(item, node, graph, context);
        }
        if node.awaits_dependents() && !graph.is_blocked(&node.uid) {
            return remove_finalizer(item, FOREGROUND, context);
        }
        if node.deleted || node.owners.is_empty() {
            return Ok(());
        }
        let owners = classify(node, graph);
        if !owners.absent.is_empty() && is_misled(item, context) {
            return Ok(());
        }
        if owners.solid.is_empty() {
            let foreground = !owners.waiting.is_empty() && graph.has_dependents(&node.uid);
            return collect(item, node, foreground, context);
        }
        let useless: Vec<Owner> = owners.absent.into_iter().chain(owners.waiting).collect();
        if useless.is_empty() {
            return Ok(());
        }
        remove_owners(item, &useless, context)
    }
}

impl GarbageCollector {
    fn graph(&self, cluster: Cluster) -> &Graph {
        match cluster {
            Cluster::Infra => &self.infra,
            Cluster::App => &self.app,
        }
    }

    fn graph_mut(&mut self, cluster: Cluster) -> &mut Graph {
        match cluster {
            Cluster::Infra => &mut self.infra,
            Cluster::App => &mut self.app,
        }
    }
}

fn classify(node: &Node, graph: &Graph) -> Owners {
    let mut owners = Owners::default();
    for owner in &node.owners {
        let of_its_kind = match graph.by_uid(&owner.uid) {
            None => &mut owners.absent,
            Some(found) if found.awaits_dependents() => &mut owners.waiting,
            Some(_) => &mut owners.solid,
        };
        of_its_kind.push(owner.clone());
    }
    owners
}

/// An object of no namespace that names an owner in one: who that is cannot be known, so it stays.
fn is_misled(item: &Item, context: &Context) -> bool {
    if !item.key.namespace.is_empty() {
        return false;
    }
    let registry = context.registry(item.cluster);
    let is_namespaced = |owner: &OwnerReference| {
        let kind = registry.kind(&owner.api_version, &owner.kind);
        kind.is_some_and(|kind| kind.namespaced)
    };
    let meta = context
        .get(item)
        .and_then(|stored| Object::brief(&stored.json));
    meta.is_some_and(|meta| meta.owner_references.iter().any(is_namespaced))
}

/// Deletes an object that nobody owns any more, in the way that its finalizers ask for.
fn collect(item: &Item, node: &Node, foreground: bool, context: &Context) -> Result<()> {
    let propagation = if foreground || node.has_finalizer(FOREGROUND) {
        "Foreground"
    } else if node.has_finalizer(ORPHAN) {
        "Orphan"
    } else {
        "Background"
    };
    let options = DeleteOptions {
        propagation: Some(propagation.to_owned()),
        uid: Some(node.uid.to_string()),
        ..DeleteOptions::default()
    };
    context.delete(item, &options)
}

/// Lets all dependents go, then the object itself.
fn orphan(item: &Item, node: &Node, graph: &Graph, context: &Context) -> Result<()> {
    for dependent in graph.dependents(&node.uid) {
        remove_owners_by(dependent, &|uid| uid == &*node.uid, context)?;
    }
    remove_finalizer(item, ORPHAN, context)
}

fn remove_owners(item: &Item, useless: &[Owner], context: &Context) -> Result<()> {
    remove_owners_by(
        item,
        &|uid| useless.iter().any(|owner| &*owner.uid == uid),
        context,
    )
}

fn remove_owners_by(item: &Item, useless: &dyn Fn(&str) -> bool, context: &Context) -> Result<()> {
    context.modify(item, Subresource::None, |object| {
        retain(object, "ownerReferences", |owner| {
            !owner["uid"].as_str().is_some_and(useless)
        });
    })?;
    Ok(())
}

fn remove_finalizer(item: &Item, finalizer: &str, context: &Context) -> Result<()> {
    context.modify(item, Subresource::None, |object| {
        retain(object, "finalizers", |known| known != finalizer);
    })?;
    Ok(())
}
