use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::{json as json_patch, merge};

#[test]
fn operations_are_performed_in_order() {
    let before = json!({ "a": { "b/c": 1 }, "list": [1, 2] });
    let patch = json!([
        { "op": "test", "path": "/a/b~1c", "value": 1 },
        { "op": "add", "path": "/list/-", "value": 3 },
        { "op": "add", "path": "/list/0", "value": 0 },
        { "op": "remove", "path": "/list/-1" },
        { "op": "move", "from": "/a/b~1c", "path": "/d" },
        { "op": "copy", "from": "/list", "path": "/a/copy" },
        { "op": "replace", "path": "/list", "value": [] },
    ]);
    assert_eq!(
        json_patch(&before, &patch).unwrap(),
        json!({ "a": { "copy": [0, 1, 2] }, "d": 1, "list": [] })
    );
}

#[test]
fn a_failed_operation_is_refused_without_saying_which() {
    let before = json!({ "a": 1, "list": [1] });
    for operation in [
        json!({ "op": "test", "path": "/a", "value": 2 }),
        json!({ "op": "remove", "path": "/b" }),
        json!({ "op": "add", "path": "/b/c", "value": 1 }),
        json!({ "op": "add", "path": "/list/2", "value": 1 }),
        json!({ "op": "replace", "path": "/list/1", "value": 1 }),
        json!({ "op": "nonsense", "path": "/a" }),
        json!({ "op": "add" }),
        json!({ "path": "/a" }),
        json!("add"),
    ] {
        let refused = json_patch(&before, &json!([operation])).unwrap_err();
        assert_eq!(refused.code, 422, "{operation}");
        assert_eq!(refused.reason, "Invalid");
        assert_eq!(
            refused.message,
            "the server rejected our request due to an error in our request"
        );
    }
}

#[test]
fn a_patch_that_is_no_list_or_too_long_is_refused() {
    let refused = json_patch(&json!({}), &json!({})).unwrap_err();
    assert_eq!(refused.code, 400);
    let operation = json!({ "op": "add", "path": "/a", "value": 1 });
    let refused = json_patch(&json!({}), &vec![operation; 10_001].into()).unwrap_err();
    assert_eq!(refused.code, 413);
}

#[test]
fn the_examples_of_rfc_7386_hold() {
    for (before, patch, after) in [
        (
            json!({ "a": "b" }),
            json!({ "a": "c" }),
            json!({ "a": "c" }),
        ),
        (
            json!({ "a": "b" }),
            json!({ "b": "c" }),
            json!({ "a": "b", "b": "c" }),
        ),
        (json!({ "a": "b" }), json!({ "a": null }), json!({})),
        (
            json!({ "a": ["b"] }),
            json!({ "a": "c" }),
            json!({ "a": "c" }),
        ),
        (
            json!({ "a": "c" }),
            json!({ "a": ["b"] }),
            json!({ "a": ["b"] }),
        ),
        (
            json!({ "a": { "b": "c" } }),
            json!({ "a": { "b": "d", "c": null } }),
            json!({ "a": { "b": "d" } }),
        ),
        (
            json!({ "e": null }),
            json!({ "a": 1 }),
            json!({ "e": null, "a": 1 }),
        ),
        (
            json!({}),
            json!({ "a": { "bb": { "c": null } } }),
            json!({ "a": { "bb": {} } }),
        ),
    ] {
        assert_eq!(merge(&before, &patch), after);
    }
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![Just(json!(1)), Just(json!("x")), Just(json!([1, 2]))];
    let object = leaf.prop_recursive(3, 12, 3, |inner| {
        prop::collection::btree_map("[a-c]", inner, 0..3).prop_map(|map| json!(map))
    });
    prop::collection::btree_map("[a-c]", object, 0..4).prop_map(|map| json!(map))
}

proptest! {
    #[test]
    fn a_merge_patch_once_is_as_one_twice(before in document(), patch in document()) {
        let once = merge(&before, &patch);
        prop_assert_eq!(merge(&once, &patch), once);
    }

    #[test]
    fn a_document_laid_over_another_shows_itself(before in document(), patch in document()) {
        prop_assert_eq!(merge(&patch, &merge(&before, &patch)), merge(&before, &patch));
    }

    #[test]
    fn what_was_added_can_be_removed(before in document(), value in document()) {
        let patch = json!([
            { "op": "add", "path": "/new", "value": value },
            { "op": "test", "path": "/new", "value": value },
            { "op": "remove", "path": "/new" },
        ]);
        prop_assert_eq!(json_patch(&before, &patch).unwrap(), before);
    }
}
