//! CNI and storage class of both clusters: those that the node image brings along, as kind uses them.

use anyhow::Result;
use serde_json::Value;

use crate::catalog::manifest;
use crate::hash;
use crate::names::APPLIED_HASH_ANNOTATION;
use crate::substrate::local::infra_node;
use crate::tools::docker::Docker;

/// The objects to apply for a cluster with this pod range, each annotated with the hash of them all, so that one look
/// at any of them tells whether they are up to date. `endpoint` is where the cluster's nodes reach its API server; without
/// it, by its Service.
pub async fn objects(
    docker: &Docker,
    infra_node: &str,
    pods: &str,
    endpoint: Option<&str>,
) -> Result<Vec<Value>> {
    let (cni, storage) = infra_node::default_manifests(docker, infra_node, pods, endpoint).await?;
    let hash = hash::short(format!("{cni}\n{storage}").as_bytes());
    let mut objects = manifest::parse(&cni)?;
    objects.extend(manifest::parse(&storage)?);
    for object in &mut objects {
        object["metadata"]["annotations"][APPLIED_HASH_ANNOTATION] = Value::from(hash.as_str());
    }
    Ok(objects)
}
