//! `StatefulSets`: pods with a name each, one after the other.
//!
//! Left out: `volumeClaimTemplates` (no volumes are made).

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::history::{self, History, Owner, Revision};
use super::objects::{Object, POD, STATEFUL_SET};
use super::selector::Selector;
use super::{claim, template};
use crate::sim::engine::{Cluster, Context, Controller, Item};
use crate::sim::pods::{Phase, Pod};
use crate::sim::registry::{DeleteOptions, Subresource};
use crate::sim::store::Change;

/// On pods: the name of their revision.
const REVISION_LABEL: &str = "controller-revision-hash";
/// On revisions.
const HASH_LABEL: &str = "controller.kubernetes.io/hash";
const NAME_LABEL: &str = "statefulset.kubernetes.io/pod-name";
const INDEX_LABEL: &str = "apps.kubernetes.io/pod-index";

/// Keeps the pods of `StatefulSets`.
#[derive(Debug, Default)]
pub(super) struct StatefulSetController {
    selectors: BTreeMap<Item, Selector>,
    history: History,
}

type StatefulSet = Object<Spec, Status>;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    replicas: Option<usize>,
    service_name: String,
    selector: Selector,
    template: Value,
    pod_management_policy: String,
    min_ready_seconds: i64,
    update_strategy: UpdateStrategy,
    ordinals: Ordinals,
    revision_history_limit: Option<usize>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct UpdateStrategy {
    #[serde(rename = "type")]
    of: String,
    rolling_update: RollingUpdate,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RollingUpdate {
    partition: usize,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Ordinals {
    start: usize,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    current_revision: String,
}

/// A `StatefulSet` with its pods by ordinal.
struct Look<'a> {
    set: &'a StatefulSet,
    /// The revision that all pods had, until they have the next one.
    current: &'a Revision,
    /// The revision of the template.
    update: &'a Revision,
    pods: BTreeMap<usize, &'a Pod>,
    now: Timestamp,
}

/// What is done next; one thing at a time, unless the pods are managed in parallel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Create(usize),
    Delete(usize),
}

impl Controller for StatefulSetController {
    fn name(&self) -> &'static str {
        "statefulset-controller"
    }

    fn changed(&mut self, cluster: Cluster, change: &Change, context: &mut Context) {
        let item = Item {
            cluster,
            key: change.key.clone(),
        };
        self.history.changed(&item, change, STATEFUL_SET, context);
        if item.is(POD.resource) {
            claim::enqueue_owners(&item, STATEFUL_SET, &self.selectors, context);
        } else if item.is(STATEFUL_SET.resource) {
            claim::note_selector(&mut self.selectors, &item, change);
            context.enqueue(item);
        }
    }

    fn reconcile(&mut self, item: &Item, context: &mut Context) -> Result<()> {
        let Some(set) = context.read::<StatefulSet>(item)? else {
            return Ok(());
        };
        claim::adopt_and_release(
            item,
            STATEFUL_SET,
            &set.metadata,
            &set.spec.selector,
            context,
        )?;
        let owner = set.owner(item);
        let revisions = self.history.sync(&owner, &set.spec.template, context)?;
        let look = Look::new(item, &set, &revisions, context)?;
        let steps = if set.metadata.deleted() {
            Vec::new()
        } else {
            look.steps()
        };
        let (status, waiting) = (look.status(), look.is_waiting());
        look.forget_past(&owner, &revisions, context)?;
        let steps: Vec<(Step, Option<Value>)> = steps
            .into_iter()
            .map(|step| (step, look.pod(step)))
            .collect();
        for (step, pod) in steps {
            perform(item, &set, step, pod, context)?;
        }
        context.modify(item, Subresource::Status, |object| {
            object["status"] = status.clone();
        })?;
        if waiting {
            context.enqueue_after(item.clone(), Duration::from_secs(1));
        }
        Ok(())
    }
}

