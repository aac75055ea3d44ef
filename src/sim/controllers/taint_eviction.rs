//! Pods on nodes with taints of effect `NoExecute` go when they do not tolerate them, or not for that long.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::objects::{NODE, Object, POD};
use crate::sim::engine::{Cluster, Context, Controller, Item};
use crate::sim::registry::DeleteOptions;
use crate::sim::store::Change;

/// Evicts pods from tainted nodes.
#[derive(Debug, Default)]
pub(super) struct TaintEvictionController {
    /// Of nodes that have some.
    taints: BTreeMap<Item, Vec<Taint>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Taint {
    key: String,
    #[serde(default)]
    value: String,
    effect: String,
    time_added: Option<Timestamp>,
}

type Node = Object<NodeSpec, Value>;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NodeSpec {
    taints: Vec<Taint>,
}

type Pod = Object<PodSpec, Value>;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PodSpec {
    tolerations: Vec<Toleration>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(clippy::struct_field_names, reason = "the API's own names")]
struct Toleration {
    key: String,
    operator: String,
    value: String,
    effect: String,
    toleration_seconds: Option<i64>,
}

impl Controller for TaintEvictionController {
    fn name(&self) -> &'static str {
        "taint-eviction-controller"
    }

    fn changed(&mut self, cluster: Cluster, change: &Change, context: &mut Context) {
        let item = Item {
            cluster,
            key: change.key.clone(),
        };
        if item.is(NODE.resource) {
            self.note_node(item, change, context);
        } else if item.is(POD.resource) && !self.taints.is_empty() {
            let node = context.pods.of(&item).and_then(|pod| pod.node.as_deref());
            let node = node.map(|node| Item::new(cluster, NODE.resource, "", node));
            if node.is_some_and(|node| self.taints.contains_key(&node)) {
                context.enqueue(item);
            }
        }
    }

    fn reconcile(&mut self, item: &Item, context: &mut Context) -> Result<()> {
        let bound = context.pods.of(item).filter(|pod| pod.deleted.is_none());
        let Some(node) = bound.and_then(|pod| pod.node.as_deref()) else {
            return Ok(());
        };
        let node = Item::new(item.cluster, NODE.resource, "", node);
        let (Some(taints), Some(pod)) = (self.taints.get(&node), context.read::<Pod>(item)?) else {
            return Ok(());
        };
        let Some(end) = end(&pod.spec, taints, context.now()) else {
            return Ok(());
        };
        let left = end.as_second() - context.now().as_second();
        if left > 0 {
            let left = Duration::from_secs(u64::try_from(left)?);
            context.enqueue_after(item.clone(), left);
            return Ok(());
        }
        let about = POD.about(item, &pod.metadata.uid);
        let (namespace, name) = (&item.key.namespace, &item.key.name);
        let message = format!("Marking for deletion Pod {namespace}/{name}");
        context.record(&about, "Normal", "TaintManagerEviction", &message);
        context.delete(item, &DeleteOptions::default())
    }
}

impl TaintEvictionController {
    fn note_node(&mut self, item: Item, change: &Change, context: &mut Context) {
        let node = change.after.as_deref().map(serde_json::from_slice::<Node>);
        let taints = node.and_then(Result::ok).map(|node| node.spec.taints);
        let evicting = taints
            .into_iter()
            .flatten()
            .filter(|taint| taint.effect == "NoExecute");
        let evicting: Vec<Taint> = evicting.collect();
        let known = self.taints.remove(&item).unwrap_or_default();
        if evicting.is_empty() {
            return;
        }
        if evicting != known {
            let pods = context.pods.on_node(item.cluster, &item.key.name);
            let pods: Vec<Item> = pods.map(|(key, _)| item.with(key.clone())).collect();
            for pod in pods {
                context.enqueue(pod);
            }
        }
        self.taints.insert(item, evicting);
    }
}

/// When a pod has to go; `None`: it tolerates everything for ever.
fn end(pod: &PodSpec, taints: &[Taint], now: Timestamp) -> Option<Timestamp> {
    let ends = taints.iter().filter_map(|taint| {
        let tolerating: Vec<&Toleration> = pod
            .tolerations
            .iter()
            .filter(|t| t.tolerates(taint))
            .collect();
        let added = taint.time_added.unwrap_or(now);
        if tolerating.is_empty() {
            return Some(added);
        }
        let seconds = tolerating
            .iter()
            .filter_map(|t| t.toleration_seconds)
            .min()?;
        Some(added + Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
    });
    ends.min()
}

impl Toleration {
    fn tolerates(&self, taint: &Taint) -> bool {
        (self.effect.is_empty() || self.effect == taint.effect)
            && (self.key.is_empty() || self.key == taint.key)
            && (self.operator == "Exists" || self.value == taint.value)
    }
}

#[cfg(test)]
mod tests;
