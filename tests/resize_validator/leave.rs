//! What a node takes with it when it goes.

use k8s_openapi::api::core::v1::Pod;

use super::budget;
use super::world::{World, is_finished, namespace};

/// It belongs to its node, and nobody minds.
pub(crate) fn goes_along(pod: &Pod) -> bool {
    is_finished(pod)
        || pod.metadata.deletion_timestamp.is_some()
        || annotation(pod, "kubernetes.io/config.mirror").is_some()
        || controller(pod).as_deref() == Some("DaemonSet")
}

/// Why a pod must not be evicted.
pub(crate) fn obstacle(world: &World, pod: &Pod) -> Option<String> {
    for (key, value) in [
        ("infra.bex.co/do-not-evict", "true"),
        ("karpenter.sh/do-not-disrupt", "true"),
        ("cluster-autoscaler.kubernetes.io/safe-to-evict", "false"),
    ] {
        if annotation(pod, key).as_deref() == Some(value) {
            return Some(format!("annotation {key}"));
        }
    }
    let safe = annotation(pod, "cluster-autoscaler.kubernetes.io/safe-to-evict");
    if safe.as_deref() == Some("true") {
        return None;
    }
    if controller(pod).is_none() {
        return Some("no controller".to_owned());
    }
    if keeps_data(pod) {
        return Some("data on the node".to_owned());
    }
    let unguarded = namespace(pod) == "kube-system" && budget::covering(world, pod).is_empty();
    unguarded.then(|| "part of the system without a budget".to_owned())
}

fn keeps_data(pod: &Pod) -> bool {
    let mut volumes = pod
        .spec
        .iter()
        .flat_map(|spec| spec.volumes.iter().flatten());
    volumes.any(|volume| {
        let on_disk = volume.empty_dir.as_ref();
        volume.host_path.is_some()
            || on_disk.is_some_and(|dir| dir.medium.as_deref() != Some("Memory"))
    })
}

fn annotation(pod: &Pod, key: &str) -> Option<String> {
    pod.metadata.annotations.as_ref()?.get(key).cloned()
}

fn controller(pod: &Pod) -> Option<String> {
    let mut owners = pod.metadata.owner_references.iter().flatten();
    let owner = owners.find(|owner| owner.controller == Some(true))?;
    Some(owner.kind.clone())
}
