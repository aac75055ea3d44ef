//! Whether bought machines hold the pods they are bought for. A decision names pods by group, not by machine, so places
//! are looked for: a few orders and some by chance, each with the first node that fits and then with nodes by chance.

use std::collections::{BTreeMap, BTreeSet};

use bex_infra::resize::decision::Decision;
use k8s_openapi::api::core::v1::{Node, Pod};

use super::fits::requests;
use super::labels;
use super::leave::goes_along;
use super::place::Places;
use super::world::{World, id, node_name, waits};

/// So often nodes are chosen by chance before it is given up.
const TRIES: u64 = 200;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Fine,
    /// No places were found; there may be some.
    Unknown(String),
    Wrong(String),
}

/// A pod, and the nodes that it may be put on.
struct Item<'a> {
    pod: &'a Pod,
    nodes: Vec<String>,
    /// The decision says that it gets a place.
    must: bool,
}

pub(crate) fn check(world: &World, decision: &Decision) -> Verdict {
    if decision.grow.iter().all(|grow| grow.pods.is_empty()) {
        return Verdict::Fine;
    }
    let (places, bought) = with_machines(world, decision);
    let mut items = Vec::new();
    for grow in &decision.grow {
        for name in &grow.pods {
            let Some(pod) = world.pod(name).filter(|pod| waits(pod)) else {
                return Verdict::Wrong(format!(
                    "machines are bought for {name}, which does not wait"
                ));
            };
            let nodes = bought[&grow.group].clone();
            if !nodes.iter().any(|node| alone(&places, pod, node)) {
                return Verdict::Wrong(format!(
                    "{name} does not even fit alone on a machine of {}",
                    grow.group
                ));
            }
            items.push(Item {
                pod,
                nodes,
                must: true,
            });
        }
    }
    items.extend(others(world, decision, &places));
    sort(&mut items);
    if (0..=TRIES).any(|attempt| try_to_place(&places, &items, attempt)) {
        return Verdict::Fine;
    }
    let reasons = items.iter().filter(|item| item.must).map(|item| {
        let nodes = item.nodes.iter();
        let reason = |node: &String| format!("{node}: {:?}", places.fits(item.pod, node));
        (id(item.pod), nodes.map(reason).collect())
    });
    let reasons: Vec<(String, Vec<String>)> = reasons.collect();
    Verdict::Unknown(format!(
        "no places found, with nobody else there: {reasons:?}"
    ))
}

/// I1: pods that wait and have a place on what is there still have one when the nodes that go are gone.
pub(crate) fn nobody_loses_a_place(world: &World, decision: &Decision) -> Option<String> {
    // Where policy refuses a machine, somebody waits in any case, and who that is is the engine's choice.
    let refused = decision.held.iter().any(|held| held.group == "all");
    if decision.remove.is_empty() || refused {
        return None;
    }
    let (mut places, _) = with_machines(world, decision);
    let mut items = others(world, decision, &places);
    for item in &mut items {
        item.must = true;
    }
    sort(&mut items);
    let all_fit =
        |places: &Places| (0..=TRIES).any(|attempt| try_to_place(places, &items, attempt));
    if items.is_empty() || !all_fit(&places) {
        return None;
    }
    for remove in &decision.remove {
        places.close(&remove.node);
    }
    let moves = decision.remove.iter().flat_map(|remove| &remove.moves);
    for step in moves {
        if let Some(pod) = world.pod(&step.pod) {
            places.put(pod, &step.to);
        }
    }
    let names: Vec<String> = items.iter().map(|item| id(item.pod)).collect();
    (!all_fit(&places)).then(|| format!("I1: {names:?} wait, and have no places after the removal"))
}

/// The cluster with everything that is bought or on its way and the daemons on it, and the new nodes of each group.
fn with_machines(world: &World, decision: &Decision) -> (Places, BTreeMap<String, Vec<String>>) {
    let mut places = Places::of(world);
    let mut bought: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for machine in &world.machines {
        let group = machine["metadata"]["labels"]["cluster.x-k8s.io/deployment-name"].as_str();
        let template = group.and_then(|group| world.templates.get(group));
        let failed = !machine["status"]["deprecated"]["v1beta1"]["failureReason"].is_null();
        let comes = machine["status"]["nodeRef"].is_null() && !failed;
        let Some(template) = template.filter(|_| comes) else {
            continue;
        };
        let name = machine["metadata"]["name"].as_str().unwrap_or_default();
        put(world, &mut places, template, &format!("coming-{name}"));
    }
    for (group, number) in asked_for(world) {
        if let Some(template) = world.templates.get(group) {
            put(
                world,
                &mut places,
                template,
                &format!("asked-{group}-{number}"),
            );
        }
    }
    for grow in &decision.grow {
        for number in grow.from..grow.to {
            let name = format!("new-{}-{number}", grow.group);
            if let Some(template) = world.templates.get(&grow.group) {
                put(world, &mut places, template, &name);
            }
            bought.entry(grow.group.clone()).or_default().push(name);
        }
    }
    (places, bought)
}

