//! Documents that are read by their types: price lists, workloads. Reading ends at the first problem; its field and what
//! was found there are looked up in the text.

use serde::de::DeserializeOwned;
use serde_saphyr::{Error, Location, MessageFormatter, UserMessageFormatter, options};

use super::document::{self, Node, Value};
use super::problems::{Problem, nearest};
use super::reader::join;

pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    let options = options! { with_snippet: false };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| problem(text, &error))
}

/// A place in a document.
struct Found {
    /// The mapping that a key is in, or else the same as `path`.
    parent: String,
    path: String,
    /// What is there, for people. Keys have none.
    value: Option<String>,
}

fn problem(text: &str, error: &Error) -> Problem {
    let Some(location) = error.location().filter(|at| *at != Location::UNKNOWN) else {
        return Problem::of_file(UserMessageFormatter.format_message(error));
    };
    // What is no document at all has no fields.
    let root = document::read(text).ok();
    let found = root.and_then(|root| find(&root, "", location));
    let hint = found.as_ref().and_then(|found| meant(error, &found.path));
    let message = match found {
        Some(found) => sentence(error, &found),
        None => UserMessageFormatter.format_message(error).into_owned(),
    };
    Problem::at(location, message).hint(hint)
}

/// The innermost key or value that begins there.
fn find(node: &Node, path: &str, at: Location) -> Option<Found> {
    let inner = match &node.value {
        Value::List(items) => items
            .iter()
            .enumerate()
            .find_map(|(place, item)| find(item, &format!("{path}[{place}]"), at)),
        Value::Mapping(entries) => entries.iter().find_map(|(key, value)| {
            let field = join(path, &key.value);
            if !begins(key.referenced, at) {
                return find(value, &field, at);
            }
            Some(Found {
                parent: path.to_owned(),
                path: field,
                value: None,
            })
        }),
        _ => None,
    };
    let here = || Found {
        parent: path.to_owned(),
        path: path.to_owned(),
        value: Some(node.value.to_string()),
    };
    inner.or_else(|| begins(node.referenced, at).then(here))
}

fn begins(one: Location, other: Location) -> bool {
    (one.line(), one.column()) == (other.line(), other.column())
}

/// `FIELD.PATH: what is wrong`, in the words of the other documents.
fn sentence(error: &Error, found: &Found) -> String {
    let Found {
        parent,
        path,
        value,
    } = found;
    let expected = match error.without_snippet() {
        Error::SerdeUnknownField { expected, .. } => {
            return format!("{path}: unknown field; expected {}", expected.join(", "));
        }
        Error::SerdeMissingField { field, .. } => {
            return format!("{}: is missing", join(parent, field));
        }
        Error::InvalidScalar { ty, .. } => kind(ty),
        Error::Unexpected { expected, .. } => kind(expected),
        Error::SerdeInvalidType { expected, .. } | Error::SerdeInvalidValue { expected, .. } => {
            expected
        }
        other => return format!("{path}: {}", UserMessageFormatter.format_message(other)),
    };
    let found = value.as_deref().unwrap_or("a key");
    format!("{path}: expected {expected}, found {found}")
}

/// What the parser expects, as people call it.
fn kind(ty: &str) -> &str {
    match ty {
        "sequence start" => "a list",
        "mapping start" => "a mapping",
        "bool" => "true or false",
        "f32" | "f64" => "a number",
        "u32" => "a whole number from 0 to 4294967295",
        "u8" | "u16" | "u64" => "a whole number from 0 on",
        "i8" | "i16" | "i32" | "i64" => "a whole number",
        other => other,
    }
}

fn meant(error: &Error, path: &str) -> Option<String> {
    let Error::SerdeUnknownField {
        field, expected, ..
    } = error.without_snippet()
    else {
        return None;
    };
    let meant = nearest(field, expected.iter().copied())?;
    Some(format!("`{path}`: did you mean `{meant}`?"))
}
