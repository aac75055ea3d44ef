//! Protobuf bodies of built-in kinds, read into JSON: the generated Go clients, and with them kubectl, send no other.
//!
//! Answers are always JSON, which these clients take as well. `messages.txt` has the fields of all messages.

mod reader;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::LazyLock;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use reader::{Part, Reader};

/// What every body begins with.
const PREFIX: &[u8] = b"k8s\0";

/// Fields of a message by their numbers.
type Message = HashMap<u64, Field>;

#[derive(Debug)]
struct Field {
    name: &'static str,
    of: &'static str,
    /// A zero is a value and not an absence.
    keeps_zero: bool,
}

/// All messages by package and name: `core.Pod`.
static MESSAGES: LazyLock<HashMap<&'static str, Message>> = LazyLock::new(|| {
    let lines = include_str!("protobuf/messages.txt").lines();
    lines
        .filter(|line| !line.starts_with('#'))
        .map(message)
        .collect()
});

fn message(line: &'static str) -> (&'static str, Message) {
    let (name, fields) = line.split_once(' ').unwrap_or((line, ""));
    (name, fields.split(' ').filter_map(field).collect())
}

/// `3:replicas=i!`
fn field(text: &'static str) -> Option<(u64, Field)> {
    let (number, rest) = text.split_once(':')?;
    let (name, of) = rest.split_once('=')?;
    let field = Field {
        name,
        of: of.trim_end_matches('!'),
        keeps_zero: of.ends_with('!'),
    };
    Some((number.parse().ok()?, field))
}

/// The object in a body. The error is the real server's text.
pub(super) fn decode(bytes: &[u8]) -> Result<Value, String> {
    let Some(envelope) = bytes.strip_prefix(PREFIX) else {
        return Err(
            "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]".to_owned(),
        );
    };
    let (mut api_version, mut kind, mut raw) = (String::new(), String::new(), &[][..]);
    for entry in Reader::new(envelope) {
        match entry? {
            (1, Part::Bytes(type_meta)) => {
                for entry in Reader::new(type_meta) {
                    match entry? {
                        (1, Part::Bytes(text)) => api_version = string(text),
                        (2, Part::Bytes(text)) => kind = string(text),
                        _ => {}
                    }
                }
            }
            (2, Part::Bytes(bytes)) => raw = bytes,
            _ => {}
        }
    }
    let name = format!("{}.{kind}", package(&api_version, &kind));
    let message = MESSAGES.get(name.as_str());
    let message = message.ok_or_else(|| no_kind(&api_version, &kind))?;
    let mut object = read(message, raw)?;
    object.insert("apiVersion".to_owned(), api_version.into());
    object.insert("kind".to_owned(), kind.into());
    Ok(Value::Object(object))
}

fn no_kind(api_version: &str, kind: &str) -> String {
    format!(
        "no kind \"{kind}\" is registered for version \"{api_version}\" in scheme \"pkg/runtime/scheme.go:110\""
    )
}

/// The first part of a group's name: where its types are.
fn package<'a>(api_version: &'a str, kind: &str) -> &'a str {
    match api_version.split_once('/') {
        _ if kind == "DeleteOptions" => "meta",
        Some((group, _)) => group.split('.').next().unwrap_or_default(),
        None => "core",
    }
}

