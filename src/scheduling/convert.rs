//! From the API's pods to their content.

use anyhow::{Context, Result};
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

use super::labels::{Labels, Requirement, Selector, Test};
use super::node::{NodeTerm, NodeTerms};
use super::pod::{Disk, HostPort, Peers, Pod, PodClaim, PodIdentity, PodTerm, Spread, Toleration};
use super::resources;

impl Pod {
    pub fn of(pod: &core::Pod) -> Result<Self> {
        let empty = core::PodSpec::default();
        let spec = pod.spec.as_ref().unwrap_or(&empty);
        let meta = &pod.metadata;
        let labels = meta.labels.clone().unwrap_or_default();
        let affinity = spec.affinity.as_ref();
        let nodes = affinity.and_then(|affinity| affinity.node_affinity.as_ref());
        let volumes = spec.volumes.as_deref().unwrap_or_default();
        let own = Own::of(meta, &labels);
        let terms = AllTerms::of(affinity, &own);
        Ok(Self {
            namespace: own.namespace.to_owned(),
            priority: spec.priority.unwrap_or_default(),
            requests: resources::requests(pod).with_context(|| {
                let name = meta.name.as_deref().unwrap_or_default();
                let path = format!("{}/{name}", own.namespace);
                format!("reading what pod {} asks for", path.trim_start_matches('/'))
            })?,
            node_selector: spec.node_selector.clone().unwrap_or_default(),
            node_affinity: nodes
                .and_then(|n| {
                    n.required_during_scheduling_ignored_during_execution
                        .as_ref()
                })
                .map(NodeTerms::of),
            preferred_nodes: nodes.map(preferred_nodes).unwrap_or_default(),
            tolerations: spec.tolerations.iter().flatten().map(toleration).collect(),
            host_ports: host_ports(spec),
            spread: spreads(spec, &labels),
            claims: volumes.iter().filter_map(|v| claim(v, meta)).collect(),
            disks: volumes.iter().filter_map(disk).collect(),
            gates: gates(spec),
            never_preempts: spec.preemption_policy.as_deref() == Some("Never"),
            affinity: terms.affinity,
            anti_affinity: terms.anti_affinity,
            preferred_pods: terms.preferred,
            labels,
        })
    }
}

/// What a pod's terms mean themselves by.
struct Own<'a> {
    namespace: &'a str,
    labels: &'a Labels,
}

impl<'a> Own<'a> {
    fn of(meta: &'a ObjectMeta, labels: &'a Labels) -> Self {
        let namespace = meta.namespace.as_deref().unwrap_or_default();
        Self { namespace, labels }
    }
}

struct AllTerms {
    affinity: Vec<PodTerm>,
    anti_affinity: Vec<PodTerm>,
    preferred: Vec<(i32, PodTerm)>,
}

impl AllTerms {
    fn of(affinity: Option<&core::Affinity>, own: &Own) -> Self {
        let with = affinity.and_then(|affinity| affinity.pod_affinity.as_ref());
        let without = affinity.and_then(|affinity| affinity.pod_anti_affinity.as_ref());
        let required = |terms: Option<&Vec<core::PodAffinityTerm>>| {
            let terms = terms.into_iter().flatten();
            terms.map(|term| pod_term(term, own)).collect()
        };
        let preferred = |terms: Option<&Vec<core::WeightedPodAffinityTerm>>, sign: i32| {
            let terms = terms.into_iter().flatten();
            let term = |t: &core::WeightedPodAffinityTerm| {
                (sign * t.weight, pod_term(&t.pod_affinity_term, own))
            };
            terms.map(term).collect::<Vec<_>>()
        };
        let liked = with.and_then(|a| {
            a.preferred_during_scheduling_ignored_during_execution
                .as_ref()
        });
        let disliked = without.and_then(|a| {
            a.preferred_during_scheduling_ignored_during_execution
                .as_ref()
        });
        Self {
            affinity: required(with.and_then(|a| {
                a.required_during_scheduling_ignored_during_execution
                    .as_ref()
            })),
            anti_affinity: required(without.and_then(|a| {
                a.required_during_scheduling_ignored_during_execution
                    .as_ref()
            })),
            preferred: [preferred(liked, 1), preferred(disliked, -1)].concat(),
        }
    }
}

fn pod_term(term: &core::PodAffinityTerm, own: &Own) -> PodTerm {
    let mut namespaces: std::collections::BTreeSet<String> =
        term.namespaces.iter().flatten().cloned().collect();
    if namespaces.is_empty() && term.namespace_selector.is_none() {
        namespaces.insert(own.namespace.to_owned());
    }
    let selector = Selector::of(term.label_selector.as_ref());
    let same = term.match_label_keys.as_deref();
    let other = term.mismatch_label_keys.as_deref();
    let selector = with_keys(selector, same, own.labels, Test::In);
    let selector = with_keys(selector, other, own.labels, Test::NotIn);
    PodTerm {
        peers: Peers {
            namespaces,
            namespace_selector: Selector::of(term.namespace_selector.as_ref()),
            selector,
        },
        topology_key: term.topology_key.clone(),
    }
}

