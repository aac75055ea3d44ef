//! `DaemonSets`: one pod on each node that may have it.

mod rollout;
mod status;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use serde::Deserialize;
use serde_json::{Value, json};

use super::history::{self, History, Owner, Revision};
use super::numbers::IntOrPercent;
use super::objects::{DAEMON_SET, NODE, Object, POD};
use super::selector::Selector;
use super::{claim, template};
use crate::scheduling;
use crate::sim::engine::{Cluster, Context, Controller, Item};
use crate::sim::pods::{Phase, Pod};
use crate::sim::registry::DeleteOptions;
use crate::sim::store::{Change, Key};

/// Pods that are created or deleted at one look.
const BURST: usize = 250;
const HASH_LABEL: &str = "controller-revision-hash";
/// How often the template was changed: an annotation of the `DaemonSet`, a label of its pods.
const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";
const GENERATION_LABEL: &str = "pod-template-generation";
/// Where the node is named that a pod is for.
pub(super) const TARGET: &str = "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms/0/matchFields/0/values/0";

/// Runs daemons.
#[derive(Debug, Default)]
pub(super) struct DaemonSetController {
    selectors: BTreeMap<Item, Selector>,
    history: History,
    nodes: BTreeMap<Item, scheduling::Node>,
    /// The nodes that pods without a node are for.
    targets: BTreeMap<Item, String>,
}

type DaemonSet = Object<Spec, Value>;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    selector: Selector,
    template: Value,
    min_ready_seconds: i64,
    update_strategy: UpdateStrategy,
    revision_history_limit: Option<usize>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct UpdateStrategy {
    #[serde(rename = "type")]
    of: String,
    rolling_update: RollingUpdate,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RollingUpdate {
    max_unavailable: Option<IntOrPercent>,
    max_surge: Option<IntOrPercent>,
}

/// A node as one `DaemonSet` sees it.
#[derive(Debug)]
struct Place<'a> {
    node: &'a str,
    /// A pod is to be there.
    wanted: bool,
    /// A pod that is there may stay.
    tolerated: bool,
    /// Its pods, oldest first.
    pods: Vec<(&'a Key, &'a Pod)>,
}

/// A `DaemonSet` with its places, as they were when the look began.
struct Look<'a> {
    set: &'a DaemonSet,
    hash: String,
    places: Vec<Place<'a>>,
    now: jiff::Timestamp,
}

impl Controller for DaemonSetController {
    fn name(&self) -> &'static str {
        "daemonset-controller"
    }

    fn changed(&mut self, cluster: Cluster, change: &Change, context: &mut Context) {
        let item = Item {
            cluster,
            key: change.key.clone(),
        };
        self.history.changed(&item, change, DAEMON_SET, context);
        if item.is(POD.resource) {
            self.note_target(&item, change, context);
            claim::enqueue_owners(&item, DAEMON_SET, &self.selectors, context);
        } else if item.is(DAEMON_SET.resource) {
            claim::note_selector(&mut self.selectors, &item, change);
            context.enqueue(item);
        } else if item.is(NODE.resource) && self.note_node(&item, change) {
            let sets = self.selectors.keys().filter(|set| set.cluster == cluster);
            for set in sets.cloned() {
                context.enqueue(set);
            }
        }
    }

    fn reconcile(&mut self, item: &Item, context: &mut Context) -> Result<()> {
        let Some(set) = context.read::<DaemonSet>(item)? else {
            return Ok(());
        };
        claim::adopt_and_release(item, DAEMON_SET, &set.metadata, &set.spec.selector, context)?;
        if set.metadata.deleted() {
            return Ok(());
        }
        let owner = set.owner(item);
        let revisions = self.history.sync(&owner, &set.spec.template, context)?;
        let hash = revisions.last().map_or("", |last| last.hash(HASH_LABEL));
        let look = self.look(item, &set, hash, context)?;
        let (mut create, mut delete) = (Vec::new(), Vec::new());
        look.manage(&mut create, &mut delete);
        if set.spec.update_strategy.of != "OnDelete" {
            rollout::replace(&look, &mut create, &mut delete);
        }
        let status = look.status();
        let waiting = set.spec.min_ready_seconds > 0 && status::is_waiting(&status);
        look.forget_past(&owner, &revisions, context)?;
        let create = owned(&create);
        let delete: Vec<Key> = delete.into_iter().take(BURST).cloned().collect();
        status::write(item, &status, context)?;
        remove(item, &set, delete, context)?;
        add(item, &set, hash, create, context)?;
        if waiting {
            context.enqueue_after(item.clone(), Duration::from_secs(1));
        }
        Ok(())
    }
}

