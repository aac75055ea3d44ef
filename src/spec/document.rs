//! YAML text to a tree in which every key and value remembers its place.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy};
use serde_saphyr::{
    Error, Location, MessageFormatter, Options, Spanned, UserMessageFormatter, alias_limits,
    budget, options,
};

use super::problems::Problem;

/// A specification is written by hand; what is longer was not meant to be one.
const MAX_BYTES: usize = 256 * 1024;

pub(super) type Node = Spanned<Value>;

/// A YAML value. Mappings keep the order of the document; their keys are unique.
#[derive(Debug)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Integer(i128),
    Float(f64),
    String(String),
    List(Vec<Node>),
    Mapping(Vec<Entry>),
}

/// One `key: value` of a mapping.
pub(super) type Entry = (Spanned<String>, Node);

/// Parses exactly one document, which is not empty.
pub(super) fn read(text: &str) -> Result<Node, Problem> {
    let missing = || Problem::of_file("holds no document; expected one `Platform`");
    read_any(text)?.ok_or_else(missing)
}

/// Parses a document that may be empty.
pub(super) fn read_any(text: &str) -> Result<Option<Node>, Problem> {
    if text.len() > MAX_BYTES {
        return Err(Problem::of_file(format!(
            "is {} bytes long; at most {MAX_BYTES} are read",
            text.len()
        )));
    }
    match serde_saphyr::from_str_with_options::<Node>(text, strict()) {
        Ok(root) if matches!(root.value, Value::Null) => Ok(None),
        Ok(root) => Ok(Some(root)),
        Err(error) if matches!(error.without_snippet(), Error::Eof { .. }) => Ok(None),
        Err(error) => Err(problem(&error)),
    }
}

/// Budgets are far above any real specification and far below what would be felt.
fn strict() -> Options {
    options! {
        budget: budget! {
            max_depth: 32,
            max_events: 50_000,
            max_nodes: 20_000,
            max_aliases: 100,
            max_anchors: 100,
            max_documents: 2,
        },
        alias_limits: alias_limits! {
            max_total_replayed_events: 5_000,
            max_replay_stack_depth: 4,
        },
        duplicate_keys: DuplicateKeyPolicy::Error,
        merge_keys: MergeKeyPolicy::Error,
        strict_booleans: true,
        reject_unsupported_tags: true,
        with_snippet: false,
    }
}

fn problem(error: &Error) -> Problem {
    let message = match error.without_snippet() {
        Error::MultipleDocuments { .. } => "a second document; expected one per file".into(),
        other => UserMessageFormatter.format_message(other),
    };
    match error.location() {
        Some(location) if location != Location::UNKNOWN => Problem::at(location, message),
        _ => Problem::of_file(message),
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Integer(value.into()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Integer(value.into()))
    }

    fn visit_i128<E: de::Error>(self, value: i128) -> Result<Value, E> {
        Ok(Value::Integer(value))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Value::Mapping(entries))
    }
}

/// What was found, for `expected ..., found ...`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("nothing"),
            Self::Bool(value) => write!(f, "the boolean {value}"),
            Self::Integer(value) => write!(f, "the number {value}"),
            Self::Float(value) => write!(f, "the number {value}"),
            Self::String(value) => write!(f, "the string `{value}`"),
            Self::List(_) => f.write_str("a list"),
            Self::Mapping(_) => f.write_str("a mapping"),
        }
    }
}
