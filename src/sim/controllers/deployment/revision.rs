//! Revisions: which `ReplicaSet` is the current one, its number, and how it comes to be.

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::object::{
    DESIRED_REPLICAS, MAX_REPLICAS, REVISION, REVISION_HISTORY, ReplicaSet, annotate,
    size_annotations,
};
use super::{DEPLOYMENT, Look, REPLICA_SET, scaling, status, template};
use crate::sim::engine::{Context, access};
use crate::sim::registry::Subresource;

const HASH_LABEL: &str = "pod-template-hash";
/// More of a history of revisions than anybody reads.
const LONGEST_HISTORY: usize = 2000;

/// A template as it was before it got a hash.
pub(super) fn without_hash(template: &Value) -> Value {
    let mut template = template.clone();
    if let Some(labels) = template["metadata"]["labels"].as_object_mut() {
        labels.remove(HASH_LABEL);
    }
    template
}

/// Annotations that are the Deployment's own and not its revisions'.
fn is_own(annotation: &str) -> bool {
    [
        "kubectl.kubernetes.io/last-applied-configuration",
        "deprecated.deployment.rollback.to",
        REVISION,
        REVISION_HISTORY,
        DESIRED_REPLICAS,
        MAX_REPLICAS,
    ]
    .contains(&annotation)
}

