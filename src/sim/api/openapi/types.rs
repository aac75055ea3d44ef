//! Types as JSON schemas.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::reference;
use crate::sim::resources::Resource;
use crate::sim::schema::{Field, List, Object, Scalar, Schemas, Strategy, Type, TypeId};

const TIME: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.Time";
const MICRO_TIME: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime";
const QUANTITY: &str = "io.k8s.apimachinery.pkg.api.resource.Quantity";
const INT_OR_STRING: &str = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";

/// Adds the type of a resource's objects with all that it refers to. Returns its name.
pub(super) fn add(resource: &Resource, schemas: &mut Map<String, Value>) -> String {
    let arena = &*resource.schema.schemas;
    let names = arena
        .names
        .iter()
        .map(|(name, id)| (*id, name.as_str()))
        .collect();
    let mut writer = Writer {
        arena,
        names,
        custom: resource.custom,
        written: schemas,
    };
    let root = resource.schema.root;
    let name = match writer.names.get(&root) {
        Some(name) => (*name).to_owned(),
        None => defined_name(resource),
    };
    let mut shape = writer.shape(root);
    shape["x-kubernetes-group-version-kind"] = json!([{
        "group": &*resource.group, "kind": &*resource.kind, "version": &*resource.version,
    }]);
    schemas.insert(name.clone(), shape);
    name
}

/// `com.example.v1.Widget`.
fn defined_name(resource: &Resource) -> String {
    let mut parts: Vec<&str> = resource.group.rsplit('.').collect();
    parts.extend([&*resource.version, &*resource.kind]);
    parts.join(".")
}

struct Writer<'a> {
    arena: &'a Schemas,
    names: HashMap<TypeId, &'a str>,
    custom: bool,
    written: &'a mut Map<String, Value>,
}

impl Writer<'_> {
    /// A type where it is used: named ones are referred to.
    fn usage(&mut self, id: TypeId) -> Value {
        match (self.names.get(&id), self.arena.get(id)) {
            (Some(name), Type::Object(_)) => {
                let name = (*name).to_owned();
                if !self.written.contains_key(&name) {
                    // It may contain itself.
                    self.written.insert(name.clone(), Value::Null);
                    let shape = self.shape(id);
                    self.written.insert(name.clone(), shape);
                }
                reference(&name)
            }
            _ => self.shape(id),
        }
    }

    fn shape(&mut self, id: TypeId) -> Value {
        let arena = self.arena;
        match arena.get(id) {
            Type::Scalar(scalar) => self.scalar(id, *scalar),
            Type::Any if self.custom => json!({ "x-kubernetes-preserve-unknown-fields": true }),
            Type::Any => json!({ "type": "object" }),
            Type::Object(object) => self.object(object),
            Type::Map { value, atomic } => {
                let mut map =
                    json!({ "type": "object", "additionalProperties": self.usage(*value) });
                if *atomic {
                    map["x-kubernetes-map-type"] = "atomic".into();
                }
                map
            }
            Type::List { item, list } => {
                let mut array = json!({ "type": "array", "items": self.usage(*item) });
                describe_list(&mut array, list);
                array
            }
        }
    }

    fn object(&mut self, object: &Object) -> Value {
        let properties: Map<String, Value> = object
            .fields
            .iter()
            .map(|(name, field)| (name.clone(), self.field(field)))
            .collect();
        let required: Vec<&String> = object
            .fields
            .iter()
            .filter(|(_, field)| field.required)
            .map(|(name, _)| name)
            .collect();
        let mut shape = json!({ "type": "object" });
        if !properties.is_empty() {
            shape["properties"] = properties.into();
        }
        if !required.is_empty() {
            shape["required"] = json!(required);
        }
        if object.open {
            shape["x-kubernetes-preserve-unknown-fields"] = true.into();
        }
        if object.atomic {
            shape["x-kubernetes-map-type"] = "atomic".into();
        }
        shape
    }

    fn field(&mut self, field: &Field) -> Value {
        let mut shape = self.usage(field.of);
        let mut rest = Map::new();
        if let Some(default) = field.default.as_ref().filter(|default| !default.is_null()) {
            rest.insert("default".to_owned(), default.clone());
        }
        if field.nullable && self.custom {
            rest.insert("nullable".to_owned(), true.into());
        }
        describe_strategy(&mut rest, field.strategy.as_ref());
        // Nothing may stand beside a reference.
        if shape.get("$ref").is_some() && !rest.is_empty() {
            shape = json!({ "allOf": [shape] });
        }
        for (name, value) in rest {
            shape[name] = value;
        }
        shape
    }

    /// Built-in kinds refer to scalars that have a format of their own; defined ones describe them where they are.
    fn scalar(&mut self, id: TypeId, scalar: Scalar) -> Value {
        let format = self.names.get(&id).copied();
        let (name, shape) = match scalar {
            Scalar::String => return json!({ "type": "string" }),
            Scalar::Bytes => return json!({ "type": "string", "format": "byte" }),
            Scalar::Number => return json!({ "type": "number" }),
            Scalar::Boolean => return json!({ "type": "boolean" }),
            Scalar::Integer => {
                let mut shape = json!({ "type": "integer" });
                if let Some("int32" | "int64") = format {
                    shape["format"] = format.into();
                }
                return shape;
            }
            Scalar::Time if format == Some("micro-time") => (MICRO_TIME, date_time()),
            Scalar::Time => (TIME, date_time()),
            Scalar::Quantity => (QUANTITY, one_of("string", "number")),
            Scalar::IntOrString if self.custom => {
                return json!({ "x-kubernetes-int-or-string": true });
            }
            Scalar::IntOrString => (INT_OR_STRING, one_of("integer", "string")),
        };
        if self.custom {
            return shape;
        }
        self.written.insert(name.to_owned(), shape);
        reference(name)
    }
}

fn date_time() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

fn one_of(first: &str, second: &str) -> Value {
    json!({ "oneOf": [{ "type": first }, { "type": second }] })
}

fn describe_list(array: &mut Value, list: &List) {
    let kind = match list {
        List::Atomic => "atomic",
        List::Set => "set",
        List::Map(keys) => {
            array["x-kubernetes-list-map-keys"] = json!(keys);
            "map"
        }
    };
    array["x-kubernetes-list-type"] = kind.into();
}

fn describe_strategy(shape: &mut Map<String, Value>, strategy: Option<&Strategy>) {
    let Some(strategy) = strategy else { return };
    let strategies = [
        (strategy.merge, "merge"),
        (strategy.replace, "replace"),
        (strategy.retain_keys, "retainKeys"),
    ];
    let set: Vec<&str> = strategies
        .into_iter()
        .filter_map(|(is_set, name)| is_set.then_some(name))
        .collect();
    if !set.is_empty() {
        shape.insert(
            "x-kubernetes-patch-strategy".to_owned(),
            set.join(",").into(),
        );
    }
    if let Some(key) = &strategy.key {
        shape.insert(
            "x-kubernetes-patch-merge-key".to_owned(),
            key.as_str().into(),
        );
    }
}
