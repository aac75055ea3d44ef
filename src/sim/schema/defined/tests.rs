use serde_json::json;

use super::*;
use crate::sim::kinds;
use crate::sim::resources::{self, Resource};

fn things() -> Resource {
    let version = serde_json::from_str(include_str!("thing.json")).unwrap();
    let any = resources::built_in().into_iter().next().unwrap();
    let mut things = (*any).clone();
    things.group = "ex.io".into();
    things.kind = "Thing".into();
    things.custom = true;
    things.namespaced = true;
    things.schema = defined(&version);
    things
}

/// `things.jsonl` holds specs as they were posted to a real kube-apiserver 1.34 whose definition of the kind is
/// `thing.json`, and what it stored, or why it refused them.
#[test]
fn specs_are_stored_or_refused_as_the_real_server_does_it() {
    let things = things();
    for line in include_str!("things.jsonl").lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let metadata = json!({"name": "a", "namespace": "b"});
        let thing = json!({
            "apiVersion": "ex.io/v1", "kind": "Thing", "metadata": metadata, "spec": case["spec"],
        });
        let object = kinds::decode(&things, thing).unwrap().object;
        let causes = kinds::validate_create(&things, &object);
        if let Some(stored) = case.get("stored") {
            assert_eq!(json!(causes), json!([]), "{line}");
            assert_eq!(&object["spec"], stored, "{line}");
        } else {
            assert_eq!(json!(causes), case["causes"], "{line}");
        }
    }
}

#[test]
fn unknown_fields_are_listed_in_the_real_servers_order() {
    let body = br#"{"apiVersion":"ex.io/v1","kind":"Thing","z":1,"metadata":{"name":"a","x":3},
        "spec":{"z":1,"z":2,"b":3,"list":[{"k":"a","z":3}]},"a":3}"#;
    let refusal = super::super::decode(&things(), body, "Strict").unwrap_err();
    assert_eq!(
        refusal.message,
        r#"Thing in version "v1" cannot be handled as a Thing: strict decoding error: duplicate field "spec.z", unknown field "metadata.x", unknown field "a", unknown field "spec.b", unknown field "spec.list[0].z", unknown field "spec.z", unknown field "z""#
    );
}

#[test]
fn metadata_is_read_like_that_of_built_in_kinds() {
    let body = br#"{"apiVersion":"ex.io/v1","kind":"Thing","metadata":{"name":"a","labels":{"a":3}},"spec":{}}"#;
    let refusal = super::super::decode(&things(), body, "Warn").unwrap_err();
    assert_eq!(
        refusal.message,
        "Thing in version \"v1\" cannot be handled as a Thing: json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string"
    );
}
