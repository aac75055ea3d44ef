//! Objects of Cluster API, as far as the loop looks at them.

use std::collections::BTreeMap;

use anyhow::Result;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Label of Cluster API on each Machine and MachineSet of a MachineDeployment.
pub(super) const DEPLOYMENT_LABEL: &str = "cluster.x-k8s.io/deployment-name";

/// On a Machine: it goes first when its MachineSet shrinks.
pub const DELETE_MACHINE: &str = "cluster.x-k8s.io/delete-machine";

/// Any object. Reading a field that is not there gives its empty value.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Object<Spec, Status> {
    pub metadata: Meta,
    pub spec: Spec,
    pub status: Status,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Meta {
    pub name: String,
    pub namespace: String,
    pub uid: String,
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
    pub generation: i64,
    pub creation_timestamp: Option<Timestamp>,
    pub deletion_timestamp: Option<Timestamp>,
    pub owner_references: Vec<Owner>,
    pub managed_fields: Vec<Managed>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Owner {
    pub kind: String,
    pub name: String,
}

/// Who wrote which fields last.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Managed {
    pub manager: String,
    pub fields_v1: Value,
}

pub(super) type Deployment = Object<DeploymentSpec, ReplicasStatus>;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct DeploymentSpec {
    pub replicas: Option<u32>,
    pub paused: bool,
    pub template: MachineTemplate,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct MachineTemplate {
    pub metadata: Meta,
    pub spec: MachineSpec,
}

pub(super) type Set = Object<SetSpec, ReplicasStatus>;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct SetSpec {
    pub replicas: Option<u32>,
    pub template: MachineTemplate,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ReplicasStatus {
    pub observed_generation: i64,
    pub replicas: u32,
    pub conditions: Vec<Condition>,
}

pub(super) type Machine = Object<MachineSpec, MachineStatus>;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct MachineSpec {
    #[serde(rename = "providerID")]
    pub provider_id: String,
    pub failure_domain: String,
    pub infrastructure_ref: Reference,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Reference {
    pub name: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct MachineStatus {
    pub node_ref: Reference,
    pub conditions: Vec<Condition>,
    pub deprecated: Deprecated,
}

/// Where providers of the older contract report that a machine has failed for good.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Deprecated {
    pub v1beta1: Failure,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Failure {
    pub failure_reason: String,
    pub failure_message: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Condition {
    #[serde(rename = "type")]
    pub of: String,
    pub status: String,
    pub reason: String,
    pub message: String,
}

/// A template of an infrastructure provider: only what it says of sizes is common to all.
pub(super) type Infrastructure = Object<InfrastructureSpec, InfrastructureStatus>;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct InfrastructureSpec {
    pub template: InfrastructureTemplate,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct InfrastructureTemplate {
    pub metadata: Meta,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct InfrastructureStatus {
    pub capacity: BTreeMap<String, String>,
}

impl Meta {
    pub(super) fn owner(&self, kind: &str) -> Option<&str> {
        let mut owners = self.owner_references.iter();
        let owner = owners.find(|owner| owner.kind == kind);
        owner.map(|owner| owner.name.as_str())
    }

    pub(super) fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations.get(key).map(String::as_str)
    }
}

/// `None` of a deletion.
pub(super) fn read<K: DeserializeOwned>(json: Option<&[u8]>) -> Result<Option<K>> {
    Ok(json.map(serde_json::from_slice).transpose()?)
}
