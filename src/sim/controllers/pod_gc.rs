//! Pods of nodes that do not exist any more.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Result;

use super::objects::{NODE, POD};
use crate::sim::engine::{Cluster, Context, Controller, Item};
use crate::sim::registry::DeleteOptions;
use crate::sim::store::Change;

/// How long such pods are kept: the node may come back.
const QUARANTINE: Duration = Duration::from_secs(40);

/// Collects them.
#[derive(Debug, Default)]
pub(super) struct PodGarbageCollector {
    nodes: BTreeSet<Item>,
}

impl Controller for PodGarbageCollector {
    fn name(&self) -> &'static str {
        "pod-garbage-collector"
    }

    fn changed(&mut self, cluster: Cluster, change: &Change, context: &mut Context) {
        let item = Item {
            cluster,
            key: change.key.clone(),
        };
        if item.is(POD.resource) {
            if self.is_lost(&item, context) {
                context.enqueue_after(item, QUARANTINE);
            }
        } else if item.is(NODE.resource) && change.after.is_some() {
            self.nodes.insert(item);
        } else if item.is(NODE.resource) {
            self.nodes.remove(&item);
            let pods = context.pods.on_node(cluster, &item.key.name);
            let pods: Vec<Item> = pods.map(|(key, _)| item.with(key.clone())).collect();
            for pod in pods {
                context.enqueue_after(pod, QUARANTINE);
            }
        }
    }

    fn reconcile(&mut self, item: &Item, context: &mut Context) -> Result<()> {
        if !self.is_lost(item, context) {
            return Ok(());
        }
        let at_once = DeleteOptions {
            grace_period_seconds: Some(0),
            ..DeleteOptions::default()
        };
        context.delete(item, &at_once)
    }
}

impl PodGarbageCollector {
    fn is_lost(&self, pod: &Item, context: &Context) -> bool {
        let node = context.pods.of(pod).and_then(|pod| pod.node.as_deref());
        let node = node.map(|node| Item::new(pod.cluster, NODE.resource, "", node));
        node.is_some_and(|node| !self.nodes.contains(&node))
    }
}
