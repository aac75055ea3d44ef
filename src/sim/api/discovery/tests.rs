use super::*;
use crate::sim::resources;

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn ours(path: &str, aggregated: bool) -> Value {
    let mut served = resources::built_in();
    served.push(Arc::new(widgets()));
    document(path, aggregated, &served).unwrap()
}

/// As if `widgets.example.com` was defined.
fn widgets() -> Resource {
    let nodes = resources::built_in()
        .into_iter()
        .find(|resource| &*resource.kind == "Node")
        .unwrap();
    let mut widgets = Resource::clone(&nodes);
    widgets.group = "example.com".into();
    widgets.kind = "Widget".into();
    widgets.plural = "widgets".into();
    widgets.singular = "widget".into();
    widgets.short_names.clear();
    widgets.namespaced = true;
    widgets.custom = true;
    widgets.stored.api_version = "example.com/v1".into();
    widgets
}

/// What is served here must be described as the real server does, and in its order; it serves more.
fn assert_part_of(ours: &Value, theirs: &Value) {
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            assert!(ours.keys().eq(theirs.keys()), "{ours:?}\n{theirs:?}");
            for (name, value) in ours {
                assert_part_of(value, &theirs[name]);
            }
        }
        (Value::Array(ours), Value::Array(theirs)) => {
            let mut rest = theirs.iter();
            for item in ours {
                let found = rest.find(|other| name(other) == name(item));
                assert_part_of(
                    item,
                    found.unwrap_or_else(|| panic!("{item} has no counterpart")),
                );
            }
        }
        _ => assert_eq!(ours, theirs),
    }
}

fn name(item: &Value) -> &Value {
    let fields = ["name", "resource", "subresource", "version"];
    let named = fields.iter().find_map(|field| item.get(field));
    let of_group = item.pointer("/metadata/name");
    named.or(of_group).unwrap_or(item)
}

#[test]
fn resources_are_listed_as_by_a_real_server() {
    for (path, theirs) in [
        ("/api/v1", include_str!("tests/api_v1.json")),
        ("/apis/apps/v1", include_str!("tests/apps_v1.json")),
        ("/apis/example.com/v1", include_str!("tests/widgets.json")),
    ] {
        assert_part_of(&ours(path, false), &parse(theirs));
    }
}

#[test]
fn groups_are_listed_as_by_a_real_server() {
    assert_part_of(
        &ours("/apis", false),
        &parse(include_str!("tests/groups.json")),
    );
}

#[test]
fn groups_with_their_resources_are_listed_as_by_a_real_server() {
    let mut ours = ours("/apis", true);
    // The subresources that are left out here would make an empty list of a real server's.
    let items = ours["items"].as_array_mut().unwrap();
    assert!(items.len() > 10, "{}", items.len());
    assert_part_of(&ours, &parse(include_str!("tests/aggregated.json")));
}

#[test]
fn the_core_group_has_no_name() {
    let ours = ours("/api", true);
    assert_eq!(ours["items"][0]["metadata"], json!({}));
    assert_eq!(ours["items"].as_array().unwrap().len(), 1);
}

#[test]
fn a_stable_version_is_preferred() {
    let mut old = widgets();
    let served: Vec<_> = ["v1alpha1", "v1beta2", "v2", "v1", "v1beta1", "odd"]
        .into_iter()
        .map(|version| {
            old.version = version.into();
            Arc::new(old.clone())
        })
        .collect();
    let group = document("/apis/example.com", false, &served).unwrap();
    let versions: Vec<&str> = group["versions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|version| version["version"].as_str().unwrap())
        .collect();
    assert_eq!(
        versions,
        ["v2", "v1", "v1beta2", "v1beta1", "v1alpha1", "odd"]
    );
    assert_eq!(group["preferredVersion"]["version"], "v2");
}

#[test]
fn what_is_not_served_has_no_document() {
    for path in [
        "/apis/nothing.io",
        "/apis/apps/v7",
        "/api/v2",
        "/apis/apps/v1/pods",
    ] {
        assert_eq!(
            document(path, false, &resources::built_in()),
            None,
            "{path}"
        );
    }
}
