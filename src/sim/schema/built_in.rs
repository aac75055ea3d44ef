//! The types of the built-in kinds, read from `built-in.types`.
//!
//! That file has a section for each `package` of types, a line for each type (its name; if it is a kind, its
//! `apiVersion`; `atomic` if it is owned as a whole) and under it an indented line for each field:
//!
//! - the name, with `*` if the field is required;
//! - the type: a scalar, `any`, `[item]`, `{value}` or a type's name, with its package if that is another one;
//! - `list=set`, `list=map:KEYS` (atomic otherwise), `map=atomic`: for server-side apply;
//! - `patch=STRATEGIES:KEY`: for strategic merge patches;
//! - `omitempty`: an empty value is left out; `default=JSON`: what stands in for an absent one.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use super::{Field, List, Object, Scalar, Schema, Schemas, Strategy, Type, TypeId};

/// Names of the types that are not objects.
const SCALARS: [(&str, Type); 12] = [
    ("any", Type::Any),
    ("boolean", Type::Scalar(Scalar::Boolean)),
    ("bytes", Type::Scalar(Scalar::Bytes)),
    ("int-or-string", Type::Scalar(Scalar::IntOrString)),
    ("int32", Type::Scalar(Scalar::Integer)),
    ("int64", Type::Scalar(Scalar::Integer)),
    ("integer", Type::Scalar(Scalar::Integer)),
    ("micro-time", Type::Scalar(Scalar::Time)),
    ("number", Type::Scalar(Scalar::Number)),
    ("quantity", Type::Scalar(Scalar::Quantity)),
    ("string", Type::Scalar(Scalar::String)),
    ("time", Type::Scalar(Scalar::Time)),
];

/// The types, and which of them are kinds (`apps/v1 Deployment`).
struct Table {
    schemas: Arc<Schemas>,
    kinds: BTreeMap<String, TypeId>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    read(include_str!("built-in.types")).expect("the table in the binary is well-formed")
});

/// All types of the built-in kinds.
pub fn built_in() -> &'static Arc<Schemas> {
    &TABLE.schemas
}

/// The shape of a built-in kind.
pub fn schema(api_version: &str, kind: &str) -> Option<Schema> {
    let root = *TABLE.kinds.get(&format!("{api_version} {kind}"))?;
    Some(Schema {
        schemas: built_in().clone(),
        root,
    })
}

fn read(text: &str) -> Result<Table, String> {
    let mut reader = Reader::new();
    let mut kinds = BTreeMap::new();
    let declared = reader.declare(text, &mut kinds);
    for (package, id, object, fields) in declared {
        let object = reader.object(package, object, &fields)?;
        reader.schemas.types[id.0 as usize] = Type::Object(object);
    }
    Ok(Table {
        schemas: Arc::new(reader.schemas),
        kinds,
    })
}

/// A type before its fields are read: its package, its place, what is known of it, and the lines of its fields.
type Declared<'a> = (&'a str, TypeId, Object, Vec<&'a str>);

struct Reader {
    schemas: Schemas,
}

impl Reader {
    fn new() -> Self {
        let mut schemas = Schemas::default();
        for (name, of) in SCALARS {
            schemas.name(name.to_owned(), of);
        }
        Self { schemas }
    }

    /// Gives every type its place, because fields may name types that come later.
    fn declare<'a>(
        &mut self,
        text: &'a str,
        kinds: &mut BTreeMap<String, TypeId>,
    ) -> Vec<Declared<'a>> {
        let mut package = "";
        let mut declared: Vec<Declared> = Vec::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            if let Some(name) = line.strip_prefix("package ") {
                package = name;
            } else if let Some(field) = line.strip_prefix('\t') {
                if let Some((.., fields)) = declared.last_mut() {
                    fields.push(field);
                }
            } else if !line.is_empty() {
                let mut words = line.split(' ');
                let name = words.next().unwrap_or_default();
                let id = self.schemas.name(format!("{package}.{name}"), Type::Any);
                let mut object = Object::default();
                for word in words {
                    match word {
                        "atomic" => object.atomic = true,
                        version => drop(kinds.insert(format!("{version} {name}"), id)),
                    }
                }
                declared.push((package, id, object, Vec::new()));
            }
        }
        declared
    }

    fn object(
        &mut self,
        package: &str,
        mut object: Object,
        lines: &[&str],
    ) -> Result<Object, String> {
        for line in lines {
            let mut words = line.splitn(3, ' ');
            let (name, of) = (words.next(), words.next());
            let (Some(name), Some(of)) = (name, of) else {
                return Err(format!("a field without a type: {line}"));
            };
            let field = self.field(package, of, words.next().unwrap_or_default())?;
            let required = name.ends_with('*');
            let name = name.trim_end_matches('*').to_owned();
            object.fields.insert(name, Field { required, ..field });
        }
        Ok(object)
    }

    fn field(&mut self, package: &str, of: &str, mut words: &str) -> Result<Field, String> {
        let mut field = Field::default();
        let mut list = List::Atomic;
        let mut atomic = false;
        while !words.is_empty() {
            if let Some(default) = words.strip_prefix("default=") {
                let default = serde_json::from_str(default);
                field.default = Some(default.map_err(|error| error.to_string())?);
                break;
            }
            let (word, rest) = words.split_once(' ').unwrap_or((words, ""));
            words = rest;
            match word.split_once('=').unwrap_or((word, "")) {
                ("omitempty", _) => field.omit_empty = true,
                ("map", _) => atomic = true,
                ("list", how) => list = list_of(how),
                ("patch", how) => field.strategy = Some(strategy(how)),
                _ => return Err(format!("unknown word: {word}")),
            }
        }
        field.of = self.of(package, of, list, atomic)?;
        Ok(field)
    }

    /// The place of the type that `text` stands for.
    fn of(
        &mut self,
        package: &str,
        text: &str,
        list: List,
        atomic: bool,
    ) -> Result<TypeId, String> {
        if let Some(item) = inside(text, '[', ']') {
            let item = self.of(package, item, List::Atomic, false)?;
            return Ok(self.schemas.add(Type::List { item, list }));
        }
        if let Some(value) = inside(text, '{', '}') {
            let value = self.of(package, value, List::Atomic, false)?;
            return Ok(self.schemas.add(Type::Map { value, atomic }));
        }
        let names = &self.schemas.names;
        let own = names.get(&format!("{package}.{text}"));
        own.or_else(|| names.get(text))
            .copied()
            .ok_or_else(|| format!("unknown type: {text}"))
    }
}

fn inside(text: &str, open: char, close: char) -> Option<&str> {
    text.strip_prefix(open)?.strip_suffix(close)
}

fn list_of(how: &str) -> List {
    match how.split_once(':') {
        Some((_, keys)) => List::Map(keys.split(',').map(str::to_owned).collect()),
        None => List::Set,
    }
}

fn strategy(how: &str) -> Strategy {
    let (strategies, key) = how.split_once(':').unwrap_or((how, ""));
    let has = |word| strategies.split(',').any(|each| each == word);
    Strategy {
        merge: has("merge"),
        replace: has("replace"),
        retain_keys: has("retainKeys"),
        key: (!key.is_empty()).then(|| key.to_owned()),
    }
}
