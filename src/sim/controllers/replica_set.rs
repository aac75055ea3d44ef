//! `ReplicaSets`: as many pods of a template as they ask for.

mod ranking;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::objects::{Meta, Object, POD, REPLICA_SET};
use super::selector::Selector;
use super::{claim, conditions, template};
use crate::sim::engine::{Cluster, Context, Controller, Item};
use crate::sim::pods::Pod;
use crate::sim::registry::{DeleteOptions, Subresource};
use crate::sim::store::{Change, Key};
use crate::timestamp::rfc3339;

/// Pods that are created or deleted at one look at a `ReplicaSet`.
const BURST: usize = 500;

/// Keeps the number of pods of each `ReplicaSet`.
#[derive(Debug, Default)]
pub(super) struct ReplicaSetController {
    /// For pods without a controller: who may want them.
    selectors: BTreeMap<Item, Selector>,
}

type ReplicaSet = Object<Spec, Status>;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    replicas: Option<usize>,
    min_ready_seconds: i64,
    selector: Selector,
    template: Value,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    conditions: Vec<Value>,
}

/// A pod and its key, as they were when the look began.
type Member<'a> = (&'a Key, &'a Pod);

impl Controller for ReplicaSetController {
    fn name(&self) -> &'static str {
        "replicaset-controller"
    }

    fn changed(&mut self, cluster: Cluster, change: &Change, context: &mut Context) {
        let item = Item {
            cluster,
            key: change.key.clone(),
        };
        if item.is("pods") {
            claim::enqueue_owners(&item, REPLICA_SET, &self.selectors, context);
        } else if item.is(REPLICA_SET.resource) {
            claim::note_selector(&mut self.selectors, &item, change);
            context.enqueue(item);
        }
    }

    fn reconcile(&mut self, item: &Item, context: &mut Context) -> Result<()> {
        let Some(set) = context.read::<ReplicaSet>(item)? else {
            return Ok(());
        };
        claim::adopt_and_release(
            item,
            REPLICA_SET,
            &set.metadata,
            &set.spec.selector,
            context,
        )?;
        let failure = if set.metadata.deleted() {
            None
        } else {
            manage(item, &set, context).err()
        };
        write_status(item, &set, failure.as_ref(), context)?;
        failure.map_or(Ok(()), Err)
    }
}

/// The pods that count: owned, not finished, not being deleted.
fn active<'a>(item: &Item, meta: &Meta, context: &'a Context) -> Vec<Member<'a>> {
    let owned = context.pods.owned(item.cluster, &meta.uid);
    owned.filter(|(_, pod)| pod.active()).collect()
}

/// Creates what is missing, deletes what is too much.
fn manage(item: &Item, set: &ReplicaSet, context: &mut Context) -> Result<()> {
    let wanted = set.spec.replicas.unwrap_or(1);
    let active = active(item, &set.metadata, context);
    let (missing, surplus) = (
        wanted.saturating_sub(active.len()),
        active.len().saturating_sub(wanted),
    );
    if missing > 0 {
        return create(item, set, missing.min(BURST), context);
    }
    let doomed = ranking::first_to_go(active, surplus.min(BURST), &context.now());
    let doomed: Vec<Key> = doomed.into_iter().cloned().collect();
    delete(item, set, doomed, context)
}

fn create(item: &Item, set: &ReplicaSet, count: usize, context: &mut Context) -> Result<()> {
    let about = REPLICA_SET.about(item, &set.metadata.uid);
    let owner = REPLICA_SET.controls(&set.metadata.name, &set.metadata.uid);
    let pod = template::pod(&set.spec.template, &owner);
    for _ in 0..count {
        match context.create(&item.beside(POD.resource, ""), pod.clone()) {
            Ok(written) => {
                let message = format!("Created pod: {}", template::name_of(&written.json));
                context.record(&about, "Normal", "SuccessfulCreate", &message);
            }
            Err(error) if template::namespace_is_going(&error) => return Ok(()),
            Err(error) => {
                let message = format!("Error creating: {error}");
                context.record(&about, "Warning", "FailedCreate", &message);
                return Err(error);
            }
        }
    }
    Ok(())
}

fn delete(item: &Item, set: &ReplicaSet, doomed: Vec<Key>, context: &mut Context) -> Result<()> {
    let about = REPLICA_SET.about(item, &set.metadata.uid);
    for key in doomed {
        let cluster = item.cluster;
        let message = format!("Deleted pod: {}", key.name);
        context.delete(&Item { cluster, key }, &DeleteOptions::default())?;
        context.record(&about, "Normal", "SuccessfulDelete", &message);
    }
    Ok(())
}

fn write_status(
    item: &Item,
    set: &ReplicaSet,
    failure: Option<&anyhow::Error>,
    context: &mut Context,
) -> Result<()> {
    let now = context.now();
    let active = active(item, &set.metadata, context);
    let status = status(set, &active, failure, now);
    let next = next_available(set, &active, now);
    context.modify(item, Subresource::Status, |object| {
        object["status"] = status.clone();
    })?;
    if let Some(pause) = next {
        context.enqueue_after(item.clone(), pause);
    }
    Ok(())
}

fn status(
    set: &ReplicaSet,
    active: &[Member<'_>],
    failure: Option<&anyhow::Error>,
    now: Timestamp,
) -> Value {
    let labels = Selector::from(template::labels(&set.spec.template));
    let count = |test: &dyn Fn(&Pod) -> bool| active.iter().filter(|(_, pod)| test(pod)).count();
    let counts = [
        (
            "fullyLabeledReplicas",
            count(&|pod| labels.matches(&pod.labels)),
        ),
        ("readyReplicas", count(&|pod| pod.ready)),
        (
            "availableReplicas",
            count(&|pod| pod.available(set.spec.min_ready_seconds, now)),
        ),
    ];
    let mut status = json!({
        "replicas": active.len(),
        "observedGeneration": set.metadata.generation,
    });
    for (name, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
        status[name] = count.into();
    }
    let mut known = set.status.conditions.clone();
    if let Some(failure) = failure {
        let missing = active.len() < set.spec.replicas.unwrap_or(1);
        let reason = if missing {
            "FailedCreate"
        } else {
            "FailedDelete"
        };
        let message = failure.to_string();
        let condition =
            conditions::condition("ReplicaFailure", "True", reason, &message, &rfc3339(now));
        conditions::set(&mut known, condition);
    } else {
        conditions::remove(&mut known, "ReplicaFailure");
    }
    if !known.is_empty() {
        status["conditions"] = known.into();
    }
    status
}

/// How long until the next ready pod has been ready for `minReadySeconds`.
fn next_available(set: &ReplicaSet, active: &[Member<'_>], now: Timestamp) -> Option<Duration> {
    let seconds = set.spec.min_ready_seconds;
    let waiting = active
        .iter()
        .filter(|(_, pod)| pod.ready && !pod.available(seconds, now));
    let soonest = waiting.filter_map(|(_, pod)| pod.ready_since).min()?;
    let left = soonest.as_second() + seconds - now.as_second();
    Some(Duration::from_secs(u64::try_from(left).unwrap_or(0).max(1)))
}
