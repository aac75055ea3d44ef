//! What runs on the app cluster's nodes, and everything that decides where else it could run: Kubernetes' own objects.

use anyhow::{Context, Result};
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::Api;
use kube::api::ListParams;
use serde::Deserialize;
use serde_json::Value;

use crate::scheduling::RESOURCES;

/// The nodes of a cluster and what is on them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Workload {
    pub nodes: Vec<core::Node>,
    pub pods: Vec<core::Pod>,
    pub budgets: Vec<PodDisruptionBudget>,
    pub others: Vec<Other>,
}

/// An object of one of the other resources that scheduling looks at.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Other {
    /// One of [`RESOURCES`].
    pub resource: String,
    pub namespace: String,
    pub name: String,
    pub json: String,
}

#[derive(Deserialize)]
struct List {
    items: Vec<Value>,
}

/// Lists everything at once, from the API server's own storage and not from a cache.
pub async fn read(client: &kube::Client) -> Result<Workload> {
    let resources = RESOURCES.iter().filter(|resource| **resource != "nodes");
    let others = resources.map(|resource| others(client, resource));
    let (nodes, pods, budgets, others) = tokio::try_join!(
        list::<core::Node>(client, "nodes"),
        list::<core::Pod>(client, "pods"),
        list::<PodDisruptionBudget>(client, "pod disruption budgets"),
        futures::future::try_join_all(others),
    )?;
    Ok(Workload {
        nodes,
        pods,
        budgets,
        others: others.concat(),
    })
}

async fn list<K>(client: &kube::Client, what: &str) -> Result<Vec<K>>
where
    K: kube::Resource<DynamicType = ()> + Clone + std::fmt::Debug + serde::de::DeserializeOwned,
{
    let listed = Api::<K>::all(client.clone())
        .list(&ListParams::default())
        .await
        .with_context(|| format!("listing the {what} of the app cluster"))?;
    Ok(listed.items)
}

/// Nothing of a resource that the API server does not have.
async fn others(client: &kube::Client, resource: &str) -> Result<Vec<Other>> {
    let listing = || format!("listing the {resource} of the app cluster");
    let request = http::Request::get(path(resource)).body(Vec::new());
    let list = client.request::<List>(request.with_context(listing)?);
    match list.await {
        Ok(list) => {
            let items = list.items.iter();
            Ok(items.map(|item| Other::of(resource, item)).collect())
        }
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(Vec::new()),
        Err(error) => Err(error).with_context(listing),
    }
}

/// Of a resource by its plural and group; all of them are at version 1.
fn path(resource: &str) -> String {
    match resource.split_once('.') {
        Some((plural, group)) => format!("/apis/{group}/v1/{plural}"),
        None => format!("/api/v1/{resource}"),
    }
}

impl Other {
    pub fn of(resource: &str, object: &Value) -> Self {
        let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default();
        Self {
            resource: resource.to_owned(),
            namespace: text("namespace").to_owned(),
            name: text("name").to_owned(),
            json: object.to_string(),
        }
    }
}

#[cfg(test)]
mod tests;
