//! `PodDisruptionBudgets`: how many pods may be evicted now.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, bail};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::conditions;
use super::numbers::IntOrPercent;
use super::objects::{DEPLOYMENT, Kind, Object};
use super::selections::Selections;
use super::selector::Selector;
use crate::sim::engine::{Cluster, Context, Controller, Item};
use crate::sim::pods::{Owner, Pod};
use crate::sim::registry::Subresource;
use crate::sim::store::{Change, Key};
use crate::timestamp::rfc3339;

const BUDGET: Kind = Kind {
    api_version: "policy/v1",
    kind: "PodDisruptionBudget",
    resource: "poddisruptionbudgets.policy",
};

/// How long an evicted pod that is not deleted counts as disrupted.
const DELETION_TIMEOUT: i64 = 120;

/// Keeps the status of budgets.
#[derive(Debug, Default)]
pub(super) struct DisruptionController {
    selected: Selections,
}

type Budget = Object<Spec, Status>;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    min_available: Option<IntOrPercent>,
    max_unavailable: Option<IntOrPercent>,
    selector: Option<Selector>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    disrupted_pods: BTreeMap<String, Timestamp>,
    conditions: Vec<Value>,
}

/// What an owner of pods says about its size.
type Sized = Object<Scale, Value>;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Scale {
    replicas: Option<i64>,
}

/// How many pods there should be and how many of them must be healthy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Needs {
    expected: i64,
    healthy: i64,
}

impl Controller for DisruptionController {
    fn name(&self) -> &'static str {
        "disruption-controller"
    }

    fn changed(&mut self, cluster: Cluster, change: &Change, context: &mut Context) {
        let item = Item {
            cluster,
            key: change.key.clone(),
        };
        if item.is("pods") {
            for budget in self.selected.pod_changed(&item, context.pods.of(&item)) {
                context.enqueue(budget);
            }
        } else if item.is(BUDGET.resource) {
            let budget = change
                .after
                .as_deref()
                .map(serde_json::from_slice::<Budget>);
            let selector = budget.and_then(Result::ok).and_then(|b| b.spec.selector);
            self.selected.note(&item, selector, &context.pods);
            context.enqueue(item);
        }
    }

    fn reconcile(&mut self, item: &Item, context: &mut Context) -> Result<()> {
        let Some(budget) = context.read::<Budget>(item)? else {
            return Ok(());
        };
        let selected = self.selected.of(item, &context.pods);
        let pods: Vec<(&Key, &Pod)> = selected.into_iter().flatten().collect();
        let needs = match needs(item, &budget.spec, &pods, context) {
            Ok(needs) => needs,
            Err(error) => return fail_safe(item, &budget, &error, context),
        };
        let now = context.now();
        let disrupted = still_disrupted(&budget, &pods, now);
        let healthy = healthy(&pods, &disrupted);
        if pods.is_empty() {
            let about = BUDGET.about(item, &budget.metadata.uid);
            context.record(&about, "Normal", "NoPods", "No matching pods found");
        }
        if let Some(oldest) = disrupted.values().min() {
            let left = oldest.as_second() + DELETION_TIMEOUT + 1 - now.as_second();
            let left = Duration::from_secs(u64::try_from(left).unwrap_or(1).max(1));
            context.enqueue_after(item.clone(), left);
        }
        let status = status(&budget, needs, healthy, &disrupted, now);
        context.modify(item, Subresource::Status, |object| {
            object["status"] = status.clone();
        })?;
        Ok(())
    }
}

/// Without a sensible answer nothing may be evicted.
fn fail_safe(
    item: &Item,
    budget: &Budget,
    error: &anyhow::Error,
    context: &mut Context,
) -> Result<()> {
    let about = BUDGET.about(item, &budget.metadata.uid);
    let reason = "CalculateExpectedPodCountFailed";
    let message = format!("Failed to calculate the number of expected pods: {error}");
    context.record(&about, "Warning", reason, &message);
    let generation = budget.metadata.generation;
    let (text, now) = (error.to_string(), context.now());
    let mut known = budget.status.conditions.clone();
    set(&mut known, "False", "SyncFailed", &text, generation, now);
    context.modify(item, Subresource::Status, |object| {
        object["status"]["disruptionsAllowed"] = 0.into();
        object["status"]["conditions"] = known.clone().into();
    })?;
    bail!("{text}")
}

fn needs(item: &Item, spec: &Spec, pods: &[(&Key, &Pod)], context: &Context) -> Result<Needs> {
    if let Some(most) = &spec.max_unavailable {
        let expected = scale(item, pods, context)?;
        let healthy = (expected - most.of(expected, true)).max(0);
        return Ok(Needs { expected, healthy });
    }
    match &spec.min_available {
        Some(IntOrPercent::Int(least)) => Ok(Needs {
            expected: i64::try_from(pods.len())?,
            healthy: *least,
        }),
        Some(percent) => {
            let expected = scale(item, pods, context)?;
            let healthy = percent.of(expected, true);
            Ok(Needs { expected, healthy })
        }
        None => Ok(Needs {
            expected: 0,
            healthy: 0,
        }),
    }
}