/// Machines that Cluster API makes without being asked again: in the place of those that are being deleted.
fn asked_for(world: &World) -> Vec<(&str, usize)> {
    let mut asked = Vec::new();
    for group in &world.groups {
        let name = group["metadata"]["name"].as_str().unwrap_or_default();
        let rests =
            group["spec"]["paused"] == true || !group["metadata"]["deletionTimestamp"].is_null();
        let replicas = group["spec"]["replicas"].as_u64().unwrap_or_default();
        let replicas = usize::try_from(replicas).expect("few");
        let missing = replicas.saturating_sub(world.staying(name));
        asked.extend((0..missing).filter(|_| !rests).map(|number| (name, number)));
    }
    asked
}

fn put(world: &World, places: &mut Places, template: &Node, name: &str) {
    let mut node = template.clone();
    node.metadata.name = Some(name.to_owned());
    let labels = node.metadata.labels.get_or_insert_default();
    labels.insert("kubernetes.io/hostname".to_owned(), name.to_owned());
    for (number, set) in world.daemon_sets.iter().enumerate() {
        let template = set
            .spec
            .as_ref()
            .map(|spec| spec.template.clone())
            .unwrap_or_default();
        let mut pod = Pod {
            metadata: template.metadata.unwrap_or_default(),
            spec: template.spec,
            status: None,
        };
        pod.metadata.name = Some(format!("daemon-{number}-{name}"));
        pod.metadata.namespace.clone_from(&set.metadata.namespace);
        if labels::wants(&pod, &node) && labels::repels(&pod, &node).is_none() {
            places.put(&pod, name);
        }
    }
    places.add(node);
}

/// Whether a pod would fit on the node if nobody but daemons were there, company aside.
fn alone(places: &Places, pod: &Pod, node: &str) -> bool {
    let mut empty = places.clone();
    let there: Vec<String> = empty
        .on(node)
        .filter(|pod| !goes_along(pod))
        .map(id)
        .collect();
    for pod in there.iter().filter(|pod| !pod.contains("/daemon-")) {
        empty.take(pod);
    }
    match empty.fits(pod, node) {
        Ok(()) => true,
        Err(why) => {
            why.starts_with("spread") || why.starts_with("nobody") || why.starts_with("somebody")
        }
    }
}

/// Pods that wait too: they may take room anywhere, and others may want to be with them.
fn others<'a>(world: &'a World, decision: &Decision, places: &Places) -> Vec<Item<'a>> {
    let named = decision.grow.iter().flat_map(|grow| &grow.pods);
    let helpless = decision.helpless.iter().flat_map(|helpless| &helpless.pods);
    let known: BTreeSet<&String> = named.chain(helpless).collect();
    let rest = world
        .pods
        .iter()
        .filter(|pod| waits(pod) && !known.contains(&id(pod)));
    let nodes: Vec<String> = places
        .nodes()
        .map(|node| node_name(node).to_owned())
        .collect();
    rest.map(|pod| Item {
        pod,
        nodes: nodes.clone(),
        must: false,
    })
    .collect()
}

/// The largest first.
fn sort(items: &mut [Item]) {
    items.sort_by_key(|item| std::cmp::Reverse(requests(item.pod).values().sum::<i128>()));
}

fn try_to_place(places: &Places, items: &[Item], attempt: u64) -> bool {
    let mut places = places.clone();
    let mut left: Vec<&Item> = items.iter().collect();
    let mut chance = attempt;
    // Others may be those to be with, or they may take the room away.
    match attempt % 4 {
        1 => left.sort_by_key(|item| item.must),
        2 => left.sort_by_key(|item| !item.must),
        3 => left.sort_by_cached_key(|_| next(&mut chance)),
        _ => {}
    }
    loop {
        let before = left.len();
        left.retain(|item| {
            let fitting: Vec<&String> = item
                .nodes
                .iter()
                .filter(|node| places.fits(item.pod, node).is_ok())
                .collect();
            let place = next(&mut chance);
            let node = if attempt < 3 {
                fitting.first()
            } else {
                fitting.get(place % fitting.len().max(1))
            };
            if let Some(node) = node {
                places.put(item.pod, node);
            }
            node.is_none()
        });
        if left.iter().all(|item| !item.must) {
            return true;
        }
        if left.len() == before {
            return false;
        }
    }
}

fn next(chance: &mut u64) -> usize {
    *chance = chance
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(*chance >> 33).expect("small")
}
