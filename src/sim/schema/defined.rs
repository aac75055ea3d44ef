//! From the `openAPIV3Schema` of a version of a `CustomResourceDefinition` to a [`Schema`].

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::rules::Rules;
use super::{Field, List, OBJECT_META, Object, Scalar, Schema, Schemas, Type, TypeId, built_in};

/// The shape of a version of a defined kind. What the definition says and a structural schema cannot say is ignored.
pub fn defined(version: &Value) -> Schema {
    let root = version.pointer("/schema/openAPIV3Schema");
    let root = root.unwrap_or(&Value::Null);
    let mut builder = Builder::new();
    let mut object = builder.object(root);
    object.open |= root.is_null();
    builder.embed(&mut object);
    let root_id = builder.schemas.add(Type::Object(object));
    builder.schemas.rules = Some(Rules::read(root));
    Schema {
        schemas: Arc::new(builder.schemas),
        root: root_id,
    }
}

struct Builder {
    schemas: Schemas,
    string: TypeId,
    metadata: TypeId,
}

impl Builder {
    fn new() -> Self {
        let mut schemas = Schemas::default();
        let metadata = built_in().names.get(OBJECT_META);
        let metadata = metadata.map(|id| import(*id, &mut schemas, &mut BTreeMap::new()));
        let string = schemas.add(Type::Scalar(Scalar::String));
        Self {
            metadata: metadata.unwrap_or(string),
            string,
            schemas,
        }
    }

    fn add(&mut self, schema: &Value) -> TypeId {
        let of = self.of(schema);
        self.schemas.add(of)
    }

    fn of(&mut self, schema: &Value) -> Type {
        if schema["x-kubernetes-int-or-string"] == true {
            return Type::Scalar(Scalar::IntOrString);
        }
        match schema["type"].as_str() {
            Some("string") => Type::Scalar(Scalar::String),
            Some("integer") => Type::Scalar(Scalar::Integer),
            Some("number") => Type::Scalar(Scalar::Number),
            Some("boolean") => Type::Scalar(Scalar::Boolean),
            Some("array") => Type::List {
                item: self.add(&schema["items"]),
                list: list(schema),
            },
            Some("object") => self.object_or_map(schema),
            _ => Type::Any,
        }
    }

    fn object_or_map(&mut self, schema: &Value) -> Type {
        let values = &schema["additionalProperties"];
        if values.is_object() || *values == true {
            return Type::Map {
                value: self.add(values),
                atomic: is_atomic(schema),
            };
        }
        let mut object = self.object(schema);
        if schema["x-kubernetes-embedded-resource"] == true {
            self.embed(&mut object);
        }
        if object.open && object.fields.is_empty() {
            Type::Any
        } else {
            Type::Object(object)
        }
    }

    fn object(&mut self, schema: &Value) -> Object {
        let required = schema["required"].as_array();
        let required = |name: &str| required.is_some_and(|all| all.iter().any(|one| one == name));
        let mut fields = BTreeMap::new();
        for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
            let field = Field {
                of: self.add(inner),
                required: required(name),
                nullable: inner["nullable"] == true,
                default: inner.get("default").cloned(),
                ..Field::default()
            };
            fields.insert(name.clone(), field);
        }
        Object {
            fields,
            open: schema["x-kubernetes-preserve-unknown-fields"] == true,
            atomic: is_atomic(schema),
        }
    }

    /// A whole object has these fields, whatever its schema says of them.
    fn embed(&mut self, object: &mut Object) {
        let fields = [
            ("apiVersion", self.string),
            ("kind", self.string),
            ("metadata", self.metadata),
        ];
        for (name, of) in fields {
            let field = Field {
                of,
                ..Field::default()
            };
            object.fields.insert(name.to_owned(), field);
        }
    }
}

fn is_atomic(schema: &Value) -> bool {
    schema["x-kubernetes-map-type"] == "atomic"
}

fn list(schema: &Value) -> List {
    match schema["x-kubernetes-list-type"].as_str() {
        Some("set") => List::Set,
        Some("map") => {
            let keys = schema["x-kubernetes-list-map-keys"].as_array();
            let keys = keys.into_iter().flatten();
            List::Map(keys.filter_map(Value::as_str).map(str::to_owned).collect())
        }
        _ => List::Atomic,
    }
}

/// Copies a built-in type with all that it is made of.
fn import(id: TypeId, into: &mut Schemas, known: &mut BTreeMap<TypeId, TypeId>) -> TypeId {
    if let Some(copy) = known.get(&id) {
        return *copy;
    }
    let copy = into.add(Type::Any);
    known.insert(id, copy);
    if let Some(name) = built_in().name_of(id) {
        into.names.insert(name.to_owned(), copy);
    }
    let mut of = built_in().get(id).clone();
    match &mut of {
        Type::Object(object) => {
            for field in object.fields.values_mut() {
                field.of = import(field.of, into, known);
            }
        }
        Type::Map { value, .. } => *value = import(*value, into, known),
        Type::List { item, .. } => *item = import(*item, into, known),
        Type::Any | Type::Scalar(_) => {}
    }
    into.types[copy.0 as usize] = of;
    copy
}

#[cfg(test)]
mod tests;