/// What all controllers of the pods want together.
fn scale(item: &Item, pods: &[(&Key, &Pod)], context: &Context) -> Result<i64> {
    let mut scales: BTreeMap<String, i64> = BTreeMap::new();
    let mut last: Option<&Owner> = None;
    for (key, pod) in pods {
        let Some(owner) = pod.owner.as_deref() else {
            continue;
        };
        if last.is_some_and(|last| last.uid == owner.uid) {
            continue;
        }
        last = Some(owner);
        let Some((uid, replicas)) = scale_of(item, owner, context)? else {
            bail!("found no controllers for pod \"{}\"", key.name);
        };
        scales.insert(uid, replicas);
    }
    Ok(scales.values().sum())
}

/// The size of an owner; of a `ReplicaSet`, that of its Deployment.
fn scale_of(item: &Item, owner: &Owner, context: &Context) -> Result<Option<(String, i64)>> {
    let registry = context.registry(item.cluster);
    let Some(kind) = registry.kind(&owner.api_version, &owner.kind) else {
        return Ok(None);
    };
    if kind.subresources.scale.is_none() {
        return Ok(None);
    }
    let found = context.read::<Sized>(&item.beside(&kind.group_resource(), &owner.name))?;
    let Some(found) = found.filter(|found| found.metadata.uid == owner.uid) else {
        return Ok(None);
    };
    let above = found
        .metadata
        .controller()
        .filter(|above| above.kind == DEPLOYMENT.kind);
    if let Some(above) = above {
        let deployment = context.read::<Sized>(&item.beside(DEPLOYMENT.resource, &above.name))?;
        return Ok(deployment.map(size));
    }
    Ok(Some(size(found)))
}

fn size(object: Sized) -> (String, i64) {
    (object.metadata.uid, object.spec.replicas.unwrap_or(1))
}

/// Evicted pods that are not deleted yet, for a while.
fn still_disrupted(
    budget: &Budget,
    pods: &[(&Key, &Pod)],
    now: Timestamp,
) -> BTreeMap<String, Timestamp> {
    let known = budget.status.disrupted_pods.iter();
    let still = known.filter(|(name, since)| {
        let stays = |(key, pod): &(&Key, &Pod)| *key.name == ***name && pod.deleted.is_none();
        since.as_second() + DELETION_TIMEOUT >= now.as_second() && pods.iter().any(stays)
    });
    still.map(|(name, since)| (name.clone(), *since)).collect()
}

fn healthy(pods: &[(&Key, &Pod)], disrupted: &BTreeMap<String, Timestamp>) -> i64 {
    let healthy = pods.iter().filter(|(key, pod)| {
        pod.ready && pod.deleted.is_none() && !disrupted.contains_key(&*key.name)
    });
    i64::try_from(healthy.count()).unwrap_or(i64::MAX)
}

fn status(
    budget: &Budget,
    needs: Needs,
    healthy: i64,
    disrupted: &BTreeMap<String, Timestamp>,
    now: Timestamp,
) -> Value {
    let allowed = if needs.expected > 0 {
        (healthy - needs.healthy).max(0)
    } else {
        0
    };
    let generation = budget.metadata.generation;
    let (status, reason) = match allowed {
        0 => ("False", "InsufficientPods"),
        _ => ("True", "SufficientPods"),
    };
    let mut known = budget.status.conditions.clone();
    set(&mut known, status, reason, "", generation, now);
    let mut status = json!({
        "observedGeneration": generation,
        "expectedPods": needs.expected,
        "desiredHealthy": needs.healthy,
        "currentHealthy": healthy,
        "disruptionsAllowed": allowed,
        "conditions": known,
    });
    if !disrupted.is_empty() {
        let times = disrupted.iter();
        let times = times.map(|(name, since)| (name.clone(), rfc3339(*since).into()));
        status["disruptedPods"] = times.collect::<Map<String, Value>>().into();
    }
    status
}

fn set(
    known: &mut Vec<Value>,
    status: &str,
    reason: &str,
    message: &str,
    generation: i64,
    now: Timestamp,
) {
    let of = "DisruptionAllowed";
    let mut condition = conditions::condition(of, status, reason, message, &rfc3339(now));
    condition["observedGeneration"] = generation.into();
    if let Some(same) = conditions::find(known, of).filter(|c| c["status"] == status) {
        condition["lastTransitionTime"] = same["lastTransitionTime"].clone();
    }
    conditions::remove(known, of);
    known.push(condition);
}
