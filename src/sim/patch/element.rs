//! Path elements: the name of a field, the keys of a list's item, or the value of a set's item.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::super::schema::{List, Schemas, Type, TypeId};

/// `f:replicas`.
pub(super) fn field(name: &str) -> String {
    format!("f:{name}")
}

/// The element of an item of a list that is a set or a map, or why it has none.
pub(super) fn item(
    schemas: &Schemas,
    list: &List,
    item_type: TypeId,
    item: &Value,
) -> Result<String, String> {
    match list {
        List::Map(keys) => keyed(schemas, keys, item_type, item),
        List::Set | List::Atomic => valued(item),
    }
}

fn valued(item: &Value) -> Result<String, String> {
    match item {
        Value::Object(_) => {
            Err("associative list without keys has an element that's a map type".to_owned())
        }
        Value::Array(_) => Err("not supported: associative list with lists as elements".to_owned()),
        Value::Null => {
            Err("associative list without keys has an element that's an explicit null".to_owned())
        }
        scalar => Ok(format!("v:{}", printed(scalar))),
    }
}

fn keyed(
    schemas: &Schemas,
    keys: &[String],
    item_type: TypeId,
    item: &Value,
) -> Result<String, String> {
    let fields = match item {
        Value::Null => {
            return Err("associative list with keys may not have a null element".to_owned());
        }
        Value::Object(fields) => fields,
        _ => return Err("associative list with keys may not have non-map elements".to_owned()),
    };
    let mut present: Vec<(&str, &Value)> = keys
        .iter()
        .filter_map(|key| {
            let value = fields.get(key);
            let value = value.or_else(|| key_default(schemas, item_type, key))?;
            Some((key.as_str(), value))
        })
        .collect();
    if present.is_empty() {
        return Err(format!(
            "associative list with keys has an element that omits all key fields [{}] (and doesn't have default values for any key fields)",
            keys.iter()
                .map(|key| format!("{key:?}"))
                .collect::<Vec<_>>()
                .join(" ")
        ));
    }
    present.sort_by_key(|(name, _)| *name);
    let present = present.iter();
    let printed: Vec<String> = present
        .map(|(name, value)| format!("\"{name}\":{}", printed(value)))
        .collect();
    Ok(format!("k:{{{}}}", printed.join(",")))
}

fn key_default<'a>(schemas: &'a Schemas, item_type: TypeId, key: &str) -> Option<&'a Value> {
    match schemas.get(item_type) {
        Type::Object(object) => {
            let default = object.fields.get(key)?.default.as_ref()?;
            (!default.is_null()).then_some(default)
        }
        _ => None,
    }
}

/// As the API prints JSON: `<`, `>` and `&` escaped, whole numbers without a fraction.
fn printed(value: &Value) -> String {
    match value {
        Value::Number(number) => match number.as_f64() {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "it was checked to be small and whole"
            )]
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e15 => {
                (float as i64).to_string()
            }
            _ => number.to_string(),
        },
        Value::String(text) if text.contains(['<', '>', '&']) => value
            .to_string()
            .replace('<', "\\u003c")
            .replace('>', "\\u003e")
            .replace('&', "\\u0026"),
        other => other.to_string(),
    }
}

pub(super) fn is_valid(key: &str) -> bool {
    match key.split_once(':') {
        Some(("f", _)) => true,
        Some(("v", value)) => serde_json::from_str::<Value>(value).is_ok(),
        Some(("k", keys)) => serde_json::from_str::<Map<String, Value>>(keys).is_ok(),
        Some(("i", index)) => index.parse::<i64>().is_ok(),
        _ => false,
    }
}

/// `.replicas`, `[name="web"]`, `[="a"]`.
pub(super) fn display(key: &str) -> String {
    match key.split_once(':') {
        Some(("f", name)) => format!(".{name}"),
        Some(("v", value)) => format!("[={}]", readable(value)),
        Some(("k", keys)) => format!("[{}]", readable_keys(keys)),
        Some((_, rest)) => format!("[{rest}]"),
        None => key.to_owned(),
    }
}

fn readable(json: &str) -> String {
    serde_json::from_str::<Value>(json).map_or_else(|_| json.to_owned(), |value| value.to_string())
}

fn readable_keys(json: &str) -> String {
    let keys: Map<String, Value> = serde_json::from_str(json).unwrap_or_default();
    let mut keys: Vec<String> = keys
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    keys.sort();
    keys.join(",")
}

/// The API's order: names of fields, then keys (numbers as numbers), then values.
pub(super) fn compare(one: &str, other: &str) -> Ordering {
    let kind = |key: &str| "fkvi".find(key.chars().next().unwrap_or('f'));
    kind(one).cmp(&kind(other)).then_with(|| {
        if one.starts_with("f:") {
            return one.cmp(other);
        }
        let parse = |key: &str| serde_json::from_str::<Value>(&key[2..]).unwrap_or_default();
        compare_values(&parse(one), &parse(other))
    })
}

fn compare_values(one: &Value, other: &Value) -> Ordering {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            let (one, other) = (one.as_f64(), other.as_f64());
            one.partial_cmp(&other).unwrap_or(Ordering::Equal)
        }
        (Value::Object(one), Value::Object(other)) => compare_keys(one, other),
        (one, other) => one.to_string().cmp(&other.to_string()),
    }
}

fn compare_keys(one: &Map<String, Value>, other: &Map<String, Value>) -> Ordering {
    for ((name, value), (other_name, other_value)) in one.iter().zip(other) {
        let order = name
            .cmp(other_name)
            .then_with(|| compare_values(value, other_value));
        if order != Ordering::Equal {
            return order;
        }
    }
    one.len().cmp(&other.len())
}
