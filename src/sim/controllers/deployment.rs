//! Deployments: a `ReplicaSet` for each template they ever had, and a rolling change from one to the next.

mod object;
mod revision;
mod scaling;
mod status;

use std::time::Duration;

use anyhow::Result;

use super::children::Children;
use super::objects::{DEPLOYMENT, Meta, Object, REPLICA_SET};
use super::{claim, numbers, template};
use crate::sim::engine::{Cluster, Context, Controller, Item};
use crate::sim::registry::{DeleteOptions, Subresource};
use crate::sim::store::Change;
use object::{Deployment, ReplicaSet, Strategy};

/// Rolls Deployments out.
#[derive(Debug, Default)]
pub(super) struct DeploymentController {
    sets: Children,
}

/// A Deployment with its `ReplicaSets`, as they were when the look began.
struct Look<'a> {
    item: &'a Item,
    deployment: Deployment,
    /// The one of the current template.
    new: Option<ReplicaSet>,
    old: Vec<ReplicaSet>,
}

impl Controller for DeploymentController {
    fn name(&self) -> &'static str {
        "deployment-controller"
    }

    fn changed(&mut self, cluster: Cluster, change: &Change, context: &mut Context) {
        let item = Item {
            cluster,
            key: change.key.clone(),
        };
        if item.is(DEPLOYMENT.resource) {
            context.enqueue(item);
        } else if item.is(REPLICA_SET.resource) {
            let json = change.after.as_ref().or(change.last.as_ref());
            let set = json.and_then(|json| Object::<(), ()>::brief(json));
            let meta = change.after.as_ref().and(set.as_ref());
            self.sets.note(&item, meta);
            let owner = set.as_ref().and_then(Meta::controller);
            if let Some(owner) = owner.filter(|owner| owner.kind == DEPLOYMENT.kind) {
                context.enqueue(item.beside(DEPLOYMENT.resource, &owner.name));
            }
        } else if item.is("pods") && change.after.is_none() {
            // A Recreate waits for the last old pod to be gone.
            let owner = context.pods.before().and_then(|pod| pod.owner.clone());
            let set = owner.map(|owner| item.beside(REPLICA_SET.resource, &owner.name));
            let set = set.and_then(|set| Object::brief(&context.get(&set)?.json));
            let owner = set.as_ref().and_then(Meta::controller);
            if let Some(owner) = owner.filter(|owner| owner.kind == DEPLOYMENT.kind) {
                context.enqueue(item.beside(DEPLOYMENT.resource, &owner.name));
            }
        }
    }

    fn reconcile(&mut self, item: &Item, context: &mut Context) -> Result<()> {
        let Some(deployment) = context.read::<Deployment>(item)? else {
            return Ok(());
        };
        let sets = self.sets_of(item, &deployment, context)?;
        let mut look = Look::new(item, deployment, sets);
        if look.deployment.metadata.deleted() {
            return look.write_status(context, false);
        }
        if look.note_pause(context)? {
            return Ok(());
        }
        if look.deployment.spec.paused || look.was_scaled() {
            look.sync_revision(context, false)?;
            look.apply_scale(&scaling::proportional(&look), context)?;
            return look.write_status(context, false);
        }
        match look.deployment.spec.strategy.of {
            Strategy::RollingUpdate => look.roll(context),
            Strategy::Recreate => look.recreate(context),
        }
    }
}

impl DeploymentController {
    /// Its `ReplicaSets`, oldest first; those of nobody that it selects become its own.
    fn sets_of(
        &self,
        item: &Item,
        deployment: &Deployment,
        context: &Context,
    ) -> Result<Vec<ReplicaSet>> {
        let meta = &deployment.metadata;
        let mut sets = Vec::new();
        for set in self.sets.of(item.cluster, &meta.uid) {
            sets.extend(context.read::<ReplicaSet>(set)?);
        }
        let orphans = self.sets.orphans(item).filter(|_| !meta.deleted());
        for orphan in orphans {
            let Some(set) = context.read::<ReplicaSet>(orphan)? else {
                continue;
            };
            if deployment.spec.selector.matches(&set.metadata.labels) {
                let reference = DEPLOYMENT.controls(&meta.name, &meta.uid);
                context.modify(orphan, Subresource::None, |set| {
                    claim::adopt(set, &reference);
                })?;
                sets.push(set);
            }
        }
        sets.sort_by_key(|set| (set.metadata.creation_timestamp, set.metadata.name.clone()));
        Ok(sets)
    }
}

