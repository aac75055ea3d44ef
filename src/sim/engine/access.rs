//! The registry's verbs as controllers use them: by item, and with what is gone as no error.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Cluster, Context, Item};
use crate::sim::registry::{DeleteOptions, Registry, Subresource, Target, WriteOptions, Written};
use crate::sim::resources::Resource;
use crate::sim::status::Status;
use crate::sim::store::Stored;

impl Context {
    pub fn get(&self, item: &Item) -> Option<Stored> {
        self.registry(item.cluster).store().get(&item.key)
    }

    /// Reads what the type has of the object.
    pub fn read<T: DeserializeOwned>(&self, item: &Item) -> Result<Option<T>> {
        let Some(stored) = self.get(item) else {
            return Ok(None);
        };
        let object = serde_json::from_slice(&stored.json);
        Ok(Some(object.with_context(|| format!("reading {item}"))?))
    }

    /// Creates an object in the name of the controller at hand; its name may be left to the API.
    pub fn create(&self, item: &Item, object: Value) -> Result<Written> {
        let target = self.target(item, Subresource::None)?;
        let options = WriteOptions {
            field_manager: self.controller().to_owned(),
            ..WriteOptions::default()
        };
        let registry = self.registry(item.cluster);
        Ok(registry.create(&target, object, &options)?)
    }

    /// Alters an object, or its status alone. `None`: it is gone.
    pub fn modify(
        &self,
        item: &Item,
        subresource: Subresource,
        mut change: impl FnMut(&mut Value),
    ) -> Result<Option<Stored>> {
        let target = self.target(item, subresource)?;
        let registry = self.registry(item.cluster);
        let mut change = |object: &mut Value| {
            change(object);
            Ok(())
        };
        Ok(registry.modify(&target, self.controller(), &mut change)?)
    }

    /// Deletes an object unless it is gone.
    pub fn delete(&self, item: &Item, options: &DeleteOptions) -> Result<()> {
        let target = self.target(item, Subresource::None)?;
        match self.registry(item.cluster).delete(&target, options) {
            Err(status) if status.code != 404 => Err(status.into()),
            _ => Ok(()),
        }
    }

    /// Where a request about the object goes.
    pub fn target(&self, item: &Item, subresource: Subresource) -> Result<Target> {
        let resource = self
            .resource(item.cluster, &item.key.resource)
            .with_context(|| format!("{} are not served", item.key.resource))?;
        Ok(Target {
            resource,
            namespace: item.key.namespace.to_string(),
            name: item.key.name.to_string(),
            subresource,
        })
    }

    /// By the name that keys have: `deployments.apps`. Of several versions it is the one that is stored.
    pub fn resource(&self, cluster: Cluster, name: &str) -> Option<Arc<Resource>> {
        let registry = self.registry(cluster);
        let (plural, group) = name.split_once('.').unwrap_or((name, ""));
        let v1 = registry.resource(group, "v1", plural);
        v1.filter(|resource| resource.shows_stored())
            .or_else(|| stored_version(registry, name))
    }
}

fn stored_version(registry: &Registry, name: &str) -> Option<Arc<Resource>> {
    let mut resources = registry.resources().into_iter();
    resources.find(|resource| {
        *resource.stored.resource == *name && resource.api_version() == *resource.stored.api_version
    })
}

/// The API's own error in a failure, if it is one.
pub fn status(error: &anyhow::Error) -> Option<&Status> {
    error.downcast_ref()
}
