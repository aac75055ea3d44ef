//! Nodes that are not heard of: after a while their state is Unknown, they are tainted, and their pods are not ready.

use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::conditions;
use super::kubelet::{LEASE_NAMESPACE, LEASES, STOPPED};
use super::objects::{NODE, Object};
use crate::sim::engine::{Cluster, Context, Controller, Item};
use crate::sim::registry::Subresource;
use crate::sim::store::{Change, Key};
use crate::timestamp::rfc3339;

pub(super) const NOT_READY: &str = "node.kubernetes.io/not-ready";
pub(super) const UNREACHABLE: &str = "node.kubernetes.io/unreachable";

/// Without a heartbeat for this long a node's state is unknown.
const GRACE_SECONDS: i64 = 40;

/// Watches over nodes.
#[derive(Debug, Default)]
pub(super) struct NodeLifecycleController;

type Node = Object<Spec, Status>;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Spec {
    taints: Vec<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Status {
    conditions: Vec<Value>,
}

type Lease = Object<LeaseSpec, Value>;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct LeaseSpec {
    renew_time: Option<Timestamp>,
}

impl Controller for NodeLifecycleController {
    fn name(&self) -> &'static str {
        "node-controller"
    }

    fn changed(&mut self, cluster: Cluster, change: &Change, context: &mut Context) {
        let item = Item {
            cluster,
            key: change.key.clone(),
        };
        if item.is(NODE.resource) && change.after.is_some() {
            context.enqueue(item);
        }
    }

    fn reconcile(&mut self, item: &Item, context: &mut Context) -> Result<()> {
        let Some(node) = context.read::<Node>(item)? else {
            return Ok(());
        };
        if node.metadata.annotations.contains_key(STOPPED) && node.ready() != "Unknown" {
            let left = seconds_left(item, &node, context)?;
            if left > 0 {
                let left = Duration::from_secs(u64::try_from(left)?);
                context.enqueue_after(item.clone(), left);
                return Ok(());
            }
            // Its change brings the next look.
            return note_silence(item, context);
        }
        let taints = node.taints(context.now());
        if taints != node.spec.taints {
            context.modify(item, Subresource::None, |object| {
                object["spec"]["taints"] = taints.clone().into();
            })?;
        }
        if node.ready() == "True" {
            return Ok(());
        }
        mark_pods_not_ready(item, context)
    }
}

impl Node {
    /// The status of its condition Ready; a node that has not said anything yet is not ready.
    fn ready(&self) -> &str {
        let ready = conditions::find(&self.status.conditions, "Ready");
        ready
            .and_then(|ready| ready["status"].as_str())
            .unwrap_or("False")
    }

    /// Its taints as its readiness asks for; those of others stay.
    fn taints(&self, now: Timestamp) -> Vec<Value> {
        let wanted = match self.ready() {
            "True" => None,
            "Unknown" => Some(UNREACHABLE),
            _ => Some(NOT_READY),
        };
        let known = self.spec.taints.iter();
        let stays = known.filter(|taint| {
            let own = [NOT_READY, UNREACHABLE]
                .into_iter()
                .find(|key| taint["key"] == *key);
            own.is_none() || own == wanted
        });
        let mut taints: Vec<Value> = stays.cloned().collect();
        for effect in ["NoSchedule", "NoExecute"] {
            let Some(key) = wanted else { continue };
            if !taints
                .iter()
                .any(|taint| taint["key"] == key && taint["effect"] == effect)
            {
                let added = rfc3339(now);
                taints.push(json!({"key": key, "effect": effect, "timeAdded": added}));
            }
        }
        taints
    }
}

/// Until the last heartbeat is too old.
fn seconds_left(item: &Item, node: &Node, context: &Context) -> Result<i64> {
    let lease = Item::new(item.cluster, LEASES, LEASE_NAMESPACE, &item.key.name);
    let lease = context.read::<Lease>(&lease)?;
    let renewed = lease.and_then(|lease| lease.spec.renew_time);
    let since = renewed.unwrap_or(node.metadata.creation_timestamp);
    Ok(since.as_second() + GRACE_SECONDS - context.now().as_second())
}

/// Every condition of a node that is not heard of is Unknown.
fn note_silence(item: &Item, context: &Context) -> Result<()> {
    let now = rfc3339(context.now());
    context.modify(item, Subresource::Status, |node| {
        let Some(known) = node["status"]["conditions"].as_array_mut() else {
            return;
        };
        let posted = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];
        for condition in known {
            if posted.iter().any(|of| condition["type"] == *of) {
                condition["status"] = "Unknown".into();
                condition["reason"] = "NodeStatusUnknown".into();
                condition["message"] = "Kubelet stopped posting node status.".into();
                condition["lastTransitionTime"] = now.clone().into();
            }
        }
    })?;
    Ok(())
}

fn mark_pods_not_ready(node: &Item, context: &Context) -> Result<()> {
    let pods = context.pods.on_node(node.cluster, &node.key.name);
    let ready: Vec<Key> = pods
        .filter(|(_, pod)| pod.ready)
        .map(|(key, _)| key.clone())
        .collect();
    let now = rfc3339(context.now());
    for key in ready {
        context.modify(&node.with(key), Subresource::Status, |pod| {
            let known = pod["status"]["conditions"].as_array_mut();
            for condition in known.into_iter().flatten().filter(|c| c["type"] == "Ready") {
                condition["status"] = "False".into();
                condition["reason"] = "NodeNotReady".into();
                condition["lastTransitionTime"] = now.clone().into();
            }
        })?;
    }
    Ok(())
}
