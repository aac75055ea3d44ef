//! Shapes of kinds as data: which fields exist, what type each has, how lists merge, what is filled in.
//!
//! Types live in an arena because some contain themselves. Built-in kinds share one [`Schemas`]; each version of a
//! `CustomResourceDefinition` has its own.

mod built_in;
mod decode;
mod defaults;
mod defined;
mod formats;
mod quantity;
mod reader;
mod rules;
mod scalar;
mod syntax;
mod validate;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

pub use built_in::{built_in, schema};
pub use decode::{Decoded, convert, decode};
pub use defined::defined;
pub use rules::Rules;
pub(crate) use validate::invalid;
pub use validate::validate;

/// The name of the type of `metadata`.
const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// An arena of types.
#[derive(Debug, Clone, Default)]
pub struct Schemas {
    pub types: Vec<Type>,
    /// Ids of named types: `io.k8s.api.core.v1.Pod`.
    pub names: BTreeMap<String, TypeId>,
    /// Of a defined kind: what it asks of values beyond their types.
    pub rules: Option<Rules>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeId(pub u32);

/// The shape of a kind: an arena and the type of the whole object.
#[derive(Debug, Clone)]
pub struct Schema {
    pub schemas: Arc<Schemas>,
    pub root: TypeId,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Type {
    Scalar(Scalar),
    /// Anything at all, kept as it is (`x-kubernetes-preserve-unknown-fields`, `RawExtension`).
    Any,
    Object(Object),
    /// Values by free keys: labels.
    Map {
        value: TypeId,
        /// Owned and replaced as a whole.
        atomic: bool,
    },
    List {
        item: TypeId,
        list: List,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scalar {
    String,
    /// Base64.
    Bytes,
    /// RFC 3339.
    Time,
    Integer,
    Number,
    Boolean,
    /// `500m`, or a number.
    Quantity,
    /// A port or a percentage.
    IntOrString,
}

/// A type with named fields.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Object {
    pub fields: BTreeMap<String, Field>,
    /// Unknown fields are kept instead of pruned.
    pub open: bool,
    /// Owned and replaced as a whole.
    pub atomic: bool,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Field {
    pub of: TypeId,
    pub required: bool,
    /// `null` is a value and not an absence.
    pub nullable: bool,
    /// A zero, an empty text, list or map is the same as an absence, and is left out.
    pub omit_empty: bool,
    pub default: Option<Value>,
    /// How a strategic merge patch treats a list or an object; nothing: it replaces lists and merges objects.
    pub strategy: Option<Strategy>,
}

/// `x-kubernetes-patch-strategy` and `x-kubernetes-patch-merge-key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strategy {
    pub merge: bool,
    pub replace: bool,
    pub retain_keys: bool,
    /// For lists of objects.
    pub key: Option<String>,
}

/// How server-side apply treats a list (`x-kubernetes-list-type`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum List {
    Atomic,
    Set,
    /// By the values of these fields; a missing one has its default.
    Map(Vec<String>),
}

impl Schemas {
    pub fn get(&self, id: TypeId) -> &Type {
        &self.types[id.0 as usize]
    }

    pub(crate) fn add(&mut self, of: Type) -> TypeId {
        let id = u32::try_from(self.types.len()).expect("fewer than four billion types");
        self.types.push(of);
        TypeId(id)
    }

    /// Adds a type under a name.
    pub(crate) fn name(&mut self, name: String, of: Type) -> TypeId {
        let id = self.add(of);
        self.names.insert(name, id);
        id
    }

    /// The name of a type, found by looking at all of them: for messages.
    fn name_of(&self, id: TypeId) -> Option<&str> {
        let named = self.names.iter().find(|(_, named)| **named == id);
        named.map(|(name, _)| name.as_str())
    }
}

/// Fills in the schema's defaults.
pub fn fill(schema: &Schema, object: &mut Value) {
    defaults::fill(&schema.schemas, schema.root, object);
}

impl Schema {
    pub fn root(&self) -> &Type {
        self.schemas.get(self.root)
    }
}

#[cfg(test)]
mod tests;
