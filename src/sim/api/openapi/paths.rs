//! What can be asked of each resource, and how.

use serde_json::{Map, Value, json};

use super::reference;
use crate::sim::resources::Resource;

const PATCHES: [&str; 4] = [
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
];

/// `api/v1`, `apis/apps/v1`.
pub(super) fn root(group: &str, version: &str) -> String {
    match group {
        "" => format!("api/{version}"),
        group => format!("apis/{group}/{version}"),
    }
}

/// Adds the paths of a resource whose objects are of the type `name`.
pub(super) fn add(resource: &Resource, name: &str, paths: &mut Map<String, Value>) {
    let root = format!("/{}", root(&resource.group, &resource.version));
    let plural = &resource.plural;
    let all = format!("{root}/{plural}");
    let (collection, scope) = if resource.namespaced {
        let in_namespace = format!("{root}/namespaces/{{namespace}}/{plural}");
        paths.insert(
            all,
            json!({ "get": operation(resource, name, "get", "list") }),
        );
        (in_namespace, vec![path_parameter("namespace")])
    } else {
        (all, Vec::new())
    };
    let of_one = [scope.clone(), vec![path_parameter("name")]].concat();
    let item = format!("{collection}/{{name}}");
    if resource.subresources.status {
        let actions = ["get", "put", "patch"];
        paths.insert(
            format!("{item}/status"),
            described(resource, name, &actions, &of_one),
        );
    }
    let actions = ["get", "put", "patch", "delete"];
    paths.insert(item, described(resource, name, &actions, &of_one));
    let mut of_all = described(resource, name, &["post", "delete"], &scope);
    of_all["get"] = operation(resource, name, "get", "list");
    paths.insert(collection, of_all);
}

fn described(resource: &Resource, name: &str, methods: &[&str], parameters: &[Value]) -> Value {
    let mut item = json!({ "parameters": parameters });
    for method in methods {
        item[*method] = operation(resource, name, method, method);
    }
    item
}

fn operation(resource: &Resource, name: &str, method: &str, action: &str) -> Value {
    let mut operation = json!({
        "parameters": parameters(method),
        "responses": { "200": { "description": "OK", "content": content(&["application/json"], name) } },
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": {
            "group": &*resource.group, "version": &*resource.version, "kind": &*resource.kind,
        },
    });
    let body = match method {
        "patch" if resource.custom => content(&PATCHES[..3], name),
        "patch" => content(&PATCHES, name),
        "post" | "put" => content(&["*/*"], name),
        _ => return operation,
    };
    operation["requestBody"] = json!({ "content": body, "required": true });
    operation
}

fn content(types: &[&str], name: &str) -> Value {
    let of_type = |kind: &&str| ((*kind).to_owned(), json!({ "schema": reference(name) }));
    types.iter().map(of_type).collect::<Map<_, _>>().into()
}

fn parameters(method: &str) -> Vec<Value> {
    let names: &[&str] = match method {
        "post" | "put" => &["dryRun", "fieldManager", "fieldValidation"],
        "patch" => &["dryRun", "fieldManager", "fieldValidation", "force"],
        "delete" => &["dryRun", "gracePeriodSeconds", "propagationPolicy"],
        _ => &[],
    };
    names.iter().map(|name| query_parameter(name)).collect()
}

fn query_parameter(name: &str) -> Value {
    let kind = match name {
        "force" => "boolean",
        "gracePeriodSeconds" => "integer",
        _ => "string",
    };
    json!({ "name": name, "in": "query", "schema": { "type": kind, "uniqueItems": true } })
}

fn path_parameter(name: &str) -> Value {
    json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string", "uniqueItems": true } })
}
