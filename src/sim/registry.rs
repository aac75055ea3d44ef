//! The verbs over all kinds: create, update, patch, delete, with preconditions, finalizers, subresources, defaults,
//! validation and field ownership. Synchronous; HTTP and controllers both come through here.

mod admission;
mod binding;
mod create;
mod definitions;
mod delete;
mod eviction;
mod identity;
mod kinds;
mod namespaces;
mod object;
mod scale;
mod services;
mod transaction;
mod update;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use bytes::Bytes;
use serde_json::Value;

use super::clock::Clock;
use super::resources::Resource;
use super::status::Status;
use super::store::{Key, Page, PageRequest, Store, Stored};
use definitions::Served;
use services::Allocations;

/// The object or the collection that a request is about.
#[derive(Debug, Clone)]
pub struct Target {
    pub resource: Arc<Resource>,
    /// Empty: none, or all of them.
    pub namespace: String,
    /// Empty for a collection.
    pub name: String,
    pub subresource: Subresource,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Subresource {
    #[default]
    None,
    Status,
    Scale,
    Eviction,
    Binding,
    Finalize,
}

/// How a write is to be done.
#[derive(Debug, Clone, Default)]
pub struct WriteOptions {
    pub dry_run: bool,
    /// `Ignore`, `Warn` (default) or `Strict`.
    pub field_validation: String,
    /// Name in the books of field ownership.
    pub field_manager: String,
    /// Server-side apply takes over fields of others.
    pub force: bool,
    /// The object comes from [`super::schema::decode`]: it has the shape of its kind.
    pub shaped: bool,
}

#[derive(Debug, Clone)]
pub enum Patch {
    Json(Value),
    Merge(Value),
    Strategic(Value),
    Apply(Value),
}

/// The body of a DELETE and its query, merged.
#[derive(Debug, Clone, Default)]
pub struct DeleteOptions {
    pub dry_run: bool,
    pub grace_period_seconds: Option<i64>,
    /// `Background`, `Foreground`, `Orphan`.
    pub propagation: Option<String>,
    /// What `propagation` replaced.
    pub orphan_dependents: Option<bool>,
    pub uid: Option<String>,
    pub resource_version: Option<String>,
}

/// An answer: the object's bytes, and whether it was made by this request.
#[derive(Debug, Clone)]
pub struct Written {
    pub json: Bytes,
    pub created: bool,
    /// Texts for `Warning` headers.
    pub warnings: Vec<String>,
}

/// The API without HTTP. Clones are the same registry.
#[derive(Debug, Clone)]
pub struct Registry {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    store: Store,
    clock: Clock,
    seed: u64,
    served: RwLock<Served>,
    allocations: Mutex<Allocations>,
    /// Objects that were made up for dry runs.
    drafts: AtomicU64,
}

impl Registry {
    /// `seed` decides uids and generated names. What every cluster has from the start is made if it does not exist.
    pub fn new(store: Store, clock: Clock, seed: u64) -> Self {
        let registry = Self {
            shared: Arc::new(Shared {
                served: RwLock::new(Served::built_in()),
                allocations: Mutex::new(Allocations::of(&store)),
                drafts: AtomicU64::new(0),
                store,
                clock,
                seed,
            }),
        };
        registry.serve_definitions();
        if let Err(status) = registry.bootstrap() {
            tracing::error!("making the first objects: {status}");
        }
        registry
    }

    pub fn store(&self) -> &Store {
        &self.shared.store
    }

    /// All resources that are served now, defined ones included.
    pub fn resources(&self) -> Vec<Arc<Resource>> {
        self.read_served(|served| served.all.clone())
    }

    /// By group, version and plural.
    pub fn resource(&self, group: &str, version: &str, plural: &str) -> Option<Arc<Resource>> {
        self.read_served(|served| served.find(group, version, plural))
    }

    /// By `apiVersion` and `kind`, for controllers.
    pub fn kind(&self, api_version: &str, kind: &str) -> Option<Arc<Resource>> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        self.read_served(|served| served.find_kind(group, version, kind))
    }

    pub fn get(&self, target: &Target) -> Result<Stored, Status> {
        let stored = self
            .store()
            .get(&target.key())
            .ok_or_else(|| Status::not_found(&target.resource, &target.name))?;
        let json = match target.subresource {
            Subresource::None | Subresource::Status => target.resource.present(&stored.json),
            Subresource::Scale => scale::show(&target.resource, &stored)?,
            _ => return Err(Status::method_not_allowed()),
        };
        Ok(Stored { json, ..stored })
    }

