//! The object before its creation, as the API server has it: a Go struct without values.
//!
//! It decides what a creator owns: a struct that is there anyway (`.spec`) is not new, a pointer to one is.

use serde_json::{Map, Value};

use super::super::resources::Resource;
use super::super::schema::{Field, Object, Schemas, Type};

/// Defined kinds have no structs: nothing is there but the kind.
pub(super) fn object(resource: &Resource) -> Value {
    match resource.schema.root() {
        Type::Object(object) if !resource.custom => fields(&resource.schema.schemas, object),
        _ => Value::Object(Map::new()),
    }
}

fn fields(schemas: &Schemas, object: &Object) -> Value {
    object
        .fields
        .iter()
        .filter_map(|(name, field)| Some((name.clone(), value(schemas, field)?)))
        .collect::<Map<_, _>>()
        .into()
}

/// The schema's defaults of fields that are always there are those of Go.
fn value(schemas: &Schemas, field: &Field) -> Option<Value> {
    let default = field.default.as_ref()?;
    match schemas.get(field.of) {
        Type::Object(object) if default.is_object() => Some(fields(schemas, object)),
        _ => Some(default.clone()),
    }
}
