//! The forms in which objects are shown: whole, as metadata only, or as rows of a table.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::accept::Form;
use super::table::{Include, Table};
use crate::sim::clock::Clock;
use crate::sim::resources::Resource;

/// Shows objects of one resource in one form.
#[derive(Debug)]
pub(super) struct Presenter {
    pub form: Form,
    pub include: Include,
    pub clock: Clock,
    table: Table,
    /// What the bytes of an object of a built-in kind begin with, and what lists leave out.
    head: Vec<u8>,
}

impl Presenter {
    pub(super) fn new(resource: &Resource, form: Form, include: Include, clock: Clock) -> Self {
        let (api_version, kind) = (resource.api_version(), &resource.kind);
        let head = if resource.custom {
            Vec::new()
        } else {
            format!(r#"{{"apiVersion":"{api_version}","kind":"{kind}","#).into_bytes()
        };
        Self {
            form,
            include,
            clock,
            table: Table::of(resource),
            head,
        }
    }

    /// Objects are shown whole.
    pub(super) fn is_plain(&self) -> bool {
        self.form == Form::Object
    }

    /// One object, as an answer or in a watch. `first`: tables tell their columns.
    pub(super) fn object(&self, json: &Bytes, first: bool) -> Bytes {
        match self.form {
            Form::Object => json.clone(),
            Form::Metadata | Form::MetadataList => metadata_only(json).into(),
            Form::Table => self.one_row(json, first).to_string().into(),
        }
    }

    fn one_row(&self, json: &Bytes, first: bool) -> Value {
        let object = parse(json);
        let columns = if first {
            self.table.definitions()
        } else {
            Value::Null
        };
        let version = &object["metadata"]["resourceVersion"];
        json!({
            "kind": "Table",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": {"resourceVersion": version},
            "columnDefinitions": columns,
            "rows": [self.table.row(&object, self.include, self.clock.now())],
        })
    }

    /// Appends an object as an item of a list.
    pub(super) fn item(&self, json: &Bytes, list: &mut Vec<u8>) {
        match self.form {
            Form::Object => match json.strip_prefix(self.head.as_slice()) {
                Some(rest) if !self.head.is_empty() => {
                    list.push(b'{');
                    list.extend_from_slice(rest);
                }
                _ if self.head.is_empty() => list.extend_from_slice(json),
                _ => write_untyped(json, list),
            },
            Form::Metadata | Form::MetadataList => {
                list.extend_from_slice(metadata_only(json).as_bytes());
            }
            Form::Table => {
                let row = self.table.row(&parse(json), self.include, self.clock.now());
                list.extend_from_slice(row.to_string().as_bytes());
            }
        }
    }

    /// A list up to its first item.
    pub(super) fn list_head(&self, resource: &Resource, metadata: &Map<String, Value>) -> String {
        let metadata = Value::Object(metadata.clone());
        match self.form {
            Form::Object => format!(
                r#"{{"kind":"{}","apiVersion":"{}","metadata":{metadata},"items":["#,
                resource.list_kind,
                resource.api_version()
            ),
            Form::Metadata | Form::MetadataList => format!(
                r#"{{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":{metadata},"items":["#
            ),
            Form::Table => format!(
                r#"{{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{metadata},"columnDefinitions":{},"rows":["#,
                self.table.definitions()
            ),
        }
    }
}

/// Where other fields stand between `apiVersion` and `kind`.
fn write_untyped(json: &Bytes, list: &mut Vec<u8>) {
    let fields: BTreeMap<Cow<'_, str>, &RawValue> =
        serde_json::from_slice(json).unwrap_or_default();
    let mut separator = b'{';
    for (name, value) in fields {
        if name == "apiVersion" || name == "kind" {
            continue;
        }
        list.push(separator);
        separator = b',';
        list.extend_from_slice(Value::from(&*name).to_string().as_bytes());
        list.push(b':');
        list.extend_from_slice(value.get().as_bytes());
    }
    list.push(b'}');
}

/// What is stored is JSON.
fn parse(json: &Bytes) -> Value {
    serde_json::from_slice(json).unwrap_or_default()
}

fn metadata_only(json: &Bytes) -> String {
    #[derive(serde::Deserialize)]
    struct Object<'a> {
        #[serde(borrow)]
        metadata: &'a RawValue,
    }
    let metadata =
        serde_json::from_slice::<Object<'_>>(json).map_or("{}", |object| object.metadata.get());
    format!(
        r#"{{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{metadata}}}"#
    )
}
