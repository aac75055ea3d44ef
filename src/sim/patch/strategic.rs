//! Strategic merge patch: a merge patch that knows which lists have keys, and that has directives.

mod lists;
mod order;

use serde_json::{Map, Value};

use super::super::schema::{Schema, Schemas, Strategy, Type, TypeId};
use super::super::status::Status;
use super::go;
use super::merge_patch::without_nulls;

const DIRECTIVE: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const ELEMENT_ORDER: &str = "$setElementOrder";
const DELETE_FROM_LIST: &str = "$deleteFromPrimitiveList";

type Object = Map<String, Value>;

/// See [`super::strategic`].
pub(super) fn apply(current: &Value, patch: &Value, schema: &Schema) -> Result<Value, Status> {
    let Value::Object(patch) = patch else {
        return Err(Status::bad_request(format!(
            "json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
            go::json_type(patch)
        )));
    };
    let current = current.as_object().cloned().unwrap_or_default();
    let merged = Merge(&schema.schemas).maps(current, patch, Some(schema.root))?;
    Ok(Value::Object(merged))
}

/// What the schema says of a field.
struct Meta<'a> {
    /// Of the field; for a list, of its items.
    of: Option<TypeId>,
    strategy: Option<&'a Strategy>,
}

impl Meta<'_> {
    fn merges(&self) -> bool {
        self.strategy.is_some_and(|strategy| strategy.merge)
    }

    fn replaces(&self) -> bool {
        self.strategy.is_some_and(|strategy| strategy.replace)
    }

    fn key(&self) -> Option<&str> {
        self.strategy?.key.as_deref()
    }
}

struct Merge<'a>(&'a Schemas);

impl Merge<'_> {
    fn maps(&self, original: Object, patch: &Object, of: Option<TypeId>) -> Result<Object, Status> {
        if let Some(directive) = patch.get(DIRECTIVE) {
            return directed(directive, patch);
        }
        let mut merged = original;
        retain_keys(&mut merged, patch)?;
        let ordered = self.ordered_lists(&mut merged, patch, of)?;
        for (name, change) in patch {
            if name == RETAIN_KEYS || name.starts_with(ELEMENT_ORDER) || ordered.contains(name) {
                continue;
            }
            if name.starts_with(DELETE_FROM_LIST) {
                delete_from_list(&mut merged, name, change)?;
            } else if change.is_null() {
                merged.remove(name);
            } else {
                let meta = self.meta(of, name);
                match self.value(merged.remove(name), change, &meta)? {
                    Some(value) => merged.insert(name.clone(), value),
                    None => None,
                };
            }
        }
        Ok(merged)
    }

    /// A field after its change; none if the change is but a directive.
    fn value(
        &self,
        before: Option<Value>,
        change: &Value,
        meta: &Meta<'_>,
    ) -> Result<Option<Value>, Status> {
        match (before, change) {
            (Some(Value::Object(_)), Value::Object(_)) if meta.replaces() => {
                Ok(Some(change.clone()))
            }
            (Some(Value::Object(before)), Value::Object(change)) => self
                .maps(before, change, meta.of)
                .map(|map| Some(map.into())),
            (Some(Value::Array(before)), Value::Array(change)) => self
                .lists(before, change, meta)
                .map(|list| Some(list.into())),
            _ => Ok(without_directives(&without_nulls(change))),
        }
    }

    fn meta(&self, of: Option<TypeId>, name: &str) -> Meta<'_> {
        let (field, strategy) = match of.map(|of| self.0.get(of)) {
            Some(Type::Object(object)) => match object.fields.get(name) {
                Some(field) => (Some(field.of), field.strategy.as_ref()),
                None => (None, None),
            },
            Some(Type::Map { value, .. }) => (Some(*value), None),
            _ => (None, None),
        };
        let of = match field.map(|field| self.0.get(field)) {
            Some(Type::List { item, .. }) => Some(*item),
            _ => field,
        };
        Meta { of, strategy }
    }
}

/// `$patch` in a map.
fn directed(directive: &Value, patch: &Object) -> Result<Object, Status> {
    match directive.as_str() {
        Some("replace") => {
            let mut replacement = patch.clone();
            replacement.remove(DIRECTIVE);
            Ok(replacement)
        }
        Some("delete") => Ok(Object::new()),
        _ => Err(unknown_directive(directive, patch)),
    }
}

/// `$retainKeys`: fields that it does not list go. It must list what the patch sets.
fn retain_keys(original: &mut Object, patch: &Object) -> Result<(), Status> {
    let Some(retained) = patch.get(RETAIN_KEYS) else {
        return Ok(());
    };
    let bad = || Status::bad_request("invalid patch format of retainKeys");
    let retained = retained.as_array().ok_or_else(bad)?;
    let is_retained = |name: &String| retained.iter().any(|key| key == name);
    let is_directive = |name: &str| {
        name == RETAIN_KEYS || name.starts_with(ELEMENT_ORDER) || name.starts_with(DELETE_FROM_LIST)
    };
    for (name, value) in patch {
        if !value.is_null() && !is_directive(name) && !is_retained(name) {
            return Err(bad());
        }
    }
    original.retain(|name, _| is_retained(name));
    Ok(())
}

/// `$deleteFromPrimitiveList/finalizers`.
fn delete_from_list(merged: &mut Object, directive: &str, gone: &Value) -> Result<(), Status> {
    let name = list_of(directive, DELETE_FROM_LIST)
        .ok_or_else(|| Status::bad_request("invalid patch format of primitive list"))?;
    if let (Some(Value::Array(items)), Value::Array(gone)) = (merged.get_mut(name), gone) {
        items.retain(|item| !gone.contains(item));
    }
    Ok(())
}

/// The list that a directive is about: what stands behind the slash.
fn list_of<'a>(directive: &'a str, prefix: &str) -> Option<&'a str> {
    directive.strip_prefix(prefix)?.strip_prefix('/')
}

/// New values as they are, but for parts that are directives.
fn without_directives(value: &Value) -> Option<Value> {
    match value {
        Value::Object(fields) if fields.contains_key(DIRECTIVE) => None,
        Value::Object(fields) => Some(Value::Object(
            fields
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), without_directives(value)?)))
                .collect(),
        )),
        Value::Array(items) => Some(items.iter().filter_map(without_directives).collect()),
        other => Some(other.clone()),
    }
}

fn unknown_directive(directive: &Value, patch: &Object) -> Status {
    Status::unclassified(format!(
        "unknown patch type: {} in map: {}",
        go::print(directive),
        go::print(&Value::Object(patch.clone()))
    ))
}

fn no_merge_key(item: &Value, key: &str) -> Status {
    Status::unclassified(format!(
        "map: {} does not contain declared merge key: {key}",
        go::print(item)
    ))
}

fn bad_type(expected: &str, actual: &Value) -> Status {
    Status::unclassified(format!(
        "expected a {expected}, but received a {}",
        go::type_of(actual)
    ))
}
