//! How the merge sees the values of a kind.

use serde_json::{Map, Value};

use super::super::resources::Resource;
use super::super::schema::{List, Schemas, Type, TypeId};

/// The type of a place in an object; none where the schema says nothing.
pub(super) type Place = Option<TypeId>;

/// The types of a kind, with the one thing that depends on where they come from.
#[derive(Clone, Copy)]
pub(super) struct Shapes<'a> {
    pub schemas: &'a Schemas,
    pub root: Place,
    /// Fields below a place without a schema are owned one by one: so for defined kinds, not for built-in ones.
    granular_any: bool,
}

/// How the value of a place is compared, merged and owned.
pub(super) enum Shape<'a> {
    /// As a whole.
    Leaf,
    /// Item by item.
    Items(&'a List, TypeId),
    /// Field by field.
    Fields,
    /// Field by field if it is a map, as a whole if it is anything else.
    Deduced,
}

impl<'a> Shapes<'a> {
    pub(super) fn of(resource: &'a Resource) -> Self {
        Self {
            schemas: &resource.schema.schemas,
            root: Some(resource.schema.root),
            granular_any: resource.custom,
        }
    }

    pub(super) fn get(&self, place: Place) -> Shape<'a> {
        match place.map(|id| self.schemas.get(id)) {
            Some(Type::List { item, list }) if *list != List::Atomic => Shape::Items(list, *item),
            Some(Type::Object(object)) if !object.atomic => Shape::Fields,
            Some(Type::Map { atomic: false, .. }) => Shape::Fields,
            Some(Type::Any) | None if self.granular_any => Shape::Deduced,
            _ => Shape::Leaf,
        }
    }

    /// Whether a map or list is owned as a whole.
    pub(super) fn is_atomic(&self, place: Place) -> bool {
        let is_scalar = |id| matches!(self.schemas.get(id), Type::Scalar(_));
        matches!(self.get(place), Shape::Leaf) && !place.is_some_and(is_scalar)
    }

    pub(super) fn field(&self, of: Place, name: &str) -> Place {
        match self.schemas.get(of?) {
            Type::Object(object) => object.fields.get(name).map(|field| field.of),
            Type::Map { value, .. } => Some(*value),
            _ => None,
        }
    }

    /// Whether the type declares a field of this name.
    pub(super) fn declares(&self, of: Place, name: &str) -> bool {
        matches!(
            of.map(|of| self.schemas.get(of)),
            Some(Type::Object(object)) if object.fields.contains_key(name)
        )
    }
}

/// The fields of a value. None: it is absent, `null`, or no map.
pub(super) fn entries(value: Option<&Value>) -> Option<&Map<String, Value>> {
    value?.as_object()
}

/// The items of a value. Empty too if it is absent, `null`, or no list.
pub(super) fn items(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Neither a map nor nothing.
pub(super) fn is_other(value: Option<&Value>) -> bool {
    value.is_some_and(|value| !value.is_object() && !value.is_null())
}
