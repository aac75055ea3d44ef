//! The kinds of Cluster API, as CustomResourceDefinitions. What they do is in `controllers::cluster_api`.

use anyhow::{Context, Result};
use serde_json::Value;

use super::controllers::cluster_api::objects::{DEFINITION, Objects};
use super::registry::Registry;

const KINDS: &str = include_str!("cluster_api/definitions.yaml");

/// Inventory of providers, by which `clusterctl` recognises Cluster API.
const INVENTORY: &str = include_str!("../../clusterapi/inventory-crd.yaml");

/// All CustomResourceDefinitions of an infra cluster.
pub fn definitions() -> Result<Vec<Value>> {
    let list: Value = serde_saphyr::from_str(KINDS).context("definitions.yaml")?;
    let inventory: Value = serde_saphyr::from_str(INVENTORY).context("inventory-crd.yaml")?;
    let mut all = list["items"].as_array().cloned().unwrap_or_default();
    all.push(inventory);
    Ok(all)
}

/// Defines the kinds of Cluster API in a cluster that does not have them yet.
pub fn install(infra: &Registry) -> Result<()> {
    let infra = Objects::new(infra);
    for definition in definitions()? {
        infra.ensure(&DEFINITION, definition)?;
    }
    Ok(())
}
