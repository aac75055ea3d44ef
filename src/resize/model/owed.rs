//! Pods that ReplicaSets are still to make. Their controller makes them one by one, as fast as it may write; while some of
//! them wait, it is known already how many more will.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1 as core;

use super::super::burst::LONG_QUIET;
use super::leave;
use super::pods::{self, Waits};
use super::time::since;
use crate::scheduling::{ClassId, PodKey, State};

/// How many pods ReplicaSets are to have, by namespace and name.
#[derive(Debug, Default)]
pub(super) struct ReplicaSets(HashMap<PodKey, u32>);

impl ReplicaSets {
    /// Takes over a ReplicaSet, or its deletion.
    pub(super) fn apply(&mut self, namespace: &str, name: &str, json: Option<&[u8]>) -> Result<()> {
        let set: Option<ReplicaSet> = super::objects::read(json)?;
        let key = pods::key(namespace, name);
        match set.as_ref().map_or(0, replicas) {
            0 => self.0.remove(&key),
            replicas => self.0.insert(key, replicas),
        };
        Ok(())
    }

    /// How many more are to come, by class; of a ReplicaSet of which none has come for a while, none. Pods of one are all of
    /// the same class, and nobody else is, for their `pod-template-hash` is their own.
    pub(super) fn owed<'w>(
        &self,
        state: &State,
        waiting: impl Iterator<Item = &'w Waits>,
        now: Timestamp,
    ) -> BTreeMap<ClassId, u32> {
        let mut owed: BTreeMap<ClassId, (u32, Timestamp)> = BTreeMap::new();
        for waits in waiting {
            let wanted = waits.set.as_ref().and_then(|set| self.0.get(set));
            let Some(wanted) = wanted else { continue };
            let left = || {
                (
                    wanted.saturating_sub(state.placed(waits.class)),
                    waits.since,
                )
            };
            let (left, last) = owed.entry(waits.class).or_insert_with(left);
            *left = left.saturating_sub(1);
            *last = waits.since.max(*last);
        }
        owed.retain(|_, (left, last)| *left > 0 && since(now, *last) < LONG_QUIET);
        let owed = owed.into_iter().map(|(class, (left, _))| (class, left));
        owed.collect()
    }
}

/// None of one that goes, or that may make no more: a quota, say, is used up.
fn replicas(set: &ReplicaSet) -> u32 {
    let status = set.status.as_ref();
    let conditions = status.and_then(|status| status.conditions.as_ref());
    let mut conditions = conditions.into_iter().flatten();
    let fails = conditions.any(|it| it.type_ == "ReplicaFailure" && it.status == "True");
    if fails || set.metadata.deletion_timestamp.is_some() {
        return 0;
    }
    let replicas = set.spec.as_ref().and_then(|spec| spec.replicas);
    u32::try_from(replicas.unwrap_or(1)).unwrap_or_default()
}

/// The ReplicaSet that a pod is one of.
pub(super) fn set_of(key: &PodKey, pod: &core::Pod) -> Option<PodKey> {
    let (_, name) = leave::controller(pod).filter(|(kind, _)| *kind == "ReplicaSet")?;
    Some(PodKey {
        namespace: key.namespace.clone(),
        name: name.into(),
    })
}
