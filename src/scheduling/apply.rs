//! Objects as the API has them, taken over into the state.

use anyhow::{Context, Result};
use k8s_openapi::api::core::v1 as core;
use serde::de::DeserializeOwned;

use super::node::Node;
use super::pod::Pod;
use super::pods::PodKey;
use super::state::{ClassId, State};

/// Resources that decide where pods fit, besides pods.
pub const RESOURCES: [&str; 9] = [
    "nodes",
    "namespaces",
    "persistentvolumeclaims",
    "persistentvolumes",
    "storageclasses.storage.k8s.io",
    "csidrivers.storage.k8s.io",
    "csinodes.storage.k8s.io",
    "csistoragecapacities.storage.k8s.io",
    "volumeattachments.storage.k8s.io",
];

impl State {
    /// Takes over an object of one of the [`RESOURCES`], or its deletion. True if pods can fit now that did not before.
    pub fn apply(
        &mut self,
        resource: &str,
        namespace: &str,
        name: &str,
        json: Option<&[u8]>,
    ) -> Result<bool> {
        match resource {
            "nodes" => self.apply_node(name, json),
            "namespaces" => {
                match read::<core::Namespace>(json)? {
                    Some(it) => self.set_namespace(name, it.metadata.labels.unwrap_or_default()),
                    None => self.remove_namespace(name),
                }
                Ok(true)
            }
            _ => {
                self.generation += 1;
                self.storage.apply(resource, namespace, name, json)
            }
        }
        .with_context(|| format!("reading {resource} {name}"))
    }

    /// Takes over a pod: counted where it runs, forgotten when it has ended. One without a node is remembered only where
    /// room is promised to it; its class is returned.
    pub fn apply_pod(&mut self, key: &PodKey, pod: &core::Pod) -> Result<Option<ClassId>> {
        let status = pod.status.as_ref();
        let phase = status.and_then(|status| status.phase.as_deref());
        if matches!(phase, Some("Succeeded" | "Failed")) {
            self.remove_pod(key);
            return Ok(None);
        }
        let content = Pod::of(pod)?;
        let node = pod.spec.as_ref().and_then(|spec| spec.node_name.as_ref());
        if let Some(node) = node.filter(|node| !node.is_empty()) {
            let terminating = pod.metadata.deletion_timestamp.is_some();
            self.set_nominated(key, None);
            self.set_pod(key, content, node, terminating);
            return Ok(None);
        }
        let class = self.class(content);
        self.remove_pod(key);
        let nominated = status.and_then(|status| status.nominated_node_name.as_ref());
        let nominated = nominated.filter(|node| !node.is_empty());
        self.set_nominated(key, nominated.map(|node| (class, node.as_str())));
        Ok(Some(class))
    }

    /// How many volumes each CSI driver attaches to a node, as resources of a node that is like it.
    pub fn attachable(&self, node: &str) -> impl Iterator<Item = (String, i64)> {
        self.storage.attachable(node)
    }

    fn apply_node(&mut self, name: &str, json: Option<&[u8]>) -> Result<bool> {
        if let Some(node) = read::<core::Node>(json)? {
            return Ok(self.set_node(Node::of(&node)?));
        }
        self.remove_node(name);
        // Spread rules may have one domain less to fill.
        Ok(true)
    }
}

/// `None` of a deletion.
pub(super) fn read<K: DeserializeOwned>(json: Option<&[u8]>) -> Result<Option<K>> {
    Ok(json.map(serde_json::from_slice).transpose()?)
}