fn string(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn read(message: &Message, bytes: &[u8]) -> Result<Map<String, Value>, String> {
    let mut object = Map::new();
    for entry in Reader::new(bytes) {
        let (number, part) = entry?;
        // Fields of other versions are left out, as the real decoder does.
        let Some(field) = message.get(&number) else {
            continue;
        };
        add(&mut object, field, part)?;
    }
    Ok(object)
}

/// Adds one occurrence of a field.
fn add(object: &mut Map<String, Value>, field: &Field, part: Part<'_>) -> Result<(), String> {
    if let Some(item) = field.of.strip_prefix("[]") {
        let list = object.entry(field.name).or_insert_with(|| json!([]));
        if let (Value::Array(list), value) = (list, value(item, part)?) {
            list.push(value);
        }
        return Ok(());
    }
    if let Some(of) = field.of.strip_prefix("{}") {
        let (key, value) = map_entry(of, part)?;
        let map = object.entry(field.name).or_insert_with(|| json!({}));
        map[key] = value;
        return Ok(());
    }
    let value = value(field.of, part)?;
    match value {
        Value::Object(fields) if field.name == "^" => object.extend(fields),
        value if field.keeps_zero && !value.is_null() || !is_zero(&value) => {
            object.insert(field.name.to_owned(), value);
        }
        _ => {}
    }
    Ok(())
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

/// Maps are lists of messages with the key as first field and the value as second.
fn map_entry(of: &str, part: Part<'_>) -> Result<(String, Value), String> {
    let (mut key, mut found) = (String::new(), None);
    for entry in Reader::new(part.bytes()?) {
        match entry? {
            (1, Part::Bytes(text)) => key = string(text),
            (2, part) => found = Some(part),
            _ => {}
        }
    }
    Ok((key, value(of, found.unwrap_or(Part::Bytes(&[])))?))
}

fn value(of: &str, part: Part<'_>) -> Result<Value, String> {
    Ok(match of {
        "s" => string(part.bytes()?).into(),
        "x" => base64(part.bytes()?).into(),
        "i" => part.integer()?.into(),
        "b" => (part.integer()? != 0).into(),
        "time" => time(part.bytes()?)?,
        "quantity" => first_text(part.bytes()?)?.into(),
        "int-or-string" => int_or_string(part.bytes()?)?,
        "raw" => serde_json::from_str(&first_text(part.bytes()?)?).unwrap_or_default(),
        list if list.starts_with("[]") => items(&list[2..], part.bytes()?)?,
        message => {
            let message = MESSAGES
                .get(message)
                .ok_or_else(|| format!("no message {message}"))?;
            Value::Object(read(message, part.bytes()?)?)
        }
    })
}

fn base64(bytes: &[u8]) -> String {
    base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes)
}

/// A list in a place where only a message can be: its items are the message's first field.
fn items(of: &str, bytes: &[u8]) -> Result<Value, String> {
    let parts = Reader::new(bytes).map(|entry| value(of, entry?.1));
    parts
        .collect::<Result<Vec<Value>, String>>()
        .map(Value::Array)
}

/// The only field of a message.
fn first_text(bytes: &[u8]) -> Result<String, String> {
    match Reader::new(bytes).next().transpose()? {
        Some((1, part)) => Ok(string(part.bytes()?)),
        _ => Ok(String::new()),
    }
}

/// Seconds and nanoseconds; zero is no time.
fn time(bytes: &[u8]) -> Result<Value, String> {
    let (mut seconds, mut nanoseconds) = (0, 0);
    for entry in Reader::new(bytes) {
        match entry? {
            (1, part) => seconds = part.integer()?,
            (2, part) => nanoseconds = part.integer()?,
            _ => {}
        }
    }
    if (seconds, nanoseconds) == (0, 0) {
        return Ok(Value::Null);
    }
    let nanoseconds = i32::try_from(nanoseconds).map_err(|error| error.to_string())?;
    let time = Timestamp::new(seconds, nanoseconds).map_err(|error| error.to_string())?;
    Ok(time.to_string().into())
}

/// Which of the two, the number, the text.
fn int_or_string(bytes: &[u8]) -> Result<Value, String> {
    let (mut is_text, mut number, mut text) = (false, 0, String::new());
    for entry in Reader::new(bytes) {
        match entry? {
            (1, part) => is_text = part.integer()? == 1,
            (2, part) => number = part.integer()?,
            (3, part) => text = string(part.bytes()?),
            _ => {}
        }
    }
    Ok(if is_text { text.into() } else { number.into() })
}
