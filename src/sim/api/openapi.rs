//! Descriptions of the kinds for `kubectl explain` and for validation in clients: `/openapi/v3` and below.
//!
//! They say what the types are, not what they are for: texts are left out. Version 2 is not served; clients that look
//! for it after version 3 do without.

mod paths;
mod types;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::discovery::{Group, Version};
use crate::sim::resources::Resource;

/// The document at `path`. Nothing: there is none.
pub(super) fn document(path: &str, resources: &[Arc<Resource>]) -> Option<Value> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let groups = Group::all(resources);
    let (group, version) = match parts[..] {
        ["openapi", "v3"] => return Some(index(&groups)),
        ["openapi", "v3", "api", version] => ("", version),
        ["openapi", "v3", "apis", group, version] => (group, version),
        _ => return None,
    };
    let group = groups.iter().find(|found| found.name == group)?;
    group.version(version).map(describe)
}

fn index(groups: &[Group]) -> Value {
    let paths: Map<String, Value> = groups
        .iter()
        .flat_map(|group| &group.versions)
        .map(|version| {
            let path = paths::root(version.group, version.name);
            let url = json!({ "serverRelativeURL": format!("/openapi/v3/{path}") });
            (path, url)
        })
        .collect();
    json!({ "paths": paths })
}

fn describe(version: &Version) -> Value {
    let mut schemas = Map::new();
    let mut paths = Map::new();
    for resource in &version.resources {
        let name = types::add(resource, &mut schemas);
        paths::add(resource, &name, &mut paths);
    }
    json!({
        "openapi": "3.0.0",
        "info": { "title": "Kubernetes", "version": "1.34" },
        "paths": paths,
        "components": { "schemas": schemas },
    })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}
