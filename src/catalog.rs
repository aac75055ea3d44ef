//! What is installed: versions, images and component manifests, in one place, each overridable in the spec.

pub mod bundle;
pub mod manifest;
pub mod support;

use serde::{Deserialize, Serialize};

/// Used where the catalogue names no other.
const SMOKE_IMAGE: &str = "registry.k8s.io/e2e-test-images/agnhost:2.53";

/// Everything that a platform is made of. `catalog/catalog.yaml` is the built-in one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Catalog {
    /// Kubernetes version of both clusters, with the `v`.
    pub kubernetes: String,
    pub images: Images,
    /// In the order of installation.
    pub components: Vec<Component>,
}

/// Images that Docker runs directly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Images {
    /// Node image; a familiar name with a tag (Cluster API's Docker provider never finds a digest offline).
    pub node: String,
    /// Load balancer before the app cluster's control plane.
    pub load_balancer: String,
    /// What `smoke` runs: a web server that answers `netexec --http-port=8080` with its host's name at `/hostname`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smoke: Option<String>,
}

impl Images {
    /// The image of the smoke test's pods; Kubernetes' own test image unless the catalogue names another.
    pub fn smoke(&self) -> &str {
        self.smoke.as_deref().unwrap_or(SMOKE_IMAGE)
    }
}

/// One thing installed in the infra cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Component {
    /// `cert-manager`, or a Cluster API provider label such as `infrastructure-docker`.
    pub name: String,
    /// With the `v`.
    pub version: String,
    /// `https://`, `file://`, or a path relative to the catalogue file (`./...`).
    pub manifest: String,
    /// `metadata.yaml` of a Cluster API provider: which contract each release series speaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<String>,
    /// SHA-256 of the manifest, lower-case hex.
    pub sha256: String,
}
