//! Random writes against a model that keeps every state there ever was.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{Failed, Key, Outcome, PageRequest, Store, Stored, key};

#[derive(Debug, Clone)]
enum Write {
    Put(Key, String),
    Delete(Key),
}

fn keys() -> impl Strategy<Value = Key> {
    let part = |values: [&'static str; 3]| prop::sample::select(values.to_vec());
    (
        part(["pods", "nodes", "pods.metrics"]),
        part(["a", "ab", "b"]),
        part(["x", "y", "z"]),
    )
        .prop_map(|(resource, namespace, name)| key(resource, namespace, name))
}

fn writes() -> impl Strategy<Value = Vec<Write>> {
    let write = prop_oneof![
        2 => (keys(), "[a-z]{0,5}").prop_map(|(key, json)| Write::Put(key, json)),
        1 => keys().prop_map(Write::Delete),
    ];
    prop::collection::vec(write, 1..40)
}

fn perform(store: &Store, write: &Write) {
    let (key, outcome) = match write {
        Write::Put(key, json) => (key, Outcome::Put(json.clone().into())),
        Write::Delete(key) => (key, Outcome::Delete("last".into())),
    };
    store.write(key, |_, _| Ok::<_, Failed>(outcome)).unwrap();
}

type Objects = BTreeMap<Key, Stored>;

/// Every revision with all objects at it.
fn play(store: &Store, writes: &[Write]) -> BTreeMap<u64, Objects> {
    let mut states = BTreeMap::from([(store.revision(), Objects::new())]);
    let mut objects = Objects::new();
    for write in writes {
        perform(store, write);
        match write {
            Write::Put(key, _) => {
                let stored = store.get(key).unwrap();
                objects.insert(key.clone(), stored);
            }
            Write::Delete(key) => drop(objects.remove(key)),
        }
        states.insert(store.revision(), objects.clone());
    }
    states
}

/// All pages of a list at an old revision.
fn pages(store: &Store, namespace: Option<&str>, revision: u64, limit: usize) -> Vec<Stored> {
    let mut items = Vec::new();
    let mut after = key("pods", namespace.unwrap_or_default(), "");
    loop {
        let request = PageRequest {
            limit: Some(limit),
            after: Some((revision, after)),
        };
        let page = store.list("pods", namespace, &request).unwrap();
        items.extend(page.items);
        match page.next {
            Some((key, _)) => after = key,
            None => return items,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_list_at_every_revision_is_what_was_there(writes in writes(), limit in 1..4_usize) {
        let store = Store::in_memory();
        for (revision, objects) in play(&store, &writes) {
            for namespace in [None, Some("a"), Some("ab")] {
                let expected: Vec<Stored> = objects
                    .values()
                    .filter(|stored| &*stored.key.resource == "pods")
                    .filter(|stored| namespace.is_none_or(|namespace| *stored.key.namespace == *namespace))
                    .cloned()
                    .collect();
                prop_assert_eq!(pages(&store, namespace, revision, limit), expected);
            }
        }
    }

    #[test]
    fn changes_applied_to_an_old_list_give_the_new_one(writes in writes(), cut in 0..40_usize) {
        let store = Store::in_memory();
        let states = play(&store, &writes);
        let (since, old) = states.iter().nth(cut % states.len()).unwrap();
        let mut objects: BTreeMap<Key, bytes::Bytes> =
            old.iter().map(|(key, stored)| (key.clone(), stored.json.clone())).collect();
        let mut watch = store.watch(None, None, *since).unwrap();
        for change in watch.take(usize::MAX).unwrap() {
            let before = match &change.after {
                Some(after) => objects.insert(change.key.clone(), after.clone()),
                None => objects.remove(&change.key),
            };
            prop_assert_eq!(before, change.before.clone());
        }
        let now = states.values().next_back().unwrap();
        let now: BTreeMap<_, _> = now.iter().map(|(key, stored)| (key.clone(), stored.json.clone())).collect();
        prop_assert_eq!(objects, now);
    }
}
