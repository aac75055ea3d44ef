//! A workload as the engine takes it: the cluster, the pods that wait and the machines that can be had. Nonsense in the
//! file is refused with its place.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::apps::v1::DaemonSet;
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use super::{Group, Node, Type, Workload};
use crate::resize::grow::Waiting;
use crate::resize::offer::{Offer, Price};
use crate::scheduling::{self, ClassId, NodeId, Pod, PodKey, RESOURCES, State};

/// What [`crate::resize::grow::grow`] is asked.
#[derive(Debug, Clone)]
pub struct Situation {
    pub state: State,
    pub waiting: Vec<Waiting>,
    /// In the order of the workload's types.
    pub offers: Vec<Offer>,
    /// The workload's classes by their places; equal ones have the same number.
    pub classes: Vec<ClassId>,
}

/// The controller of `DaemonSets` lets its pods onto nodes with these taints.
const TOLERATED_BY_DAEMONS: [(&str, &str); 6] = [
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
];

impl Workload {
    /// The cluster at the start. Events are not looked at.
    pub fn situation(&self) -> Result<Situation> {
        let mut state = State::new();
        for (place, object) in self.objects.iter().enumerate() {
            apply(&mut state, object).with_context(|| format!("objects[{place}]"))?;
        }
        let templates = self.templates()?;
        let daemons = self.daemons(&mut state)?;
        let offers = self.types.iter().zip(&templates).map(|(of, node)| Offer {
            group: of.name.clone(),
            daemons: on(node, &daemons),
            node: node.clone(),
            price: price(of.hourly),
            limit: of.limit.unwrap_or(u32::MAX),
        });
        let offers: Vec<Offer> = offers.collect();
        let classes = self.add_classes(&mut state)?;
        self.add_nodes(&mut state, &offers, &classes)?;
        Ok(Situation {
            waiting: waiting(&self.pending, &classes)?,
            state,
            offers,
            classes,
        })
    }

    /// What a machine of each type becomes.
    pub(super) fn templates(&self) -> Result<Vec<scheduling::Node>> {
        let mut names = BTreeSet::new();
        let mut templates = Vec::new();
        for (place, of) in self.types.iter().enumerate() {
            let here = || format!("types[{place}] ({})", of.name);
            let unique = names.insert(of.name.as_str());
            ensure!(unique, "{}: another type has this name already", here());
            templates.push(template(of).with_context(here)?);
        }
        Ok(templates)
    }

    fn daemons(&self, state: &mut State) -> Result<Vec<(ClassId, Pod)>> {
        let daemon = |(place, set): (usize, &DaemonSet)| {
            let pod = Pod::of(&daemon(set)).with_context(|| format!("daemonSets[{place}]"))?;
            Ok((state.class(pod.clone()), pod))
        };
        self.daemon_sets.iter().enumerate().map(daemon).collect()
    }

    fn add_classes(&self, state: &mut State) -> Result<Vec<ClassId>> {
        let class = |(place, pod): (usize, &core::Pod)| {
            let pod = Pod::of(pod).with_context(|| format!("classes[{place}]"))?;
            Ok(state.class(pod))
        };
        self.classes.iter().enumerate().map(class).collect()
    }

    fn add_nodes(&self, state: &mut State, offers: &[Offer], classes: &[ClassId]) -> Result<()> {
        let by_name: BTreeMap<&str, &Offer> =
            offers.iter().map(|o| (o.group.as_str(), o)).collect();
        for (place, node) in self.nodes.iter().enumerate() {
            let offer = by_name.get(node.machine_type.as_str());
            let offer = offer.with_context(|| format!("there is no type {:?}", node.machine_type));
            offer
                .and_then(|offer| add_node(state, node, offer, classes))
                .with_context(|| format!("nodes[{place}] ({})", node.name))?;
        }
        Ok(())
    }
}

/// Price an hour in millionths, from the currency's unit.
pub(super) fn price(hourly: f64) -> Price {
    // Prices are checked before: neither negative nor beyond what a machine costs.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked"
    )]
    Price((hourly * 1e6).round() as u64)
}

fn template(of: &Type) -> Result<scheduling::Node> {
    ensure!(
        of.hourly >= 0.0 && of.hourly < 1e6,
        "`hourly` is {}; a price is a number from 0 to a million",
        of.hourly
    );
    let amounts = of.allocatable.iter();
    let amounts = amounts.map(|(name, amount)| (name.clone(), Quantity(amount.clone())));
    let node = scheduling::Node::of(&core::Node {
        metadata: ObjectMeta {
            labels: Some(of.labels.clone()),
            ..ObjectMeta::default()
        },
        spec: Some(core::NodeSpec {
            taints: Some(of.taints.clone()),
            ..core::NodeSpec::default()
        }),
        status: Some(core::NodeStatus {
            allocatable: Some(amounts.collect()),
            ..core::NodeStatus::default()
        }),
    })?;
    for needed in ["cpu", "memory", "pods"] {
        let amount = node.allocatable.get(needed).copied().unwrap_or_default();
        ensure!(
            amount > 0,
            "`allocatable` has no {needed}; no pod could run there"
        );
    }
    Ok(node)
}

