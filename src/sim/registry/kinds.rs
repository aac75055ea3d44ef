//! Where the registry asks what is special to a kind, and makes a Status of what is wrong.

mod go;

use serde_json::Value;

use super::{Patch, Subresource, WriteOptions, definitions, object};
use crate::sim::kinds;
use crate::sim::resources::Resource;
use crate::sim::status::{Cause, Status};

pub(super) use crate::sim::kinds::identified;

/// Checks types, drops unknown fields, fills in defaults. The texts are warnings.
pub(super) fn decode(
    resource: &Resource,
    object: &mut Value,
    options: &WriteOptions,
) -> Result<Vec<String>, Status> {
    read(resource, object, options).map_err(|text| {
        let (kind, version) = (&resource.kind, &resource.version);
        Status::bad_request(format!(
            "{kind} in version \"{version}\" cannot be handled as a {kind}: {text}"
        ))
    })
}

/// The same for an object that a patch has made.
pub(super) fn decode_patched(
    resource: &Resource,
    object: &mut Value,
    patch: &Patch,
    options: &WriteOptions,
) -> Result<Vec<String>, Status> {
    let patched = object.clone();
    let read = check_kind(resource, object).and_then(|()| read(resource, object, options));
    read.map_err(|text| {
        let shown = match patch {
            Patch::Strategic(patch) | Patch::Apply(patch) => go::text(patch),
            Patch::Json(_) | Patch::Merge(_) => patched.to_string(),
        };
        let cause = Cause {
            reason: "FieldValueInvalid".to_owned(),
            message: format!("Invalid value: {shown:?}: {text}"),
            field: "patch".to_owned(),
        };
        Status::invalid("", "", "", vec![cause])
    })
}

/// A patch cannot make another kind of it.
fn check_kind(resource: &Resource, object: &Value) -> Result<(), String> {
    let (kind, api_version) = (
        object::text(object, "/kind"),
        object::text(object, "/apiVersion"),
    );
    let is_same = |given: &str, own: &str| given.is_empty() || given == own;
    if resource.custom
        || is_same(kind, &resource.kind) && is_same(api_version, &resource.api_version())
    {
        return Ok(());
    }
    Err(format!(
        "{kind} in version \"{api_version}\" cannot be handled as a {}",
        resource.kind
    ))
}

fn read(
    resource: &Resource,
    object: &mut Value,
    options: &WriteOptions,
) -> Result<Vec<String>, String> {
    // An empty list says that all owners are to be forgotten; elsewhere it is the same as none.
    let forgets = object.pointer("/metadata/managedFields") == Some(&Value::Array(Vec::new()));
    let mut warnings = Vec::new();
    if options.shaped {
        kinds::fill(resource, object);
    } else {
        let decoded = kinds::decode(resource, object.take())?;
        warnings = decoded.judge(&options.field_validation)?;
        *object = decoded.object;
    }
    if forgets {
        object::metadata(object).insert("managedFields".into(), Value::Array(Vec::new()));
    }
    warnings.extend(drop_double_owners(object));
    Ok(warnings)
}

/// An owner counts once. Nothing, if all are different; otherwise a warning.
fn drop_double_owners(object: &mut Value) -> Option<String> {
    let owners = object.pointer_mut("/metadata/ownerReferences")?;
    let owners = owners.as_array_mut()?;
    let mut seen: Vec<String> = Vec::new();
    let mut double: Vec<String> = Vec::new();
    owners.retain(|owner| {
        let uid = object::text(owner, "/uid").to_owned();
        let is_new = !seen.contains(&uid);
        if is_new {
            seen.push(uid);
        } else if !double.contains(&uid) {
            double.push(uid);
        }
        is_new
    });
    if double.is_empty() {
        return None;
    }
    let uids = double.join(", ");
    Some(format!(
        ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: {uids}"
    ))
}

pub(super) fn prepare_create(resource: &Resource, object: &mut Value) {
    kinds::prepare_create(resource, object);
    if is_definition(resource) {
        definitions::prepare(object, None);
    }
}

pub(super) fn prepare_update(
    resource: &Resource,
    subresource: Subresource,
    before: &Value,
    after: &mut Value,
) {
    kinds::prepare_update(resource, subresource, before, after);
    if is_definition(resource) && subresource == Subresource::None {
        definitions::prepare(after, Some(before));
    }
}

fn is_definition(resource: &Resource) -> bool {
    &*resource.stored.resource == definitions::RESOURCE
}

pub(super) fn validate_create(resource: &Resource, object: &Value) -> Result<(), Status> {
    refuse(resource, object, kinds::validate_create(resource, object))
}

pub(super) fn validate_update(
    resource: &Resource,
    subresource: Subresource,
    before: &Value,
    after: &Value,
) -> Result<(), Status> {
    let causes = kinds::validate_update(resource, subresource, before, after);
    refuse(resource, after, causes)
}

fn refuse(resource: &Resource, object: &Value, causes: Vec<Cause>) -> Result<(), Status> {
    if causes.is_empty() {
        return Ok(());
    }
    let name = object::name(object);
    Err(Status::invalid_object(resource, name, causes))
}
