//! The API's storage objects as plain data.

use anyhow::{Context, Result};
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::api::storage::v1 as storage;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Text;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::quantity::{Quantity, Rounding};
use crate::scheduling::labels::{Labels, Selector};
use crate::scheduling::node::NodeTerms;

#[expect(clippy::struct_excessive_bools, reason = "each can be so or not")]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Claim {
    pub uid: String,
    /// Empty: none.
    pub class: String,
    /// Empty: not yet.
    pub volume: String,
    /// The volume controller has finished with it.
    pub bound: bool,
    /// Its volume is gone.
    pub lost: bool,
    pub terminating: bool,
    /// Only one pod may use it.
    pub one_pod: bool,
    pub size: Option<u64>,
    /// `None` selects every volume.
    pub selector: Option<Selector>,
    pub kind: VolumeKind,
    /// The node that a volume is being made for.
    pub selected_node: Option<String>,
    /// The uid of the pod that it is made for and goes with.
    pub owner: Option<String>,
}

/// What a claim and its volume have to agree on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct VolumeKind {
    pub mode: String,
    pub access_modes: Vec<String>,
    pub attributes_class: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Volume {
    pub labels: Labels,
    pub class: String,
    pub claim: Option<ClaimReference>,
    pub size: u64,
    pub kind: VolumeKind,
    pub available: bool,
    pub terminating: bool,
    pub nodes: Option<NodeTerms>,
    /// Driver and handle.
    pub csi: Option<(String, String)>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ClaimReference {
    pub namespace: String,
    pub name: String,
    /// Empty: any.
    pub uid: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct StorageClass {
    pub provisioner: String,
    /// Volumes are made or bound when the first pod that wants them has a node.
    pub waits: bool,
    /// Keys and values that all hold, in terms of which one has to hold; no term: everywhere.
    pub topologies: Vec<Vec<(String, Vec<String>)>>,
}

/// Room for volumes of a class on some nodes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Capacity {
    pub class: String,
    /// The largest volume that can be made.
    pub limit: Option<u64>,
    /// `None`: on no node.
    pub nodes: Option<Selector>,
}

/// How many volumes each driver attaches to a node.
pub(super) type DriverLimits = Vec<(String, i64)>;

impl Claim {
    pub(super) fn of(claim: &core::PersistentVolumeClaim) -> Result<Self> {
        let empty = core::PersistentVolumeClaimSpec::default();
        let spec = claim.spec.as_ref().unwrap_or(&empty);
        let meta = &claim.metadata;
        let requests = spec.resources.as_ref().and_then(|r| r.requests.as_ref());
        let size = requests.and_then(|requests| requests.get("storage"));
        let volume = spec.volume_name.clone().unwrap_or_default();
        let phase = claim.status.as_ref().and_then(|s| s.phase.as_deref());
        let modes = spec.access_modes.clone().unwrap_or_default();
        let selector = spec.selector.as_ref();
        Ok(Self {
            uid: meta.uid.clone().unwrap_or_default(),
            class: class(meta, spec.storage_class_name.as_ref()),
            bound: !volume.is_empty()
                && annotation(meta, "pv.kubernetes.io/bind-completed").is_some(),
            volume,
            lost: phase == Some("Lost"),
            terminating: meta.deletion_timestamp.is_some(),
            one_pod: modes.iter().any(|mode| mode == "ReadWriteOncePod"),
            size: size
                .map(bytes)
                .transpose()
                .context("reading a claim's size")?,
            selector: selector.and_then(|selector| Selector::of(Some(selector))),
            kind: VolumeKind {
                mode: mode(spec.volume_mode.as_ref()),
                access_modes: modes,
                attributes_class: spec
                    .volume_attributes_class_name
                    .clone()
                    .unwrap_or_default(),
            },
            selected_node: annotation(meta, "volume.kubernetes.io/selected-node").cloned(),
            owner: controller(meta),
        })
    }
}

impl Volume {
    pub(super) fn of(volume: &core::PersistentVolume) -> Result<Self> {
        let empty = core::PersistentVolumeSpec::default();
        let spec = volume.spec.as_ref().unwrap_or(&empty);
        let meta = &volume.metadata;
        let size = spec
            .capacity
            .as_ref()
            .and_then(|capacity| capacity.get("storage"));
        let nodes = spec
            .node_affinity
            .as_ref()
            .and_then(|nodes| nodes.required.as_ref());
        let csi = spec.csi.as_ref();
        let phase = volume.status.as_ref().and_then(|s| s.phase.as_deref());
        Ok(Self {
            labels: meta.labels.clone().unwrap_or_default(),
            class: class(meta, spec.storage_class_name.as_ref()),
            claim: spec.claim_ref.as_ref().map(|claim| ClaimReference {
                namespace: claim.namespace.clone().unwrap_or_default(),
                name: claim.name.clone().unwrap_or_default(),
                uid: claim.uid.clone().unwrap_or_default(),
            }),
            size: size
                .map_or(Ok(0), bytes)
                .context("reading a volume's size")?,
            kind: VolumeKind {
                mode: mode(spec.volume_mode.as_ref()),
                access_modes: spec.access_modes.clone().unwrap_or_default(),
                attributes_class: spec
                    .volume_attributes_class_name
                    .clone()
                    .unwrap_or_default(),
            },
            available: phase == Some("Available"),
            terminating: meta.deletion_timestamp.is_some(),
            nodes: nodes.map(NodeTerms::of),
            csi: csi.map(|csi| (csi.driver.clone(), csi.volume_handle.clone())),
        })
    }

    pub(super) fn reaches(&self, labels: &Labels) -> bool {
        let nodes = self.nodes.as_ref();
        nodes.is_none_or(|nodes| nodes.match_node("", labels))
    }
}

impl StorageClass {
    pub(super) fn of(class: &storage::StorageClass) -> Self {
        let terms = class.allowed_topologies.iter().flatten();
        let term = |term: &core::TopologySelectorTerm| {
            let expressions = term.match_label_expressions.iter().flatten();
            expressions
                .map(|e| (e.key.clone(), e.values.clone()))
                .collect()
        };
        Self {
            provisioner: class.provisioner.clone(),
            waits: class.volume_binding_mode.as_deref() == Some("WaitForFirstConsumer"),
            topologies: terms.map(term).collect(),
        }
    }

    pub(super) fn allows(&self, labels: &Labels) -> bool {
        let holds = |(key, values): &(String, Vec<String>)| {
            labels.get(key).is_some_and(|value| values.contains(value))
        };
        let mut terms = self.topologies.iter();
        self.topologies.is_empty() || terms.any(|term| !term.is_empty() && term.iter().all(holds))
    }
}

impl Capacity {
    pub(super) fn of(capacity: &storage::CSIStorageCapacity) -> Result<Self> {
        let limit = capacity
            .maximum_volume_size
            .as_ref()
            .or(capacity.capacity.as_ref());
        Ok(Self {
            class: capacity.storage_class_name.clone(),
            limit: limit
                .map(bytes)
                .transpose()
                .context("reading a storage capacity")?,
            nodes: Selector::of(capacity.node_topology.as_ref()),
        })
    }
}

pub(super) fn limits(node: &storage::CSINode) -> DriverLimits {
    let drivers = node.spec.drivers.iter();
    let limits = drivers.filter_map(|driver| {
        let count = driver.allocatable.as_ref()?.count?;
        Some((driver.name.clone(), i64::from(count)))
    });
    limits.collect()
}

fn bytes(Text(text): &Text) -> Result<u64> {
    Ok(text.parse::<Quantity>()?.units(Rounding::Up))
}

fn mode(mode: Option<&String>) -> String {
    mode.map_or("Filesystem", String::as_str).to_owned()
}

/// An annotation says it in old objects.
fn class(meta: &ObjectMeta, class: Option<&String>) -> String {
    let old = annotation(meta, "volume.beta.kubernetes.io/storage-class");
    old.or(class).cloned().unwrap_or_default()
}

fn annotation<'a>(meta: &'a ObjectMeta, key: &str) -> Option<&'a String> {
    meta.annotations.as_ref()?.get(key)
}

fn controller(meta: &ObjectMeta) -> Option<String> {
    let mut owners = meta.owner_references.iter().flatten();
    let owner = owners.find(|owner| owner.controller == Some(true))?;
    Some(owner.uid.clone())
}
