//! What Go's JSON decoder says of broken input. Pure.

use serde_json::Value;
use serde_json::error::Category;

use crate::hash::hex;

/// The text of the error that Go's `encoding/json` reports where `serde_json` reports `error`.
pub(crate) fn json_error(bytes: &[u8], error: &serde_json::Error) -> String {
    if error.classify() == Category::Eof {
        return "unexpected end of JSON input".to_owned();
    }
    let Some(at) = character(bytes, error) else {
        return error.to_string();
    };
    let text = error.to_string();
    if text.starts_with("expected ident") {
        return literal_error(bytes).unwrap_or(text);
    }
    let place = if text.starts_with("expected value") {
        "looking for beginning of value"
    } else if text.starts_with("key must be a string") || text.starts_with("trailing comma") {
        "looking for beginning of object key string"
    } else if text.starts_with("expected `:`") {
        "after object key"
    } else if text.starts_with("expected `,` or `}`") {
        "after object key:value pair"
    } else if text.starts_with("expected `,` or `]`") {
        "after array element"
    } else if text.starts_with("trailing characters") {
        "after top-level value"
    } else if text.starts_with("control character") {
        "in string literal"
    } else {
        return text;
    };
    format!("invalid character {at} {place}")
}

/// Where the first literal goes wrong, if the input begins with one: `invalid character 'o' in literal null (expecting
/// 'u')`. Go reads byte by byte.
fn literal_error(bytes: &[u8]) -> Option<String> {
    let bytes = bytes.trim_ascii_start();
    let literal = ["null", "true", "false"]
        .into_iter()
        .find(|literal| literal.as_bytes().first() == bytes.first())?;
    let (found, expected) = bytes
        .iter()
        .zip(literal.bytes())
        .find(|(found, expected)| **found != *expected)?;
    Some(format!(
        "invalid character '{}' in literal {literal} (expecting '{}')",
        char::from(*found),
        char::from(expected)
    ))
}

/// The character that the error is about, quoted.
fn character(bytes: &[u8], error: &serde_json::Error) -> Option<String> {
    let line = bytes
        .split(|byte| *byte == b'\n')
        .nth(error.line().checked_sub(1)?)?;
    let text = String::from_utf8_lossy(line.get(error.column().checked_sub(1)?..)?);
    Some(match text.chars().next() {
        Some('\'') => "'\\''".to_owned(),
        Some('\\') => "'\\\\'".to_owned(),
        Some('\t') => "'\\t'".to_owned(),
        Some(c) => format!("'{c}'"),
        None => "'\\n'".to_owned(),
    })
}

/// How Go names the type of a JSON value.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The beginning of a body as errors quote it: text, or hexadecimal if it does not begin as an object does.
pub(super) fn summary(bytes: &[u8]) -> String {
    const MOST: usize = 30;
    if bytes.is_empty() {
        return "<empty>".to_owned();
    }
    let is_text = bytes[0] == b'{';
    let shown = if bytes.len() <= MOST {
        bytes
    } else {
        &bytes[..MOST]
    };
    let text = if is_text {
        String::from_utf8_lossy(shown).into_owned()
    } else {
        hex(shown)
    };
    if bytes.len() <= MOST {
        text
    } else {
        format!("{text} ...")
    }
}

/// `v1` for `v1` and `apps/v1`.
pub(super) fn package(api_version: &str) -> &str {
    api_version.rsplit('/').next().unwrap_or_default()
}

/// `core` for `v1`, `apps` for `apps/v1`.
pub(in crate::sim::api) fn internal_package(api_version: &str) -> &str {
    match api_version.split_once('/') {
        Some((group, _)) => group.split('.').next().unwrap_or_default(),
        None => "core",
    }
}
