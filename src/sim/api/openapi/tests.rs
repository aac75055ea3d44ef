use super::*;
use crate::sim::resources;

fn get(path: &str) -> Value {
    document(path, &resources::built_in()).unwrap()
}

/// All references of a document.
fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str));
            fields.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[test]
fn every_document_of_the_index_is_there_and_complete() {
    let index = get("/openapi/v3");
    let paths = index["paths"].as_object().unwrap();
    assert!(paths.contains_key("api/v1") && paths.contains_key("apis/apps/v1"));
    for entry in paths.values() {
        let document = get(entry["serverRelativeURL"].as_str().unwrap());
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(!found.is_empty());
        for reference in found {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(
                document.pointer(pointer).is_some_and(Value::is_object),
                "{reference}"
            );
        }
    }
}

#[test]
fn a_deployment_is_described_as_clients_look_for_it() {
    let document = get("/openapi/v3/apis/apps/v1");
    let schemas = &document["components"]["schemas"];
    assert_eq!(
        schemas["io.k8s.api.apps.v1.Deployment"]["x-kubernetes-group-version-kind"],
        json!([{ "group": "apps", "kind": "Deployment", "version": "v1" }])
    );
    let containers = &schemas["io.k8s.api.core.v1.PodSpec"]["properties"]["containers"];
    assert_eq!(containers["x-kubernetes-patch-merge-key"], "name");
    assert_eq!(containers["x-kubernetes-patch-strategy"], "merge");
    assert_eq!(containers["x-kubernetes-list-type"], "map");
    assert_eq!(containers["x-kubernetes-list-map-keys"], json!(["name"]));
    let patch =
        &document["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"];
    assert_eq!(
        patch["x-kubernetes-group-version-kind"]["kind"],
        "Deployment"
    );
    let names: Vec<&Value> = patch["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|parameter| &parameter["name"])
        .collect();
    assert_eq!(
        names,
        ["dryRun", "fieldManager", "fieldValidation", "force"]
    );
    let types = patch["requestBody"]["content"].as_object().unwrap();
    assert!(types.contains_key("application/strategic-merge-patch+json"));
}

#[test]
fn a_type_that_contains_itself_is_described_once() {
    let document = get("/openapi/v3/apis/apiextensions.k8s.io/v1");
    let name = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";
    let shape = &document["components"]["schemas"][name];
    assert_eq!(shape["properties"]["not"], reference(name));
}

#[test]
fn version_two_is_not_served() {
    assert_eq!(document("/openapi/v2", &resources::built_in()), None);
    assert_eq!(
        document("/openapi/v3/apis/nothing.io/v1", &resources::built_in()),
        None
    );
}
