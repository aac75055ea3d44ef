//! All kubelets in one: bound pods become Running after a while, deleted ones go after a while, and nodes post that
//! they are well.
//!
//! A node with the annotation `sim.infra.bex.co/stopped` is a machine that hangs or is cut off: nothing happens on it
//! and nobody hears of it until the annotation is removed.

mod nodes;
mod status;

use std::collections::HashMap;
use std::time::Duration;

use anyhow::Result;
use serde_json::json;

use super::objects::{NODE, POD};
use crate::sim::engine::{Cluster, Context, Controller, Item};
use crate::sim::pods::{Phase, Pod};
use crate::sim::random::Random;
use crate::sim::registry::{DeleteOptions, Subresource};
use crate::sim::scenario::Range;
use crate::sim::store::Change;
use crate::timestamp::{rfc3339, rfc3339_micros};
use nodes::Nodes;
pub(super) use nodes::STOPPED;

pub(super) const LEASES: &str = "leases.coordination.k8s.io";
pub(super) const LEASE_NAMESPACE: &str = "kube-node-lease";

/// Runs what is bound to nodes.
#[derive(Debug, Default)]
pub(super) struct Kubelet {
    nodes: Nodes,
    /// When the next thing happens to a pod, since the clock was made.
    due: HashMap<Item, Duration>,
}

/// What happens to a pod next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Start,
    /// With this exit code.
    Finish(i32),
    Stop,
}

impl Controller for Kubelet {
    fn name(&self) -> &'static str {
        "kubelet"
    }

    fn changed(&mut self, cluster: Cluster, change: &Change, context: &mut Context) {
        let item = Item {
            cluster,
            key: change.key.clone(),
        };
        if item.is(POD.resource) {
            self.pod_changed(item, context);
        } else if item.is(NODE.resource) {
            self.nodes.note(&item, change.after.as_deref());
            for (_, pod) in context.pods.on_node(cluster, &item.key.name) {
                self.nodes.take_ip(&item, Some(pod));
            }
            context.enqueue(item);
        }
    }

    fn reconcile(&mut self, item: &Item, context: &mut Context) -> Result<()> {
        if item.is(NODE.resource) {
            return self.post(item, context);
        }
        let Some(pod) = context.pods.of(item) else {
            return Ok(());
        };
        let Some(node) = pod.node.as_ref().map(|node| node_of(item, node)) else {
            return Ok(());
        };
        if !self.nodes.runs(&node) {
            return Ok(());
        }
        let now = context.clock.elapsed();
        let left = self.due.get(item).map(|due| due.saturating_sub(now));
        if let Some(left) = left.filter(|left| !left.is_zero()) {
            context.enqueue_after(item.clone(), left);
            return Ok(());
        }
        let next = next(pod, context);
        self.due.remove(item);
        match next {
            Some((Next::Start, _)) => self.start(item, &node, context),
            Some((Next::Finish(code), _)) => finish(item, code, context),
            Some((Next::Stop, _)) => context.delete(item, &at_once()),
            None => Ok(()),
        }
    }
}

impl Kubelet {
    fn pod_changed(&mut self, item: Item, context: &mut Context) {
        let before = context.pods.before();
        let Some(pod) = context.pods.of(&item) else {
            self.due.remove(&item);
            if let Some((before, node)) = before.and_then(|pod| Some((pod, pod.node.as_ref()?))) {
                self.nodes.give_ip_back(&node_of(&item, node), before);
            }
            return;
        };
        if let Some(node) = &pod.node {
            self.nodes.take_ip(&node_of(&item, node), Some(pod));
        }
        let state = |pod: &Pod| (pod.node.is_some(), pod.phase, pod.deleted.is_some());
        if before.map(state) == Some(state(pod)) {
            return;
        }
        let Some((next, range)) = next(pod, context) else {
            return;
        };
        let purpose = format!("{next:?} {item} {}", pod.uid);
        let pause = pause(range, context.scenario.seed, &purpose);
        self.due
            .insert(item.clone(), context.clock.elapsed() + pause);
        context.enqueue_after(item, pause);
    }

    fn start(&mut self, item: &Item, node: &Item, context: &Context) -> Result<()> {
        let network = self.nodes.network(node);
        let now = rfc3339(context.now());
        context.modify(item, Subresource::Status, |pod| {
            status::run(pod, &network, &now);
        })?;
        Ok(())
    }

