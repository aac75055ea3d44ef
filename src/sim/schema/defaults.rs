//! Fills in what the schema says stands for an absent field.

use serde_json::Value;

use super::{Object, Schemas, Type, TypeId};

/// Fills in `value` and everything below it.
pub(super) fn fill(schemas: &Schemas, of: TypeId, value: &mut Value) {
    match (schemas.get(of), value) {
        (Type::Object(object), Value::Object(fields)) => fill_object(schemas, object, fields),
        (Type::Map { value: of, .. }, Value::Object(fields)) => {
            for value in fields.values_mut() {
                fill(schemas, *of, value);
            }
        }
        (Type::List { item, .. }, Value::Array(items)) => {
            for value in items {
                fill(schemas, *item, value);
            }
        }
        _ => {}
    }
}

fn fill_object(schemas: &Schemas, object: &Object, fields: &mut serde_json::Map<String, Value>) {
    for (name, field) in &object.fields {
        match (&field.default, fields.get_mut(name)) {
            (_, Some(value)) => fill(schemas, field.of, value),
            (Some(default), None) => {
                let mut value = default.clone();
                fill(schemas, field.of, &mut value);
                fields.insert(name.clone(), value);
            }
            (None, None) => {}
        }
    }
}
