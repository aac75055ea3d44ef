//! Node groups: MachineDeployments, with who may resize them and how far.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

use super::super::policy::values::duration;
use super::objects::{Deployment, Meta, Set};
use crate::names::{
    BOOT_DEADLINE_ANNOTATION, LOCATION_ANNOTATION, MACHINE_TYPE_ANNOTATION, MAX_SIZE_ANNOTATION,
    MIN_SIZE_ANNOTATION, POOL_ANNOTATION, REMOVED_ANNOTATION, REPLACED_ANNOTATION, RUNG_ANNOTATION,
    SCALER_ANNOTATION, SOLD_OUT_ANNOTATION,
};

const MANAGED_BY: &str = "cluster.x-k8s.io/replicas-managed-by";
const PAUSED: &str = "cluster.x-k8s.io/paused";

/// The names under which others may say that a group is ours.
const OURSELVES: &str = "bex-infra";

/// A field manager whose number of replicas we do not touch.
const CLUSTER_AUTOSCALER: &str = "cluster-autoscaler";

/// Labels of a Machine that Cluster API puts on its Node: these prefixes, and these domains with those below them.
const SYNCED_PREFIX: &str = "node-role.kubernetes.io/";
const SYNCED_DOMAINS: [&str; 2] = ["node-restriction.kubernetes.io", "node.cluster.x-k8s.io"];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    pub uid: String,
    pub namespace: String,
    /// Nothing for a group that nobody asked us to resize.
    pub sizes: Option<Sizes>,
    /// Why it is not resized though it has sizes.
    pub refusal: Option<String>,
    pub replicas: u32,
    /// Goes up with each change of what is wanted.
    pub generation: i64,
    pub observed: i64,
    pub rolling_out: bool,
    pub deleting: bool,
    pub paused: bool,
    /// The infrastructure's template for its machines.
    pub template: String,
    pub pool: String,
    pub machine_type: String,
    pub location: String,
    pub failure_domain: String,
    pub rung: u32,
    /// What an earlier process learned of its machines.
    pub sold_out_until: Option<Timestamp>,
    pub boot_deadline: Option<Duration>,
    /// Its machines that were replaced since one joined.
    pub replaced: BTreeSet<String>,
    /// When earlier processes took machines from it.
    pub removed: Vec<Timestamp>,
    /// Labels that its machines bring to their nodes.
    pub labels: BTreeMap<String, String>,
    /// Its own, for what they say about the size of its machines.
    pub annotations: BTreeMap<String, String>,
}

/// A group of a pool and its name.
pub(super) type Rung<'a> = (&'a str, &'a Group);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sizes {
    pub min: u32,
    pub max: u32,
}

/// A MachineSet: machines of one template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MachineSet {
    pub group: String,
    pub template: String,
    /// It has machines or is to have some.
    pub active: bool,
}

impl Group {
    pub(super) fn of(object: Deployment) -> Self {
        let (sizes, wrong) = match sizes(&object.metadata) {
            Ok(sizes) => (sizes, None),
            Err(wrong) => (None, Some(wrong)),
        };
        let said = |key| object.metadata.annotation(key).unwrap_or_default();
        let is = |of: &str| {
            let mut conditions = object.status.conditions.iter();
            conditions.any(|condition| condition.of == of && condition.status == "True")
        };
        let template = &object.spec.template;
        let labels = template.metadata.labels.iter();
        let labels = labels.filter(|(key, _)| is_synced(key));
        Self {
            refusal: wrong.or_else(|| sizes.and_then(|_| owner(&object.metadata))),
            sizes,
            replicas: object.spec.replicas.unwrap_or(1),
            generation: object.metadata.generation,
            observed: object.status.observed_generation,
            rolling_out: is("RollingOut"),
            deleting: object.metadata.deletion_timestamp.is_some(),
            paused: object.spec.paused
                || object.metadata.annotation(PAUSED).is_some()
                || is("Paused"),
            pool: said(POOL_ANNOTATION).to_owned(),
            machine_type: said(MACHINE_TYPE_ANNOTATION).to_owned(),
            location: said(LOCATION_ANNOTATION).to_owned(),
            rung: said(RUNG_ANNOTATION).parse().unwrap_or_default(),
            sold_out_until: said(SOLD_OUT_ANNOTATION).parse().ok(),
            boot_deadline: duration(said(BOOT_DEADLINE_ANNOTATION)).ok(),
            replaced: said(REPLACED_ANNOTATION)
                .split_whitespace()
                .map(str::to_owned)
                .collect(),
            removed: times(said(REMOVED_ANNOTATION)),
            failure_domain: template.spec.failure_domain.clone(),
            template: template.spec.infrastructure_ref.name.clone(),
            labels: labels
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
            uid: object.metadata.uid,
            namespace: object.metadata.namespace,
            annotations: object.metadata.annotations,
        }
    }

