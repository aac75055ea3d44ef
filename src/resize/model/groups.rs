//! Node groups: MachineDeployments, with who may resize them and how far.

use std::collections::BTreeMap;

use super::objects::{Deployment, Meta, Set};
use crate::names::{
    LOCATION_ANNOTATION, MACHINE_TYPE_ANNOTATION, MAX_SIZE_ANNOTATION, MIN_SIZE_ANNOTATION,
    POOL_ANNOTATION, RUNG_ANNOTATION, SCALER_ANNOTATION,
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
    /// Labels that its machines bring to their nodes.
    pub labels: BTreeMap<String, String>,
    /// Its own, for what they say about the size of its machines.
    pub annotations: BTreeMap<String, String>,
}

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

/// A smaller number of machines, and what it must be compared with when it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lowering {
    pub generation: i64,
    pub from: u32,
    pub to: u32,
}

/// Whether a MachineDeployment, as the API has it now, may lose so many machines. `failed`: they are none, because they
/// never came; then neither its minimum nor a rollout stands in the way.
pub fn lowering(deployment: &[u8], by: u32, failed: bool) -> Result<Lowering, String> {
    let object: Deployment = serde_json::from_slice(deployment)
        .map_err(|error| format!("the MachineDeployment cannot be read: {error}"))?;
    let name = object.metadata.name.clone();
    let group = Group::of(object);
    let unsettled = group.may_not_shrink().filter(|_| !failed);
    if let Some(why) = group.may_not_change().or(unsettled.map(str::to_owned)) {
        return Err(format!("{name} must not shrink: {why}"));
    }
    let min = group.sizes.filter(|_| !failed).map_or(0, |sizes| sizes.min);
    match group.replicas.checked_sub(by).filter(|to| *to >= min) {
        Some(to) => Ok(Lowering {
            generation: group.generation,
            from: group.replicas,
            to,
        }),
        None => Err(format!(
            "{name} has {} machines and needs at least {min}",
            group.replicas
        )),
    }
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