    /// Items are as stored where [`Resource::shows_stored`], converted otherwise.
    pub fn list(&self, target: &Target, page: &PageRequest) -> Result<Page, Status> {
        let resource = &target.resource;
        let namespace = Some(target.namespace.as_str()).filter(|name| !name.is_empty());
        let mut page = self
            .store()
            .list(&resource.stored.resource, namespace, page)
            .map_err(|_| Status::expired(PAGE_EXPIRED))?;
        if !resource.shows_stored() {
            for item in &mut page.items {
                item.json = resource.present(&item.json);
            }
        }
        Ok(page)
    }

    /// POST: a new object, or a subresource that is a request (eviction, binding).
    pub fn create(
        &self,
        target: &Target,
        object: Value,
        options: &WriteOptions,
    ) -> Result<Written, Status> {
        match target.subresource {
            Subresource::None => self.create_object(target, object, options),
            Subresource::Eviction => self.evict(target, &object, options),
            Subresource::Binding => self.bind(target, &object, options),
            _ => Err(Status::method_not_allowed()),
        }
    }

    /// PUT.
    pub fn update(
        &self,
        target: &Target,
        object: Value,
        options: &WriteOptions,
    ) -> Result<Written, Status> {
        match target.subresource {
            Subresource::Scale => self.update_scale(target, &object, options),
            Subresource::Eviction | Subresource::Binding => Err(Status::method_not_allowed()),
            Subresource::None | Subresource::Status | Subresource::Finalize => {
                self.replace_object(target, object, options)
            }
        }
    }

    pub fn patch(
        &self,
        target: &Target,
        patch: &Patch,
        options: &WriteOptions,
    ) -> Result<Written, Status> {
        match target.subresource {
            Subresource::Scale => self.patch_scale(target, patch, options),
            Subresource::None | Subresource::Status => self.patch_object(target, patch, options),
            _ => Err(Status::method_not_allowed()),
        }
    }

    /// The object, if finalizers or a grace period keep it for now or if its kind answers so; otherwise a Status of
    /// success.
    pub fn delete(&self, target: &Target, options: &DeleteOptions) -> Result<Written, Status> {
        match target.subresource {
            Subresource::None => self.delete_object(target, options),
            _ => Err(Status::method_not_allowed()),
        }
    }

    /// For controllers: reads the object, lets `change` alter it, and writes it (only the status for
    /// [`Subresource::Status`]) if it differs. `Ok(None)`: it does not exist.
    pub fn modify(
        &self,
        target: &Target,
        manager: &str,
        change: &mut dyn FnMut(&mut Value) -> Result<(), Status>,
    ) -> Result<Option<Stored>, Status> {
        self.modify_object(target, manager, change)
    }

    /// A number for an object that will not be stored, so that no other one gets its uid.
    fn draft(&self) -> u64 {
        u64::MAX - self.shared.drafts.fetch_add(1, Ordering::Relaxed)
    }

    fn read_served<T>(&self, read: impl FnOnce(&Served) -> T) -> T {
        read(
            &self
                .shared
                .served
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }
}

impl Written {
    /// With these warnings before its own.
    #[must_use]
    pub fn warned(mut self, mut warnings: Vec<String>) -> Self {
        warnings.append(&mut self.warnings);
        Self { warnings, ..self }
    }
}

impl Target {
    /// An object of that name; `namespace` is empty for resources that have none.
    pub fn new(resource: Arc<Resource>, namespace: &str, name: &str) -> Self {
        Self {
            resource,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            subresource: Subresource::None,
        }
    }

    #[must_use]
    pub fn with(mut self, subresource: Subresource) -> Self {
        self.subresource = subresource;
        self
    }

    /// Where the object is stored.
    pub fn key(&self) -> Key {
        Key {
            resource: self.resource.stored.resource.clone(),
            namespace: self.namespace.as_str().into(),
            name: self.name.as_str().into(),
        }
    }
}

/// What the real server says when the rest of a list is gone.
const PAGE_EXPIRED: &str = "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.";

#[cfg(test)]
mod tests;
