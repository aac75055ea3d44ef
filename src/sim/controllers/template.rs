//! Pods from templates.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::sim::engine::access;
use crate::sim::pods::Labels;

/// A pod from `template` that belongs to `owner` (an owner reference). Its name is left to the API, which starts it with
/// the owner's.
pub(super) fn pod(template: &Value, owner: &Value) -> Value {
    let mut metadata = Map::new();
    for field in ["labels", "annotations", "finalizers"] {
        if let Some(value) = template["metadata"].get(field) {
            metadata.insert(field.to_owned(), value.clone());
        }
    }
    let prefix = format!("{}-", owner["name"].as_str().unwrap_or_default());
    metadata.insert("generateName".to_owned(), prefix.into());
    metadata.insert("ownerReferences".to_owned(), json!([owner]));
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": template["spec"].clone(),
    })
}

const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// A short name for a template: equal for equal ones, and without vowels, so that it spells nothing.
pub(super) fn hash(template: &Value, collisions: Option<i64>) -> String {
    let text = format!("{template}{}", collisions.unwrap_or(0));
    let hash = text.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    let digits = hash.to_string();
    digits
        .bytes()
        .map(|digit| char::from(ALPHABET[usize::from(digit) % ALPHABET.len()]))
        .collect()
}

/// The labels that pods of a template have.
pub(super) fn labels(template: &Value) -> Labels {
    let labels = template["metadata"]["labels"].as_object();
    let pairs = labels.into_iter().flatten();
    pairs
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

/// The name that the API gave to an object.
pub(super) fn name_of(json: &[u8]) -> String {
    let object: serde_json::Result<Named> = serde_json::from_slice(json);
    object
        .map(|object| object.metadata.name)
        .unwrap_or_default()
}

/// Nothing more can be created there, and need not be.
pub(super) fn namespace_is_going(error: &anyhow::Error) -> bool {
    access::status(error).is_some_and(|status| {
        let details = status.details.iter();
        let mut causes = details.flat_map(|details| &details.causes);
        causes.any(|cause| cause.reason == "NamespaceTerminating")
    })
}

#[derive(Deserialize)]
struct Named {
    metadata: Name,
}

#[derive(Deserialize)]
struct Name {
    name: String,
}
