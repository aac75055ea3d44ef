//! Objects by kind: reading, writing, and the fields that all of them have.

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sim::registry::{DeleteOptions, Registry, Subresource, Target, WriteOptions};
use crate::sim::status::Status;
use crate::sim::store::{Key, PageRequest};

/// Field manager of everything that is written here.
const MANAGER: &str = "cluster-api";

/// A kind that Cluster API reads or writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    pub api_version: &'static str,
    pub name: &'static str,
    /// Its resource as store keys have it.
    pub resource: &'static str,
}

const fn kind(api_version: &'static str, name: &'static str, resource: &'static str) -> Kind {
    Kind {
        api_version,
        name,
        resource,
    }
}

const CORE: &str = "cluster.x-k8s.io/v1beta2";
const CONTROL_PLANE: &str = "controlplane.cluster.x-k8s.io/v1beta2";
const BOOTSTRAP: &str = "bootstrap.cluster.x-k8s.io/v1beta2";
const INFRASTRUCTURE: &str = "infrastructure.cluster.x-k8s.io/v1beta2";

pub(crate) const CLUSTER: Kind = kind(CORE, "Cluster", "clusters.cluster.x-k8s.io");
pub(crate) const MACHINE: Kind = kind(CORE, "Machine", "machines.cluster.x-k8s.io");
pub(crate) const MACHINE_SET: Kind = kind(CORE, "MachineSet", "machinesets.cluster.x-k8s.io");
pub(crate) const MACHINE_DEPLOYMENT: Kind = kind(
    CORE,
    "MachineDeployment",
    "machinedeployments.cluster.x-k8s.io",
);
pub(crate) const HEALTH_CHECK: Kind = kind(
    CORE,
    "MachineHealthCheck",
    "machinehealthchecks.cluster.x-k8s.io",
);
pub(crate) const KUBEADM_CONTROL_PLANE: Kind = kind(
    CONTROL_PLANE,
    "KubeadmControlPlane",
    "kubeadmcontrolplanes.controlplane.cluster.x-k8s.io",
);
pub(crate) const KUBEADM_CONFIG: Kind = kind(
    BOOTSTRAP,
    "KubeadmConfig",
    "kubeadmconfigs.bootstrap.cluster.x-k8s.io",
);
pub(crate) const KUBEADM_CONFIG_TEMPLATE: Kind = kind(
    BOOTSTRAP,
    "KubeadmConfigTemplate",
    "kubeadmconfigtemplates.bootstrap.cluster.x-k8s.io",
);
pub(crate) const DEV_CLUSTER: Kind = kind(
    INFRASTRUCTURE,
    "DevCluster",
    "devclusters.infrastructure.cluster.x-k8s.io",
);
pub(crate) const DEV_MACHINE: Kind = kind(
    INFRASTRUCTURE,
    "DevMachine",
    "devmachines.infrastructure.cluster.x-k8s.io",
);
pub(crate) const DEV_MACHINE_TEMPLATE: Kind = kind(
    INFRASTRUCTURE,
    "DevMachineTemplate",
    "devmachinetemplates.infrastructure.cluster.x-k8s.io",
);
pub(crate) const DEFINITION: Kind = kind(
    "apiextensions.k8s.io/v1",
    "CustomResourceDefinition",
    "customresourcedefinitions.apiextensions.k8s.io",
);
pub(crate) const SECRET: Kind = kind("v1", "Secret", "secrets");
pub(crate) const NODE: Kind = kind("v1", "Node", "nodes");
pub(crate) const POD: Kind = kind("v1", "Pod", "pods");
pub(crate) const DAEMON_SET: Kind = kind("apps/v1", "DaemonSet", "daemonsets.apps");
pub(crate) const VOLUME_ATTACHMENT: Kind = kind(
    "storage.k8s.io/v1",
    "VolumeAttachment",
    "volumeattachments.storage.k8s.io",
);

impl Kind {
    pub(crate) fn key(&self, namespace: &str, name: &str) -> Key {
        Key {
            resource: self.resource.into(),
            namespace: namespace.into(),
            name: name.into(),
        }
    }