impl StatefulSet {
    fn owner<'a>(&'a self, item: &'a Item) -> Owner<'a> {
        Owner {
            item,
            kind: STATEFUL_SET,
            meta: &self.metadata,
            selector: &self.spec.selector,
            hash_label: HASH_LABEL,
        }
    }
}

impl<'a> Look<'a> {
    fn new(
        item: &'a Item,
        set: &'a StatefulSet,
        revisions: &'a [Revision],
        context: &'a Context,
    ) -> Result<Self> {
        let update = revisions.last().context("the revision of its template")?;
        let known = &set.status.current_revision;
        let current = revisions.iter().find(|revision| revision.name() == known);
        let prefix = format!("{}-", set.metadata.name);
        let owned = context.pods.owned(item.cluster, &set.metadata.uid);
        let pods = owned.filter_map(|(key, pod)| {
            let ordinal = key.name.strip_prefix(&prefix)?.parse().ok()?;
            Some((ordinal, pod))
        });
        Ok(Self {
            set,
            current: current.unwrap_or(update),
            update,
            pods: pods.collect(),
            now: context.now(),
        })
    }

    fn wanted(&self) -> std::ops::Range<usize> {
        let start = self.set.spec.ordinals.start;
        start..start + self.set.spec.replicas.unwrap_or(1)
    }

    fn is_available(&self, pod: &Pod) -> bool {
        pod.deleted.is_none() && pod.available(self.set.spec.min_ready_seconds, self.now)
    }

    fn is_new(&self, pod: &Pod) -> bool {
        is_of(pod, self.update)
    }

    /// In order: finished pods are replaced, missing ones created from the bottom, superfluous ones deleted from the
    /// top, old ones replaced from the top. Whatever is not well holds up what comes after it.
    fn steps(&self) -> Vec<Step> {
        let parallel = self.set.spec.pod_management_policy == "Parallel";
        let mut steps = Vec::new();
        for ordinal in self.wanted() {
            match self.pods.get(&ordinal) {
                None => steps.push(Step::Create(ordinal)),
                Some(pod) if pod.finished() && pod.deleted.is_none() => {
                    steps.push(Step::Delete(ordinal));
                }
                Some(pod) if self.is_available(pod) || parallel => continue,
                Some(_) => return steps,
            }
            if !parallel {
                return steps;
            }
        }
        let superfluous = self
            .pods
            .iter()
            .rev()
            .filter(|(o, _)| !self.wanted().contains(o));
        for (ordinal, pod) in superfluous {
            if pod.deleted.is_none() {
                steps.push(Step::Delete(*ordinal));
            }
            if !parallel {
                return steps;
            }
        }
        if steps.is_empty() && self.set.spec.update_strategy.of != "OnDelete" {
            steps.extend(self.next_update());
        }
        steps
    }

    /// The topmost old pod, unless one above it is not well yet.
    fn next_update(&self) -> Option<Step> {
        let partition = self.set.spec.update_strategy.rolling_update.partition;
        for ordinal in self.wanted().rev().filter(|ordinal| *ordinal >= partition) {
            let pod = self.pods.get(&ordinal)?;
            if !self.is_new(pod) && pod.deleted.is_none() {
                return Some(Step::Delete(ordinal));
            }
            if !self.is_available(pod) {
                return None;
            }
        }
        None
    }

    /// Some pod is ready, but not yet for long enough.
    fn is_waiting(&self) -> bool {
        let mut pods = self.pods.values();
        pods.any(|pod| pod.ready && pod.deleted.is_none() && !self.is_available(pod))
    }

