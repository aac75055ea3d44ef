//! What is wrong with an object, and where: the errors of fields in the real server's words.

use std::fmt;

use serde_json::Value;

use crate::sim::status::Cause;

/// The way to a value; lives on the stack and becomes a text only for an error.
#[derive(Debug, Clone, Copy)]
pub(super) enum Path<'a> {
    Root,
    Field(&'a Self, &'a str),
    /// An entry of a map: `data[a/b]`.
    Key(&'a Self, &'a str),
    Index(&'a Self, usize),
}

impl Path<'_> {
    pub(super) fn field<'s>(&'s self, name: &'s str) -> Path<'s> {
        Path::Field(self, name)
    }

    pub(super) fn key<'s>(&'s self, name: &'s str) -> Path<'s> {
        Path::Key(self, name)
    }

    pub(super) fn index(&self, index: usize) -> Path<'_> {
        Path::Index(self, index)
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Field(Self::Root, name) => out.write_str(name),
            Self::Field(parent, name) => write!(out, "{parent}.{name}"),
            Self::Key(parent, name) => write!(out, "{parent}[{name}]"),
            Self::Index(parent, index) => write!(out, "{parent}[{index}]"),
        }
    }
}

/// A value as an error shows it: JSON.
#[derive(Debug, Clone)]
pub(super) struct Shown(String);

impl Shown {
    /// An object whose fields stand in an order of their own: that of the real server's structs.
    pub(super) fn fields<'a>(fields: impl IntoIterator<Item = (&'a str, &'a Value)>) -> Self {
        let fields = fields.into_iter();
        let all: Vec<String> = fields
            .map(|(name, value)| format!("\"{name}\":{value}"))
            .collect();
        Self(format!("{{{}}}", all.join(",")))
    }

    pub(super) fn list(items: impl IntoIterator<Item = Self>) -> Self {
        let all: Vec<String> = items.into_iter().map(|item| item.0).collect();
        Self(format!("[{}]", all.join(",")))
    }
}

impl From<Value> for Shown {
    fn from(value: Value) -> Self {
        Self(value.to_string())
    }
}

impl From<&Value> for Shown {
    fn from(value: &Value) -> Self {
        Self(value.to_string())
    }
}

impl From<&str> for Shown {
    fn from(text: &str) -> Self {
        Value::from(text).into()
    }
}

impl From<i64> for Shown {
    fn from(number: i64) -> Self {
        Value::from(number).into()
    }
}

/// The errors that were found so far.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub causes: Vec<Cause>,
}

impl Report {
    fn add(&mut self, at: &Path, reason: &str, what: &str, detail: &str) {
        let message = if detail.is_empty() {
            what.to_owned()
        } else {
            format!("{what}: {detail}")
        };
        self.causes.push(Cause {
            reason: format!("FieldValue{reason}"),
            message,
            field: at.to_string(),
        });
    }

    /// `detail` may be empty.
    pub(super) fn required(&mut self, at: &Path, detail: &str) {
        self.add(at, "Required", "Required value", detail);
    }

    pub(super) fn forbidden(&mut self, at: &Path, detail: &str) {
        self.add(at, "Forbidden", "Forbidden", detail);
    }

    pub(super) fn invalid(&mut self, at: &Path, value: impl Into<Shown>, detail: &str) {
        let what = format!("Invalid value: {}", value.into().0);
        self.add(at, "Invalid", &what, detail);
    }

    /// An error for each of the texts.
    pub(super) fn invalid_all(&mut self, at: &Path, value: &str, details: &[String]) {
        for detail in details {
            self.invalid(at, value, detail);
        }
    }

    /// `detail` may be empty.
    pub(super) fn duplicate(&mut self, at: &Path, value: impl Into<Shown>, detail: &str) {
        let what = format!("Duplicate value: {}", value.into().0);
        self.add(at, "Duplicate", &what, detail);
    }

    pub(super) fn not_found(&mut self, at: &Path, value: &str) {
        let what = format!("Not found: {}", Value::from(value));
        self.add(at, "NotFound", &what, "");
    }

    pub(super) fn unsupported(&mut self, at: &Path, value: impl Into<Shown>, supported: &[&str]) {
        let quoted: Vec<String> = supported.iter().map(|one| format!("{one:?}")).collect();
        let what = format!("Unsupported value: {}", value.into().0);
        let detail = format!("supported values: {}", quoted.join(", "));
        self.add(at, "NotSupported", &what, &detail);
    }

    pub(super) fn too_long(&mut self, at: &Path, most: usize) {
        let detail = format!("may not be more than {most} bytes");
        self.add(at, "TooLong", "Too long", &detail);
    }

    pub(super) fn too_many(&mut self, at: &Path, count: usize, most: usize) {
        let items = if most == 1 { "item" } else { "items" };
        let detail = format!("must have at most {most} {items}");
        self.add(at, "TooMany", &format!("Too many: {count}"), &detail);
    }
}

/// Empty for what is no text.
pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Nothing for what is no list.
pub(super) fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Nothing for what is no map.
pub(super) fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let map = value.as_object().into_iter().flatten();
    map.map(|(name, value)| (name.as_str(), value))
}

/// Whether there is nothing: no value, an empty text, list or map.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}