    /// How other objects of Cluster API refer to one of this kind.
    pub(crate) fn reference(&self, name: &str) -> Value {
        let group = self.api_version.split('/').next();
        json!({"apiGroup": group, "kind": self.name, "name": name})
    }
}

/// The objects of one cluster.
#[derive(Debug, Clone)]
pub(crate) struct Objects {
    registry: Registry,
}

impl Objects {
    pub(crate) fn new(registry: &Registry) -> Self {
        Self {
            registry: registry.clone(),
        }
    }

    pub(crate) fn get(&self, kind: &Kind, namespace: &str, name: &str) -> Result<Option<Value>> {
        if name.is_empty() {
            return Ok(None);
        }
        let found = absent_is_none(self.registry.get(&self.target(kind, namespace, name)?))?;
        found
            .map(|stored| serde_json::from_slice(&stored.json).context("a stored object"))
            .transpose()
    }

    pub(crate) fn list(&self, kind: &Kind, namespace: &str) -> Result<Vec<Value>> {
        let target = self.target(kind, namespace, "")?;
        let page = self.registry.list(&target, &PageRequest::default())?;
        let parsed = page
            .items
            .iter()
            .map(|stored| serde_json::from_slice(&stored.json).context("a stored object"));
        parsed.collect()
    }

    pub(crate) fn create(&self, kind: &Kind, mut object: Value) -> Result<Value> {
        object["apiVersion"] = json!(kind.api_version);
        object["kind"] = json!(kind.name);
        let target = self.target(kind, namespace(&object), name(&object))?;
        let options = WriteOptions {
            field_manager: MANAGER.into(),
            ..WriteOptions::default()
        };
        let written = self
            .registry
            .create(&target, object, &options)
            .with_context(|| format!("creating {} {}", kind.name, target.name))?;
        serde_json::from_slice(&written.json).context("a created object")
    }

    /// Creates the object unless there is one of its name.
    pub(crate) fn ensure(&self, kind: &Kind, object: Value) -> Result<()> {
        match self.get(kind, namespace(&object), name(&object))? {
            Some(_) => Ok(()),
            None => self.create(kind, object).map(drop),
        }
    }

    /// What is left of it: nothing, or the object with a deletion timestamp.
    pub(crate) fn delete(&self, kind: &Kind, object: &Value) -> Result<Option<Value>> {
        let target = self.target(kind, namespace(object), name(object))?;
        let deleted = self.registry.delete(&target, &DeleteOptions::default());
        if absent_is_none(deleted)?.is_none() {
            return Ok(None);
        }
        self.get(kind, namespace(object), name(object))
    }

    /// The object after `change`, or nothing if it is gone. `object` is as new as the last change that was taken in: if
    /// nothing is to be changed in it, nothing is written.
    pub(crate) fn edit(
        &self,
        kind: &Kind,
        object: &Value,
        mut change: impl FnMut(&mut Value),
    ) -> Result<Option<Value>> {
        let mut changed = object.clone();
        change(&mut changed);
        if changed == *object {
            return Ok(Some(changed));
        }
        let target = self.target(kind, namespace(object), name(object))?;
        self.modify(&target, change)
    }

    /// The same for its status, which becomes `status`.
    pub(crate) fn put_status(
        &self,
        kind: &Kind,
        object: &Value,
        status: &Value,
    ) -> Result<Option<Value>> {
        if object["status"] == *status {
            return Ok(Some(object.clone()));
        }
        let target = Target {
            subresource: Subresource::Status,
            ..self.target(kind, namespace(object), name(object))?
        };
        self.modify(&target, |object| object["status"] = status.clone())
    }

    /// Evicts a pod, as long as its disruption budgets allow it.
    pub(crate) fn evict(&self, pod: &Value, grace_seconds: Option<u64>) -> Result<(), Status> {
        let mut eviction = json!({
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": name(pod), "namespace": namespace(pod)},
        });
        if let Some(seconds) = grace_seconds {
            eviction["deleteOptions"] = json!({"gracePeriodSeconds": seconds});
        }
        let target = Target {
            subresource: Subresource::Eviction,
            ..self.target(&POD, namespace(pod), name(pod))?
        };
        let options = WriteOptions::default();
        self.registry.create(&target, eviction, &options).map(drop)
    }

