//! What the log keeps of an object: what decisions depend on. Never what a container is told, such as its environment.

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

/// Of metadata. Everything else there changes without a meaning for pods or machines.
const METADATA: [&str; 11] = [
    "name",
    "generateName",
    "namespace",
    "uid",
    "generation",
    "labels",
    "annotations",
    "ownerReferences",
    "creationTimestamp",
    "deletionTimestamp",
    "finalizers",
];

/// Annotations count if their key holds one of these.
const ANNOTATIONS: [&str; 8] = [
    "infra.bex.co/",
    "cluster.x-k8s.io/",
    "cluster-autoscaler.kubernetes.io/",
    "karpenter.sh/",
    "kubernetes.io/config.",
    "pv.kubernetes.io/",
    "volume.beta.kubernetes.io/",
    "volume.kubernetes.io/",
];

/// Of a container.
const CONTAINER: [&str; 4] = ["name", "ports", "resources", "restartPolicy"];

/// Of a container's status.
const CONTAINER_STATUS: [&str; 3] = ["name", "allocatedResources", "resources"];

/// Of a condition. Its heartbeat is not.
const CONDITION: [&str; 6] = [
    "type",
    "status",
    "reason",
    "message",
    "severity",
    "lastTransitionTime",
];

/// Of a pod's status.
const POD_STATUS: [&str; 6] = [
    "phase",
    "conditions",
    "nominatedNodeName",
    "startTime",
    "containerStatuses",
    "initContainerStatuses",
];

/// Of a node's status.
const NODE_STATUS: [&str; 4] = ["allocatable", "capacity", "conditions", "volumesAttached"];

/// `json`, an object of a resource (plural and group), cut down to what decisions depend on.
pub fn trim(resource: &str, json: &[u8]) -> Result<Vec<u8>> {
    let mut object: Map<String, Value> =
        serde_json::from_slice(json).with_context(|| format!("reading one of {resource}"))?;
    change(&mut object, &["metadata"], |metadata| {
        trim_metadata(metadata, resource);
    });
    match resource {
        "pods" => {
            change(&mut object, &["spec"], trim_pod_spec);
            change(&mut object, &["status"], trim_pod_status);
        }
        "nodes" => change(&mut object, &["status"], |status| {
            keep(status, &NODE_STATUS);
        }),
        "replicasets.apps" => change(&mut object, &["spec"], |spec| keep(spec, &["replicas"])),
        "daemonsets.apps" => change(&mut object, &["spec", "template", "spec"], trim_pod_spec),
        _ => {}
    }
    change(&mut object, &["status"], |status| {
        each(status, "conditions", |condition| {
            keep(condition, &CONDITION);
        });
    });
    serde_json::to_vec(&object).context("writing JSON")
}

/// Of the managers of a MachineDeployment, those that set its replicas are kept: another scaler may own it.
fn trim_metadata(metadata: &mut Map<String, Value>, resource: &str) {
    let managers = metadata.remove("managedFields");
    let managers = managers.filter(|_| resource.starts_with("machinedeployments."));
    keep(metadata, &METADATA);
    change(metadata, &["annotations"], |annotations| {
        annotations.retain(|key, _| ANNOTATIONS.iter().any(|kept| key.contains(kept)));
    });
    if let Some(Value::Array(mut managers)) = managers {
        managers.retain(|manager| manager.pointer("/fieldsV1/f:spec/f:replicas").is_some());
        for manager in managers.iter_mut().filter_map(Value::as_object_mut) {
            manager.insert("fieldsV1".into(), json!({"f:spec": {"f:replicas": {}}}));
        }
        metadata.insert("managedFields".into(), Value::Array(managers));
    }
}

fn trim_pod_spec(spec: &mut Map<String, Value>) {
    for list in ["containers", "initContainers"] {
        each(spec, list, |container| keep(container, &CONTAINER));
    }
    for unused in ["ephemeralContainers", "imagePullSecrets", "securityContext"] {
        spec.remove(unused);
    }
}

fn trim_pod_status(status: &mut Map<String, Value>) {
    keep(status, &POD_STATUS);
    for list in ["containerStatuses", "initContainerStatuses"] {
        each(status, list, |container| keep(container, &CONTAINER_STATUS));
    }
}

/// Changes the object at a path, if there is one.
fn change(
    object: &mut Map<String, Value>,
    path: &[&str],
    how: impl FnOnce(&mut Map<String, Value>),
) {
    let mut object = Some(object);
    for name in path {
        object = object
            .and_then(|object| object.get_mut(*name))
            .and_then(Value::as_object_mut);
    }
    if let Some(object) = object {
        how(object);
    }
}

fn each(object: &mut Map<String, Value>, list: &str, change: impl Fn(&mut Map<String, Value>)) {
    let list = object.get_mut(list).and_then(Value::as_array_mut);
    for item in list.into_iter().flatten().filter_map(Value::as_object_mut) {
        change(item);
    }
}

fn keep(object: &mut Map<String, Value>, keys: &[&str]) {
    object.retain(|key, _| keys.contains(&key.as_str()));
}
