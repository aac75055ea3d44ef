//! `StatefulSets`: pods with a name each, one after the other.
//!
//! Left out: `volumeClaimTemplates` (no volumes are made) and `ControllerRevisions` (there is no history to go back to, and
//! a pod below the partition that goes is made again from the newest template).

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::objects::{Object, POD, STATEFUL_SET};
use super::selector::Selector;
use super::{claim, template};
use crate::sim::engine::{Cluster, Context, Controller, Item};
use crate::sim::pods::Pod;
use crate::sim::registry::{DeleteOptions, Subresource};
use crate::sim::store::Change;

const HASH_LABEL: &str = "controller-revision-hash";
const NAME_LABEL: &str = "statefulset.kubernetes.io/pod-name";
const INDEX_LABEL: &str = "apps.kubernetes.io/pod-index";

/// Keeps the pods of `StatefulSets`.
#[derive(Debug, Default)]
pub(super) struct StatefulSetController {
    selectors: BTreeMap<Item, Selector>,
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
    /// The revision of the current template.
    update: String,
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
        let look = Look::new(item, &set, context);
        let steps = if set.metadata.deleted() {
            Vec::new()
        } else {
            look.steps()
        };
        let (status, waiting) = (look.status(), look.is_waiting());
        let update = look.update.clone();
        for step in steps {
            perform(item, &set, step, &update, context)?;
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

impl<'a> Look<'a> {
    fn new(item: &'a Item, set: &'a StatefulSet, context: &'a Context) -> Self {
        let prefix = format!("{}-", set.metadata.name);
        let owned = context.pods.owned(item.cluster, &set.metadata.uid);
        let pods = owned.filter_map(|(key, pod)| {
            let ordinal = key.name.strip_prefix(&prefix)?.parse().ok()?;
            Some((ordinal, pod))
        });
        Self {
            set,
            update: revision(set),
            pods: pods.collect(),
            now: context.now(),
        }
    }

    fn wanted(&self) -> std::ops::Range<usize> {
        let start = self.set.spec.ordinals.start;
        start..start + self.set.spec.replicas.unwrap_or(1)
    }

    fn is_available(&self, pod: &Pod) -> bool {
        pod.deleted.is_none() && pod.available(self.set.spec.min_ready_seconds, self.now)
    }

    fn is_new(&self, pod: &Pod) -> bool {
        pod.labels.get(HASH_LABEL) == Some(&self.update)
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

    fn status(&self) -> Value {
        let count =
            |test: &dyn Fn(&Pod) -> bool| self.pods.values().filter(|pod| test(pod)).count();
        let alive = count(&|pod| !pod.finished());
        let updated = count(&|pod| pod.deleted.is_none() && self.is_new(pod));
        let all_new = updated == self.wanted().len() && alive == updated;
        let known = &self.set.status.current_revision;
        let current = if all_new || known.is_empty() {
            &self.update
        } else {
            known
        };
        let of_current =
            count(&|pod| pod.deleted.is_none() && pod.labels.get(HASH_LABEL) == Some(current));
        let mut status = json!({
            "observedGeneration": self.set.metadata.generation,
            "replicas": alive,
            "availableReplicas": count(&|pod| self.is_available(pod)),
            "currentRevision": current,
            "updateRevision": self.update,
            "collisionCount": 0,
        });
        let rest = [
            (
                "readyReplicas",
                count(&|pod| pod.ready && pod.deleted.is_none()),
            ),
            ("currentReplicas", of_current),
            ("updatedReplicas", updated),
        ];
        for (name, count) in rest.into_iter().filter(|(_, count)| *count > 0) {
            status[name] = count.into();
        }
        status
    }
}

fn revision(set: &StatefulSet) -> String {
    let hash = template::hash(&set.spec.template, None);
    format!("{}-{hash}", set.metadata.name)
}

fn perform(
    item: &Item,
    set: &StatefulSet,
    step: Step,
    revision: &str,
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
    match step {
        Step::Delete(_) => context.delete(&pod, &DeleteOptions::default())?,
        Step::Create(_) => match context.create(&pod, new_pod(set, &name, ordinal, revision)) {
            Err(error) if template::namespace_is_going(&error) => return Ok(()),
            created => drop(created?),
        },
    }
    let message = format!("{verb} Pod {name} in StatefulSet {set_name} successful");
    context.record(&about, "Normal", reason, &message);
    Ok(())
}

fn new_pod(set: &StatefulSet, name: &str, ordinal: usize, revision: &str) -> Value {
    let owner = STATEFUL_SET.controls(&set.metadata.name, &set.metadata.uid);
    let mut pod = template::pod(&set.spec.template, &owner);
    if let Some(metadata) = pod["metadata"].as_object_mut() {
        metadata.remove("generateName");
        metadata.insert("name".to_owned(), name.into());
    }
    let labels = &mut pod["metadata"]["labels"];
    labels[HASH_LABEL] = revision.into();
    labels[NAME_LABEL] = name.into();
    labels[INDEX_LABEL] = ordinal.to_string().into();
    pod["spec"]["hostname"] = name.into();
    if !set.spec.service_name.is_empty() {
        pod["spec"]["subdomain"] = set.spec.service_name.as_str().into();
    }
    pod
}
