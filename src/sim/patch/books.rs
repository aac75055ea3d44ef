//! `metadata.managedFields`: who owns which fields.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::super::resources::Resource;
use super::compare::Difference;
use super::fields::{self, Set};
use super::shape::Shapes;
use super::{Writer, fieldset};

/// Writers that did not apply, at most. The oldest ones become [`ANCIENT`].
const MOST_UPDATERS: usize = 10;
const ANCIENT: &str = "ancient-changes";

/// One owner. It is the same one whatever the time; an applier also whatever the version.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub manager: String,
    pub applied: bool,
    pub api_version: String,
    pub subresource: String,
    pub time: Option<String>,
    pub fields: Set,
}

impl Entry {
    pub(super) fn new(writer: &Writer, applied: bool, fields: Set) -> Self {
        let manager = match writer.manager.as_str() {
            "" => "unknown",
            manager => manager,
        };
        Self {
            manager: manager.to_owned(),
            applied,
            api_version: writer.api_version.clone(),
            subresource: writer.subresource.clone(),
            time: Some(writer.time.clone()),
            fields,
        }
    }

    pub(super) fn is_same_owner(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }

    /// In the order in which conflicts are listed.
    pub(super) fn identity(&self) -> (bool, &str, &str, &str, bool, &str) {
        let version = if self.applied { "" } else { &self.api_version };
        (
            self.manager.is_empty(),
            &self.manager,
            self.operation(),
            version,
            self.subresource.is_empty(),
            &self.subresource,
        )
    }

    fn operation(&self) -> &'static str {
        if self.applied { "Apply" } else { "Update" }
    }

    /// Appliers come first, then who wrote longest ago.
    fn rank(&self) -> (&str, Option<&str>, &str, &str, &str) {
        (
            self.operation(),
            self.time.as_deref(),
            &self.manager,
            &self.api_version,
            &self.subresource,
        )
    }

    /// A set that was not sent but stored is in its one form already.
    fn from_json(value: Value, is_stored: bool) -> Option<Self> {
        let Value::Object(mut entry) = value else {
            return None;
        };
        let mut text = |name: &str| match entry.remove(name) {
            Some(Value::String(text)) => text,
            _ => String::new(),
        };
        let applied = match text("operation").as_str() {
            "Apply" => true,
            "Update" => false,
            _ => return None,
        };
        let api_version = text("apiVersion");
        if api_version.is_empty() || text("fieldsType") != "FieldsV1" {
            return None;
        }
        let (manager, subresource, time) = (text("manager"), text("subresource"), text("time"));
        let fields = match entry.remove("fieldsV1") {
            Some(Value::Object(fields)) if is_stored => fields,
            Some(Value::Object(fields)) => fields::read(fields)?,
            None | Some(Value::Null) => Set::new(),
            Some(_) => return None,
        };
        Some(Self {
            manager,
            applied,
            api_version,
            subresource,
            time: (!time.is_empty()).then_some(time),
            fields,
        })
    }

    fn into_json(self) -> Value {
        let mut entry = Map::new();
        let operation = self.operation();
        let mut put = |name: &str, value: Value| entry.insert(name.to_owned(), value);
        put("apiVersion", self.api_version.into());
        put("fieldsType", "FieldsV1".into());
        put("fieldsV1", self.fields.into());
        put("operation", operation.into());
        for (name, text) in [
            ("manager", self.manager),
            ("subresource", self.subresource),
            ("time", self.time.unwrap_or_default()),
        ] {
            if !text.is_empty() {
                put(name, text.into());
            }
        }
        entry.into()
    }
}

/// All owners of an object.
#[derive(Debug, Clone, Default)]
pub(super) struct Books(pub Vec<Entry>);

impl Books {
    /// None: they cannot be read.
    pub(super) fn read(value: Value, is_stored: bool) -> Option<Self> {
        let Value::Array(value) = value else {
            return Some(Self::default());
        };
        let mut entries: Vec<Entry> = Vec::with_capacity(value.len());
        for entry in value {
            let entry = Entry::from_json(entry, is_stored)?;
            entries.retain(|other| !entry.is_same_owner(other));
            entries.push(entry);
        }
        Some(Self(entries))
    }

    /// Those of the object that a client sends, or of the stored one if it sends none or nonsense. An empty list, or
    /// one with an empty entry, throws the books away.
    pub(super) fn take(before: Option<&Value>, after: &mut Value, ignore_sent: bool) -> Self {
        let sent = take_stored(after);
        let stored = before.map(|before| &before["metadata"]["managedFields"]);
        if stored == Some(&sent) {
            return Self::read(sent, true).unwrap_or_default();
        }
        if !ignore_sent {
            if matches!(&sent, Value::Array(sent) if sent.is_empty() || *sent == [json!({})]) {
                return Self::default();
            }
            if let Some(books) = Self::read(sent, false)
                && !books.0.is_empty()
            {
                return books;
            }
        }
        let stored = stored.cloned().unwrap_or_default();
        Self::read(stored, true).unwrap_or_default()
    }