    /// What boot times are kept under.
    pub(super) fn kind(&self) -> &str {
        match self.machine_type.as_str() {
            "" => &self.template,
            machine_type => machine_type,
        }
    }

    /// What tells its pool from others.
    pub(super) fn key<'a>(&'a self, name: &'a str) -> (&'a str, &'a str) {
        match self.pool.as_str() {
            "" => ("", name),
            pool => (pool, ""),
        }
    }

    /// Why it must not grow, in words that go behind its name.
    pub(super) fn may_not_change(&self) -> Option<String> {
        if let Some(refusal) = &self.refusal {
            return Some(refusal.clone());
        }
        if self.deleting {
            return Some("it is being deleted".to_owned());
        }
        self.paused.then(|| "it is paused".to_owned())
    }

    /// Why it must not shrink now, though it may change.
    pub(super) fn may_not_shrink(&self) -> Option<&'static str> {
        if self.rolling_out {
            return Some("its machines are being replaced (rollout)");
        }
        (self.observed < self.generation)
            .then_some("Cluster API has not looked at its last change yet")
    }
}

impl MachineSet {
    pub(super) fn of(object: &Set) -> Self {
        let owner = object.metadata.owner("MachineDeployment");
        Self {
            group: owner.unwrap_or_default().to_owned(),
            template: object.spec.template.spec.infrastructure_ref.name.clone(),
            active: object.spec.replicas.unwrap_or_default() > 0 || object.status.replicas > 0,
        }
    }
}

/// The groups of each pool, the preferred one first. A group without one is a pool of its own.
pub(super) fn pools(groups: &BTreeMap<String, Group>) -> BTreeMap<(&str, &str), Vec<Rung<'_>>> {
    let mut pools: BTreeMap<(&str, &str), Vec<Rung>> = BTreeMap::new();
    for (name, group) in groups {
        pools
            .entry(group.key(name))
            .or_default()
            .push((name, group));
    }
    for rungs in pools.values_mut() {
        rungs.sort_by_key(|(name, group)| (group.rung, *name));
    }
    pools
}

/// The fewest machines that they may have together.
pub(super) fn minimum(rungs: &[Rung]) -> u32 {
    let sizes = rungs.iter().filter_map(|(_, group)| group.sizes);
    sizes.fold(0, |sum: u32, sizes| sum.saturating_add(sizes.min))
}

/// A smaller number of machines, and what it must be compared with when it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lowering {
    pub generation: i64,
    pub from: u32,
    pub to: u32,
    /// When machines were taken before, the last time at the end.
    pub removed: Vec<Timestamp>,
}