/// The pod that a `DaemonSet` makes for a node.
fn daemon(set: &DaemonSet) -> core::Pod {
    let template = set.spec.as_ref().map(|spec| spec.template.clone());
    let template = template.unwrap_or_default();
    let mut metadata = template.metadata.unwrap_or_default();
    metadata.namespace.clone_from(&set.metadata.namespace);
    let mut spec = template.spec.unwrap_or_default();
    let tolerations = spec.tolerations.get_or_insert_default();
    for (key, effect) in TOLERATED_BY_DAEMONS {
        tolerations.push(core::Toleration {
            key: Some(key.to_owned()),
            operator: Some("Exists".to_owned()),
            effect: Some(effect.to_owned()),
            ..core::Toleration::default()
        });
    }
    core::Pod {
        metadata,
        spec: Some(spec),
        status: None,
    }
}

/// Daemons that run on a node.
fn on(node: &scheduling::Node, daemons: &[(ClassId, Pod)]) -> Vec<ClassId> {
    let runs = |pod: &Pod| {
        pod.selects_node(&node.name, &node.labels) && pod.untolerated(&node.taints).is_none()
    };
    let daemons = daemons.iter().filter(|(_, pod)| runs(pod));
    daemons.map(|(class, _)| *class).collect()
}

fn add_node(state: &mut State, node: &Node, offer: &Offer, classes: &[ClassId]) -> Result<()> {
    let mut content = offer.node.clone();
    content.name.clone_from(&node.name);
    let hostname = ("kubernetes.io/hostname".to_owned(), node.name.clone());
    content.labels.extend([hostname]);
    let new = state.node_id(&node.name).is_none() && !node.name.is_empty();
    ensure!(new, "its name has to be there, and be its own");
    state.set_node(content);
    let id = state
        .node_id(&node.name)
        .context("the node was added just now")?;
    let daemons = offer.daemons.iter().map(|class| Waiting {
        class: *class,
        pods: 1,
    });
    let pods = waiting(&node.pods, classes)?.into_iter().chain(daemons);
    for (place, group) in pods.enumerate() {
        put(state, group, id, &format!("{}-{place}", node.name));
    }
    Ok(())
}

fn put(state: &mut State, group: Waiting, node: NodeId, name: &str) {
    let namespace = state.content(group.class).namespace.as_str().into();
    for number in 0..group.pods {
        let key = PodKey {
            namespace: std::sync::Arc::clone(&namespace),
            name: format!("{name}-{number}").into(),
        };
        state.place(&key, group.class, node);
    }
}

/// Pods by class, each class once, in the order in which they come first.
fn waiting(groups: &[Group], classes: &[ClassId]) -> Result<Vec<Waiting>> {
    let mut places = BTreeMap::new();
    let mut all: Vec<Waiting> = Vec::new();
    for group in groups {
        let class = *classes.get(group.class).with_context(|| {
            let (class, known) = (group.class, classes.len());
            format!("class {class} is named, but there are {known} classes, from 0 on")
        })?;
        let place = *places.entry(class).or_insert(all.len());
        if place == all.len() {
            all.push(Waiting { class, pods: 0 });
        }
        let pods = all[place].pods.checked_add(group.pods);
        all[place].pods =
            pods.with_context(|| format!("too many pods of class {}", group.class))?;
    }
    Ok(all)
}

fn apply(state: &mut State, object: &Value) -> Result<()> {
    let text = |path: &str| object.pointer(path).and_then(Value::as_str);
    let kind = text("/kind").context("it has no kind")?;
    let resource = resource(kind)
        .with_context(|| format!("{kind} is not among what decides where pods fit"))?;
    let name = text("/metadata/name").context("it has no name")?;
    let namespace = text("/metadata/namespace").unwrap_or_default();
    let json = serde_json::to_vec(object)?;
    state.apply(resource, namespace, name, Some(&json))?;
    Ok(())
}

/// By its kind, nodes aside: those are made of types.
fn resource(kind: &str) -> Option<&'static str> {
    let kind = kind.to_lowercase();
    let plural = match kind.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None if kind.ends_with('s') => format!("{kind}es"),
        None => format!("{kind}s"),
    };
    let mut others = RESOURCES
        .into_iter()
        .filter(|resource| *resource != "nodes");
    others.find(|resource| resource.split('.').next() == Some(plural.as_str()))
}

#[cfg(test)]
mod tests;
