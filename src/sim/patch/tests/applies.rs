use serde_json::json;

use super::super::{Writer, apply, own, settle};
use super::{applied, config_map, config_maps, created, owners, updated, widget, writer};

#[test]
fn a_field_that_nobody_applies_any_more_goes() {
    let first = applied(None, &json!({ "a": "1", "b": "1" }), "me", 1);
    let second = applied(Some(&first), &json!({ "a": "1" }), "me", 2);
    assert_eq!(second["data"], json!({ "a": "1" }));
    assert_eq!(owners(&second), ["me Apply a 02Z"]);
}

#[test]
fn a_field_that_another_still_applies_stays() {
    let first = applied(None, &json!({ "a": "1", "b": "1" }), "me", 1);
    let shared = applied(Some(&first), &json!({ "b": "1" }), "you", 2);
    let second = applied(Some(&shared), &json!({ "a": "1" }), "me", 3);
    assert_eq!(second["data"], json!({ "a": "1", "b": "1" }));
    assert_eq!(owners(&second), ["you Apply b -", "me Apply a 01Z"]);
}

#[test]
fn a_field_of_an_updater_stays_when_its_applier_drops_it() {
    let first = applied(None, &json!({ "a": "1", "b": "1" }), "me", 1);
    let second = updated(&first, &json!({ "a": "1", "b": "2" }), "edit", 2);
    let third = applied(Some(&second), &json!({ "a": "1" }), "me", 3);
    assert_eq!(third["data"], json!({ "a": "1", "b": "2" }));
}

#[test]
fn another_value_for_the_field_of_another_is_a_conflict() {
    let first = created(&json!({ "a": "1", "b": "1" }), "kubectl");
    let body = config_map(&json!({ "a": "2" }));
    let refused = apply(Some(&first), &body, &config_maps(), &writer("me", 1), false).unwrap_err();
    assert_eq!(refused.code, 409);
    assert_eq!(
        refused.message,
        "Apply failed with 1 conflict: conflict with \"kubectl\" using v1: .data.a"
    );
    let forced = apply(Some(&first), &body, &config_maps(), &writer("me", 1), true).unwrap();
    assert_eq!(forced["data"], json!({ "a": "2", "b": "1" }));
    assert_eq!(
        owners(&forced),
        ["me Apply a 01Z", "kubectl Update ,b 00Z"].map(|it| it.replace(" ,", " "))
    );
}

#[test]
fn the_same_value_is_shared() {
    let first = applied(None, &json!({ "a": "1" }), "me", 1);
    let second = applied(Some(&first), &json!({ "a": "1" }), "you", 2);
    assert_eq!(owners(&second), ["you Apply a -", "me Apply a 01Z"]);
}

#[test]
fn an_apply_that_changes_nothing_leaves_the_object_as_it_is() {
    let first = applied(None, &json!({ "a": "1" }), "me", 1);
    let mut second = applied(Some(&first), &json!({ "a": "1" }), "me", 2);
    settle(&first, &mut second);
    assert_eq!(second, first);
}

#[test]
fn what_was_there_before_the_first_apply_has_an_owner_of_that_name() {
    let mut first = created(&json!({ "a": "1" }), "kubectl");
    first["metadata"]["managedFields"] = json!([]);
    let second = applied(Some(&first), &json!({ "b": "1" }), "me", 1);
    assert_eq!(
        owners(&second),
        ["me Apply b 01Z", "before-first-apply Update a 01Z"]
    );
}

#[test]
fn a_client_side_apply_is_taken_over_without_conflicts() {
    let last = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "c" }, "data": { "a": "1" } });
    let mut first = config_map(&json!({ "a": "1" }));
    first["metadata"]["annotations"] =
        json!({ "kubectl.kubernetes.io/last-applied-configuration": last.to_string() });
    own(
        None,
        &mut first,
        &config_maps(),
        &writer("kubectl-client-side-apply", 0),
    );
    let body = config_map(&json!({ "a": "2" }));
    let by = |manager| {
        apply(
            Some(&first),
            &body,
            &config_maps(),
            &writer(manager, 1),
            false,
        )
    };
    assert_eq!(by("me").unwrap_err().code, 409);
    let taken = by("kubectl").unwrap();
    assert_eq!(taken["data"], json!({ "a": "2" }));
    let kept =
        &taken["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"];
    assert_eq!(kept.as_str().unwrap(), format!("{body}\n"));
}

#[test]
fn nonsense_is_refused_in_the_api_servers_words() {
    let refusal = |body: &serde_json::Value| {
        let refused = apply(None, body, &config_maps(), &writer("me", 1), false).unwrap_err();
        (refused.code, refused.message)
    };
    let mut with_books = config_map(&json!({}));
    with_books["metadata"]["managedFields"] = json!([]);
    assert_eq!(
        refusal(&with_books),
        (400, "metadata.managedFields must be nil".to_owned())
    );
    let mut secret = config_map(&json!({}));
    secret["kind"] = json!("Secret");
    assert_eq!(
        refusal(&secret),
        (400, "invalid object type: /v1, Kind=Secret".to_owned())
    );
    assert_eq!(
        refusal(&config_map(&json!({ "a": 1 }))),
        (
            500,
            "failed to create typed patch object (/c; /v1, Kind=ConfigMap): .data.a: expected string, got &value.valueUnstructured{Value:1}"
                .to_owned()
        )
    );
}

#[test]
fn a_part_of_what_became_atomic_is_all_of_it() {
    let widgets = widget::resource();
    let body = |spec| json!({ "apiVersion": "example.com/v1", "kind": "Widget", "metadata": { "name": "w" }, "spec": spec });
    let by = |manager: &str| Writer {
        api_version: "example.com/v1".to_owned(),
        ..writer(manager, 1)
    };
    let spec = json!({ "atom": { "m": "x" } });
    let mut first = apply(None, &body(spec), &widgets, &by("me"), false).unwrap();
    // As it was booked before `atom` was declared atomic.
    first["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"] =
        json!({ "f:atom": { "f:m": {} } });
    let spec = json!({ "atom": { "n": "x" } });
    let refused = apply(Some(&first), &body(spec), &widgets, &by("you"), false).unwrap_err();
    assert_eq!(
        refused.message,
        "Apply failed with 1 conflict: conflict with \"me\": .spec.atom"
    );
}
