use serde_json::json;

use super::super::{Writer, own, settle};
use super::{created, owners, updated, widget, writer};

#[test]
fn a_changed_field_moves_to_its_writer() {
    let first = created(&json!({ "a": "1", "b": "1" }), "one");
    let second = updated(&first, &json!({ "a": "1", "b": "2" }), "two", 1);
    assert_eq!(owners(&second), ["one Update a 00Z", "two Update b 01Z"]);
}

#[test]
fn a_removed_field_has_no_owner_and_an_owner_of_nothing_is_dropped() {
    let first = created(&json!({ "a": "1" }), "one");
    let second = updated(&first, &json!({ "a": "1", "b": "1" }), "two", 1);
    let third = updated(&second, &json!({ "a": "1" }), "three", 2);
    assert_eq!(owners(&third), ["one Update a 00Z"]);
}

#[test]
fn a_write_of_what_one_owns_changes_only_the_time() {
    let first = created(&json!({ "a": "1" }), "one");
    let mut second = updated(&first, &json!({ "a": "2" }), "one", 1);
    assert_eq!(owners(&second), ["one Update a 01Z"]);
    settle(&first, &mut second);
    assert_eq!(owners(&second), ["one Update a 01Z"], "the data differs");
    let mut third = second.clone();
    third["metadata"]["managedFields"][0]["time"] = json!("2026-01-01T00:00:09Z");
    settle(&second, &mut third);
    assert_eq!(third, second, "nothing but the time differs");
}

#[test]
fn who_writes_by_another_subresource_is_another_owner() {
    let pods = widget::built_in("v1", "Pod");
    let mut first = json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "p", "labels": { "a": "b" } },
        "status": { "phase": "Running" } });
    own(None, &mut first, &pods, &writer("one", 0));
    let creator = &first["metadata"]["managedFields"][0];
    let labels = json!({ ".": {}, "f:a": {} });
    assert_eq!(
        creator["fieldsV1"],
        json!({ "f:metadata": { "f:labels": labels } }),
        "no status"
    );
    let mut after = first.clone();
    after["status"]["phase"] = json!("Failed");
    let status = Writer {
        subresource: "status".to_owned(),
        ..writer("one", 1)
    };
    own(Some(&first), &mut after, &pods, &status);
    let entry = &after["metadata"]["managedFields"][1];
    assert_eq!(entry["subresource"], "status");
    assert_eq!(entry["fieldsV1"], json!({ "f:status": { "f:phase": {} } }));
}

#[test]
fn the_oldest_of_more_than_ten_updaters_become_one() {
    let mut object = created(&json!({ "m0": "1" }), "w0");
    for at in 1..14 {
        let mut data = object["data"].clone();
        data[format!("m{at}")] = json!("1");
        object = updated(&object, &data, &format!("w{at}"), at);
    }
    let owners = owners(&object);
    assert_eq!(owners.len(), 10);
    assert_eq!(owners[0], "ancient-changes Update m0,m1,m2,m3,m4 04Z");
    assert_eq!(owners[1], "w5 Update m5 05Z");
}

#[test]
fn an_empty_list_of_managed_fields_throws_the_books_away_and_none_does_not() {
    let first = created(&json!({ "a": "1" }), "one");
    for (sent, kept) in [
        (json!([]), false),
        (json!([{}]), false),
        (json!(null), true),
    ] {
        let mut after = first.clone();
        after["metadata"]["managedFields"] = sent;
        after["data"]["b"] = json!("1");
        own(
            Some(&first),
            &mut after,
            &super::config_maps(),
            &writer("two", 1),
        );
        assert_eq!(owners(&after).len(), if kept { 2 } else { 0 });
    }
}
