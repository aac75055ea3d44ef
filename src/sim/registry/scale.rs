//! `scale`: the replica counts of any kind that has them, as an `autoscaling/v1` Scale.

use serde_json::{Map, Value, json};

use super::transaction::Step;
use super::{Patch, Registry, Target, WriteOptions, Written, object, update};
use crate::sim::patch;
use crate::sim::resources::{Resource, ScalePaths};
use crate::sim::schema;
use crate::sim::status::{Cause, Status};
use crate::sim::store::Stored;
use bytes::Bytes;

/// The Scale of a stored object.
pub(super) fn show(resource: &Resource, stored: &Stored) -> Result<Bytes, Status> {
    let object = object::parse(resource, &stored.json)?;
    Ok(object::bytes_of(&of(resource, &object)?))
}

fn paths(resource: &Resource) -> Result<&ScalePaths, Status> {
    resource
        .subresources
        .scale
        .as_ref()
        .ok_or_else(Status::not_served)
}

fn of(resource: &Resource, object: &Value) -> Result<Value, Status> {
    let paths = paths(resource)?;
    let replicas = object.pointer(&paths.spec).and_then(Value::as_i64);
    if replicas.is_none() && resource.custom {
        let path = paths.spec.replace('/', ".");
        return Err(Status::internal(format!(
            "the spec replicas field {path:?} does not exist"
        )));
    }
    let mut metadata = Map::new();
    for field in [
        "name",
        "namespace",
        "uid",
        "resourceVersion",
        "creationTimestamp",
    ] {
        if let Some(value) = object["metadata"].get(field) {
            metadata.insert(field.to_owned(), value.clone());
        }
    }
    let mut status = json!({"replicas": object::number(object, &paths.status).unwrap_or(0)});
    let selector = paths
        .selector
        .as_ref()
        .and_then(|path| object.pointer(path));
    if let Some(text) = selector.map(selector_text).filter(|text| !text.is_empty()) {
        status["selector"] = json!(text);
    }
    let mut spec = json!({});
    if let Some(replicas) = replicas.filter(|replicas| *replicas != 0) {
        spec["replicas"] = json!(replicas);
    }
    Ok(json!({
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": metadata,
        "spec": spec,
        "status": status,
    }))
}

/// A selector in the form of query parameters, sorted by key.
fn selector_text(selector: &Value) -> String {
    if let Some(text) = selector.as_str() {
        return text.to_owned();
    }
    let mut terms: Vec<(&str, String)> = Vec::new();
    if let Some(labels) = selector["matchLabels"].as_object() {
        for (key, value) in labels {
            let value = value.as_str().unwrap_or_default();
            terms.push((key, format!("{key}={value}")));
        }
    }
    for expression in selector["matchExpressions"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let key = object::text(expression, "/key");
        terms.push((key, expression_text(key, expression)));
    }
    terms.sort();
    let texts: Vec<String> = terms.into_iter().map(|(_, text)| text).collect();
    texts.join(",")
}