/// Adds what the pod's own labels say about these keys. The API server has done so when the pod was made; once more
/// changes nothing.
fn with_keys(
    selector: Option<Selector>,
    keys: Option<&[String]>,
    labels: &Labels,
    test: fn(Vec<String>) -> Test,
) -> Option<Selector> {
    let mut selector = selector?;
    for key in keys.unwrap_or_default() {
        let Some(value) = labels.get(key) else {
            continue;
        };
        let requirement = Requirement {
            key: key.clone(),
            test: test(vec![value.clone()]),
        };
        if !selector.0.contains(&requirement) {
            selector.0.push(requirement);
        }
    }
    Some(selector)
}

fn spreads(spec: &core::PodSpec, labels: &Labels) -> Vec<Spread> {
    let constraints = spec.topology_spread_constraints.iter().flatten();
    constraints
        .map(|constraint| spread(constraint, labels))
        .collect()
}

fn spread(constraint: &core::TopologySpreadConstraint, labels: &Labels) -> Spread {
    let selector: Option<&LabelSelector> = constraint.label_selector.as_ref();
    let selector = Selector::of(selector);
    let keys = constraint.match_label_keys.as_deref();
    let selector = with_keys(selector, keys, labels, Test::In);
    let min_domains = constraint.min_domains.unwrap_or(1);
    Spread {
        topology_key: constraint.topology_key.clone(),
        max_skew: i64::from(constraint.max_skew),
        min_domains: usize::try_from(min_domains).unwrap_or(0),
        required: constraint.when_unsatisfiable == "DoNotSchedule",
        selector,
        honors_affinity: constraint.node_affinity_policy.as_deref() != Some("Ignore"),
        honors_taints: constraint.node_taints_policy.as_deref() == Some("Honor"),
    }
}

fn preferred_nodes(affinity: &core::NodeAffinity) -> Vec<(i32, NodeTerm)> {
    let preferred = &affinity.preferred_during_scheduling_ignored_during_execution;
    let preferred = preferred.iter().flatten();
    preferred
        .map(|term| (term.weight, NodeTerm::of(&term.preference)))
        .collect()
}

fn toleration(toleration: &core::Toleration) -> Toleration {
    Toleration {
        key: toleration.key.clone().unwrap_or_default(),
        exists: toleration.operator.as_deref() == Some("Exists"),
        value: toleration.value.clone().unwrap_or_default(),
        effect: toleration.effect.clone().unwrap_or_default(),
    }
}

fn host_ports(spec: &core::PodSpec) -> Vec<HostPort> {
    let sidecars = spec.init_containers.iter().flatten();
    let sidecars = sidecars.filter(|c| c.restart_policy.as_deref() == Some("Always"));
    let containers = spec.containers.iter().chain(sidecars);
    let ports = containers.flat_map(|container| container.ports.iter().flatten());
    let or = |text: Option<&String>, default: &str| match text {
        Some(text) if !text.is_empty() => text.clone(),
        _ => default.to_owned(),
    };
    let host_port = |port: &core::ContainerPort| {
        Some(HostPort {
            ip: or(port.host_ip.as_ref(), "0.0.0.0"),
            port: port.host_port.filter(|port| *port > 0)?,
            protocol: or(port.protocol.as_ref(), "TCP"),
        })
    };
    ports.filter_map(host_port).collect()
}

fn gates(spec: &core::PodSpec) -> Vec<String> {
    let gates = spec.scheduling_gates.iter().flatten();
    gates.map(|gate| gate.name.clone()).collect()
}

fn claim(volume: &core::Volume, meta: &ObjectMeta) -> Option<PodClaim> {
    if let Some(claim) = &volume.persistent_volume_claim {
        return Some(PodClaim {
            name: claim.claim_name.clone(),
            made_for: None,
        });
    }
    volume.ephemeral.as_ref()?;
    let pod = PodIdentity {
        name: meta.name.clone().unwrap_or_default(),
        uid: meta.uid.clone().unwrap_or_default(),
    };
    Some(PodClaim {
        name: format!("{}-{}", pod.name, volume.name),
        made_for: Some(pod),
    })
}

fn disk(volume: &core::Volume) -> Option<Disk> {
    let disk = |name: String, read_only: Option<bool>| Disk {
        name,
        monitors: Vec::new(),
        read_only: read_only == Some(true),
    };
    if let Some(gce) = &volume.gce_persistent_disk {
        return Some(disk(format!("gce {}", gce.pd_name), gce.read_only));
    }
    if let Some(aws) = &volume.aws_elastic_block_store {
        // One pod at a time, even if they only read.
        return Some(disk(format!("aws {}", aws.volume_id), None));
    }
    if let Some(iscsi) = &volume.iscsi {
        return Some(disk(format!("iscsi {}", iscsi.iqn), iscsi.read_only));
    }
    let rbd = volume.rbd.as_ref()?;
    let pool = rbd.pool.as_deref().unwrap_or("rbd");
    Some(Disk {
        monitors: rbd.monitors.clone(),
        ..disk(format!("rbd {pool}/{}", rbd.image), rbd.read_only)
    })
}
