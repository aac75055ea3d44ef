use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::strategic;
use super::widget::built_in;

fn patched(containers: &Value, patch: &Value) -> Result<Value, String> {
    let pod = json!({ "spec": { "containers": containers } });
    let patch = json!({ "spec": patch });
    let schema = built_in("v1", "Pod").schema;
    let result = strategic(&pod, &patch, &schema).map_err(|status| status.message)?;
    Ok(result["spec"]["containers"].clone())
}

fn names(list: &Value) -> Vec<&str> {
    let items = list.as_array().unwrap().iter();
    items.map(|item| item["name"].as_str().unwrap()).collect()
}

fn three() -> Value {
    json!([{ "name": "a", "image": "1" }, { "name": "b", "image": "1" }, { "name": "c", "image": "1" }])
}

#[test]
fn items_are_merged_by_their_key() {
    let after = patched(
        &three(),
        &json!({ "containers": [{ "name": "b", "image": "2" }] }),
    )
    .unwrap();
    assert_eq!(names(&after), ["a", "b", "c"]);
    assert_eq!(after[1], json!({ "name": "b", "image": "2" }));
}

#[test]
fn a_directive_deletes_an_item_and_another_replaces_the_list() {
    let after = patched(
        &three(),
        &json!({ "containers": [{ "name": "b", "$patch": "delete" }] }),
    )
    .unwrap();
    assert_eq!(names(&after), ["a", "c"]);
    let patch = json!({ "containers": [{ "name": "z" }, { "$patch": "replace" }] });
    assert_eq!(names(&patched(&three(), &patch).unwrap()), ["z"]);
}

#[test]
fn the_element_order_is_that_of_the_patch_and_strangers_keep_their_places() {
    let patch = json!({
        "$setElementOrder/containers": [{ "name": "c" }, { "name": "d" }, { "name": "a" }],
        "containers": [{ "name": "d" }],
    });
    assert_eq!(
        names(&patched(&three(), &patch).unwrap()),
        ["b", "c", "d", "a"]
    );
}

#[test]
fn an_item_without_its_key_is_an_error() {
    assert_eq!(
        patched(&three(), &json!({ "containers": [{ "image": "2" }] })).unwrap_err(),
        "map: map[image:2] does not contain declared merge key: name"
    );
    assert_eq!(
        patched(
            &three(),
            &json!({ "containers": [{ "name": "a", "$patch": "merge" }] })
        )
        .unwrap_err(),
        "merging lists cannot yet be specified in the patch"
    );
}

#[test]
fn retained_keys_are_all_that_stays() {
    let schema = built_in("apps/v1", "Deployment").schema;
    let strategy = json!({ "type": "RollingUpdate", "rollingUpdate": { "maxSurge": 1 } });
    let before = json!({ "spec": { "strategy": strategy } });
    let patch = json!({ "spec": { "strategy": { "$retainKeys": ["type"], "type": "Recreate" } } });
    let after = strategic(&before, &patch, &schema).unwrap();
    assert_eq!(after["spec"]["strategy"], json!({ "type": "Recreate" }));
    let patch = json!({ "spec": { "strategy": { "$retainKeys": [], "type": "Recreate" } } });
    assert_eq!(strategic(&before, &patch, &schema).unwrap_err().code, 400);
}

#[test]
fn lists_of_scalars_are_united_and_items_taken_out_of_them() {
    let schema = built_in("v1", "Pod").schema;
    let before = json!({ "metadata": { "finalizers": ["a", "b"] } });
    let patch = json!({ "metadata": { "finalizers": ["c", "a"], "$deleteFromPrimitiveList/finalizers": ["b"] } });
    let after = strategic(&before, &patch, &schema).unwrap();
    assert_eq!(after["metadata"]["finalizers"], json!(["c", "a"]));
}

fn containers() -> impl Strategy<Value = Value> {
    let container = ("[a-e]", "[12]").prop_map(|(name, image)| (name, json!({ "image": image })));
    prop::collection::btree_map("[a-e]", container, 0..5).prop_map(|map| {
        map.into_iter()
            .map(|(name, (_, rest))| json!({ "name": name, "image": rest["image"] }))
            .collect()
    })
}

proptest! {
    #[test]
    fn an_empty_patch_changes_nothing(before in containers()) {
        prop_assert_eq!(patched(&before, &json!({})).unwrap(), before);
    }

    #[test]
    fn a_patch_once_is_as_a_patch_twice(before in containers(), change in containers()) {
        let patch = json!({ "containers": change });
        let once = patched(&before, &patch).unwrap();
        prop_assert_eq!(patched(&once, &patch).unwrap(), once);
    }

    #[test]
    fn every_item_of_the_patch_is_in_the_result_once(before in containers(), change in containers()) {
        let after = patched(&before, &json!({ "containers": change })).unwrap();
        for item in change.as_array().unwrap() {
            let same = after.as_array().unwrap().iter().filter(|other| *other == item);
            prop_assert_eq!(same.count(), 1);
        }
    }
}
