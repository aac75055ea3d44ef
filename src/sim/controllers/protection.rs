//! Volumes and claims do not go while they are in use: their finalizers are taken away when they are not.

use std::collections::BTreeSet;

use anyhow::Result;
use serde::Deserialize;
use serde_json::Value;

use super::objects::{Meta, POD};
use crate::sim::engine::{Cluster, Context, Controller, Item};
use crate::sim::registry::Subresource;
use crate::sim::store::{Change, PageRequest};

const CLAIMS: &str = "persistentvolumeclaims";
const VOLUMES: &str = "persistentvolumes";
/// Of both kinds; the registry gives them to new objects.
const FINALIZERS: [&str; 2] = [
    "kubernetes.io/pvc-protection",
    "kubernetes.io/pv-protection",
];

/// Lets them go.
#[derive(Debug, Default)]
pub(super) struct ProtectionController {
    /// Claims that are to go and were in use when they were looked at last.
    waiting: BTreeSet<Item>,
}

/// A volume or a claim.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Protected {
    metadata: Meta,
    status: Status,
}

/// Of a volume.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Status {
    phase: String,
}

impl Controller for ProtectionController {
    fn name(&self) -> &'static str {
        "protection-controller"
    }

    fn changed(&mut self, cluster: Cluster, change: &Change, context: &mut Context) {
        let item = Item {
            cluster,
            key: change.key.clone(),
        };
        if (item.is(CLAIMS) || item.is(VOLUMES)) && change.after.is_some() {
            context.enqueue(item);
        } else if item.is(POD.resource) && !self.waiting.is_empty() {
            let same_place = |claim: &&Item| claim.key.namespace == item.key.namespace;
            for claim in self.waiting.iter().filter(same_place) {
                context.enqueue(claim.clone());
            }
        }
    }

    fn reconcile(&mut self, item: &Item, context: &mut Context) -> Result<()> {
        self.waiting.remove(item);
        let Some(object) = context.read::<Protected>(item)? else {
            return Ok(());
        };
        let protects = |name: &String| FINALIZERS.contains(&name.as_str());
        if object.metadata.deletion_timestamp.is_none()
            || !object.metadata.finalizers.iter().any(protects)
        {
            return Ok(());
        }
        if item.is(VOLUMES) && object.status.phase == "Bound" {
            return Ok(());
        }
        if item.is(CLAIMS) && is_mounted(item, context) {
            self.waiting.insert(item.clone());
            return Ok(());
        }
        context.modify(item, Subresource::None, drop_finalizers)?;
        Ok(())
    }
}

fn drop_finalizers(object: &mut Value) {
    if let Some(Value::Array(all)) = object.pointer_mut("/metadata/finalizers") {
        all.retain(|name| !FINALIZERS.iter().any(|ours| name == ours));
    }
}

/// Whether a pod of the namespace mounts the claim and is not done.
fn is_mounted(claim: &Item, context: &Context) -> bool {
    let store = context.registry(claim.cluster).store();
    let pods = store.list(
        POD.resource,
        Some(&claim.key.namespace),
        &PageRequest::default(),
    );
    let pods = pods.into_iter().flat_map(|page| page.items);
    pods.filter_map(|pod| serde_json::from_slice::<Value>(&pod.json).ok())
        .any(|pod| mounts(&pod, &claim.key.name))
}

fn mounts(pod: &Value, claim: &str) -> bool {
    let phase = pod["status"]["phase"].as_str();
    let volumes = pod["spec"]["volumes"].as_array().into_iter().flatten();
    let is_done = matches!(phase, Some("Succeeded" | "Failed"));
    !is_done
        && volumes
            .map(|volume| &volume["persistentVolumeClaim"]["claimName"])
            .any(|name| name == claim)
}
