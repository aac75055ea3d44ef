//! What is special to built-in kinds, and to `MachineDeployments`, which have a webhook in Cluster API: what is filled
//! in, what a write may change, what is refused. Pure functions over JSON; the registry calls them in this order:
//! [`decode`], [`prepare_create`] or [`prepare_update`], then
//! [`validate_create`] or [`validate_update`].

mod defaults;
mod jobs;
mod machine_deployments;
mod paths;
mod pods;
mod special;
mod validation;

use serde_json::{Value, json};

use super::registry::Subresource;
use super::resources::Resource;
use super::schema::{self, Decoded};
use super::status::Cause;

/// Kinds that count changes in `metadata.generation`; so do all defined kinds.
const COUNTED: [&str; 13] = [
    "CronJob",
    "CustomResourceDefinition",
    "DaemonSet",
    "Deployment",
    "EndpointSlice",
    "Ingress",
    "Job",
    "NetworkPolicy",
    "Pod",
    "PodDisruptionBudget",
    "PriorityClass",
    "ReplicaSet",
    "StatefulSet",
];

/// Kinds whose labels and annotations a write to the status leaves alone, as it does for all defined kinds.
const STATUS_KEEPS_ALL: [&str; 2] = ["CustomResourceDefinition", "VolumeAttachment"];

/// Brings an object into the shape of its kind, with all defaults. An error is a text for a Status.
pub fn decode(resource: &Resource, object: Value) -> Result<Decoded, String> {
    let mut decoded = schema::convert(resource, object)?;
    fill(resource, &mut decoded.object);
    Ok(decoded)
}

/// Fills in what the kind has beyond its schema's defaults.
pub fn fill(resource: &Resource, object: &mut Value) {
    if resource.custom {
        return;
    }
    special::fill(resource, object);
    defaults::fill(&resource.api_version(), &resource.kind, object);
}

/// A new object: its status is the kind's first one, whatever was asked for.
pub fn prepare_create(resource: &Resource, object: &mut Value) {
    if is_counted(resource) {
        object["metadata"]["generation"] = json!(1);
    }
    reset_status(resource, object);
    if machine_deployments::is(resource) {
        machine_deployments::size(None, object);
    }
    if !resource.custom {
        special::admit(resource, object);
        fill(resource, object);
        special::first_status(resource, object);
    }
}

/// What a new object has only when it has its uid.
pub fn identified(resource: &Resource, object: &mut Value) {
    if !resource.custom && &*resource.kind == "Job" {
        jobs::generate_selector(object);
    }
}

/// What is wrong with a new object.
pub fn validate_create(resource: &Resource, object: &Value) -> Vec<Cause> {
    let mut causes = validation::created(resource, object);
    if resource.custom {
        causes.extend(validate_defined(resource, object));
    }
    causes
}

/// What is wrong with a changed object.
pub fn validate_update(
    resource: &Resource,
    subresource: Subresource,
    before: &Value,
    after: &Value,
) -> Vec<Cause> {
    let mut causes = validation::updated(resource, subresource, before, after);
    if resource.custom {
        causes.extend(validate_defined(resource, after));
    }
    causes
}

fn validate_defined(resource: &Resource, object: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let kind = &*resource.kind;
    if object["kind"] != *kind {
        causes.push(schema::invalid(
            "kind",
            &object["kind"],
            format!("must be {kind}"),
        ));
    }
    causes.extend(schema::validate(&resource.schema, object));
    causes
}

fn reset_status(resource: &Resource, object: &mut Value) {
    let keeps = !resource.subresources.status || &*resource.kind == "Node";
    if let (false, Value::Object(fields)) = (keeps, &mut *object) {
        fields.remove("status");
        schema::fill(&resource.schema, object);
    }
}

fn is_counted(resource: &Resource) -> bool {
    resource.custom || COUNTED.contains(&&*resource.kind)
}

/// Takes back what the write may not change, and counts the generation.
pub fn prepare_update(
    resource: &Resource,
    subresource: Subresource,
    before: &Value,
    after: &mut Value,
) {
    match subresource {
        Subresource::Status => keep_all_but_status(resource, before, after),
        _ if resource.subresources.status => keep(before, after, "status"),
        _ => {}
    }
    if machine_deployments::is(resource) {
        machine_deployments::size(Some(before), after);
    }
    if !resource.custom {
        special::prepare_update(resource, subresource, before, after);
    }
    if subresource != Subresource::Status {
        count_generation(resource, before, after);
    }
}

fn keep(before: &Value, after: &mut Value, field: &str) {
    let Value::Object(fields) = after else { return };
    match before.get(field) {
        Some(value) => fields.insert(field.to_owned(), value.clone()),
        None => fields.remove(field),
    };
}

fn keep_all_but_status(resource: &Resource, before: &Value, after: &mut Value) {
    let mut kept = before.clone();
    let status = after.get_mut("status").map(Value::take);
    let mut metadata = after["metadata"].take();
    let restored: &[&str] = if resource.custom || STATUS_KEEPS_ALL.contains(&&*resource.kind) {
        &["annotations", "finalizers", "labels", "ownerReferences"]
    } else if &*resource.kind == "Deployment" {
        &["labels"]
    } else if &*resource.kind == "Pod" {
        &["ownerReferences"]
    } else {
        &[]
    };
    for field in restored {
        keep(&before["metadata"], &mut metadata, field);
    }
    kept["metadata"] = metadata;
    if let Value::Object(fields) = &mut kept {
        match status {
            Some(status) => fields.insert("status".to_owned(), status),
            None => fields.remove("status"),
        };
    }
    *after = kept;
}

/// The generation goes up when what is wanted has changed; the status is not wanted.
fn count_generation(resource: &Resource, before: &Value, after: &mut Value) {
    if !is_counted(resource) {
        return;
    }
    let generation = before["metadata"]["generation"].as_i64().unwrap_or(0);
    let more = i64::from(wanted_differs(resource, before, after));
    after["metadata"]["generation"] = json!(generation + more);
}

fn wanted_differs(resource: &Resource, before: &Value, after: &Value) -> bool {
    let differs = |field: &str| before.get(field) != after.get(field);
    match &*resource.kind {
        "Deployment" if !resource.custom => {
            let annotations = "/metadata/annotations";
            differs("spec") || before.pointer(annotations) != after.pointer(annotations)
        }
        "EndpointSlice" if !resource.custom => {
            differs("endpoints") || differs("ports") || differs("addressType")
        }
        "PriorityClass" if !resource.custom => {
            without(before, &["metadata"]) != without(after, &["metadata"])
        }
        _ if resource.custom && resource.subresources.status => {
            without(before, &["metadata", "status"]) != without(after, &["metadata", "status"])
        }
        _ if resource.custom => without(before, &["metadata"]) != without(after, &["metadata"]),
        _ => differs("spec"),
    }
}

fn without<'a>(object: &'a Value, fields: &[&str]) -> Vec<(&'a String, &'a Value)> {
    let all = object.as_object().into_iter().flatten();
    all.filter(|(name, _)| !fields.contains(&name.as_str()))
        .collect()
}

#[cfg(test)]
mod tests;
