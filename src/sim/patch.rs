//! The four ways to change an object: JSON patch, merge patch, strategic merge patch and server-side apply. Pure.
//!
//! Every write is booked in `metadata.managedFields`, not only applies: [`own`] does it for all the others. Sets of
//! fields are kept in the form in which they are stored ([`fields`]), so that a write neither parses nor prints them.

mod apply;
mod books;
mod compare;
mod conflict;
mod element;
mod fields;
mod fieldset;
mod go;
mod json_patch;
mod merge;
mod merge_patch;
mod own;
mod prune;
mod resets;
mod shape;
mod strategic;
mod validate;
mod zero;

#[cfg(test)]
mod tests;

use serde_json::Value;

use super::resources::Resource;
use super::schema::Schema;
use super::status::Status;

/// RFC 6902.
pub fn json(current: &Value, patch: &Value) -> Result<Value, Status> {
    json_patch::apply(current, patch)
}

/// RFC 7386.
pub fn merge(current: &Value, patch: &Value) -> Value {
    merge_patch::apply(current, patch)
}

/// Kubernetes' strategic merge patch, with its directives (`$patch`, `$retainKeys`, `$setElementOrder`,
/// `$deleteFromPrimitiveList`).
pub fn strategic(current: &Value, patch: &Value, schema: &Schema) -> Result<Value, Status> {
    strategic::apply(current, patch, schema)
}

/// Who writes, and under what name the books know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Writer {
    pub manager: String,
    /// Group and version that the request used.
    pub api_version: String,
    /// Empty, `status`, `scale`, ...
    pub subresource: String,
    /// RFC 3339, whole seconds.
    pub time: String,
}

/// Server-side apply: the object after it, `metadata.managedFields` included. Conflicts are a Status 409 with one cause
/// per field, unless `force`. `current` is absent for a creation.
///
/// The caller fills in defaults and then calls [`settle`], as after every other write.
pub fn apply(
    current: Option<&Value>,
    applied: &Value,
    resource: &Resource,
    writer: &Writer,
    force: bool,
) -> Result<Value, Status> {
    apply::apply(current, applied, resource, writer, force)
}

/// Books a write that was not an apply (create, update, any other patch): fields that differ between `before` and
/// `after` become the writer's. Sets `after.metadata.managedFields`.
///
/// To be called when defaults are filled in and before the server sets fields of its own (uid, clusterIP, status).
pub fn own(before: Option<&Value>, after: &mut Value, resource: &Resource, writer: &Writer) {
    own::own(before, after, resource, writer);
}

/// Takes back new times in `managedFields` if nothing else differs, so that such a write changes nothing. To be called
/// last, right before the comparison that decides whether there is anything to store.
pub fn settle(before: &Value, after: &mut Value) {
    books::settle(before, after);
}
