//! What is installed: versions, images and component manifests, in one place, each overridable in the spec.

pub mod bundle;
pub mod manifest;
pub mod support;
mod text;

use std::fs;
use std::path::{Path, absolute};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

const BUILTIN: &str = include_str!("catalog/catalog.yaml");

/// Everything that a platform is made of. `catalog/catalog.yaml` is the built-in one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Catalog {
    /// Kubernetes version of both clusters, with the `v`.
    #[serde(deserialize_with = "text::version")]
    pub kubernetes: String,
    pub images: Images,
    /// In the order of installation; names are unique.
    #[serde(deserialize_with = "text::unique_components")]
    pub components: Vec<Component>,
}

/// Images that Docker runs directly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Images {
    /// Node image; a familiar name with a tag (Cluster API's Docker provider never finds a digest offline).
    #[serde(deserialize_with = "text::tagged_image")]
    pub node: String,
    /// Load balancer before the app cluster's control plane.
    #[serde(deserialize_with = "text::tagged_image")]
    pub load_balancer: String,
    /// The node image with the components' images inside, for the infra node only. Without it the infra
    /// node pulls them.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text::optional_tagged_image"
    )]
    pub infra_node: Option<String>,
    /// What `smoke` runs: a web server that, given `netexec --http-port=8080`, answers `/hostname` with its host's name.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text::optional_tagged_image"
    )]
    pub smoke: Option<String>,
}

/// One thing installed in the infra cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Component {
    /// `cert-manager`, or a Cluster API provider label such as `infrastructure-docker`.
    #[serde(deserialize_with = "text::name")]
    pub name: String,
    /// With the `v`.
    #[serde(deserialize_with = "text::version")]
    pub version: String,
    /// `https://`, `http://`, `file://` or an absolute path; in a catalogue file also a path relative to it (`./...`).
    pub manifest: String,
    /// `metadata.yaml` of a Cluster API provider: which contract each release series speaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<String>,
    /// SHA-256 of the manifest, lower-case hex. `None` where upstream publishes none: then the manifest is as good as
    /// the place it comes from. In a bundle it is always there.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text::optional_sha256"
    )]
    pub sha256: Option<String>,
}

impl Images {
    /// The image that the infra node is made from.
    pub fn node_of_infra(&self) -> &str {
        self.infra_node.as_deref().unwrap_or(&self.node)
    }
}

impl Catalog {
    /// The catalogue that this version of bex-infra was made for.
    pub fn builtin() -> Result<Self> {
        Self::parse(BUILTIN, "the built-in catalogue")
    }

    /// Reads a catalogue file. Relative manifests are resolved against its directory. Unknown and malformed fields are
    /// refused as `FILE:LINE:COLUMN: cause` (exit code 2).
    pub fn load(path: &Path) -> Result<Self> {
        let doing = || format!("reading catalogue {}", path.display());
        let text = fs::read_to_string(path).with_context(doing)?;
        let mut catalog = Self::parse(&text, &path.display().to_string())?;
        let file = absolute(path).with_context(doing)?;
        catalog.resolve(file.parent().unwrap_or(Path::new("/")));
        Ok(catalog)
    }

    fn parse(text: &str, file: &str) -> Result<Self> {
        serde_saphyr::from_str(text).map_err(|error| {
            let place = error.location().map_or_else(
                || file.to_owned(),
                |at| format!("{file}:{}:{}", at.line(), at.column()),
            );
            let cause = error.without_snippet().to_string();
            Failure::usage(format!("{place}: {cause}")).into()
        })
    }

    /// Makes relative manifest and metadata paths absolute.
    fn resolve(&mut self, directory: &Path) {
        for component in &mut self.components {
            text::resolve(&mut component.manifest, directory);
            if let Some(metadata) = &mut component.metadata {
                text::resolve(metadata, directory);
            }
        }
    }
}

#[cfg(test)]
mod tests;
