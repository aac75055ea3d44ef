//! The table of resources: one line for each kind that the API serves, built in or defined.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use super::schema::{self, Schema};

mod events;

/// One resource in one version.
#[derive(Debug, Clone)]
pub struct Resource {
    /// Empty for the core group.
    pub group: Arc<str>,
    pub version: Arc<str>,
    pub kind: Arc<str>,
    /// `pods`.
    pub plural: Arc<str>,
    pub singular: Arc<str>,
    /// `PodList`.
    pub list_kind: Arc<str>,
    pub short_names: Vec<Arc<str>>,
    pub categories: Vec<Arc<str>>,
    pub namespaced: bool,
    pub verbs: &'static [&'static str],
    pub subresources: Subresources,
    pub columns: Vec<Column>,
    pub schema: Schema,
    /// It comes from a `CustomResourceDefinition`.
    pub custom: bool,
    pub rules: Rules,
    pub stored: StoredAs,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "one for each subresource")]
pub struct Subresources {
    pub status: bool,
    pub scale: Option<ScalePaths>,
    pub eviction: bool,
    pub binding: bool,
    /// Namespaces only.
    pub finalize: bool,
}

/// Where the verbs differ from kind to kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rules {
    /// A PUT of something that does not exist creates it.
    pub upsert: bool,
    /// A PUT must say which resourceVersion it replaces.
    pub versioned: bool,
    /// DELETE answers with the object that it removed instead of a Status.
    pub returns_deleted: bool,
}

/// How its objects are stored: the versions of a defined kind share their objects, and so do both kinds of Events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAs {
    /// `resource` of the store's keys.
    pub resource: Arc<str>,
    /// `apiVersion` in the stored bytes.
    pub api_version: Arc<str>,
}

/// Where the replica counts are, as JSON pointers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScalePaths {
    pub spec: String,
    pub status: String,
    /// A label selector in its text form, or an object `matchLabels`/`matchExpressions`.
    pub selector: Option<String>,
}

/// A column of the table that `kubectl get` prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    /// `string`, `integer`, `date`, ...
    pub of: String,
    pub format: String,
    pub description: String,
    /// Shown with `-o wide` if above 0.
    pub priority: i32,
    /// Where its value is; built-in kinds compute theirs in `api::table`.
    pub path: Option<String>,
}

/// In the order of discovery.
const VERBS: &[&str] = &[
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
    "watch",
];
const VERBS_ONE_BY_ONE: &[&str] = &[
    "create", "delete", "get", "list", "patch", "update", "watch",
];

/// How the bytes of every object begin.
const HEAD: &[u8] = br#"{"apiVersion":""#;

impl Resource {
    /// `v1`, `apps/v1`.
    pub fn api_version(&self) -> String {
        api_version(&self.group, &self.version)
    }

    /// `pods`, `deployments.apps`: as messages name it.
    pub fn group_resource(&self) -> String {
        qualified(&self.plural, &self.group)
    }

    /// `Pod`, `Deployment.apps`.
    pub fn group_kind(&self) -> String {
        qualified(&self.kind, &self.group)
    }

    /// Stored bytes as this version shows them; the bytes themselves where it is the stored version.
    pub fn present(&self, json: &Bytes) -> Bytes {
        if self.custom {
            self.with_own_version(json)
        } else if self.shows_stored() {
            json.clone()
        } else {
            events::to_events_group(json)
        }
    }

    /// Whether stored bytes never need a conversion.
    pub fn shows_stored(&self) -> bool {
        !self.custom && &*self.group != events::GROUP
    }

    /// `apiVersion` is replaced without parsing the object: keys are stored in order, so it comes first. An object may
    /// have been stored when another version was the one to store.
    fn with_own_version(&self, json: &Bytes) -> Bytes {
        let Some(stored) = json.strip_prefix(HEAD) else {
            return self.parsed_with_own_version(json);
        };
        let own = self.api_version();
        let end = stored.iter().position(|byte| *byte == b'"').unwrap_or(0);
        if stored[..end] == *own.as_bytes() {
            return json.clone();
        }
        [HEAD, own.as_bytes(), &stored[end..]].concat().into()
    }

    /// A definition can allow fields whose names come before `apiVersion`.
    fn parsed_with_own_version(&self, json: &Bytes) -> Bytes {
        let Ok(Value::Object(mut object)) = serde_json::from_slice(json) else {
            return json.clone();
        };
        object.insert("apiVersion".to_owned(), self.api_version().into());
        Value::Object(object).to_string().into()
    }
}

pub(super) use events::to_core as event_to_core;

pub(super) fn api_version(group: &str, version: &str) -> String {
    if group.is_empty() {
        version.to_owned()
    } else {
        format!("{group}/{version}")
    }
}

fn qualified(name: &str, group: &str) -> String {
    if group.is_empty() {
        name.to_owned()
    } else {
        format!("{name}.{group}")
    }
}

/// The kinds that are served without any `CustomResourceDefinition`.
pub fn built_in() -> Vec<Arc<Resource>> {
    include_str!("resources/built_in.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(parse)
        .map(Arc::new)
        .collect()
}

/// A line of the table. A kind without a schema is not served.
fn parse(line: &str) -> Option<Resource> {
    let fields: Vec<&str> = line.split(' ').collect();
    let [
        api_version,
        plural,
        singular,
        kind,
        scope,
        short_names,
        categories,
        subresources,
        rules,
    ] = fields[..]
    else {
        return None;
    };
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let has = |field: &str, word: &str| field.split(',').any(|item| item == word);
    Some(Resource {
        group: group.into(),
        version: version.into(),
        kind: kind.into(),
        plural: plural.into(),
        singular: singular.into(),
        list_kind: format!("{kind}List").into(),
        short_names: words(short_names),
        categories: words(categories),
        namespaced: scope == "namespaced",
        verbs: if has(rules, "one-by-one") {
            VERBS_ONE_BY_ONE
        } else {
            VERBS
        },
        subresources: Subresources {
            status: has(subresources, "status"),
            scale: has(subresources, "scale").then(ScalePaths::built_in),
            eviction: has(subresources, "eviction"),
            binding: has(subresources, "binding"),
            finalize: has(subresources, "finalize"),
        },
        columns: Vec::new(),
        schema: schema::schema(api_version, kind)?,
        custom: false,
        rules: Rules {
            upsert: has(rules, "upsert"),
            versioned: has(rules, "versioned"),
            returns_deleted: has(rules, "returns-deleted"),
        },
        stored: stored_as(plural, group, api_version),
    })
}

fn words(list: &str) -> Vec<Arc<str>> {
    list.split(',')
        .filter(|word| *word != "-")
        .map(Arc::from)
        .collect()
}

fn stored_as(plural: &str, group: &str, api_version: &str) -> StoredAs {
    if group == events::GROUP {
        return stored_as(plural, "", "v1");
    }
    StoredAs {
        resource: qualified(plural, group).into(),
        api_version: api_version.into(),
    }
}

impl Resource {
    /// All verbs; for kinds that are defined while the API runs.
    pub(super) fn defined_verbs() -> &'static [&'static str] {
        VERBS
    }
}

impl ScalePaths {
    fn built_in() -> Self {
        Self {
            spec: "/spec/replicas".into(),
            status: "/status/replicas".into(),
            selector: Some("/spec/selector".into()),
        }
    }
}

#[cfg(test)]
mod tests;
