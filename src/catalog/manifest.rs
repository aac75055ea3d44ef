//! Component manifests: variables, labels and order of installation as clusterctl has them. Pure.

mod containers;
mod phases;
mod provider;
mod substitute;
mod trust;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::Component;
use crate::hash::sha256;

pub use phases::{
    CERT_MANAGER, CORE_LABEL, MANAGED_LABEL, PROVIDER_LABEL, Phases, SHA256_ANNOTATION,
    VERSION_ANNOTATION, inventory_definition, prepare,
};
pub use provider::Provider;
pub use substitute::substitute;

/// Variables of the providers' manifests that do not take their defaults.
///
/// Cluster API looks at an object at most once a second, so that many clusters share its controllers fairly. Here they
/// have one cluster, and each of the dozen turns that a new machine takes would wait for the next second.
const VARIABLES: [(&str, &str); 1] = [("EXP_RECONCILER_RATE_LIMITING", "false")];

/// From the text of a component's manifest to its objects, ready to apply.
pub fn load(component: &Component, text: &str) -> Result<Phases> {
    let objects = || match Provider::of(component) {
        Some(_) => parse(&substitute(text, &variables())?),
        None => parse(text),
    };
    objects()
        .and_then(|objects| prepare(component, &sha256(text.as_bytes()), objects))
        .with_context(|| {
            format!(
                "reading the manifest of {} {}",
                component.name, component.version
            )
        })
}

fn variables() -> BTreeMap<String, String> {
    VARIABLES
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

/// The objects of a multi-document manifest, in its order; lists are unrolled, empty documents skipped.
pub fn parse(yaml: &str) -> Result<Vec<Value>> {
    let options = serde_saphyr::options! { with_snippet: false };
    let documents: Vec<Value> = serde_saphyr::from_multiple_with_options(yaml, options)?;
    let mut objects = Vec::with_capacity(documents.len());
    for mut document in documents {
        match document.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) if text(&document, "/kind").ends_with("List") => {
                objects.extend(items);
            }
            Some(items) => {
                document["items"] = items;
                objects.push(document);
            }
            None => objects.push(document),
        }
    }
    for (position, object) in objects.iter().enumerate() {
        for field in ["/apiVersion", "/kind", "/metadata/name"] {
            if text(object, field).is_empty() {
                bail!(
                    "object {} has no {}",
                    position + 1,
                    field[1..].replace('/', ".")
                );
            }
        }
    }
    Ok(objects)
}

/// Every image that the objects' pods run.
pub fn images(objects: &[Value]) -> BTreeSet<String> {
    let containers = objects.iter().flat_map(|object| {
        CONTAINERS
            .iter()
            .filter_map(|list| object.pointer(list).and_then(Value::as_array))
            .flatten()
    });
    containers
        .filter_map(|container| container["image"].as_str())
        .map(ToOwned::to_owned)
        .collect()
}

/// Where the objects that make pods keep their containers.
const CONTAINERS: [&str; 6] = [
    "/spec/template/spec/containers",
    "/spec/template/spec/initContainers",
    "/spec/jobTemplate/spec/template/spec/containers",
    "/spec/jobTemplate/spec/template/spec/initContainers",
    "/spec/containers",
    "/spec/initContainers",
];

/// The string at a JSON pointer; empty if there is none.
pub fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
