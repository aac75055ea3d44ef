//! Which pods belong to a controller: those with its reference; and of those without one, the ones it selects.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Deserialize;
use serde_json::{Value, json};

use super::objects::{Kind, Meta, POD, retain};
use super::selector::Selector;
use crate::sim::engine::{Context, Item};
use crate::sim::pods::Pod;
use crate::sim::registry::Subresource;
use crate::sim::store::{Change, Key};

/// Queues the owners of a changed pod, the one before and the one now; if there is none now, those that select it.
pub(super) fn enqueue_owners(
    pod: &Item,
    kind: Kind,
    selectors: &BTreeMap<Item, Selector>,
    context: &mut Context,
) {
    let now = context.pods.of(pod);
    let states = [context.pods.before(), now];
    let mut owners: Vec<Item> = states
        .into_iter()
        .flatten()
        .filter_map(|pod| pod.owner.as_ref())
        .filter(|owner| owner.kind == kind.kind && owner.api_version == kind.api_version)
        .map(|owner| pod.beside(kind.resource, &owner.name))
        .collect();
    if let Some(orphan) = now.filter(|pod| pod.owner.is_none()) {
        let first = pod.beside(kind.resource, "");
        let near = selectors.range(first..).take_while(|(item, _)| {
            item.cluster == pod.cluster && item.key.namespace == pod.key.namespace
        });
        let wanting = near.filter(|(_, selector)| selector.matches(&orphan.labels));
        owners.extend(wanting.map(|(item, _)| item.clone()));
    }
    for owner in owners {
        context.enqueue(owner);
    }
}

/// Keeps what the changed object selects.
pub(super) fn note_selector(
    selectors: &mut BTreeMap<Item, Selector>,
    item: &Item,
    change: &Change,
) {
    #[derive(Deserialize)]
    struct Selecting {
        spec: Spec,
    }
    #[derive(Deserialize)]
    struct Spec {
        selector: Selector,
    }
    let selecting = change.after.as_deref().map(serde_json::from_slice);
    if let Some(Ok(Selecting { spec })) = selecting {
        selectors.insert(item.clone(), spec.selector);
    } else {
        selectors.remove(item);
    }
}

/// Takes pods that nobody owns and that the controller selects; lets go those that it no longer selects.
pub(super) fn adopt_and_release(
    item: &Item,
    kind: Kind,
    meta: &Meta,
    selector: &Selector,
    context: &Context,
) -> Result<()> {
    let cluster = item.cluster;
    let owned = context.pods.owned(cluster, &meta.uid);
    let released = owned.filter(|(_, pod)| pod.deleted.is_none() && !selector.matches(&pod.labels));
    for pod in keys(released) {
        context.modify(&Item { cluster, key: pod }, Subresource::None, |pod| {
            retain(pod, "ownerReferences", |owner| owner["uid"] != meta.uid);
        })?;
    }
    if meta.deleted() {
        return Ok(());
    }
    let orphans = context.pods.orphans(cluster, &item.key.namespace);
    let wanted = orphans.filter(|(_, pod)| pod.active() && selector.matches(&pod.labels));
    let reference = kind.controls(&meta.name, &meta.uid);
    for pod in keys(wanted) {
        debug_assert_eq!(&*pod.resource, POD.resource);
        context.modify(&Item { cluster, key: pod }, Subresource::None, |pod| {
            adopt(pod, &reference);
        })?;
    }
    Ok(())
}

/// Adds the reference unless somebody else was quicker.
pub(super) fn adopt(object: &mut Value, reference: &Value) {
    let metadata = &mut object["metadata"];
    if metadata["ownerReferences"].is_null() {
        metadata["ownerReferences"] = json!([]);
    }
    if let Some(owners) = metadata["ownerReferences"].as_array_mut()
        && !owners.iter().any(|owner| owner["controller"] == true)
    {
        owners.retain(|owner| owner["uid"] != reference["uid"]);
        owners.push(reference.clone());
    }
}

fn keys<'a>(pods: impl Iterator<Item = (&'a Key, &'a Pod)>) -> Vec<Key> {
    pods.map(|(key, _)| key.clone()).collect()
}
