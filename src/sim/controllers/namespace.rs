//! Namespaces that are being deleted: first their pods go, then the rest of their content, then they do. What holds
//! them up is in their conditions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::Result;
use serde::Deserialize;
use serde_json::Value;

use super::conditions;
use super::objects::{Object, POD};
use crate::sim::engine::{Cluster, Context, Controller, Item};
use crate::sim::registry::{DeleteOptions, Subresource};
use crate::sim::store::{Change, PageRequest, Stored};
use crate::timestamp::rfc3339;

const NAMESPACES: &str = "namespaces";

/// Conditions as they are while nothing is wrong: type, reason, message.
const WELL: [[&str; 3]; 5] = [
    [
        "NamespaceDeletionDiscoveryFailure",
        "ResourcesDiscovered",
        "All resources successfully discovered",
    ],
    [
        "NamespaceDeletionGroupVersionParsingFailure",
        "ParsedGroupVersions",
        "All legacy kube types successfully parsed",
    ],
    [
        "NamespaceDeletionContentFailure",
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    ],
    [
        CONTENT,
        "ContentRemoved",
        "All content successfully removed",
    ],
    [
        FINALIZERS,
        "ContentHasNoFinalizers",
        "All content-preserving finalizers finished",
    ],
];
const CONTENT: &str = "NamespaceContentRemaining";
const FINALIZERS: &str = "NamespaceFinalizersRemaining";

/// Empties Namespaces.
#[derive(Debug, Default)]
pub(super) struct NamespaceController {
    /// Those that wait for their content to go.
    going: BTreeSet<Item>,
}

type Namespace = Object<Value, Status>;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Status {
    conditions: Vec<Value>,
}

/// What is left after everything was told to go.
#[derive(Debug, Default)]
struct Left {
    /// How many of each resource.
    resources: BTreeMap<String, usize>,
    /// How many with each finalizer.
    finalizers: BTreeMap<String, usize>,
}

impl Controller for NamespaceController {
    fn name(&self) -> &'static str {
        "namespace-controller"
    }

    fn changed(&mut self, cluster: Cluster, change: &Change, context: &mut Context) {
        let item = Item {
            cluster,
            key: change.key.clone(),
        };
        if item.is(NAMESPACES) {
            let meta = change.after.as_deref().and_then(Object::brief);
            if meta.is_some_and(|meta| meta.deleted()) {
                self.going.insert(item.clone());
                context.enqueue(item);
            } else {
                self.going.remove(&item);
            }
        } else if change.after.is_none() && !self.going.is_empty() {
            let namespace = Item::new(cluster, NAMESPACES, "", &item.key.namespace);
            if self.going.contains(&namespace) {
                context.enqueue(namespace);
            }
        }
    }

    fn reconcile(&mut self, item: &Item, context: &mut Context) -> Result<()> {
        if !self.going.contains(item) {
            return Ok(());
        }
        // Pods go first; as long as one is there, nothing else is touched.
        if !remove(item, POD.resource, context)?.is_empty() {
            return note(item, &Left::default(), context);
        }
        let mut left = Left::default();
        for resource in resources(item, context) {
            left.add(&resource, &remove(item, &resource, context)?);
        }
        note(item, &left, context)?;
        if left.resources.is_empty() {
            finalize(item, context)?;
        }
        Ok(())
    }
}

impl Left {
    fn add(&mut self, resource: &str, objects: &[Stored]) {
        if objects.is_empty() {
            return;
        }
        let dot = if resource.contains('.') { "" } else { "." };
        self.resources
            .insert(format!("{resource}{dot}"), objects.len());
        for meta in objects
            .iter()
            .filter_map(|object| Object::brief(&object.json))
        {
            for finalizer in meta.finalizers {
                *self.finalizers.entry(finalizer).or_default() += 1;
            }
        }
    }

    /// Reason and message of a condition that is True.
    fn wrong(&self, of: &str) -> Option<(&'static str, String)> {
        let (counts, reason, head, links) = match of {
            CONTENT => (
                &self.resources,
                "SomeResourcesRemain",
                "Some resources are remaining",
                "has",
            ),
            FINALIZERS => (
                &self.finalizers,
                "SomeFinalizersRemain",
                "Some content in the namespace has finalizers remaining",
                "in",
            ),
            _ => return None,
        };
        let counts = counts.iter();
        let texts: Vec<String> = counts
            .map(|(name, count)| format!("{name} {links} {count} resource instances"))
            .collect();
        (!texts.is_empty()).then(|| (reason, format!("{head}: {}", texts.join(", "))))
    }
}

/// Everything that can be in a Namespace. Events come last: what is deleted before may still cause some.
fn resources(item: &Item, context: &Context) -> Vec<Arc<str>> {
    let all = context.registry(item.cluster).resources().into_iter();
    let namespaced = all.filter(|resource| resource.namespaced);
    let mut names: Vec<Arc<str>> = namespaced.map(|r| r.stored.resource.clone()).collect();
    names.sort_by_key(|name| (&**name == "events", name.clone()));
    names.dedup();
    names
}

/// Deletes all objects of a resource; those that are still there.
fn remove(item: &Item, resource: &str, context: &Context) -> Result<Vec<Stored>> {
    let options = DeleteOptions {
        propagation: Some("Background".to_owned()),
        ..DeleteOptions::default()
    };
    for object in content(item, resource, context)? {
        if !is_going(&object) {
            context.delete(&item.with(object.key), &options)?;
        }
    }
    content(item, resource, context)
}

fn is_going(object: &Stored) -> bool {
    Object::brief(&object.json).is_some_and(|meta| meta.deleted())
}

fn content(item: &Item, resource: &str, context: &Context) -> Result<Vec<Stored>> {
    let store = context.registry(item.cluster).store();
    let page = store.list(resource, Some(&item.key.name), &PageRequest::default());
    let page = page.map_err(|_| anyhow::anyhow!("{resource} cannot be listed"))?;
    Ok(page.items)
}

/// Writes the conditions.
fn note(item: &Item, left: &Left, context: &Context) -> Result<()> {
    let Some(namespace) = context.read::<Namespace>(item)? else {
        return Ok(());
    };
    let now = rfc3339(context.now());
    let mut known = namespace.status.conditions.clone();
    for [of, reason, message] in WELL {
        let condition = match left.wrong(of) {
            Some((reason, message)) => conditions::condition(of, "True", reason, &message, &now),
            None => conditions::condition(of, "False", reason, message, &now),
        };
        conditions::put(&mut known, condition);
    }
    if known != namespace.status.conditions {
        context.modify(item, Subresource::Status, |namespace| {
            namespace["status"]["conditions"] = known.clone().into();
        })?;
    }
    Ok(())
}

/// Takes away the finalizer that all Namespaces have.
fn finalize(item: &Item, context: &Context) -> Result<()> {
    context.modify(item, Subresource::Finalize, |namespace| {
        if let Some(finalizers) = namespace["spec"]["finalizers"].as_array_mut() {
            finalizers.retain(|finalizer| finalizer != "kubernetes");
        }
    })?;
    Ok(())
}
