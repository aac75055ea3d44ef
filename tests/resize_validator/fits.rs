//! Whether a pod can run on a node beside what is there already.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{Container, Node, Pod, PodAffinityTerm, TopologySpreadConstraint};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::labels;
use super::place::Places;
use super::world::{namespace, node_name};

pub(crate) type Amounts = BTreeMap<String, i128>;

/// The error is the first rule that says no.
pub(crate) fn fits(places: &Places, pod: &Pod, node: &Node) -> Result<(), String> {
    if !labels::wants(pod, node) {
        return Err("its labels are not the wanted ones".to_owned());
    }
    if let Some(taint) = labels::repels(pod, node) {
        return Err(format!("taint {}", taint.key));
    }
    resources(places, pod, node)?;
    ports(places, pod, node)?;
    places.volumes.allow(pod, node, places)?;
    spread(places, pod, node)?;
    company(places, pod, node)
}

fn resources(places: &Places, pod: &Pod, node: &Node) -> Result<(), String> {
    let mut used = Amounts::new();
    let mut pods = 1;
    for other in places.on(node_name(node)) {
        add(&mut used, &requests(other));
        pods += 1;
    }
    let free = allocatable(node);
    if pods > free.get("pods").copied().unwrap_or(0) {
        return Err("too many pods".to_owned());
    }
    for (name, amount) in requests(pod) {
        let used = used.get(&name).copied().unwrap_or(0);
        if amount > 0 && used + amount > free.get(&name).copied().unwrap_or(0) {
            return Err(format!("insufficient {name}"));
        }
    }
    Ok(())
}

/// What a pod asks for: its containers and sidecars together, or its neediest init container with the sidecars that
/// run beside it; then its overhead.
pub(crate) fn requests(pod: &Pod) -> Amounts {
    let Some(spec) = &pod.spec else {
        return Amounts::new();
    };
    let mut sidecars = Amounts::new();
    let mut most = Amounts::new();
    for container in spec.init_containers.iter().flatten() {
        let mut now = sidecars.clone();
        add(&mut now, &asked(container));
        if container.restart_policy.as_deref() == Some("Always") {
            sidecars.clone_from(&now);
        }
        raise(&mut most, &now);
    }
    let mut total = sidecars;
    for container in &spec.containers {
        add(&mut total, &asked(container));
    }
    raise(&mut total, &most);
    add(&mut total, &amounts(spec.overhead.as_ref()));
    total
}

fn asked(container: &Container) -> Amounts {
    let resources = container.resources.as_ref();
    amounts(resources.and_then(|resources| resources.requests.as_ref()))
}

pub(crate) fn allocatable(node: &Node) -> Amounts {
    amounts(
        node.status
            .as_ref()
            .and_then(|status| status.allocatable.as_ref()),
    )
}

fn amounts(texts: Option<&BTreeMap<String, Quantity>>) -> Amounts {
    let texts = texts.into_iter().flatten();
    texts
        .map(|(name, text)| (name.clone(), thousandths(&text.0)))
        .collect()
}

/// Of anything but CPU the scheduler counts whole ones, but the objects here ask for whole ones only.
fn thousandths(text: &str) -> i128 {
    let digits = text.trim_end_matches(|c: char| c.is_alphabetic());
    let units = [
        ("m", 1),
        ("", 1_000),
        ("Ki", 1_024_000),
        ("Mi", 1_024_i128.pow(2) * 1_000),
        ("Gi", 1_024_i128.pow(3) * 1_000),
        ("Ti", 1_024_i128.pow(4) * 1_000),
    ];
    let mut known = units.iter();
    let unit = known.find(|(unit, _)| *unit == &text[digits.len()..]);
    let unit = unit.expect("a unit that the validator knows").1;
    digits.parse::<i128>().expect("a whole number") * unit
}

fn add(total: &mut Amounts, more: &Amounts) {
    for (name, amount) in more {
        *total.entry(name.clone()).or_default() += amount;
    }
}

fn raise(total: &mut Amounts, least: &Amounts) {
    for (name, amount) in least {
        let most = total.entry(name.clone()).or_default();
        *most = (*most).max(*amount);
    }
}

fn ports(places: &Places, pod: &Pod, node: &Node) -> Result<(), String> {
    for (ip, port, protocol) in host_ports(pod) {
        for other in places.on(node_name(node)) {
            for (other_ip, other_port, other_protocol) in host_ports(other) {
                let everywhere = ip == "0.0.0.0" || other_ip == "0.0.0.0";
                if port == other_port
                    && protocol == other_protocol
                    && (everywhere || ip == other_ip)
                {
                    return Err(format!("host port {port} is taken"));
                }
            }
        }
    }
    Ok(())
}

fn host_ports(pod: &Pod) -> Vec<(String, i32, String)> {
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    let ports = containers.flat_map(|container| container.ports.iter().flatten());
    let ports = ports.filter(|port| port.host_port.unwrap_or(0) > 0);
    let port = |port: &k8s_openapi::api::core::v1::ContainerPort| {
        (
            port.host_ip.clone().unwrap_or_else(|| "0.0.0.0".to_owned()),
            port.host_port.unwrap_or(0),
            port.protocol.clone().unwrap_or_else(|| "TCP".to_owned()),
        )
    };
    ports.map(port).collect()
}

