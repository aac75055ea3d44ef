//! `default-scheduler`: gives pods their nodes, by the rules in [`crate::scheduling`].
//!
//! A pod that fits nowhere is parked until something changes that can help it; nothing is tried in a fixed rhythm.
//! There is no preemption: a pod of high priority is only the first to get what becomes free.

mod outcome;
mod queue;
mod volumes;

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Result;
use k8s_openapi::api::core::v1 as core;

use crate::scheduling::{ClassId, NodeId, PodKey, RESOURCES, State};
use crate::sim::engine::{Cluster, Context, Controller, Item};
use crate::sim::store::{Change, Key};

use outcome::Subject;
use queue::{Queue, Waiting};

/// The scheduler of one cluster.
#[derive(Debug)]
pub struct Scheduler {
    cluster: Cluster,
    state: State,
    queue: Queue,
    /// Why classes fit nowhere, and as of which state.
    failures: HashMap<ClassId, (u64, Arc<str>)>,
    /// With more classes than that it is time to forget some.
    many_classes: usize,
}

/// Fewer classes are never worth forgetting.
const FEW_CLASSES: usize = 1000;

impl Scheduler {
    pub fn new(cluster: Cluster) -> Self {
        Self {
            cluster,
            state: State::new(),
            queue: Queue::default(),
            failures: HashMap::new(),
            many_classes: FEW_CLASSES,
        }
    }

    fn pod_changed(&mut self, change: &Change, context: &mut Context) -> Result<()> {
        let key = pod_key(&change.key);
        let Some(json) = &change.after else {
            self.pod_gone(&key, context);
            return Ok(());
        };
        if self.is_known(&key, change, context) {
            return Ok(());
        }
        let pod: core::Pod = serde_json::from_slice(json)?;
        let before = self.state.room_of(&key);
        let class = self.state.apply_pod(&key, &pod)?;
        let now = self.state.room_of(&key);
        match class.and_then(|class| waiting(class, &pod)) {
            Some(waiting) => {
                if self.queue.add(&key, waiting) {
                    context.enqueue(self.item(&key));
                }
            }
            None => self.queue.remove(&key),
        }
        if let Some(node) = before.or(now) {
            self.wake(Some(node), context);
        }
        Ok(())
    }

    fn pod_gone(&mut self, key: &PodKey, context: &mut Context) {
        self.queue.remove(key);
        let node = self.state.room_of(key);
        self.state.remove_pod(key);
        if node.is_some() {
            self.wake(node, context);
        }
        self.forget_classes();
    }

    /// Pods of jobs and of `StatefulSets` are nearly all alike, but have names of their own among their labels.
    fn forget_classes(&mut self) {
        if self.state.classes() > self.many_classes {
            let held = self.queue.classes();
            self.failures.retain(|class, _| held.contains(class));
            self.state
                .forget_unused_classes(|class| held.contains(&class));
            self.many_classes = FEW_CLASSES.max(2 * self.state.classes());
        }
    }

    /// Most changes of a pod that has its node are about its status alone, which decides nothing.
    fn is_known(&self, key: &PodKey, change: &Change, context: &Context) -> bool {
        let pods = &context.pods;
        let (Some(pod), Some(before)) = (pods.get(self.cluster, &change.key), pods.before()) else {
            return false;
        };
        let placed = self.state.placement(key).map(|(_, node)| node);
        let node = pod.node.as_ref().and_then(|node| self.state.node_id(node));
        placed.is_some()
            && placed == node
            && pod.labels == before.labels
            && pod.deleted.is_some() == before.deleted.is_some()
            && !pod.finished()
    }

    /// Pods that may fit now get another turn. Of a change on one node only those hear that it concerns.
    fn wake(&mut self, node: Option<NodeId>, context: &mut Context) {
        for class in self.queue.parked_classes() {
            let concerned = match node {
                Some(node) if !self.state.depends_on_others(class) => {
                    let inquiry = self.state.ask(class);
                    inquiry.is_ok_and(|inquiry| inquiry.fits(node).is_ok())
                }
                _ => true,
            };
            if concerned {
                self.wake_class(class, context);
            }
        }
    }

    /// The first of a class is tried. If it gets its node, so is the next; if not, the others would not either, unless
    /// some of them have a node promised.
    fn wake_class(&mut self, class: ClassId, context: &mut Context) {
        while let Some(key) = self.queue.wake(class) {
            context.enqueue(self.item(&key));
            if !self.state.keeps_room() {
                break;
            }
        }
    }

