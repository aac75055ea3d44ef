//! What runs on the app cluster's nodes, with just what it takes to tell where its pods could run instead.
//!
//! Selectors, taints and tolerations stay in the API's own types; all else is flattened.

mod convert;
mod requests;

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::Api;
use kube::api::ListParams;

pub type Labels = BTreeMap<String, String>;

/// Amounts by resource name: `cpu` in millicores, `memory` and other sizes in bytes, the rest in pieces.
pub type Resources = BTreeMap<String, u64>;

/// The nodes of a cluster and what is on them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Workload {
    pub nodes: Vec<Node>,
    pub pods: Vec<Pod>,
    pub budgets: Vec<Budget>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Node {
    pub name: String,
    pub labels: Labels,
    pub taints: Vec<core::Taint>,
    /// Rounded down; `pods` is how many may run.
    pub allocatable: Resources,
    /// Cordoned.
    pub unschedulable: bool,
    pub ready: bool,
}

/// A pod; of rules about its place, only those that the scheduler must keep.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pod {
    pub namespace: String,
    pub name: String,
    pub labels: Labels,
    /// The node that it was assigned to.
    pub node: Option<String>,
    /// `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`.
    pub phase: String,
    /// It was told to stop already.
    pub terminating: bool,
    /// A static pod's image in the API: the kubelet runs it from a file on the node.
    pub mirror: bool,
    /// Kind of the controller that would make it again.
    pub controller: Option<String>,
    /// As the scheduler counts them, rounded up; `pods` is 1.
    pub requests: Resources,
    pub node_selector: Labels,
    pub node_affinity: Option<core::NodeSelector>,
    pub tolerations: Vec<core::Toleration>,
    pub host_ports: Vec<HostPort>,
    pub anti_affinity: Vec<core::PodAffinityTerm>,
    /// Volumes that only some nodes can reach.
    pub volumes: Vec<BoundVolume>,
    /// Paths of its node that it keeps data in.
    pub host_paths: Vec<String>,
    /// It has an emptyDir on the node's disk, whose content is lost with the pod.
    pub empty_dir: bool,
    /// Required rules that are not read any further: `pod affinity`, ...
    pub unchecked: Vec<&'static str>,
}

impl Pod {
    /// It ran to its end and takes no room any more.
    pub fn is_finished(&self) -> bool {
        matches!(self.phase.as_str(), "Succeeded" | "Failed")
    }
}

/// A port of the node itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPort {
    /// `0.0.0.0` for every address.
    pub ip: String,
    pub port: i32,
    pub protocol: String,
}

/// A claim whose volume can be reached from some nodes only.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BoundVolume {
    pub claim: String,
    pub nodes: core::NodeSelector,
}

/// A `PodDisruptionBudget`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Budget {
    pub namespace: String,
    pub name: String,
    /// `None` covers no pod, an empty one every pod of the namespace.
    pub selector: Option<LabelSelector>,
    pub disruptions_allowed: u32,
}

/// Lists everything at once, from the API server's own storage and not from a cache.
pub async fn read(client: &kube::Client) -> Result<Workload> {
    let (nodes, pods, budgets, claims, volumes) = tokio::try_join!(
        list::<core::Node>(client, "nodes"),
        list::<core::Pod>(client, "pods"),
        list::<PodDisruptionBudget>(client, "pod disruption budgets"),
        list::<core::PersistentVolumeClaim>(client, "persistent volume claims"),
        list::<core::PersistentVolume>(client, "persistent volumes"),
    )?;
    let bound = convert::BoundVolumes::new(&claims, volumes);
    Ok(Workload {
        nodes: nodes
            .into_iter()
            .map(convert::node)
            .collect::<Result<_>>()?,
        pods: pods
            .into_iter()
            .map(|pod| convert::pod(pod, &bound))
            .collect::<Result<_>>()?,
        budgets: budgets.into_iter().map(convert::budget).collect(),
    })
}

async fn list<K>(client: &kube::Client, what: &str) -> Result<Vec<K>>
where
    K: kube::Resource<DynamicType = ()> + Clone + std::fmt::Debug + serde::de::DeserializeOwned,
{
    let listed = Api::<K>::all(client.clone())
        .list(&ListParams::default())
        .await
        .with_context(|| format!("listing the {what} of the app cluster"))?;
    Ok(listed.items)
}

#[cfg(test)]
mod tests;
