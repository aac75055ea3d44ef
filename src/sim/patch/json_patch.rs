//! JSON patch (RFC 6902), as the API server reads it: a field that does not exist counts as `null`, and indexes can
//! count from the end.

use serde_json::Value;

use super::super::status::{Details, Status};
use super::go;

/// More operations are refused.
const MOST_OPERATIONS: usize = 10_000;

/// Applies the operations in order; all of them or none.
pub(super) fn apply(current: &Value, patch: &Value) -> Result<Value, Status> {
    let Value::Array(operations) = patch else {
        return Err(Status::bad_request(format!(
            "error decoding patch: json: cannot unmarshal {} into Go value of type []handlers.jsonPatchOp",
            go::json_type(patch)
        )));
    };
    if operations.len() > MOST_OPERATIONS {
        return Err(too_many(operations.len()));
    }
    let mut object = current.clone();
    for operation in operations {
        perform(&mut object, operation).ok_or_else(rejected)?;
    }
    Ok(object)
}

/// The API does not say which operation failed, or why.
pub(super) fn rejected() -> Status {
    let message = "the server rejected our request due to an error in our request";
    Status::failure(422, "Invalid", message).with_details(Details::default())
}

fn too_many(count: usize) -> Status {
    Status::too_large(format!(
        "Request entity too large: The allowed maximum operations in a JSON patch is {MOST_OPERATIONS}, got {count}"
    ))
}

/// None: it cannot be performed, or is a test that fails.
fn perform(object: &mut Value, operation: &Value) -> Option<()> {
    let path = operation.get("path")?.as_str()?;
    let value = || operation.get("value").cloned().unwrap_or_default();
    match operation.get("op")?.as_str()? {
        "add" => add(object, path, value()),
        "remove" => remove(object, path).map(drop),
        "replace" => replace(object, path, value()),
        "move" => {
            let moved = remove(object, operation.get("from")?.as_str()?)?;
            add(object, path, moved)
        }
        "copy" => {
            let copied = get(object, operation.get("from")?.as_str()?)?;
            add(object, path, copied)
        }
        "test" if path.is_empty() => (*object == value()).then_some(()),
        "test" => (get(object, path)? == value()).then_some(()),
        _ => None,
    }
}

fn get(object: &mut Value, path: &str) -> Option<Value> {
    let (container, key) = find(object, path)?;
    match container {
        Value::Object(fields) => Some(fields.get(&key).cloned().unwrap_or_default()),
        Value::Array(items) => items.get(index(&key, items.len())?).cloned(),
        _ => None,
    }
}

fn add(object: &mut Value, path: &str, value: Value) -> Option<()> {
    let (container, key) = find(object, path)?;
    match container {
        Value::Object(fields) => {
            fields.insert(key, value);
        }
        Value::Array(items) if key == "-" => items.push(value),
        Value::Array(items) => {
            let at = index(&key, items.len() + 1).filter(|at| *at <= items.len())?;
            items.insert(at, value);
        }
        _ => return None,
    }
    Some(())
}

fn remove(object: &mut Value, path: &str) -> Option<Value> {
    let (container, key) = find(object, path)?;
    match container {
        Value::Object(fields) => fields.remove(&key),
        Value::Array(items) => {
            let at = index(&key, items.len()).filter(|at| *at < items.len())?;
            Some(items.remove(at))
        }
        _ => None,
    }
}

fn replace(object: &mut Value, path: &str, value: Value) -> Option<()> {
    if path.is_empty() {
        *object = Some(value).filter(|value| value.is_object() || value.is_array())?;
        return Some(());
    }
    let (container, key) = find(object, path)?;
    match container {
        Value::Object(fields) => {
            fields.insert(key, value);
        }
        Value::Array(items) => {
            let at = index(&key, items.len())?;
            *items.get_mut(at)? = value;
        }
        _ => return None,
    }
    Some(())
}

/// The map or list that a path ends in, and the last part of the path.
fn find<'a>(object: &'a mut Value, path: &str) -> Option<(&'a mut Value, String)> {
    let mut parts: Vec<String> = path.split('/').skip(1).map(unescaped).collect();
    let key = parts.pop()?;
    let mut at = object;
    for part in parts {
        at = match at {
            Value::Object(fields) => fields.get_mut(&part)?,
            Value::Array(items) => {
                let index = index(&part, items.len())?;
                items.get_mut(index)?
            }
            _ => return None,
        };
    }
    Some((at, key))
}

fn unescaped(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

/// Below zero it counts from the end.
fn index(key: &str, len: usize) -> Option<usize> {
    let index: isize = key.parse().ok()?;
    if index < 0 {
        len.checked_sub(index.unsigned_abs())
    } else {
        usize::try_from(index).ok()
    }
}
