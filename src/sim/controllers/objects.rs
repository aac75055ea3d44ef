//! What controllers read of objects: the metadata that all of them have, and references between them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::sim::engine::{About, Item};
use crate::sim::pods::Labels;

/// An object with the parts of its spec and status that somebody wants to know.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(bound = "Spec: Default + Deserialize<'de>, Status: Default + Deserialize<'de>")]
pub(super) struct Object<Spec, Status> {
    pub metadata: Meta,
    #[serde(default)]
    pub spec: Spec,
    #[serde(default)]
    pub status: Status,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Meta {
    pub name: String,
    pub namespace: String,
    pub uid: String,
    pub generation: i64,
    pub labels: Labels,
    pub annotations: BTreeMap<String, String>,
    pub creation_timestamp: Timestamp,
    pub deletion_timestamp: Option<Timestamp>,
    pub owner_references: Vec<OwnerReference>,
    pub finalizers: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct OwnerReference {
    pub api_version: String,
    pub kind: String,
    pub name: String,
    pub uid: String,
    pub controller: bool,
    pub block_owner_deletion: bool,
}

/// A kind by its names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "the API's own names")]
pub(super) struct Kind {
    pub api_version: &'static str,
    pub kind: &'static str,
    /// As keys have it.
    pub resource: &'static str,
}

impl Object<(), ()> {
    /// Only the metadata of an object; `None` if it cannot be read.
    pub(super) fn brief(json: &[u8]) -> Option<Meta> {
        let object: Brief = serde_json::from_slice(json).ok()?;
        Some(object.metadata)
    }
}

#[derive(Deserialize)]
struct Brief {
    metadata: Meta,
}

impl Meta {
    /// The uid of its controller.
    pub(super) fn controller(&self) -> Option<&OwnerReference> {
        self.owner_references.iter().find(|owner| owner.controller)
    }

    pub(super) fn deleted(&self) -> bool {
        self.deletion_timestamp.is_some()
    }
}

impl Kind {
    /// For Events.
    pub(super) fn about(self, item: &Item, uid: &str) -> About {
        About {
            item: item.clone(),
            api_version: self.api_version.to_owned(),
            kind: self.kind.to_owned(),
            uid: uid.to_owned(),
        }
    }

    /// The reference by which an object belongs to its controller.
    pub(super) fn controls(self, name: &str, uid: &str) -> Value {
        json!({
            "apiVersion": self.api_version,
            "kind": self.kind,
            "name": name,
            "uid": uid,
            "controller": true,
            "blockOwnerDeletion": true,
        })
    }
}

/// Keeps only some entries of a list in the metadata (`finalizers`, `ownerReferences`); an empty list is no list.
pub(super) fn retain(object: &mut Value, list: &str, keep: impl Fn(&Value) -> bool) {
    let metadata = &mut object["metadata"];
    let Some(entries) = metadata[list].as_array_mut() else {
        return;
    };
    entries.retain(keep);
    if entries.is_empty()
        && let Some(metadata) = metadata.as_object_mut()
    {
        metadata.remove(list);
    }
}

pub(super) const DEPLOYMENT: Kind = Kind {
    api_version: "apps/v1",
    kind: "Deployment",
    resource: "deployments.apps",
};

pub(super) const REPLICA_SET: Kind = Kind {
    api_version: "apps/v1",
    kind: "ReplicaSet",
    resource: "replicasets.apps",
};

pub(super) const DAEMON_SET: Kind = Kind {
    api_version: "apps/v1",
    kind: "DaemonSet",
    resource: "daemonsets.apps",
};

pub(super) const STATEFUL_SET: Kind = Kind {
    api_version: "apps/v1",
    kind: "StatefulSet",
    resource: "statefulsets.apps",
};

pub(super) const JOB: Kind = Kind {
    api_version: "batch/v1",
    kind: "Job",
    resource: "jobs.batch",
};

pub(super) const POD: Kind = Kind {
    api_version: "v1",
    kind: "Pod",
    resource: "pods",
};

pub(super) const NODE: Kind = Kind {
    api_version: "v1",
    kind: "Node",
    resource: "nodes",
};