    /// Posts that the node is well, if it is and that is not known; renews its Lease when that is due.
    fn post(&mut self, item: &Item, context: &mut Context) -> Result<()> {
        let Some(node) = self.nodes.get(item) else {
            return Ok(());
        };
        let runs = node.runs();
        if node.changed_since_posted || (runs && context.scenario.lease_renew_seconds > 0) {
            renew_lease(item, &node.uid.clone(), context)?;
        }
        self.nodes.posted(item);
        if !runs {
            return Ok(());
        }
        if self.nodes.is_unheard_of(item) {
            let now = rfc3339(context.now());
            context.modify(item, Subresource::Status, |node| {
                status::node_is_well(node, &now);
            })?;
        }
        let seconds = context.scenario.lease_renew_seconds;
        if seconds > 0 {
            context.enqueue_after(item.clone(), Duration::from_secs(u64::from(seconds)));
        }
        self.catch_up(item, context);
        Ok(())
    }

    /// What became due while the node was stopped.
    fn catch_up(&self, node: &Item, context: &mut Context) {
        let pods = context.pods.on_node(node.cluster, &node.key.name);
        let waiting: Vec<Item> = pods
            .map(|(key, _)| node.with(key.clone()))
            .filter(|pod| self.due.contains_key(pod))
            .collect();
        for pod in waiting {
            context.enqueue(pod);
        }
    }
}

/// What is to happen to a pod as it is now, and how long that takes.
fn next(pod: &Pod, context: &Context) -> Option<(Next, Range)> {
    let scenario = &context.scenario;
    pod.node.as_ref()?;
    if pod.deleted.is_some() {
        return Some((Next::Stop, within_grace(pod, scenario.pod_stop_ms, context)));
    }
    match pod.phase {
        Phase::Pending => Some((Next::Start, scenario.pod_start_ms)),
        Phase::Running => {
            if let Some(run) = &pod.run {
                let length = run.milliseconds;
                let range = Range {
                    from: length,
                    to: length,
                };
                return Some((Next::Finish(run.exit_code), range));
            }
            let of_job = pod.owner.as_ref().is_some_and(|owner| owner.kind == "Job");
            of_job.then_some((Next::Finish(0), scenario.job_run_ms))
        }
        _ => None,
    }
}

/// No pod stops later than its grace period ends.
fn within_grace(pod: &Pod, stop: Range, context: &Context) -> Range {
    let end = pod.deleted.unwrap_or_default();
    let left = (end.as_millisecond() - context.now().as_millisecond()).max(0);
    let left = u64::try_from(left).unwrap_or(0);
    Range {
        from: stop.from.min(left),
        to: stop.to.min(left),
    }
}

fn pause(range: Range, seed: u64, purpose: &str) -> Duration {
    let mut random = Random::new(seed, &["kubelet", purpose]);
    Duration::from_millis(random.between(range.from, range.to))
}

fn finish(item: &Item, code: i32, context: &Context) -> Result<()> {
    let now = rfc3339(context.now());
    context.modify(item, Subresource::Status, |pod| {
        status::finish(pod, code, &now);
    })?;
    Ok(())
}

fn at_once() -> DeleteOptions {
    DeleteOptions {
        grace_period_seconds: Some(0),
        ..DeleteOptions::default()
    }
}

fn node_of(pod: &Item, node: &str) -> Item {
    Item::new(pod.cluster, NODE.resource, "", node)
}

fn renew_lease(node: &Item, uid: &str, context: &Context) -> Result<()> {
    let name = &*node.key.name;
    let now = rfc3339_micros(context.now());
    let lease = Item::new(node.cluster, LEASES, LEASE_NAMESPACE, name);
    let renewed = context.modify(&lease, Subresource::None, |lease| {
        lease["spec"]["renewTime"] = now.clone().into();
    })?;
    if renewed.is_some() {
        return Ok(());
    }
    let object = json!({
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {
            "name": name,
            "namespace": LEASE_NAMESPACE,
            "ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": name, "uid": uid}],
        },
        "spec": {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": now},
    });
    context.create(&lease, object)?;
    Ok(())
}