    /// Gives the pod whose turn it is its node, or parks it.
    fn schedule(&mut self, key: &PodKey, pod: &Waiting, context: &mut Context) -> Result<()> {
        let Some(subject) = Subject::read(&self.item(key), context)? else {
            return Ok(());
        };
        let Some(node) = self.choose(key, pod) else {
            let why = self.failure(key, pod.class);
            return subject.refuse(&why, context);
        };
        if self.volumes_are_awaited(pod.class, node, context)? {
            return Ok(());
        }
        let Some(name) = self.state.node(node).map(|node| node.name.clone()) else {
            return Ok(());
        };
        if subject.bind(&name, context)? {
            self.queue.remove(key);
            self.state.place(key, pod.class, node);
            self.wake_class(pod.class, context);
            self.wake_those_who_depend_on_others(context);
        }
        Ok(())
    }

    /// The best of the nodes where the pod fits; the first of equals. A node that is promised to it comes first.
    fn choose(&mut self, key: &PodKey, pod: &Waiting) -> Option<NodeId> {
        let exceptions = self.state.exceptions(key, pod.class);
        let inquiry = self.state.ask(pod.class).ok()?;
        let fits = |node: &NodeId| !exceptions.contains_key(node) && inquiry.fits(*node).is_ok();
        let promised = pod.nominated.as_ref();
        let promised = promised.and_then(|node| self.state.node_id(node));
        let nodes = self.state.nodes().map(|(node, _)| node);
        promised.filter(fits).or_else(|| {
            let scores = nodes.filter(fits).map(|node| (inquiry.score(node), node));
            let best = scores.reduce(|best, next| if next.0 > best.0 { next } else { best });
            best.map(|(_, node)| node)
        })
    }

    /// Found out once for all pods of a class, as long as nothing changes.
    fn failure(&mut self, key: &PodKey, class: ClassId) -> Arc<str> {
        let now = self.state.generation();
        if let Some((then, why)) = self.failures.get(&class)
            && *then == now
            && !self.state.keeps_room()
        {
            return Arc::clone(why);
        }
        let diagnosis = self.state.diagnose_pod(key, class);
        let why: Arc<str> = diagnosis.map(|d| d.to_string()).unwrap_or_default().into();
        self.failures.insert(class, (now, Arc::clone(&why)));
        why
    }

    fn wake_those_who_depend_on_others(&mut self, context: &mut Context) {
        for class in self.queue.parked_classes() {
            if self.state.depends_on_others(class) {
                self.wake_class(class, context);
            }
        }
    }

    fn item(&self, key: &PodKey) -> Item {
        Item::new(self.cluster, "pods", &key.namespace, &key.name)
    }
}

impl Controller for Scheduler {
    fn name(&self) -> &'static str {
        "default-scheduler"
    }

    fn changed(&mut self, cluster: Cluster, change: &Change, context: &mut Context) {
        if cluster != self.cluster {
            return;
        }
        let Key {
            resource,
            namespace,
            name,
        } = &change.key;
        let json = change.after.as_deref();
        let changed = match &**resource {
            "pods" => self.pod_changed(change, context).map(|()| false),
            other if RESOURCES.contains(&other) => self.state.apply(other, namespace, name, json),
            _ => return,
        };
        match changed {
            Ok(true) => {
                let node = self.state.node_id(name).filter(|_| &**resource == "nodes");
                self.wake(node, context);
            }
            Ok(false) => {}
            Err(error) => tracing::error!("the scheduler: {error:#}"),
        }
    }

    /// The engine says when, the scheduler's own queue says who: of the pods that wait for a turn the one of the highest
    /// priority, whichever pod's turn it is.
    fn reconcile(&mut self, _: &Item, context: &mut Context) -> Result<()> {
        let Some((key, pod)) = self.queue.take() else {
            return Ok(());
        };
        let done = self.schedule(&key, &pod, context);
        if done.is_err() {
            self.queue.retry(&key);
        }
        done
    }
}

/// A pod that wants a node of this scheduler, if it does.
fn waiting(class: ClassId, pod: &core::Pod) -> Option<Waiting> {
    let spec = pod.spec.as_ref()?;
    let scheduler = spec.scheduler_name.as_deref();
    let gated = spec
        .scheduling_gates
        .as_ref()
        .is_some_and(|gates| !gates.is_empty());
    let ours = scheduler.is_none_or(|name| name == "default-scheduler");
    let wanted = ours && !gated && pod.metadata.deletion_timestamp.is_none();
    let status = pod.status.as_ref();
    wanted.then(|| Waiting {
        class,
        priority: spec.priority.unwrap_or_default(),
        nominated: status.and_then(|status| status.nominated_node_name.clone()),
    })
}

fn pod_key(key: &Key) -> PodKey {
    PodKey {
        namespace: Arc::clone(&key.namespace),
        name: Arc::clone(&key.name),
    }
}

#[cfg(test)]
mod tests;