fn spread(places: &Places, pod: &Pod, node: &Node) -> Result<(), String> {
    let all = pod
        .spec
        .as_ref()
        .and_then(|spec| spec.topology_spread_constraints.clone());
    let mut all = all.unwrap_or_default();
    all.retain(|constraint| constraint.when_unsatisfiable == "DoNotSchedule");
    for constraint in &all {
        let Some(domain) = labels::of_node(node).get(&constraint.topology_key).cloned() else {
            return Err(format!("it has no label {}", constraint.topology_key));
        };
        let mut counts: BTreeMap<String, i64> = BTreeMap::new();
        for other in places.nodes() {
            if !counts_for(&all, constraint, pod, other) {
                continue;
            }
            let domain = labels::of_node(other)[&constraint.topology_key].clone();
            let alike = places.on(node_name(other)).filter(|other| {
                namespace(other) == namespace(pod)
                    && other.metadata.deletion_timestamp.is_none()
                    && alike(constraint, pod, other)
            });
            *counts.entry(domain).or_default() += i64::try_from(alike.count()).expect("few");
        }
        let enough =
            counts.len() >= usize::try_from(constraint.min_domains.unwrap_or(1)).expect("few");
        let least = if enough {
            counts.values().min().copied().unwrap_or(0)
        } else {
            0
        };
        let itself = i64::from(alike(constraint, pod, pod));
        let here = counts.get(&domain).copied().unwrap_or(0);
        if here + itself - least > i64::from(constraint.max_skew) {
            return Err(format!("spread over {}", constraint.topology_key));
        }
    }
    Ok(())
}

fn alike(constraint: &TopologySpreadConstraint, pod: &Pod, other: &Pod) -> bool {
    let (own, others) = (labels::of_pod(pod), labels::of_pod(other));
    let keys = constraint.match_label_keys.iter().flatten();
    let mut keys = keys.filter(|key| own.contains_key(*key));
    labels::selects(constraint.label_selector.as_ref(), &others)
        && keys.all(|key| own.get(key) == others.get(key))
}

/// Whether a node is one of those over which pods are spread.
fn counts_for(
    all: &[TopologySpreadConstraint],
    constraint: &TopologySpreadConstraint,
    pod: &Pod,
    node: &Node,
) -> bool {
    let labels = labels::of_node(node);
    let affinity = constraint.node_affinity_policy.as_deref() != Some("Ignore");
    let taints = constraint.node_taints_policy.as_deref() == Some("Honor");
    all.iter()
        .all(|constraint| labels.contains_key(&constraint.topology_key))
        && (!affinity || labels::wants(pod, node))
        && (!taints || labels::repels(pod, node).is_none())
}

/// Whom it wants to be with, whom it shuns, and who shuns it.
fn company(places: &Places, pod: &Pod, node: &Node) -> Result<(), String> {
    for term in terms(pod, false) {
        if !is_with(places, pod, node, &term) {
            return Err(format!(
                "nobody it wants to be with in the same {}",
                term.topology_key
            ));
        }
    }
    for (other, other_node) in places.all() {
        for term in terms(pod, true) {
            if meant(&term, pod, other) && same_domain(&term.topology_key, node, other_node) {
                return Err("somebody it shuns is there".to_owned());
            }
        }
        for term in terms(other, true) {
            if meant(&term, other, pod) && same_domain(&term.topology_key, node, other_node) {
                return Err("somebody there shuns it".to_owned());
            }
        }
    }
    Ok(())
}

/// The first of a group that wants to be with itself may go anywhere, if that holds for all it wants.
fn is_with(places: &Places, pod: &Pod, node: &Node, term: &PodAffinityTerm) -> bool {
    let has_domain = labels::of_node(node).contains_key(&term.topology_key);
    let mut all = places.all();
    let there = all.any(|(other, other_node)| {
        of_all_terms(pod, other) && same_domain(&term.topology_key, node, other_node)
    });
    let all_terms = terms(pod, false);
    let anywhere = places.all().any(|(other, other_node)| {
        let known = labels::of_node(other_node);
        of_all_terms(pod, other)
            && all_terms
                .iter()
                .any(|term| known.contains_key(&term.topology_key))
    });
    has_domain && (there || !anywhere && of_all_terms(pod, pod))
}

/// Only pods that all of its terms mean count for any of them.
fn of_all_terms(pod: &Pod, other: &Pod) -> bool {
    terms(pod, false).iter().all(|term| meant(term, pod, other))
}

fn terms(pod: &Pod, shuns: bool) -> Vec<PodAffinityTerm> {
    let affinity = pod.spec.as_ref().and_then(|spec| spec.affinity.as_ref());
    let terms = if shuns {
        let anti = affinity.and_then(|affinity| affinity.pod_anti_affinity.as_ref());
        anti.and_then(|anti| {
            anti.required_during_scheduling_ignored_during_execution
                .clone()
        })
    } else {
        let with = affinity.and_then(|affinity| affinity.pod_affinity.as_ref());
        with.and_then(|with| {
            with.required_during_scheduling_ignored_during_execution
                .clone()
        })
    };
    terms.unwrap_or_default()
}

fn meant(term: &PodAffinityTerm, owner: &Pod, other: &Pod) -> bool {
    let named: BTreeSet<&str> = term
        .namespaces
        .iter()
        .flatten()
        .map(String::as_str)
        .collect();
    let namespace = if named.is_empty() {
        namespace(owner) == namespace(other)
    } else {
        named.contains(namespace(other))
    };
    namespace && labels::selects(term.label_selector.as_ref(), &labels::of_pod(other))
}

fn same_domain(key: &str, node: &Node, other: &Node) -> bool {
    let (one, two) = (labels::of_node(node), labels::of_node(other));
    one.contains_key(key) && one.get(key) == two.get(key)
}