    /// Pods that are on their way out count as long as they are there.
    fn status(&self) -> Value {
        let count =
            |test: &dyn Fn(&Pod) -> bool| self.pods.values().filter(|pod| test(pod)).count();
        let ready = |pod: &Pod| pod.ready && pod.phase == Phase::Running;
        let (replicas, readies) = (self.pods.len(), count(&ready));
        let of = |revision| count(&|pod| pod.deleted.is_none() && is_of(pod, revision));
        let (mut current, updated) = (self.current, of(self.update));
        let wanted = self.wanted().len();
        if self.is_rolling() && [replicas, readies, updated] == [wanted; 3] {
            current = self.update;
        }
        let available =
            |pod: &Pod| ready(pod) && pod.available(self.set.spec.min_ready_seconds, self.now);
        let mut status = json!({
            "observedGeneration": self.set.metadata.generation,
            "replicas": replicas,
            "availableReplicas": count(&available),
            "currentRevision": current.name(),
            "updateRevision": self.update.name(),
            "collisionCount": 0,
        });
        let rest = [
            ("readyReplicas", readies),
            ("currentReplicas", of(current)),
            ("updatedReplicas", updated),
        ];
        for (name, count) in rest.into_iter().filter(|(_, count)| *count > 0) {
            status[name] = count.into();
        }
        status
    }

    fn is_rolling(&self) -> bool {
        self.set.spec.update_strategy.of != "OnDelete"
    }

    /// The pod that a step makes: below the partition, one of the revision that all had.
    fn pod(&self, step: Step) -> Option<Value> {
        let Step::Create(ordinal) = step else {
            return None;
        };
        let partition = self.set.spec.update_strategy.rolling_update.partition;
        let stays = self.is_rolling() && ordinal < self.set.spec.ordinals.start + partition;
        let revision = if stays { self.current } else { self.update };
        Some(new_pod(self.set, ordinal, revision))
    }

    fn forget_past(&self, owner: &Owner, revisions: &[Revision], context: &Context) -> Result<()> {
        let limit = self.set.spec.revision_history_limit.unwrap_or(10);
        let live = |revision: &Revision| {
            let shown = [self.current.name(), self.update.name()].contains(&revision.name());
            shown || self.pods.values().any(|pod| is_of(pod, revision))
        };
        history::truncate(owner, revisions, limit, live, context)
    }
}

fn is_of(pod: &Pod, revision: &Revision) -> bool {
    let label = pod.labels.get(REVISION_LABEL);
    label.is_some_and(|name| name == revision.name())
}

fn perform(
    item: &Item,
    set: &StatefulSet,
    step: Step,
    object: Option<Value>,
    context: &mut Context,
) -> Result<()> {
    let about = STATEFUL_SET.about(item, &set.metadata.uid);
    let (Step::Create(ordinal) | Step::Delete(ordinal)) = step;
    let set_name = &set.metadata.name;
    let name = format!("{set_name}-{ordinal}");
    let pod = item.beside(POD.resource, &name);
    let (verb, reason) = match step {
        Step::Create(_) => ("create", "SuccessfulCreate"),
        Step::Delete(_) => ("delete", "SuccessfulDelete"),
    };
    match object {
        None => context.delete(&pod, &DeleteOptions::default())?,
        Some(object) => match context.create(&pod, object) {
            Err(error) if template::namespace_is_going(&error) => return Ok(()),
            created => drop(created?),
        },
    }
    let message = format!("{verb} Pod {name} in StatefulSet {set_name} successful");
    context.record(&about, "Normal", reason, &message);
    Ok(())
}

fn new_pod(set: &StatefulSet, ordinal: usize, revision: &Revision) -> Value {
    let owner = STATEFUL_SET.controls(&set.metadata.name, &set.metadata.uid);
    let name = format!("{}-{ordinal}", set.metadata.name);
    let mut pod = template::pod(revision.template(), &owner);
    pod["metadata"]["name"] = name.as_str().into();
    let labels = &mut pod["metadata"]["labels"];
    labels[REVISION_LABEL] = revision.name().into();
    labels[NAME_LABEL] = name.as_str().into();
    labels[INDEX_LABEL] = ordinal.to_string().into();
    pod["spec"]["hostname"] = name.into();
    if !set.spec.service_name.is_empty() {
        pod["spec"]["subdomain"] = set.spec.service_name.as_str().into();
    }
    pod
}