fn expression_text(key: &str, expression: &Value) -> String {
    let mut values: Vec<&str> = expression["values"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    values.sort_unstable();
    let values = values.join(",");
    match object::text(expression, "/operator") {
        "In" => format!("{key} in ({values})"),
        "NotIn" => format!("{key} notin ({values})"),
        "DoesNotExist" => format!("!{key}"),
        _ => key.to_owned(),
    }
}

impl Registry {
    pub(super) fn update_scale(
        &self,
        target: &Target,
        scale: &Value,
        options: &WriteOptions,
    ) -> Result<Written, Status> {
        self.change_scale(target, options, |before, _| {
            update::check_uid(target, scale, before)?;
            Ok(scale.clone())
        })
    }

    pub(super) fn patch_scale(
        &self,
        target: &Target,
        patch: &Patch,
        options: &WriteOptions,
    ) -> Result<Written, Status> {
        if let Patch::Apply(applied) = patch {
            return self.apply_scale(target, applied, options);
        }
        self.change_scale(target, options, |_, current| match patch {
            Patch::Json(patch) => patch::json(current, patch),
            Patch::Strategic(patch) => match schema::schema("autoscaling/v1", "Scale") {
                Some(schema) => patch::strategic(current, patch, &schema),
                None => Err(Status::not_served()),
            },
            Patch::Merge(patch) | Patch::Apply(patch) => Ok(patch::merge(current, patch)),
        })
    }

    /// `change` makes the new Scale from the object and its current Scale.
    fn change_scale(
        &self,
        target: &Target,
        options: &WriteOptions,
        change: impl FnOnce(&Value, &Value) -> Result<Value, Status>,
    ) -> Result<Written, Status> {
        let resource = &*target.resource;
        let paths = paths(resource)?;
        let done = self.transact(target, options.dry_run, |before, _| {
            let before = before.ok_or_else(|| Status::not_found(resource, &target.name))?;
            let scale = change(before, &of(resource, before)?)?;
            validate(target, &scale)?;
            if !object::resource_version(&scale).is_empty() {
                update::check_version(target, &scale, before)?;
            }
            let mut after = before.clone();
            let replicas = object::number(&scale, "/spec/replicas").unwrap_or(0);
            set(&mut after, &paths.spec, json!(replicas));
            self.book(target, before, &mut after, options);
            settle_books(&mut after, replicas);
            self.step_update(target, before, after, options.dry_run)
        })?;
        shown(resource, &done.json)
    }

    /// Server-side apply of a Scale is one of the object's replica count.
    fn apply_scale(
        &self,
        target: &Target,
        applied: &Value,
        options: &WriteOptions,
    ) -> Result<Written, Status> {
        let resource = &*target.resource;
        let paths = paths(resource)?;
        validate(target, applied)?;
        let mut object = json!({
            "apiVersion": resource.api_version(),
            "kind": &*resource.kind,
            "metadata": {"name": target.name, "namespace": target.namespace},
        });
        if let Some(replicas) = applied.pointer("/spec/replicas") {
            set(&mut object, &paths.spec, replicas.clone());
        }
        let done = self.transact(target, options.dry_run, |before, _| {
            let before = before.ok_or_else(|| Status::not_found(resource, &target.name))?;
            update::check_version(target, applied, before)?;
            let writer = self.writer(target, &options.field_manager);
            let mut after = patch::apply(Some(before), &object, resource, &writer, options.force)?;
            let replicas = object::number(&after, &paths.spec).unwrap_or(0);
            settle_books(&mut after, replicas);
            let step = self.step_update(target, before, after, options.dry_run)?;
            Ok::<Step, Status>(step)
        })?;
        shown(resource, &done.json)
    }
}

fn shown(resource: &Resource, object: &Bytes) -> Result<Written, Status> {
    let object: Value =
        serde_json::from_slice(object).map_err(|error| Status::internal(error.to_string()))?;
    Ok(Written {
        json: object::bytes_of(&of(resource, &object)?),
        created: false,
        warnings: Vec::new(),
    })
}

fn validate(target: &Target, scale: &Value) -> Result<(), Status> {
    update::check_name(target, scale)?;
    match object::number(scale, "/spec/replicas") {
        Some(replicas) if replicas < 0 => {
            let cause = Cause {
                reason: "FieldValueInvalid".into(),
                message: format!("Invalid value: {replicas}: must be greater than or equal to 0"),
                field: "spec.replicas".into(),
            };
            Err(Status::invalid(
                "autoscaling",
                "Scale",
                &target.name,
                vec![cause],
            ))
        }
        _ => Ok(()),
    }
}

/// The real server forgets when somebody scaled, and who asked for nothing at all.
fn settle_books(object: &mut Value, replicas: i64) {
    let entries = object.pointer_mut("/metadata/managedFields");
    let Some(entries) = entries.and_then(Value::as_array_mut) else {
        return;
    };
    let scales = |entry: &Value| entry["subresource"] == "scale";
    entries.retain(|entry| replicas != 0 || !scales(entry));
    for entry in entries.iter_mut().filter(|entry| scales(entry)) {
        object::map(entry).remove("time");
    }
    let rank = |entry: &Value| ["operation", "time"].map(|name| entry[name].to_string());
    entries.sort_by_key(|entry| {
        let [operation, time] = rank(entry);
        (operation, time != "null", time)
    });
}

/// Sets the value at a pointer; objects on the way to it are made.
fn set(object: &mut Value, pointer: &str, value: Value) {
    let place = pointer
        .split('/')
        .skip(1)
        .fold(object, |at, name| object::member(at, name));
    *place = value;
}