/// Whether a MachineDeployment may lose so many machines, of a list of all of them as the API has them now. `failed`:
/// they are none, because they never came; then neither the minimum of its pool nor a rollout stands in the way.
pub fn lowering(deployments: &[u8], name: &str, by: u32, failed: bool) -> Result<Lowering, String> {
    let list: Deployments = serde_json::from_slice(deployments)
        .map_err(|error| format!("the MachineDeployments cannot be read: {error}"))?;
    let all = list.items.into_iter();
    let all: BTreeMap<String, Group> = all
        .map(|object| (object.metadata.name.clone(), Group::of(object)))
        .collect();
    let group = all.get(name).ok_or_else(|| format!("{name} is gone"))?;
    let unsettled = group.may_not_shrink().filter(|_| !failed);
    if let Some(why) = group.may_not_change().or(unsettled.map(str::to_owned)) {
        return Err(format!("{name} must not shrink: {why}"));
    }
    let min = if failed { 0 } else { least(&all, name, group) };
    match group.replicas.checked_sub(by).filter(|to| *to >= min) {
        Some(to) => Ok(Lowering {
            generation: group.generation,
            from: group.replicas,
            to,
            removed: group.removed.clone(),
        }),
        None => Err(format!(
            "{name} has {} machines and needs at least {min}",
            group.replicas
        )),
    }
}

/// The fewest machines that a group may have now, so that its pool keeps its minimum.
fn least(all: &BTreeMap<String, Group>, name: &str, group: &Group) -> u32 {
    let pools = pools(all);
    let rungs = pools.get(&group.key(name)).map_or(&[][..], Vec::as_slice);
    let others = rungs.iter().filter(|(other, _)| *other != name);
    let others = others.fold(0, |sum: u32, (_, other)| sum.saturating_add(other.replicas));
    minimum(rungs).saturating_sub(others)
}

/// Of times with spaces between them, those that can be read.
fn times(text: &str) -> Vec<Timestamp> {
    let words = text.split_whitespace();
    words.filter_map(|word| word.parse().ok()).collect()
}

/// A list as the API gives it.
#[derive(Deserialize)]
struct Deployments {
    items: Vec<Deployment>,
}

/// The error says what is wrong with the annotations.
fn sizes(meta: &Meta) -> Result<Option<Sizes>, String> {
    let size = |key: &str| -> Result<Option<u32>, String> {
        let Some(text) = meta.annotation(key) else {
            return Ok(None);
        };
        let wrong =
            |_| format!("its annotation {key} is `{text}`, which is not a number of machines");
        text.trim().parse().map(Some).map_err(wrong)
    };
    let (Some(min), Some(max)) = (size(MIN_SIZE_ANNOTATION)?, size(MAX_SIZE_ANNOTATION)?) else {
        return Ok(None);
    };
    if min > max {
        return Err(format!(
            "its annotations ask for at least {min} machines and at most {max}: set {MAX_SIZE_ANNOTATION} to {min} or more"
        ));
    }
    Ok(Some(Sizes { min, max }))
}

/// Who else resizes it.
fn owner(meta: &Meta) -> Option<String> {
    for key in [SCALER_ANNOTATION, MANAGED_BY] {
        if let Some(owner) = meta.annotation(key).filter(|owner| *owner != OURSELVES) {
            return Some(format!(
                "it is resized by `{owner}`: remove its annotation {key} to leave it to bex-infra"
            ));
        }
    }
    if meta.annotation(SCALER_ANNOTATION).is_some() {
        return None;
    }
    let wrote_replicas = meta.managed_fields.iter().any(|managed| {
        let replicas = managed.fields_v1.pointer("/f:spec/f:replicas");
        managed.manager == CLUSTER_AUTOSCALER && replicas.is_some()
    });
    wrote_replicas.then(|| {
        format!(
            "the Cluster Autoscaler set its replicas last: stop it and set the annotation {SCALER_ANNOTATION}={OURSELVES}"
        )
    })
}

fn is_synced(key: &str) -> bool {
    let domain = key.split_once('/').map_or("", |(domain, _)| domain);
    key.starts_with(SYNCED_PREFIX)
        || SYNCED_DOMAINS.iter().any(|synced| {
            let below = domain.strip_suffix(synced);
            below.is_some_and(|below| below.is_empty() || below.ends_with('.'))
        })
}

#[cfg(test)]
mod tests;