impl DaemonSet {
    fn owner<'a>(&'a self, item: &'a Item) -> Owner<'a> {
        Owner {
            item,
            kind: DAEMON_SET,
            meta: &self.metadata,
            selector: &self.spec.selector,
            hash_label: HASH_LABEL,
        }
    }
}

fn owned(nodes: &[&str]) -> Vec<String> {
    let nodes = nodes.iter().take(BURST);
    nodes.map(|node| (*node).to_owned()).collect()
}

impl DaemonSetController {
    /// True if something changed that says where pods may run.
    fn note_node(&mut self, item: &Item, change: &Change) -> bool {
        let node = change.after.as_deref().and_then(|json| {
            let node = serde_json::from_slice(json).ok()?;
            scheduling::Node::of(&node).ok()
        });
        let known = self.nodes.remove(item);
        let brief = |node: &scheduling::Node| (node.labels.clone(), node.taints.clone());
        let changed = known.as_ref().map(brief) != node.as_ref().map(brief);
        if let Some(node) = node {
            self.nodes.insert(item.clone(), node);
        }
        changed
    }

    fn note_target(&mut self, item: &Item, change: &Change, context: &Context) {
        let pod = context.pods.of(item);
        let daemon = |pod: &&Pod| {
            pod.owner
                .as_ref()
                .is_some_and(|o| o.kind == DAEMON_SET.kind)
        };
        let waiting = pod.filter(daemon).is_some_and(|pod| pod.node.is_none());
        if !waiting {
            self.targets.remove(item);
            return;
        }
        let json = change
            .after
            .as_deref()
            .and_then(|json| serde_json::from_slice::<Value>(json).ok());
        let target = json.as_ref().and_then(|pod| pod.pointer(TARGET)?.as_str());
        if let Some(target) = target {
            self.targets.insert(item.clone(), target.to_owned());
        }
    }

    fn look<'a>(
        &'a self,
        item: &'a Item,
        set: &'a DaemonSet,
        hash: &str,
        context: &'a Context,
    ) -> Result<Look<'a>> {
        let probe = json!({"metadata": set.spec.template["metadata"], "spec": daemon_spec(&set.spec.template, None)});
        let probe = scheduling::Pod::of(&serde_json::from_value(probe)?)?;
        let mut pods: BTreeMap<&str, Vec<(&Key, &Pod)>> = BTreeMap::new();
        for (key, pod) in context.pods.owned(item.cluster, &set.metadata.uid) {
            let target = || {
                self.targets
                    .get(&item.with(key.clone()))
                    .map(String::as_str)
            };
            if let Some(node) = pod.node.as_deref().or_else(target) {
                pods.entry(node).or_default().push((key, pod));
            }
        }
        let nodes = self
            .nodes
            .iter()
            .filter(|(node, _)| node.cluster == item.cluster);
        let places = nodes.map(|(_, node)| {
            let mut pods = pods.remove(node.name.as_str()).unwrap_or_default();
            pods.sort_by_key(|(_, pod)| (pod.node.is_none(), pod.created));
            Place::new(node, &probe, pods)
        });
        Ok(Look {
            set,
            hash: hash.to_owned(),
            places: places.collect(),
            now: context.now(),
        })
    }
}

impl<'a> Place<'a> {
    fn new(
        node: &'a scheduling::Node,
        probe: &scheduling::Pod,
        pods: Vec<(&'a Key, &'a Pod)>,
    ) -> Self {
        let fits = probe.selects_node(&node.name, &node.labels);
        let repelled = |only: Option<&str>| {
            let taints = node.taints.iter().filter(|taint| taint.repels());
            let mut taints =
                taints.filter(|taint| only.is_none_or(|effect| taint.effect == effect));
            taints.any(|taint| !probe.tolerates(taint))
        };
        Self {
            node: &node.name,
            wanted: fits && !repelled(None),
            tolerated: fits && !repelled(Some("NoExecute")),
            pods,
        }
    }

    fn is_empty(&self) -> bool {
        self.pods.is_empty()
    }
}

impl<'a> Look<'a> {
    /// Pods where there are none, none where there should not be, and one of several.
    fn manage(&self, create: &mut Vec<&'a str>, delete: &mut Vec<&'a Key>) {
        for place in &self.places {
            let staying = place
                .pods
                .iter()
                .copied()
                .filter(|(_, pod)| pod.deleted.is_none());
            if place.wanted && place.is_empty() {
                create.push(place.node);
            } else if place.tolerated {
                let (finished, running): (Vec<_>, Vec<_>) =
                    staying.partition(|(_, pod)| pod.finished());
                delete.extend(finished.into_iter().map(|(key, _)| key));
                let surplus = running.into_iter().skip(1 + usize::from(self.surges()));
                delete.extend(surplus.map(|(key, _)| key));
            } else {
                delete.extend(staying.map(|(key, _)| key));
            }
        }
    }

