//! `ControllerRevisions`: the templates that a `DaemonSet` or a `StatefulSet` has had, so that it can go back to one.

use std::cmp::Reverse;

use anyhow::Result;
use serde::Deserialize;
use serde_json::{Value, json};

use super::children::Children;
use super::claim;
use super::objects::{Kind, Meta, Object};
use super::selector::Selector;
use crate::sim::engine::{Context, Item};
use crate::sim::registry::{DeleteOptions, Subresource};
use crate::sim::store::Change;

const REVISION: Kind = Kind {
    api_version: "apps/v1",
    kind: "ControllerRevision",
    resource: "controllerrevisions.apps",
};

/// All revisions by their owners.
#[derive(Debug, Default)]
pub(super) struct History {
    revisions: Children,
}

/// Whose revisions they are.
pub(super) struct Owner<'a> {
    pub item: &'a Item,
    pub kind: Kind,
    pub meta: &'a Meta,
    pub selector: &'a Selector,
    /// The label that its revisions have their hash in.
    pub hash_label: &'a str,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Revision {
    metadata: Meta,
    data: Value,
    #[serde(rename = "revision")]
    number: i64,
}

impl History {
    /// Takes in a change of a revision; its owner is queued when it is gone.
    pub(super) fn changed(
        &mut self,
        item: &Item,
        change: &Change,
        kind: Kind,
        context: &mut Context,
    ) {
        if !item.is(REVISION.resource) {
            return;
        }
        let json = change.after.as_deref().or(change.last.as_deref());
        let meta = json.and_then(Object::brief);
        self.revisions
            .note(item, meta.as_ref().filter(|_| change.after.is_some()));
        let owner = meta.as_ref().and_then(Meta::controller);
        if let Some(owner) = owner.filter(|owner| owner.kind == kind.kind)
            && change.after.is_none()
        {
            context.enqueue(item.beside(kind.resource, &owner.name));
        }
    }

    /// The revisions, oldest first; the last one is that of the template. It is made, or an older one becomes the last.
    pub(super) fn sync(
        &self,
        owner: &Owner,
        template: &Value,
        context: &Context,
    ) -> Result<Vec<Revision>> {
        let mut known = self.of(owner, context)?;
        let data = data(template);
        let last = known.last().map_or(0, |last| last.number);
        match known.iter().rposition(|revision| revision.data == data) {
            Some(index) if index + 1 == known.len() => {}
            Some(index) => {
                let mut again = known.remove(index);
                again.number = last + 1;
                let item = owner.item.beside(REVISION.resource, &again.metadata.name);
                context.modify(&item, Subresource::None, |object| {
                    object["revision"] = again.number.into();
                })?;
                known.push(again);
            }
            None => known.push(create(owner, template, &data, last + 1, context)?),
        }
        Ok(known)
    }

    /// Those of nobody that it selects become its own.
    fn of(&self, owner: &Owner, context: &Context) -> Result<Vec<Revision>> {
        let mut known = Vec::new();
        for item in self.revisions.of(owner.item.cluster, &owner.meta.uid) {
            known.extend(context.read::<Revision>(item)?);
        }
        let reference = owner.kind.controls(&owner.meta.name, &owner.meta.uid);
        for orphan in self.revisions.orphans(owner.item) {
            let revision = context.read::<Revision>(orphan)?;
            let matches = |revision: &Revision| owner.selector.matches(&revision.metadata.labels);
            let Some(revision) = revision.filter(matches) else {
                continue;
            };
            context.modify(orphan, Subresource::None, |object| {
                claim::adopt(object, &reference);
            })?;
            known.push(revision);
        }
        known.sort_by_key(|revision| revision.number);
        Ok(known)
    }
}

impl Revision {
    pub(super) fn name(&self) -> &str {
        &self.metadata.name
    }

    /// What its owner's pods are labelled with.
    pub(super) fn hash(&self, label: &str) -> &str {
        self.metadata.labels.get(label).map_or("", String::as_str)
    }

    /// The pod template that it keeps.
    pub(super) fn template(&self) -> &Value {
        &self.data["spec"]["template"]
    }
}

/// Drops revisions beyond the limit, the oldest first; none that is `live`.
pub(super) fn truncate(
    owner: &Owner,
    revisions: &[Revision],
    limit: usize,
    live: impl Fn(&Revision) -> bool,
    context: &Context,
) -> Result<()> {
    let mut past: Vec<&Revision> = revisions.iter().filter(|r| !live(r)).collect();
    past.sort_by_key(|revision| Reverse(revision.number));
    for revision in past.into_iter().skip(limit) {
        let item = owner.item.beside(REVISION.resource, revision.name());
        context.delete(&item, &DeleteOptions::default())?;
    }
    Ok(())
}

/// A strategic merge patch that brings the template back.
fn data(template: &Value) -> Value {
    let mut template = template.clone();
    template["$patch"] = "replace".into();
    json!({"spec": {"template": template}})
}

fn create(
    owner: &Owner,
    template: &Value,
    data: &Value,
    number: i64,
    context: &Context,
) -> Result<Revision> {
    let meta = owner.meta;
    let hash = super::template::hash(template, None);
    let mut labels = super::template::labels(template);
    labels.insert(owner.hash_label.into(), hash.as_str().into());
    let name = format!("{}-{hash}", meta.name);
    let object = json!({
        "apiVersion": REVISION.api_version,
        "kind": REVISION.kind,
        "metadata": {
            "name": name,
            "labels": labels,
            "annotations": meta.annotations,
            "ownerReferences": [owner.kind.controls(&meta.name, &meta.uid)],
        },
        "data": data,
        "revision": number,
    });
    let written = context.create(&owner.item.beside(REVISION.resource, &name), object)?;
    Ok(serde_json::from_slice(&written.json)?)
}