impl Look<'_> {
    /// Brings the number of the new `ReplicaSet` up to date, and makes it if `create` and there is none.
    pub(super) fn sync_revision(&mut self, context: &mut Context, create: bool) -> Result<()> {
        let next = self.old.iter().map(ReplicaSet::revision).max().unwrap_or(0) + 1;
        if self.new.is_none() {
            return if create {
                self.create_new(next, context)
            } else {
                Ok(())
            };
        }
        self.renew(next, context)?;
        let revision = self.new.as_ref().map_or(next, ReplicaSet::revision);
        let found = self.new.as_ref().map(|new| {
            let message = format!("Found new replica set \"{}\"", new.metadata.name);
            ("FoundNewReplicaSet", message)
        });
        let unknown = status::progressing(&self.deployment.status.conditions).is_none();
        self.write_revision(revision, found.filter(|_| unknown), context)
    }

    /// The existing new set gets the Deployment's annotations and, if it was an old one, a new number.
    fn renew(&mut self, next: i64, context: &Context) -> Result<()> {
        let Some(new) = &self.new else {
            return Ok(());
        };
        let annotations = self.annotations_for(new, next);
        let ready_seconds = self.deployment.spec.min_ready_seconds;
        let known = &new.metadata.annotations;
        let same =
            |(key, value): (&String, &Value)| known.get(key).map(String::as_str) == value.as_str();
        if annotations.iter().all(same) && new.spec.min_ready_seconds == ready_seconds {
            return Ok(());
        }
        let item = self.item.beside(REPLICA_SET.resource, &new.metadata.name);
        let stored = context.modify(&item, Subresource::None, |set| {
            annotate(set, &annotations);
            if new.spec.min_ready_seconds != ready_seconds {
                set["spec"]["minReadySeconds"] = ready_seconds.into();
            }
        })?;
        self.new = stored
            .map(|set| serde_json::from_slice(&set.json))
            .transpose()?;
        Ok(())
    }

    fn annotations_for(&self, set: &ReplicaSet, next: i64) -> Map<String, Value> {
        let own = self.deployment.metadata.annotations.iter();
        let copied = own.filter(|(key, _)| !is_own(key));
        let mut annotations: Map<String, Value> = copied
            .map(|(key, value)| (key.clone(), value.clone().into()))
            .collect();
        let current = set.revision();
        if current < next {
            annotations.insert(REVISION.to_owned(), next.to_string().into());
            if current > 0 {
                let known = set.metadata.annotations.get(REVISION_HISTORY);
                let history = history(known.map_or("", String::as_str), current);
                annotations.insert(REVISION_HISTORY.to_owned(), history.into());
            }
        }
        annotations
    }

    fn create_new(&mut self, revision: i64, context: &mut Context) -> Result<()> {
        let collisions = self.deployment.status.collision_count;
        let hash = template::hash(&self.deployment.spec.template, collisions);
        let name = format!("{}-{hash}", self.deployment.metadata.name);
        let size = scaling::new_size(self, 0);
        let set = self.new_set(&name, &hash, revision, size, context);
        let item = self.item.beside(REPLICA_SET.resource, &name);
        let about = DEPLOYMENT.about(self.item, &self.deployment.metadata.uid);
        match context.create(&item, set) {
            Ok(written) => {
                self.new = Some(serde_json::from_slice(&written.json)?);
                if size > 0 {
                    let message = format!("Scaled up replica set {name} from 0 to {size}");
                    context.record(&about, "Normal", "ScalingReplicaSet", &message);
                }
                let message = format!("Created new replica set \"{name}\"");
                self.write_revision(revision, Some(("NewReplicaSetCreated", message)), context)
            }
            Err(error) if access::status(&error).is_some_and(|s| s.reason == "AlreadyExists") => {
                self.note_collision(context)?;
                Err(error)
            }
            Err(error) if template::namespace_is_going(&error) => Ok(()),
            Err(error) => {
                let message = format!("Failed to create new replica set \"{name}\": {error}");
                context.record(&about, "Warning", "ReplicaSetCreateError", &message);
                Err(error)
            }
        }
    }

    /// Another template has the same hash: the next try counts one up.
    fn note_collision(&self, context: &Context) -> Result<()> {
        context.modify(self.item, Subresource::Status, |object| {
            let count = object["status"]["collisionCount"].as_i64().unwrap_or(0);
            object["status"]["collisionCount"] = (count + 1).into();
        })?;
        Ok(())
    }

    fn new_set(
        &self,
        name: &str,
        hash: &str,
        revision: i64,
        size: i64,
        context: &Context,
    ) -> Value {
        let Self {
            item, deployment, ..
        } = self;
        let meta = &deployment.metadata;
        let mut template = deployment.spec.template.clone();
        template["metadata"]["labels"][HASH_LABEL] = hash.into();
        let stored: Option<Value> = context.read(item).ok().flatten();
        let mut selector = stored.map(|mut object| object["spec"]["selector"].take());
        if let Some(selector) = &mut selector {
            selector["matchLabels"][HASH_LABEL] = hash.into();
        }
        let mut annotations = self.annotations_for(&ReplicaSet::default(), revision);
        annotations.extend(size_annotations(
            deployment.replicas(),
            deployment.replicas() + deployment.max_surge(),
        ));
        json!({
            "apiVersion": REPLICA_SET.api_version,
            "kind": REPLICA_SET.kind,
            "metadata": {
                "name": name,
                "namespace": meta.namespace,
                "labels": template["metadata"]["labels"],
                "annotations": annotations,
                "ownerReferences": [DEPLOYMENT.controls(&meta.name, &meta.uid)],
            },
            "spec": {
                "replicas": size,
                "minReadySeconds": deployment.spec.min_ready_seconds,
                "selector": selector,
                "template": template,
            },
        })
    }

    /// Writes the revision's number on the Deployment, and what was found or made as the state of its progress.
    fn write_revision(
        &mut self,
        revision: i64,
        progress: Option<(&str, String)>,
        context: &Context,
    ) -> Result<()> {
        let text = revision.to_string();
        let known = self.deployment.metadata.annotations.get(REVISION);
        if known != Some(&text) {
            // With the status, because a change of annotations counts as a new generation otherwise.
            context.modify(self.item, Subresource::Status, |object| {
                object["metadata"]["annotations"][REVISION] = text.clone().into();
            })?;
        }
        let progress = progress.filter(|_| self.deployment.deadline().is_some());
        if let Some((reason, message)) = progress {
            let condition = status::progress("True", reason, &message, context.now());
            self.write_condition(&condition, context)?;
        }
        Ok(())
    }

    /// Also remembers it, as what comes next in this look builds on it.
    pub(super) fn write_condition(&mut self, condition: &Value, context: &Context) -> Result<()> {
        status::set(&mut self.deployment.status.conditions, condition.clone());
        let conditions = self.deployment.status.conditions.clone();
        context.modify(self.item, Subresource::Status, |object| {
            object["status"]["conditions"] = conditions.clone().into();
        })?;
        Ok(())
    }
}

/// Earlier numbers of a revision that is used again; the oldest make room.
fn history(known: &str, revision: i64) -> String {
    let mut numbers: Vec<&str> = known
        .split(',')
        .filter(|number| !number.is_empty())
        .collect();
    let revision = revision.to_string();
    numbers.push(&revision);
    while numbers.join(",").len() > LONGEST_HISTORY {
        numbers.remove(0);
    }
    numbers.join(",")
}
