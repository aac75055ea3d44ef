//! Replica counts of defined kinds: where their definition says that they are.

use serde_json::Value;

use super::report::{Path, Report};
use crate::sim::resources::ScalePaths;

pub(super) fn check(paths: &ScalePaths, object: &Value, report: &mut Report) {
    for pointer in [&paths.spec, &paths.status] {
        let place = pointer.replace('/', ".");
        let at = Path::Root.field(&place);
        match find(object, pointer) {
            Ok(None) => {}
            Ok(Some(value)) => match value.as_i64() {
                Some(count) if count < 0 => {
                    report.invalid(&at, count, "should be a non-negative integer");
                }
                Some(_) => {}
                None => report.invalid(&at, 0, &mistaken(&place, value, "int64")),
            },
            Err(value) => {
                let detail = mistaken(&place, value, "map[string]interface{}");
                report.invalid(&at, 0, &detail);
            }
        }
    }
}

/// `Err`: what stands in the way.
fn find<'a>(object: &'a Value, pointer: &str) -> Result<Option<&'a Value>, &'a Value> {
    let mut value = object;
    for name in pointer.split('/').skip(1) {
        let Value::Object(fields) = value else {
            return Err(value);
        };
        match fields.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(inner) => value = inner,
        }
    }
    Ok(Some(value))
}

fn mistaken(place: &str, value: &Value, wanted: &str) -> String {
    let (shown, of) = match value {
        Value::String(text) => (text.clone(), "string"),
        Value::Bool(_) => (value.to_string(), "bool"),
        Value::Number(number) if number.is_f64() => (value.to_string(), "float64"),
        Value::Number(_) => (value.to_string(), "int64"),
        Value::Array(_) => (value.to_string(), "[]interface {}"),
        _ => (value.to_string(), "map[string]interface {}"),
    };
    format!("{place} accessor error: {shown} is of the type {of}, expected {wanted}")
}
