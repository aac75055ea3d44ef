//! The objects of one kind: read, list, patch, delete.

use anyhow::{Context, Result};
use kube::api::{
    Api, ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams,
    PropagationPolicy,
};
use kube::core::GroupVersionKind;
use kube::{Client, ResourceExt};
use serde_json::Value;

use super::error::{RequestError, once_served};
use crate::names::FIELD_MANAGER;

/// The objects of one kind in one namespace, or of a kind that has no namespaces.
#[derive(Debug, Clone)]
pub struct Objects {
    pub(super) api: Api<DynamicObject>,
    kind: String,
    namespace: Option<String>,
}

impl Objects {
    /// `Objects::new(&client, "cluster.x-k8s.io/v1beta2", "Cluster", Some("default"))`. With `None`, objects without
    /// a namespace, or (for `list` and `wait_list`) those of all namespaces.
    pub fn new(client: &Client, api_version: &str, kind: &str, namespace: Option<&str>) -> Self {
        Self::of(client, &resource(api_version, kind), namespace)
    }

    pub(super) fn of(client: &Client, resource: &ApiResource, namespace: Option<&str>) -> Self {
        let api = match namespace {
            Some(namespace) => Api::namespaced_with(client.clone(), namespace, resource),
            None => Api::all_with(client.clone(), resource),
        };
        Self {
            api,
            kind: resource.kind.clone(),
            namespace: namespace.map(ToOwned::to_owned),
        }
    }

    /// How messages call one of these objects: `Cluster default/bex`.
    pub fn title(&self, name: &str) -> String {
        title(&self.kind, self.namespace.as_deref(), name)
    }

    /// `None` if it does not exist, or its kind does not.
    pub async fn get(&self, name: &str) -> Result<Option<DynamicObject>> {
        match once_served(|| self.api.get(name)).await {
            Ok(object) => Ok(Some(object)),
            Err(error) if error.code == Some(404) => Ok(None),
            Err(error) => Err(error).with_context(|| format!("reading {}", self.title(name))),
        }
    }

    /// In the order of their names. `labels` is a label selector; empty selects all. None if the kind does not exist.
    pub async fn list(&self, labels: &str) -> Result<Vec<DynamicObject>> {
        let selected = ListParams::default().labels(labels);
        match once_served(|| self.api.list(&selected)).await {
            Ok(list) => {
                let mut objects = list.items;
                objects.sort_by_key(|object| (object.namespace(), object.name_any()));
                Ok(objects)
            }
            Err(error) if error.code == Some(404) => Ok(Vec::new()),
            Err(error) => Err(error).with_context(|| format!("listing {} objects", self.kind)),
        }
    }

    /// Applies a JSON merge patch and returns the object after it.
    pub async fn patch_merge(&self, name: &str, patch: &Value) -> Result<DynamicObject> {
        let parameters = PatchParams {
            field_manager: Some(FIELD_MANAGER.to_owned()),
            ..PatchParams::default()
        };
        let patch = Patch::Merge(patch);
        once_served(|| self.api.patch(name, &parameters, &patch))
            .await
            .with_context(|| format!("patching {}", self.title(name)))
    }

    /// Asks for deletion, dependents in the background. What is gone already is fine; nothing is waited for.
    pub async fn delete(&self, name: &str) -> Result<()> {
        self.delete_with(name, DeleteParams::default()).await
    }

    /// The same without any time for a farewell: a Pod's processes are killed.
    pub async fn delete_at_once(&self, name: &str) -> Result<()> {
        self.delete_with(name, DeleteParams::default().grace_period(0))
            .await
    }

    async fn delete_with(&self, name: &str, parameters: DeleteParams) -> Result<()> {
        let parameters = DeleteParams {
            propagation_policy: Some(PropagationPolicy::Background),
            ..parameters
        };
        match once_served(|| self.api.delete(name, &parameters)).await {
            Ok(_)
            | Err(RequestError {
                code: Some(404), ..
            }) => Ok(()),
            Err(error) => Err(error).with_context(|| format!("deleting {}", self.title(name))),
        }
    }
}

/// `Cluster default/bex`, `Node bex-worker`.
pub fn title(kind: &str, namespace: Option<&str>, name: &str) -> String {
    match namespace {
        Some(namespace) => format!("{kind} {namespace}/{name}"),
        None => format!("{kind} {name}"),
    }
}

/// A kind whose plural is regular.
pub(super) fn resource(api_version: &str, kind: &str) -> ApiResource {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind))
}
