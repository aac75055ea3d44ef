use super::*;

fn resource(plural: &str, group: &str) -> Arc<Resource> {
    built_in()
        .into_iter()
        .find(|resource| &*resource.plural == plural && &*resource.group == group)
        .unwrap_or_else(|| panic!("{plural}.{group} is not in the table"))
}

#[test]
fn every_line_of_the_table_is_served() {
    let lines = include_str!("built_in.txt")
        .lines()
        .filter(|line| !line.starts_with('#'));
    assert_eq!(lines.count(), built_in().len());
}

#[test]
fn names_are_qualified_by_their_group() {
    let deployments = resource("deployments", "apps");
    assert_eq!(deployments.api_version(), "apps/v1");
    assert_eq!(deployments.group_resource(), "deployments.apps");
    assert_eq!(deployments.group_kind(), "Deployment.apps");
    assert_eq!(resource("pods", "").group_resource(), "pods");
}

#[test]
fn both_kinds_of_events_are_the_same_objects() {
    let core = resource("events", "");
    let events = resource("events", "events.k8s.io");
    assert_eq!(core.stored, events.stored);
    let stored = Bytes::from_static(
        br#"{"apiVersion":"v1","count":2,"kind":"Event","message":"pulled","reason":"Pulled"}"#,
    );
    assert_eq!(core.present(&stored), stored);
    let shown = events.present(&stored);
    assert_eq!(
        shown,
        r#"{"apiVersion":"events.k8s.io/v1","deprecatedCount":2,"kind":"Event","note":"pulled","reason":"Pulled"}"#
    );
    let mut back = serde_json::from_slice(&shown).unwrap_or_default();
    event_to_core(&mut back);
    assert_eq!(back.to_string().as_bytes(), stored);
}

#[test]
fn a_defined_kind_is_shown_in_the_version_that_is_asked_for() {
    let mut widgets = Resource::clone(&resource("pods", ""));
    widgets.custom = true;
    widgets.group = "example.com".into();
    widgets.version = "v1beta1".into();
    widgets.stored.api_version = "example.com/v1".into();
    let stored = Bytes::from_static(br#"{"apiVersion":"example.com/v1","kind":"Widget"}"#);
    assert_eq!(
        widgets.present(&stored),
        r#"{"apiVersion":"example.com/v1beta1","kind":"Widget"}"#
    );
    widgets.version = "v1".into();
    assert_eq!(widgets.present(&stored), stored);
}
