//! From method and address to what is to be done. Pure.

use http::Method;

use super::path::Address;
use crate::sim::registry::Subresource;
use crate::sim::resources::Resource;
use crate::sim::status::Status;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    /// Or watch.
    List,
    Create,
    Update,
    Patch,
    Delete,
    DeleteCollection,
}

impl Verb {
    /// 404 if there is no such place, 405 if the method cannot be used there.
    pub(super) fn of(
        method: &Method,
        address: &Address,
        resource: &Resource,
    ) -> Result<Self, Status> {
        let verb = match (place(address, resource)?, method.as_str()) {
            (Place::All | Place::Collection, "GET") => Self::List,
            (Place::Collection | Place::Action, "POST") => Self::Create,
            (Place::Collection, "DELETE") => Self::DeleteCollection,
            (Place::Object | Place::Part, "GET") => Self::Get,
            (Place::Object | Place::Part | Place::Finalize, "PUT") => Self::Update,
            (Place::Object | Place::Part, "PATCH") => Self::Patch,
            (Place::Object, "DELETE") => Self::Delete,
            _ => return Err(Status::method_not_allowed()),
        };
        if verb == Self::DeleteCollection && !resource.verbs.contains(&"deletecollection") {
            return Err(Status::method_not_allowed());
        }
        Ok(verb)
    }
}

/// Sorts of places that differ in their methods.
enum Place {
    /// Of a namespaced resource, over all namespaces.
    All,
    Collection,
    Object,
    /// `status` and `scale`.
    Part,
    /// `eviction` and `binding`.
    Action,
    Finalize,
}

fn place(address: &Address, resource: &Resource) -> Result<Place, Status> {
    let in_namespace = !address.namespace.is_empty();
    if in_namespace && !resource.namespaced {
        return Err(Status::not_served());
    }
    if address.name.is_empty() {
        let all = resource.namespaced && !in_namespace;
        return Ok(if all { Place::All } else { Place::Collection });
    }
    if resource.namespaced && !in_namespace {
        return Err(Status::not_served());
    }
    Ok(match subresource(address, resource)? {
        Subresource::None => Place::Object,
        Subresource::Status | Subresource::Scale => Place::Part,
        Subresource::Eviction | Subresource::Binding => Place::Action,
        Subresource::Finalize => Place::Finalize,
    })
}

pub(super) fn subresource(address: &Address, resource: &Resource) -> Result<Subresource, Status> {
    let has = &resource.subresources;
    Ok(match address.subresource.as_str() {
        "" => Subresource::None,
        "status" if has.status => Subresource::Status,
        "scale" if has.scale.is_some() => Subresource::Scale,
        "eviction" if has.eviction => Subresource::Eviction,
        "binding" if has.binding => Subresource::Binding,
        "finalize" if has.finalize => Subresource::Finalize,
        _ if resource.custom => return Err(Status::not_found(resource, &address.name)),
        _ => return Err(Status::not_served()),
    })
}