    fn modify(&self, target: &Target, mut change: impl FnMut(&mut Value)) -> Result<Option<Value>> {
        let mut change = |object: &mut Value| {
            change(object);
            Ok(())
        };
        let stored = self
            .registry
            .modify(target, MANAGER, &mut change)
            .with_context(|| format!("writing {} {}", target.resource.kind, target.name))?;
        stored
            .map(|stored| serde_json::from_slice(&stored.json).context("a stored object"))
            .transpose()
    }

    fn target(&self, kind: &Kind, namespace: &str, name: &str) -> Result<Target, Status> {
        let resource = self.registry.kind(kind.api_version, kind.name);
        let resource = resource.ok_or_else(Status::not_served)?;
        Ok(Target {
            resource,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            subresource: Subresource::None,
        })
    }
}

fn absent_is_none<T>(answer: Result<T, Status>) -> Result<Option<T>, Status> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(status) if status.code == 404 => Ok(None),
        Err(status) => Err(status),
    }
}

/// The text of a field, empty if it is not there.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

pub(crate) fn name(object: &Value) -> &str {
    text(&object["metadata"]["name"])
}

pub(crate) fn namespace(object: &Value) -> &str {
    text(&object["metadata"]["namespace"])
}

pub(crate) fn uid(object: &Value) -> &str {
    text(&object["metadata"]["uid"])
}

pub(crate) fn is_deleting(object: &Value) -> bool {
    object["metadata"].get("deletionTimestamp").is_some()
}

pub(crate) fn annotation<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object["metadata"]["annotations"].get(key)?.as_str()
}

pub(crate) fn label<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object["metadata"]["labels"].get(key)?.as_str()
}

pub(crate) fn generation(object: &Value) -> i64 {
    object["metadata"]["generation"]
        .as_i64()
        .unwrap_or_default()
}

/// A time of an object; nothing if the field is absent.
pub(crate) fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// An owner reference to the object; `controller` makes it the one that manages it.
pub(crate) fn owner(kind: &Kind, object: &Value, controller: bool) -> Value {
    let mut reference = json!({
        "apiVersion": kind.api_version,
        "kind": kind.name,
        "name": name(object),
        "uid": uid(object),
    });
    if controller {
        reference["controller"] = json!(true);
        reference["blockOwnerDeletion"] = json!(true);
    }
    reference
}

/// The owner of that kind.
pub(crate) fn owner_of<'a>(object: &'a Value, kind: &Kind) -> Option<&'a Value> {
    let owners = object["metadata"]["ownerReferences"].as_array()?;
    owners.iter().find(|owner| owner["kind"] == kind.name)
}

/// Adds the owner or replaces the one of the same kind and name.
pub(crate) fn own(object: &mut Value, reference: &Value) {
    let owners = list_of(&mut object["metadata"]["ownerReferences"]);
    let same =
        |owner: &Value| owner["kind"] == reference["kind"] && owner["name"] == reference["name"];
    match owners.iter_mut().find(|owner| same(owner)) {
        Some(owner) => *owner = reference.clone(),
        None => owners.push(reference.clone()),
    }
}

pub(crate) fn has_finalizer(object: &Value, finalizer: &str) -> bool {
    let finalizers = object["metadata"]["finalizers"].as_array();
    finalizers.is_some_and(|all| all.iter().any(|one| one == finalizer))
}

pub(crate) fn add_finalizer(object: &mut Value, finalizer: &str) {
    if !has_finalizer(object, finalizer) {
        list_of(&mut object["metadata"]["finalizers"]).push(json!(finalizer));
    }
}

pub(crate) fn remove_finalizer(object: &mut Value, finalizer: &str) {
    list_of(&mut object["metadata"]["finalizers"]).retain(|one| one != finalizer);
}

fn list_of(value: &mut Value) -> &mut Vec<Value> {
    if !value.is_array() {
        *value = json!([]);
    }
    match value {
        Value::Array(list) => list,
        _ => unreachable!("it was made a list just now"),
    }
}
