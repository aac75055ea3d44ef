use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::fields::{self, Node, Set};

/// A set of paths like `a`, `a.b`, `a.b.c`.
fn set(paths: &BTreeSet<String>) -> Set {
    fn node(paths: &BTreeSet<String>, at: &str) -> Node {
        let mut found = Node {
            member: paths.contains(at),
            ..Node::default()
        };
        for name in ["a", "b", "c"] {
            let below = format!("{at}.{name}");
            if paths.iter().any(|path| path.starts_with(&below)) {
                node(paths, &below).place(&mut found.below, || format!("f:{name}"));
            }
        }
        found
    }
    node(paths, "").below
}

fn paths(set: &Set) -> BTreeSet<String> {
    fields::paths(set).into_iter().collect()
}

fn some_paths() -> impl Strategy<Value = BTreeSet<String>> {
    prop::collection::btree_set(r"(\.[a-c]){1,3}", 0..12)
}

fn object(value: &Value) -> Set {
    value.as_object().cloned().unwrap_or_default()
}

proptest! {
    #[test]
    fn a_set_has_the_paths_that_it_was_made_of(one in some_paths()) {
        prop_assert_eq!(paths(&set(&one)), one);
    }

    #[test]
    fn a_union_has_what_either_has(one in some_paths(), other in some_paths()) {
        let mut union = set(&one);
        fields::add(&mut union, set(&other));
        prop_assert_eq!(paths(&union), &one | &other);
    }

    #[test]
    fn a_difference_has_what_only_the_first_has(one in some_paths(), other in some_paths()) {
        let mut difference = set(&one);
        fields::subtract(&mut difference, &set(&other));
        prop_assert_eq!(paths(&difference), &one - &other);
    }

    #[test]
    fn an_intersection_has_what_both_have(one in some_paths(), other in some_paths()) {
        prop_assert_eq!(paths(&fields::common(&set(&one), &set(&other))), &one & &other);
    }

    #[test]
    fn a_difference_of_trees_has_nothing_below_the_second(one in some_paths(), other in some_paths()) {
        let mut difference = set(&one);
        fields::subtract_trees(&mut difference, &set(&other));
        let is_below = |path: &String| other.iter().any(|root| path == root || path.starts_with(&format!("{root}.")));
        let expected: BTreeSet<String> = one.into_iter().filter(|path| !is_below(path)).collect();
        prop_assert_eq!(paths(&difference), expected);
    }
}

#[test]
fn sets_that_are_sent_are_brought_into_one_form() {
    let sent = object(&json!({ "f:a": { ".": {}, "f:b": { ".": {} } }, "f:c": {} }));
    let read = fields::read(sent).map(Value::Object);
    assert_eq!(
        read,
        Some(json!({ "f:a": { ".": {}, "f:b": {} }, "f:c": {} }))
    );
    for nonsense in [
        json!({ "a": {} }),
        json!({ "f:a": 1 }),
        json!({ "k:x": {} }),
        json!({ "v:": {} }),
    ] {
        assert_eq!(fields::read(object(&nonsense)), None, "{nonsense}");
    }
}

#[test]
fn paths_come_level_by_level_and_numbers_in_their_order() {
    let set = object(&json!({
        "f:spec": { "f:b": {}, "f:a": { "f:x": {} }, "f:ports": {
            "k:{\"port\":443,\"protocol\":\"TCP\"}": { ".": {}, "f:name": {} },
            "k:{\"port\":80,\"protocol\":\"TCP\"}": {},
            "v:\"z\"": {},
        } },
        "f:kind": {},
    }));
    let expected = [
        ".kind",
        ".spec.b",
        ".spec.a.x",
        ".spec.ports[port=80,protocol=\"TCP\"]",
        ".spec.ports[port=443,protocol=\"TCP\"]",
        ".spec.ports[=\"z\"]",
        ".spec.ports[port=443,protocol=\"TCP\"].name",
    ];
    assert_eq!(fields::paths(&set), expected);
}
