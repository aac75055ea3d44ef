//! From the API's objects to plain data.

use std::collections::HashMap;

use anyhow::{Context, Result};
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{BoundVolume, Budget, HostPort, Node, Pod, requests};
use crate::quantity::Rounding;

/// The nodes that each claim's volume can be reached from, by namespace and claim.
pub(super) struct BoundVolumes(HashMap<(String, String), core::NodeSelector>);

impl BoundVolumes {
    pub(super) fn new(
        claims: &[core::PersistentVolumeClaim],
        volumes: Vec<core::PersistentVolume>,
    ) -> Self {
        let reach: HashMap<String, core::NodeSelector> = volumes
            .into_iter()
            .filter_map(|volume| {
                let affinity = volume.spec?.node_affinity?;
                Some((volume.metadata.name?, affinity.required?))
            })
            .collect();
        let by_claim = claims.iter().filter_map(|claim| {
            let volume = claim.spec.as_ref()?.volume_name.as_ref()?;
            let key = (
                claim.metadata.namespace.clone()?,
                claim.metadata.name.clone()?,
            );
            Some((key, reach.get(volume)?.clone()))
        });
        Self(by_claim.collect())
    }

    fn of(&self, namespace: &str, volumes: &[core::Volume]) -> Vec<BoundVolume> {
        let bound = volumes.iter().filter_map(|volume| {
            let claim = &volume.persistent_volume_claim.as_ref()?.claim_name;
            let nodes = self.0.get(&(namespace.to_owned(), claim.clone()))?;
            Some(BoundVolume {
                claim: claim.clone(),
                nodes: nodes.clone(),
            })
        });
        bound.collect()
    }
}

pub(super) fn node(node: core::Node) -> Result<Node> {
    let name = node.metadata.name.unwrap_or_default();
    let spec = node.spec.unwrap_or_default();
    let status = node.status.unwrap_or_default();
    let allocatable = requests::amounts(status.allocatable.as_ref(), Rounding::Down)
        .with_context(|| format!("reading what node {name} can allocate"))?;
    let conditions = status.conditions.unwrap_or_default();
    Ok(Node {
        labels: node.metadata.labels.unwrap_or_default(),
        taints: spec.taints.unwrap_or_default(),
        allocatable,
        unschedulable: spec.unschedulable.unwrap_or_default(),
        ready: conditions
            .iter()
            .any(|condition| condition.type_ == "Ready" && condition.status == "True"),
        name,
    })
}

pub(super) fn pod(pod: core::Pod, bound: &BoundVolumes) -> Result<Pod> {
    let meta = pod.metadata;
    let namespace = meta.namespace.clone().unwrap_or_default();
    let name = meta.name.clone().unwrap_or_default();
    let spec = pod.spec.unwrap_or_default();
    let requests = requests::of_pod(&spec)
        .with_context(|| format!("reading what pod {namespace}/{name} asks for"))?;
    let volumes = spec.volumes.as_deref().unwrap_or_default();
    Ok(Pod {
        phase: pod
            .status
            .and_then(|status| status.phase)
            .unwrap_or_default(),
        terminating: meta.deletion_timestamp.is_some(),
        mirror: is_mirror(&meta),
        controller: controller(&meta),
        requests,
        host_ports: host_ports(&spec),
        volumes: bound.of(&namespace, volumes),
        host_paths: host_paths(volumes),
        empty_dir: volumes.iter().any(is_on_disk),
        unchecked: unchecked(&spec),
        node_affinity: node_affinity(&spec).cloned(),
        anti_affinity: anti_affinity(&spec).cloned().unwrap_or_default(),
        labels: meta.labels.unwrap_or_default(),
        node: spec.node_name,
        node_selector: spec.node_selector.unwrap_or_default(),
        tolerations: spec.tolerations.unwrap_or_default(),
        namespace,
        name,
    })
}

pub(super) fn budget(budget: PodDisruptionBudget) -> Budget {
    let allowed = budget.status.map_or(0, |status| status.disruptions_allowed);
    Budget {
        namespace: budget.metadata.namespace.unwrap_or_default(),
        name: budget.metadata.name.unwrap_or_default(),
        selector: budget.spec.and_then(|spec| spec.selector),
        disruptions_allowed: u32::try_from(allowed).unwrap_or(0),
    }
}

fn is_mirror(meta: &ObjectMeta) -> bool {
    meta.annotations
        .as_ref()
        .is_some_and(|annotations| annotations.contains_key("kubernetes.io/config.mirror"))
}

fn controller(meta: &ObjectMeta) -> Option<String> {
    let owners = meta.owner_references.iter().flatten();
    let mut controllers = owners.filter(|owner| owner.controller == Some(true));
    controllers.next().map(|owner| owner.kind.clone())
}

fn host_ports(spec: &core::PodSpec) -> Vec<HostPort> {
    let sidecars = spec.init_containers.iter().flatten();
    let sidecars = sidecars.filter(|c| c.restart_policy.as_deref() == Some("Always"));
    let ports = spec.containers.iter().chain(sidecars);
    let ports = ports.flat_map(|container| container.ports.iter().flatten());
    let host_port = |port: &core::ContainerPort| {
        Some(HostPort {
            ip: port
                .host_ip
                .clone()
                .filter(|ip| !ip.is_empty())
                .unwrap_or_else(|| "0.0.0.0".to_owned()),
            port: port.host_port.filter(|port| *port > 0)?,
            protocol: port.protocol.clone().unwrap_or_else(|| "TCP".to_owned()),
        })
    };
    ports.filter_map(host_port).collect()
}

fn host_paths(volumes: &[core::Volume]) -> Vec<String> {
    let paths = volumes
        .iter()
        .filter_map(|volume| volume.host_path.as_ref());
    paths.map(|host| host.path.clone()).collect()
}

fn is_on_disk(volume: &core::Volume) -> bool {
    let empty_dir = volume.empty_dir.as_ref();
    empty_dir.is_some_and(|dir| dir.medium.as_deref() != Some("Memory"))
}

fn node_affinity(spec: &core::PodSpec) -> Option<&core::NodeSelector> {
    let affinity = spec.affinity.as_ref()?.node_affinity.as_ref()?;
    affinity
        .required_during_scheduling_ignored_during_execution
        .as_ref()
}

fn anti_affinity(spec: &core::PodSpec) -> Option<&Vec<core::PodAffinityTerm>> {
    let affinity = spec.affinity.as_ref()?.pod_anti_affinity.as_ref()?;
    affinity
        .required_during_scheduling_ignored_during_execution
        .as_ref()
}

fn pod_affinity(spec: &core::PodSpec) -> Option<&Vec<core::PodAffinityTerm>> {
    let affinity = spec.affinity.as_ref()?.pod_affinity.as_ref()?;
    affinity
        .required_during_scheduling_ignored_during_execution
        .as_ref()
}

fn unchecked(spec: &core::PodSpec) -> Vec<&'static str> {
    let mut spread = spec.topology_spread_constraints.iter().flatten();
    let rules = [
        (
            pod_affinity(spec).is_some_and(|terms| !terms.is_empty()),
            "pod affinity",
        ),
        (
            spread.any(|rule| rule.when_unsatisfiable == "DoNotSchedule"),
            "topology spread",
        ),
        (
            spec.resource_claims
                .as_ref()
                .is_some_and(|claims| !claims.is_empty()),
            "resource claim",
        ),
    ];
    rules
        .into_iter()
        .filter_map(|(present, rule)| present.then_some(rule))
        .collect()
}
