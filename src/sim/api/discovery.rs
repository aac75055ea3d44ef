//! What is served: `/version`, `/api`, `/apis` and the documents below them.

mod groups;
mod subresources;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::sim::resources::Resource;
pub(super) use groups::{Group, Version};
use subresources::{Subresource, subresources};

/// The Kubernetes whose API this is. The real server's version document has the same fields.
const MINOR: &str = "34";
const GIT_VERSION: &str = "v1.34.4";

/// The document at `path`. `aggregated`: all groups with their resources in one (`/api` and `/apis` only).
/// Nothing: there is no such group or version.
pub(super) fn document(path: &str, aggregated: bool, resources: &[Arc<Resource>]) -> Option<Value> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let groups = Group::all(resources);
    let find = |name: &str| groups.iter().find(|group| group.name == name);
    match parts[..] {
        ["version"] => Some(version()),
        ["api"] if aggregated => Some(all_in_one(find("").into_iter())),
        ["apis"] if aggregated => Some(all_in_one(groups.iter().filter(|it| !it.is_core()))),
        ["api"] => Some(core_versions()),
        ["apis"] => Some(group_list(groups.iter().filter(|it| !it.is_core()))),
        ["api", version] => find("")?.version(version).map(resource_list),
        ["apis", group] if !group.is_empty() => find(group).map(group_document),
        ["apis", group, version] => find(group)?.version(version).map(resource_list),
        _ => None,
    }
}

fn version() -> Value {
    json!({
        "major": "1",
        "minor": MINOR,
        "emulationMajor": "1",
        "emulationMinor": MINOR,
        "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "33",
        "gitVersion": GIT_VERSION,
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "rustc",
        "platform": format!("{}/{}", std::env::consts::OS, go_architecture()),
    })
}

/// Go's name of the machine.
fn go_architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// The address is the client's business: it has one already.
fn core_versions() -> Value {
    json!({ "kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [] })
}

fn group_list<'a>(groups: impl Iterator<Item = &'a Group<'a>>) -> Value {
    let groups: Vec<Value> = groups.map(group).collect();
    json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": groups })
}

fn group_document(found: &Group) -> Value {
    let mut document = group(found);
    document["kind"] = "APIGroup".into();
    document["apiVersion"] = "v1".into();
    document
}

fn group(group: &Group) -> Value {
    let named = |version: &Version| json!({ "groupVersion": version.api_version(), "version": version.name });
    let versions: Vec<Value> = group.versions.iter().map(named).collect();
    json!({ "name": group.name, "versions": versions, "preferredVersion": versions.first() })
}

fn resource_list(version: &Version) -> Value {
    let mut list = Vec::new();
    for resource in &version.resources {
        list.push(resource_entry(resource));
        for subresource in subresources(resource) {
            list.push(subresource_entry(resource, &subresource));
        }
    }
    let mut document = json!({
        "kind": "APIResourceList",
        "groupVersion": version.api_version(),
        "resources": list,
    });
    // The core group is older than this field.
    if !version.group.is_empty() {
        document["apiVersion"] = "v1".into();
    }
    document
}

fn resource_entry(resource: &Resource) -> Value {
    let mut entry = json!({
        "name": &*resource.plural,
        "singularName": &*resource.singular,
        "namespaced": resource.namespaced,
        "kind": &*resource.kind,
        "verbs": verbs(resource),
        "storageVersionHash": storage_version_hash(resource),
    });
    add_names(&mut entry, resource);
    entry
}

fn subresource_entry(resource: &Resource, subresource: &Subresource) -> Value {
    let mut entry = json!({
        "name": format!("{}/{}", resource.plural, subresource.name),
        "singularName": "",
        "namespaced": resource.namespaced,
        "kind": subresource.kind,
        "verbs": subresource.verbs,
    });
    if let Some((group, version)) = subresource.group_version {
        entry["group"] = group.into();
        entry["version"] = version.into();
    }
    entry
}

/// Defined kinds list theirs in an order of their own.
fn verbs(resource: &Resource) -> Vec<&'static str> {
    let mut verbs = resource.verbs.to_vec();
    if resource.custom {
        verbs.sort_by_key(|verb| match *verb {
            "create" => 1,
            "update" | "watch" => 2,
            _ => 0,
        });
    }
    verbs
}

fn add_names(entry: &mut Value, resource: &Resource) {
    for (field, names) in [
        ("shortNames", &resource.short_names),
        ("categories", &resource.categories),
    ] {
        if !names.is_empty() {
            let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
            entry[field] = json!(names);
        }
    }
}

/// It tells clients whether two versions are stored as the same thing.
fn storage_version_hash(resource: &Resource) -> String {
    let stored = &resource.stored.api_version;
    let slash = if stored.contains('/') { "" } else { "/" };
    let hash = Sha256::digest(format!("{slash}{stored}/{}", resource.kind));
    STANDARD.encode(&hash[..8])
}

fn all_in_one<'a>(groups: impl Iterator<Item = &'a Group<'a>>) -> Value {
    let items: Vec<Value> = groups.map(aggregated_group).collect();
    json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    })
}

fn aggregated_group(group: &Group) -> Value {
    let metadata = match group.name {
        "" => json!({}),
        name => json!({ "name": name }),
    };
    let versions: Vec<Value> = group
        .versions
        .iter()
        .map(|version| {
            let resources: Vec<Value> = version.resources.iter().copied().map(aggregated).collect();
            json!({ "version": version.name, "resources": resources, "freshness": "Current" })
        })
        .collect();
    json!({ "metadata": metadata, "versions": versions })
}

fn aggregated(resource: &Resource) -> Value {
    let mut entry = json!({
        "resource": &*resource.plural,
        "responseKind": response_kind(resource, &resource.kind),
        "scope": if resource.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": &*resource.singular,
        "verbs": verbs(resource),
    });
    add_names(&mut entry, resource);
    let subresources: Vec<Value> = subresources(resource)
        .iter()
        .map(|subresource| {
            let kind = match subresource.group_version {
                Some((group, version)) => {
                    json!({ "group": group, "version": version, "kind": subresource.kind })
                }
                None => response_kind(resource, subresource.kind),
            };
            json!({ "subresource": subresource.name, "responseKind": kind, "verbs": subresource.verbs })
        })
        .collect();
    if !subresources.is_empty() {
        entry["subresources"] = subresources.into();
    }
    entry
}

/// Built-in kinds do not repeat the group and version that they are listed under.
fn response_kind(resource: &Resource, kind: &str) -> Value {
    if resource.custom {
        json!({ "group": &*resource.group, "version": &*resource.version, "kind": kind })
    } else {
        json!({ "group": "", "version": "", "kind": kind })
    }
}
