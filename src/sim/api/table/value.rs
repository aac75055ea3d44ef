//! Where the value of a column comes from.
//!
//! In `columns.txt`: `.a.b` is a field, and `.a.b?x` the same with `x` for an absent one; `.a.b#` is a count that may
//! be absent; `#.a.b` is the length of a list; any other word is a function of [`super::named`].

use jiff::Timestamp;
use serde_json::Value;

use super::cells::Compute;
use super::jsonpath::Path;
use super::{age, named};

#[derive(Debug)]
pub(super) enum Source {
    Field {
        pointer: String,
        absent: Value,
    },
    Length {
        pointer: String,
    },
    Computed(Compute),
    /// Of a `CustomResourceDefinition`, with the type of the column.
    Defined {
        path: Option<Path>,
        of: String,
    },
}

impl Source {
    /// `of` is the type of the column; it says what an absent field is shown as.
    pub(super) fn parse(text: &str, of: &str) -> Option<Self> {
        if let Some(pointer) = text.strip_prefix('#') {
            return Some(Self::Length {
                pointer: pointer.replace('.', "/"),
            });
        }
        if !text.starts_with('.') {
            return named::named(text).map(Self::Computed);
        }
        let (path, absent) = match (text.split_once('?'), text.strip_suffix('#'), of) {
            (Some((path, absent)), _, _) => (path, absent.into()),
            (_, Some(path), _) => (path, 0.into()),
            (_, _, "integer") => (text, 0.into()),
            (_, _, "boolean") => (text, false.into()),
            _ => (text, "".into()),
        };
        Some(Self::Field {
            pointer: path.replace('.', "/"),
            absent,
        })
    }

    pub(super) fn defined(path: &str, of: &str) -> Self {
        Self::Defined {
            path: Path::parse(path),
            of: of.to_owned(),
        }
    }

    pub(super) fn value(&self, object: &Value, now: Timestamp) -> Value {
        match self {
            Self::Field { pointer, absent } => match object.pointer(pointer) {
                None | Some(Value::Null) => absent.clone(),
                Some(Value::String(text)) if text.is_empty() => absent.clone(),
                Some(value) => value.clone(),
            },
            Self::Length { pointer } => {
                let list = object.pointer(pointer).and_then(Value::as_array);
                list.map_or(0, Vec::len).into()
            }
            Self::Computed(compute) => compute(object, now),
            Self::Defined { path, of } => {
                let found = path.as_ref().and_then(|path| path.first(object));
                found.map_or(Value::Null, |found| of_type(found, of, now))
            }
        }
    }
}

/// A value as a column of that type shows it; nothing if it does not fit.
fn of_type(value: &Value, of: &str, now: Timestamp) -> Value {
    match (of, value) {
        (_, Value::Null) => Value::Null,
        ("string", Value::String(text)) => text.as_str().into(),
        ("string", other) => other.to_string().into(),
        ("integer", Value::Number(number)) => integer(number),
        ("number", Value::Number(_)) | ("boolean", Value::Bool(_)) => value.clone(),
        ("date", Value::String(time)) => match time.parse() {
            Ok(time) => age::since(time, now).into(),
            Err(_) => "<invalid>".into(),
        },
        _ => Value::Null,
    }
}

/// Fractions are cut off.
fn integer(number: &serde_json::Number) -> Value {
    match number.as_i64() {
        Some(whole) => whole.into(),
        #[expect(clippy::cast_possible_truncation, reason = "the real server truncates")]
        None => number
            .as_f64()
            .map_or(Value::Null, |number| (number as i64).into()),
    }
}
