//! The defined kind of `widgets.json`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::super::super::resources::{self, Resource};
use super::super::super::schema::{Field, List, Object, Scalar, Schema, Schemas, Type, TypeId};

pub(super) fn resource() -> Resource {
    let definition: Value = serde_json::from_str(include_str!("widgets.json")).unwrap();
    let shape = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    let mut resource = built_in("v1", "Node");
    resource.group = "example.com".into();
    resource.kind = "Widget".into();
    resource.plural = "widgets".into();
    resource.namespaced = true;
    resource.custom = true;
    resource.schema = schema(shape);
    resource
}

pub(super) fn built_in(api_version: &str, kind: &str) -> Resource {
    let mut all = resources::built_in().into_iter();
    let found = all.find(|it| it.api_version() == api_version && &*it.kind == kind);
    Resource::clone(&found.unwrap())
}

/// The little of `OpenAPI` that `widgets.json` uses, with the metadata of Nodes.
fn schema(shape: &Value) -> Schema {
    let node = built_in("v1", "Node").schema;
    let mut schemas = Schemas::clone(&node.schemas);
    let Type::Object(node) = node.root().clone() else {
        panic!("a Node is an object");
    };
    let root = add(&mut schemas, shape);
    let Type::Object(object) = &mut schemas.types[root.0 as usize] else {
        panic!("a Widget is an object");
    };
    for name in ["apiVersion", "kind", "metadata"] {
        object
            .fields
            .insert(name.to_owned(), node.fields[name].clone());
    }
    Schema {
        schemas: Arc::new(schemas),
        root,
    }
}

fn add(schemas: &mut Schemas, shape: &Value) -> TypeId {
    let new = match shape["type"].as_str().unwrap() {
        "string" => Type::Scalar(Scalar::String),
        "integer" => Type::Scalar(Scalar::Integer),
        "array" => Type::List {
            item: add(schemas, &shape["items"]),
            list: list(shape),
        },
        _ if shape["additionalProperties"].is_object() => Type::Map {
            value: add(schemas, &shape["additionalProperties"]),
            atomic: false,
        },
        _ => object(schemas, shape),
    };
    schemas.types.push(new);
    TypeId(u32::try_from(schemas.types.len() - 1).unwrap())
}

fn list(shape: &Value) -> List {
    match shape["x-kubernetes-list-type"].as_str() {
        Some("set") => List::Set,
        Some("map") => {
            let keys = shape["x-kubernetes-list-map-keys"].clone();
            List::Map(serde_json::from_value(keys).unwrap())
        }
        _ => List::Atomic,
    }
}

fn object(schemas: &mut Schemas, shape: &Value) -> Type {
    let mut fields = BTreeMap::new();
    for (name, inner) in shape["properties"].as_object().into_iter().flatten() {
        let field = Field {
            of: add(schemas, inner),
            default: inner.get("default").cloned(),
            ..Field::default()
        };
        fields.insert(name.clone(), field);
    }
    Type::Object(Object {
        open: fields.is_empty() || shape["x-kubernetes-preserve-unknown-fields"] == json!(true),
        atomic: shape["x-kubernetes-map-type"] == "atomic",
        fields,
    })
}
