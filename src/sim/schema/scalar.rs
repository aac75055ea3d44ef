//! Checks scalars and gives them the form in which the real server writes them.

use jiff::Timestamp;
use serde_json::Value;

use super::{Scalar, quantity};

/// Why a value is not what it should be.
pub(super) enum Failure {
    /// What it is (`number 3.5`), and what was wanted (`int32`).
    Type {
        found: String,
        wanted: &'static str,
    },
    Text(String),
}

/// `named` asks for the type's name in the table: it tells widths of integers and precisions of times.
pub(super) fn read(
    of: Scalar,
    named: impl Fn(&str) -> bool,
    value: Value,
) -> Result<Value, Failure> {
    match (of, &value) {
        (Scalar::String | Scalar::IntOrString, Value::String(_))
        | (Scalar::Boolean, Value::Bool(_))
        | (Scalar::Number, Value::Number(_)) => Ok(value),
        (Scalar::Bytes, Value::String(text)) => base64(text).map(|()| value),
        (Scalar::Time, Value::String(text)) => time(text, named("micro-time")),
        (Scalar::Quantity, Value::String(_) | Value::Number(_)) => amount(&value),
        (Scalar::Quantity, _) => Err(Failure::Text(quantity::NO_QUANTITY.to_owned())),
        (Scalar::Integer, Value::Number(_)) => integer(value, named("int32")),
        (Scalar::IntOrString, Value::Number(_)) => integer(value, true),
        _ => Err(Failure::Type {
            found: kind(&value).to_owned(),
            wanted: wanted(of, named),
        }),
    }
}

/// What Go calls a value of JSON.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn wanted(of: Scalar, named: impl Fn(&str) -> bool) -> &'static str {
    match of {
        Scalar::String | Scalar::Time | Scalar::Quantity => "string",
        Scalar::Bytes => "[]uint8",
        Scalar::Integer if named("int64") => "int64",
        Scalar::Integer | Scalar::IntOrString => "int32",
        Scalar::Number => "float64",
        Scalar::Boolean => "bool",
    }
}

fn integer(value: Value, small: bool) -> Result<Value, Failure> {
    let fits = value
        .as_i64()
        .is_some_and(|number| !small || i32::try_from(number).is_ok());
    if fits {
        return Ok(value);
    }
    Err(Failure::Type {
        found: format!("number {value}"),
        wanted: if small { "int32" } else { "int64" },
    })
}

fn amount(value: &Value) -> Result<Value, Failure> {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match quantity::canonical(&text) {
        Ok(text) => Ok(text.into()),
        Err(text) => Err(Failure::Text(text.to_owned())),
    }
}

/// Times are kept in UTC, to the second or to the microsecond.
fn time(text: &str, micro: bool) -> Result<Value, Failure> {
    let parsed = text.parse::<Timestamp>().ok();
    let Some(time) = parsed.filter(|_| text.as_bytes().get(10) == Some(&b'T')) else {
        let layout = if micro { ".000000" } else { "" };
        return Err(Failure::Text(format!(
            "parsing time \"{text}\" as \"2006-01-02T15:04:05{layout}Z07:00\": cannot parse \"{text}\" as \"2006\""
        )));
    };
    let layout = if micro {
        "%Y-%m-%dT%H:%M:%S.%6fZ"
    } else {
        "%Y-%m-%dT%H:%M:%SZ"
    };
    Ok(time.strftime(layout).to_string().into())
}

/// Whether `text` is base64 with its padding; line breaks do not count.
fn base64(text: &str) -> Result<(), Failure> {
    let bytes: Vec<(usize, u8)> = text
        .bytes()
        .enumerate()
        .filter(|(_, byte)| !matches!(byte, b'\r' | b'\n'))
        .collect();
    let data = bytes
        .iter()
        .position(|(_, byte)| !(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')))
        .unwrap_or(bytes.len());
    let padding = bytes[data..]
        .iter()
        .take_while(|(_, byte)| *byte == b'=')
        .count();
    let needed = [0, 4, 2, 1][data % 4];
    if padding == needed && data + padding == bytes.len() {
        return Ok(());
    }
    let wrong = data + padding.min(if needed > 2 { 0 } else { needed });
    let at = bytes.get(wrong).map_or(text.len() / 4 * 4, |(at, _)| *at);
    Err(Failure::Text(format!(
        "illegal base64 data at input byte {at}"
    )))
}