    /// Nobody has these fields any more.
    pub(super) fn take_away(&mut self, difference: &Difference) {
        for entry in &mut self.0 {
            fields::subtract(&mut entry.fields, &difference.changed);
            fields::subtract(&mut entry.fields, &difference.removed);
        }
    }

    /// Adds fields to those that their owner has. A write of nothing that can be owned leaves the time as it is.
    pub(super) fn give(&mut self, new: Entry) {
        if new.fields.is_empty() {
            return;
        }
        match self.0.iter_mut().find(|entry| entry.is_same_owner(&new)) {
            Some(entry) => {
                fields::add(&mut entry.fields, new.fields);
                entry.time = new.time;
            }
            None => self.0.push(new),
        }
    }

    /// Removes the entry of an owner.
    pub(super) fn remove(&mut self, owner: &Entry) -> Option<Entry> {
        let at = self.0.iter().position(|entry| entry.is_same_owner(owner))?;
        Some(self.0.remove(at))
    }

    pub(super) fn drop_empty(&mut self) {
        self.0.retain(|entry| !entry.fields.is_empty());
    }

    /// Types of defined kinds can change; those of built-in ones do not.
    pub(super) fn follow_schema(&mut self, resource: &Resource) {
        if resource.custom {
            for entry in &mut self.0 {
                entry.fields = fieldset::under_schema(Shapes::of(resource), &entry.fields);
            }
        }
    }

    pub(super) fn put(mut self, object: &mut Value) {
        self.0.sort_by(|one, other| one.rank().cmp(&other.rank()));
        let entries: Vec<Value> = self.0.into_iter().map(Entry::into_json).collect();
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut)
            && !entries.is_empty()
        {
            metadata.insert("managedFields".to_owned(), entries.into());
        }
    }

    /// Merges the oldest updaters until there are few enough.
    pub(super) fn cap_updaters(&mut self) {
        let mut updaters = self.0.iter().filter(|entry| !entry.applied).count();
        if updaters <= MOST_UPDATERS {
            return;
        }
        self.0
            .sort_by(|one, other| (&one.time, &one.manager).cmp(&(&other.time, &other.manager)));
        let mut buckets: HashMap<String, Entry> = HashMap::new();
        let mut rest = Vec::new();
        for entry in std::mem::take(&mut self.0) {
            if entry.applied || updaters <= MOST_UPDATERS {
                rest.push(entry);
                continue;
            }
            match buckets.get_mut(&entry.api_version) {
                None => {
                    buckets.insert(entry.api_version.clone(), entry);
                }
                Some(bucket) => {
                    ANCIENT.clone_into(&mut bucket.manager);
                    bucket.subresource.clear();
                    bucket.time = entry.time;
                    fields::add(&mut bucket.fields, entry.fields);
                    updaters -= 1;
                }
            }
        }
        rest.extend(buckets.into_values());
        self.0 = rest;
    }
}

/// Removes `metadata.managedFields` from an object.
pub(super) fn take_stored(object: &mut Value) -> Value {
    object
        .get_mut("metadata")
        .and_then(Value::as_object_mut)
        .and_then(|metadata| metadata.remove("managedFields"))
        .unwrap_or_default()
}

/// See [`super::settle`].
pub(super) fn settle(before: &Value, after: &mut Value) {
    let old = &before["metadata"]["managedFields"];
    let (Value::Array(old_entries), Value::Array(new_entries)) =
        (old, &after["metadata"]["managedFields"])
    else {
        return;
    };
    let same_but_time = old_entries.len() == new_entries.len()
        && old_entries != new_entries
        && old_entries
            .iter()
            .zip(new_entries)
            .all(|(old, new)| all_but(old, "time").eq(all_but(new, "time")));
    if same_but_time && is_same_otherwise(before, after) {
        after["metadata"]["managedFields"] = old.clone();
    }
}

/// Whether two objects differ in `managedFields` at most.
fn is_same_otherwise(one: &Value, other: &Value) -> bool {
    let (metadata, other_metadata) = (&one["metadata"], &other["metadata"]);
    all_but(one, "metadata").eq(all_but(other, "metadata"))
        && all_but(metadata, "managedFields").eq(all_but(other_metadata, "managedFields"))
}

fn all_but<'a>(object: &'a Value, left_out: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    let fields = object.as_object().into_iter().flatten();
    fields.filter(move |(name, _)| *name != left_out)
}