impl<'a> Look<'a> {
    fn new(item: &'a Item, deployment: Deployment, mut sets: Vec<ReplicaSet>) -> Self {
        let wanted = revision::without_hash(&deployment.spec.template);
        let is_new = |set: &ReplicaSet| revision::without_hash(&set.spec.template) == wanted;
        let new = sets.iter().position(is_new).map(|index| sets.remove(index));
        Self {
            item,
            deployment,
            new,
            old: sets,
        }
    }

    /// All of them, the new one last.
    fn sets(&self) -> impl Iterator<Item = &ReplicaSet> {
        self.old.iter().chain(&self.new)
    }

    fn replicas(&self) -> i64 {
        self.deployment.replicas()
    }

    /// Somebody changed `replicas` since the sets were last sized.
    fn was_scaled(&self) -> bool {
        let active = self.sets().filter(|set| set.replicas() > 0);
        active
            .filter_map(ReplicaSet::desired)
            .any(|desired| desired != self.replicas())
    }

    fn roll(&mut self, context: &mut Context) -> Result<()> {
        self.sync_revision(context, true)?;
        let sizes = scaling::rolling(self);
        if sizes.is_empty() && self.deployment.is_complete(&self.deployment.status) {
            self.clean_up(context)?;
        }
        self.apply_scale(&sizes, context)?;
        self.write_status(context, true)
    }

    fn recreate(&mut self, context: &mut Context) -> Result<()> {
        self.sync_revision(context, false)?;
        let emptied = scaling::empty_old(self);
        if !emptied.is_empty() || self.old_pods_run(context) {
            self.apply_scale(&emptied, context)?;
            return self.write_status(context, true);
        }
        self.sync_revision(context, true)?;
        let full = scaling::fill_new(self);
        if self.deployment.is_complete(&self.deployment.status) {
            self.clean_up(context)?;
        }
        self.apply_scale(&full, context)?;
        self.write_status(context, true)
    }

    fn old_pods_run(&self, context: &Context) -> bool {
        let runs = |set: &ReplicaSet| {
            let mut pods = context.pods.owned(self.item.cluster, &set.metadata.uid);
            set.status.replicas > 0 || pods.any(|(_, pod)| !pod.finished())
        };
        self.old.iter().any(runs)
    }

    /// Gives `ReplicaSets` their new sizes, and all of them the annotations about the Deployment's size.
    fn apply_scale(&mut self, sizes: &[(String, i64)], context: &mut Context) -> Result<()> {
        let about = DEPLOYMENT.about(self.item, &self.deployment.metadata.uid);
        let most = self.replicas() + self.deployment.max_surge();
        for (name, size) in sizes {
            let Some(set) = self.sets().find(|set| set.metadata.name == *name) else {
                continue;
            };
            let before = set.replicas();
            let annotations = object::size_annotations(self.replicas(), most);
            context.modify(
                &self.item.beside(REPLICA_SET.resource, name),
                Subresource::None,
                |set| {
                    set["spec"]["replicas"] = (*size).into();
                    object::annotate(set, &annotations);
                },
            )?;
            if before != *size {
                let direction = if before < *size { "up" } else { "down" };
                let message =
                    format!("Scaled {direction} replica set {name} from {before} to {size}");
                context.record(&about, "Normal", "ScalingReplicaSet", &message);
            }
        }
        Ok(())
    }

    /// Drops old `ReplicaSets` beyond `revisionHistoryLimit`, the oldest revisions first.
    fn clean_up(&self, context: &Context) -> Result<()> {
        let Some(limit) = self.deployment.spec.revision_history_limit else {
            return Ok(());
        };
        let mut old: Vec<&ReplicaSet> = self.old.iter().filter(|s| !s.metadata.deleted()).collect();
        old.sort_by_key(|set| set.revision());
        let surplus = old.len().saturating_sub(limit);
        for set in old.into_iter().take(surplus).filter(|set| set.is_empty()) {
            let item = self.item.beside(REPLICA_SET.resource, &set.metadata.name);
            context.delete(&item, &DeleteOptions::default())?;
        }
        Ok(())
    }

    /// Writes the status; with `progress`, whether the rollout moves on is judged, and judged again at its deadline.
    fn write_status(&self, context: &mut Context, progress: bool) -> Result<()> {
        let now = context.now();
        let status = status::of(self, progress, now);
        let next = status::next_check(self, &status, now).filter(|_| progress);
        context.modify(self.item, Subresource::Status, |object| {
            object["status"] = status.clone();
        })?;
        if let Some(pause) = next {
            context.enqueue_after(self.item.clone(), pause + Duration::from_secs(1));
        }
        Ok(())
    }
}
