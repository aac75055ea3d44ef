//! Namespaces that are being deleted: their content goes first, then they do.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Result;

use super::objects::Object;
use crate::sim::engine::{Cluster, Context, Controller, Item};
use crate::sim::registry::{DeleteOptions, Subresource};
use crate::sim::store::{Change, PageRequest, Stored};

const NAMESPACES: &str = "namespaces";

/// Empties Namespaces.
#[derive(Debug, Default)]
pub(super) struct NamespaceController {
    /// Those that wait for their content to go.
    going: BTreeSet<Item>,
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
        for object in &content(item, context)? {
            if !is_going(object) {
                let options = DeleteOptions {
                    propagation: Some("Background".to_owned()),
                    ..DeleteOptions::default()
                };
                context.delete(&item.with(object.key.clone()), &options)?;
            }
        }
        if content(item, context)?.is_empty() {
            finalize(item, context)?;
        }
        Ok(())
    }
}

fn is_going(object: &Stored) -> bool {
    Object::brief(&object.json).is_some_and(|meta| meta.deleted())
}

/// All objects in the Namespace. Events come last: what is deleted before may still cause some.
fn content(item: &Item, context: &Context) -> Result<Vec<Stored>> {
    let registry = context.registry(item.cluster);
    let namespaced = registry.resources().into_iter().filter(|r| r.namespaced);
    let mut names: Vec<Arc<str>> = namespaced.map(|r| r.stored.resource.clone()).collect();
    names.sort_by_key(|name| (&**name == "events", name.clone()));
    names.dedup();
    let mut all = Vec::new();
    for name in names {
        let namespace = Some(&*item.key.name);
        let page = registry
            .store()
            .list(&name, namespace, &PageRequest::default());
        all.extend(
            page.map_err(|_| anyhow::anyhow!("{name} cannot be listed"))?
                .items,
        );
    }
    Ok(all)
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