    fn surges(&self) -> bool {
        rollout::max_surge(self) > 0
    }

    fn is_new(&self, pod: &Pod) -> bool {
        pod.labels.get(HASH_LABEL) == Some(&self.hash)
    }

    fn is_available(&self, pod: &Pod) -> bool {
        pod.available(self.set.spec.min_ready_seconds, self.now)
    }

    /// Revisions beyond the limit go, unless pods are of them.
    fn forget_past(&self, owner: &Owner, revisions: &[Revision], context: &Context) -> Result<()> {
        let limit = self.set.spec.revision_history_limit.unwrap_or(10);
        let live = |revision: &Revision| {
            let hash = revision.hash(HASH_LABEL);
            let mut pods = self.places.iter().flat_map(|place| &place.pods);
            hash == self.hash
                || pods.any(|(_, pod)| pod.labels.get(HASH_LABEL).is_some_and(|of| of == hash))
        };
        history::truncate(owner, revisions, limit, live, context)
    }

    /// A failed daemon is replaced; it is not one that waits.
    fn runs(pod: &Pod) -> bool {
        pod.deleted.is_none() && !matches!(pod.phase, Phase::Failed | Phase::Succeeded)
    }
}

/// A pod's spec with what daemons tolerate; with `node`, for that node alone.
fn daemon_spec(template: &Value, node: Option<&str>) -> Value {
    let mut spec = template["spec"].clone();
    let effects = [
        ("node.kubernetes.io/not-ready", "NoExecute"),
        ("node.kubernetes.io/unreachable", "NoExecute"),
        ("node.kubernetes.io/disk-pressure", "NoSchedule"),
        ("node.kubernetes.io/memory-pressure", "NoSchedule"),
        ("node.kubernetes.io/pid-pressure", "NoSchedule"),
        ("node.kubernetes.io/unschedulable", "NoSchedule"),
    ];
    let of_host = ("node.kubernetes.io/network-unavailable", "NoSchedule");
    let of_host = (spec["hostNetwork"] == true).then_some(of_host);
    let tolerations = &mut spec["tolerations"];
    if !tolerations.is_array() {
        *tolerations = json!([]);
    }
    if let Some(tolerations) = tolerations.as_array_mut() {
        for (key, effect) in effects.into_iter().chain(of_host) {
            let toleration = json!({"key": key, "operator": "Exists", "effect": effect});
            if !tolerations.contains(&toleration) {
                tolerations.push(toleration);
            }
        }
    }
    if let Some(node) = node {
        pin(&mut spec, node);
    }
    spec
}

/// Ties a pod to its node, in place of the terms that found the node fit.
fn pin(spec: &mut Value, node: &str) {
    let only = json!({"key": "metadata.name", "operator": "In", "values": [node]});
    let affinity = &mut spec["affinity"]["nodeAffinity"];
    affinity["requiredDuringSchedulingIgnoredDuringExecution"] =
        json!({"nodeSelectorTerms": [{"matchFields": [only]}]});
}

fn add(
    item: &Item,
    set: &DaemonSet,
    hash: &str,
    nodes: Vec<String>,
    context: &mut Context,
) -> Result<()> {
    let about = DAEMON_SET.about(item, &set.metadata.uid);
    let owner = DAEMON_SET.controls(&set.metadata.name, &set.metadata.uid);
    for node in nodes {
        let mut pod = template::pod(&set.spec.template, &owner);
        pod["metadata"]["labels"][HASH_LABEL] = hash.into();
        if let Some(generation) = set.metadata.annotations.get(TEMPLATE_GENERATION) {
            pod["metadata"]["labels"][GENERATION_LABEL] = generation.as_str().into();
        }
        pod["spec"] = daemon_spec(&set.spec.template, Some(&node));
        let written = match context.create(&item.beside(POD.resource, ""), pod) {
            Err(error) if template::namespace_is_going(&error) => return Ok(()),
            written => written,
        };
        if let Err(error) = &written {
            let message = format!("Error creating: {error}");
            context.record(&about, "Warning", "FailedCreate", &message);
        }
        let message = format!("Created pod: {}", template::name_of(&written?.json));
        context.record(&about, "Normal", "SuccessfulCreate", &message);
    }
    Ok(())
}

fn remove(item: &Item, set: &DaemonSet, pods: Vec<Key>, context: &mut Context) -> Result<()> {
    let about = DAEMON_SET.about(item, &set.metadata.uid);
    for key in pods {
        let message = format!("Deleted pod: {}", key.name);
        context.delete(&item.with(key), &DeleteOptions::default())?;
        context.record(&about, "Normal", "SuccessfulDelete", &message);
    }
    Ok(())
}
