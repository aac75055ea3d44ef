mod disk;
mod kill;
mod random;

use std::sync::Arc;

use bytes::Bytes;

use super::{Change, Expired, Key, Limits, Outcome, PageRequest, State, Store, Stored, Unwritten};

/// The error of transactions that have none of their own.
#[derive(Debug)]
struct Failed(String);

impl From<Unwritten> for Failed {
    fn from(error: Unwritten) -> Self {
        Self(error.to_string())
    }
}

fn key(resource: &str, namespace: &str, name: &str) -> Key {
    Key {
        resource: resource.into(),
        namespace: namespace.into(),
        name: name.into(),
    }
}

fn pod(name: &str) -> Key {
    key("pods", "default", name)
}

fn put(store: &Store, key: &Key, json: &str) -> Stored {
    let json = Bytes::from(json.to_owned());
    store
        .write(key, |_, _| Ok::<_, Failed>(Outcome::Put(json)))
        .unwrap()
        .unwrap()
}

fn delete(store: &Store, key: &Key) -> Option<Stored> {
    store
        .write(key, |_, revision| {
            let last = Bytes::from(format!("last at {revision}"));
            Ok::<_, Failed>(Outcome::Delete(last))
        })
        .unwrap()
}

fn small(changes: usize, bytes: usize) -> Store {
    let limits = Limits {
        changes,
        bytes,
        log: u64::MAX,
    };
    Store::new(State::new(limits), None)
}

fn names(items: &[Stored]) -> Vec<&str> {
    items.iter().map(|stored| &*stored.key.name).collect()
}

fn revisions(changes: &[Arc<Change>]) -> Vec<u64> {
    changes.iter().map(|change| change.revision).collect()
}

#[test]
fn a_transaction_sees_the_current_object_and_the_revision_it_will_have() {
    let store = Store::in_memory();
    let created = store
        .write(&pod("a"), |current, revision| {
            assert_eq!(current, None);
            let json = Bytes::from(revision.to_string());
            Ok::<_, Failed>(Outcome::Put(json))
        })
        .unwrap()
        .unwrap();
    assert_eq!(created.json, created.revision.to_string());
    assert_eq!(store.get(&pod("a")), Some(created.clone()));
    let updated = store
        .write(&pod("a"), |current, revision| {
            assert_eq!(current, Some(&created));
            assert_eq!(revision, created.revision + 1);
            Ok::<_, Failed>(Outcome::Put(Bytes::from_static(b"new")))
        })
        .unwrap();
    assert_eq!(store.get(&pod("a")), updated);
    assert_eq!(store.revision(), created.revision + 1);
}

#[test]
fn a_transaction_that_fails_panics_or_keeps_uses_no_revision() {
    let store = Store::in_memory();
    let made = put(&store, &pod("a"), "1");
    let refused = store.write(&pod("a"), |_, _| Err(Failed("refused".to_owned())));
    assert_eq!(refused.unwrap_err().0, "refused");
    let kept = store.write(&pod("a"), |_, _| Ok::<_, Failed>(Outcome::Keep));
    assert_eq!(kept.unwrap(), Some(made.clone()));
    assert_eq!(delete(&store, &pod("b")), None);
    let panicking = store.clone();
    let panicked = std::thread::spawn(move || {
        panicking.write(&pod("a"), |_, _| -> Result<_, Failed> {
            panic!("on purpose")
        })
    });
    assert!(panicked.join().is_err());
    assert_eq!(store.revision(), made.revision);
    assert_eq!(put(&store, &pod("a"), "2").revision, made.revision + 1);
}

#[test]
fn a_transaction_may_read_the_store() {
    let store = Store::in_memory();
    put(&store, &key("namespaces", "", "default"), "{}");
    let written = store.write(&pod("a"), |_, _| {
        assert!(store.get(&key("namespaces", "", "default")).is_some());
        Ok::<_, Failed>(Outcome::Put(Bytes::from_static(b"1")))
    });
    assert!(written.unwrap().is_some());
}

#[test]
fn a_list_is_in_the_order_of_namespace_and_name_and_has_one_resource_alone() {
    let store = Store::in_memory();
    for (resource, namespace, name) in [
        ("pods", "b", "1"),
        ("pods", "a", "2"),
        ("pods", "a", "1"),
        ("pods", "ab", "1"),
        ("podtemplates", "a", "3"),
        ("nodes", "", "4"),
    ] {
        put(&store, &key(resource, namespace, name), "{}");
    }
    let list = |resource, namespace| {
        let page = store
            .list(resource, namespace, &PageRequest::default())
            .unwrap();
        let place = |stored: &Stored| format!("{}/{}", stored.key.namespace, stored.key.name);
        page.items.iter().map(place).collect::<Vec<_>>()
    };
    assert_eq!(list("pods", None), ["a/1", "a/2", "ab/1", "b/1"]);
    assert_eq!(list("pods", Some("a")), ["a/1", "a/2"]);
    assert_eq!(list("nodes", None), ["/4"]);
    assert_eq!(list("services", None), [""; 0]);
}

#[test]
fn all_pages_of_a_list_show_the_store_as_it_was_at_the_first_one() {
    let store = Store::in_memory();
    for name in ["a", "b", "c", "d", "e"] {
        put(&store, &pod(name), "old");
    }
    let before = store
        .list("pods", None, &PageRequest::default())
        .unwrap()
        .items;
    let mut request = PageRequest {
        limit: Some(2),
        after: None,
    };
    let first = store.list("pods", None, &request).unwrap();
    assert_eq!(
        first.next.as_ref().map(|(key, left)| (&*key.name, *left)),
        Some(("b", 3))
    );
    put(&store, &pod("bb"), "new");
    put(&store, &pod("d"), "new");
    delete(&store, &pod("c"));
    put(&store, &pod("c"), "new");
    delete(&store, &pod("e"));
    put(&store, &key("pods", "other", "a"), "new");
    let mut items = first.items;
    let mut next = first.next;
    while let Some((key, _)) = next {
        request.after = Some((first.revision, key));
        let page = store.list("pods", None, &request).unwrap();
        assert_eq!(page.revision, first.revision);
        items.extend(page.items);
        next = page.next;
    }
    assert_eq!(items, before);
}

#[test]
fn a_page_from_before_the_history_has_expired() {
    let store = small(2, usize::MAX);
    let first = put(&store, &pod("a"), "1").revision;
    for _ in 0..3 {
        put(&store, &pod("a"), "2");
    }
    let page = |revision| {
        let request = PageRequest {
            limit: None,
            after: Some((revision, pod(""))),
        };
        store.list("pods", None, &request)
    };
    let oldest = first + 1;
    assert_eq!(page(first).unwrap_err(), Expired { oldest });
    assert_eq!(names(&page(oldest).unwrap().items), ["a"]);
}

#[test]
fn history_is_bounded_by_bytes_as_well() {
    let store = small(usize::MAX, 20_000);
    let start = store.revision();
    for _ in 0..100 {
        put(&store, &pod("a"), &"x".repeat(1000));
    }
    assert!(store.watch(None, None, start).is_err());
    let mut watch = store.watch(None, None, start + 90).unwrap();
    assert_eq!(watch.take(100).unwrap().len(), 10);
}

#[test]
fn a_watch_gets_every_change_in_order_with_the_states_around_it() {
    let store = Store::in_memory();
    let start = put(&store, &pod("a"), "1").revision;
    let mut watch = store.watch(Some("pods"), Some("default"), start).unwrap();
    assert_eq!(watch.take(10).unwrap(), []);
    put(&store, &pod("a"), "2");
    put(&store, &key("nodes", "", "n"), "{}");
    put(&store, &key("pods", "other", "a"), "{}");
    let deleted = delete(&store, &pod("a")).unwrap();
    assert_eq!(deleted.json, format!("last at {}", deleted.revision));
    let change = |revision, before: &str, after: Option<&str>, last: Option<&str>| Change {
        key: pod("a"),
        revision,
        before: Some(Bytes::from(before.to_owned())),
        after: after.map(|json| Bytes::from(json.to_owned())),
        last: last.map(|json| Bytes::from(json.to_owned())),
    };
    let taken = watch.take(10).unwrap();
    assert_eq!(*taken[0], change(start + 1, "1", Some("2"), None));
    let last = format!("last at {}", start + 4);
    assert_eq!(*taken[1], change(start + 4, "2", None, Some(&last)));
    assert_eq!(taken.len(), 2);
    assert_eq!(watch.position(), store.revision());
}

#[test]
fn a_watch_that_takes_little_at_a_time_misses_nothing() {
    let store = Store::in_memory();
    let start = store.revision();
    let mut watch = store.watch(Some("pods"), None, start).unwrap();
    for name in ["a", "b", "c"] {
        put(&store, &pod(name), "{}");
        put(&store, &key("nodes", "", name), "{}");
    }
    assert_eq!(revisions(&watch.take(2).unwrap()), [start + 1, start + 3]);
    assert_eq!(watch.position(), start + 3);
    assert_eq!(revisions(&watch.take(2).unwrap()), [start + 5]);
    assert_eq!(watch.position(), start + 6);
}

#[test]
fn a_watch_that_is_too_slow_is_told_so() {
    let store = small(2, usize::MAX);
    let start = store.revision();
    let mut watch = store.watch(None, None, start).unwrap();
    for _ in 0..3 {
        put(&store, &pod("a"), "{}");
    }
    let oldest = start + 1;
    assert_eq!(watch.take(1).unwrap_err(), Expired { oldest });
    assert_eq!(
        store.watch(None, None, start).unwrap_err(),
        Expired { oldest }
    );
}

#[tokio::test]
async fn a_watch_sleeps_until_there_is_a_change() {
    let store = Store::in_memory();
    let mut watch = store.watch(None, None, store.revision()).unwrap();
    assert!(futures::poll!(Box::pin(watch.changed())).is_pending());
    put(&store, &pod("a"), "{}");
    watch.changed().await;
    assert_eq!(watch.take(10).unwrap().len(), 1);
    assert!(futures::poll!(Box::pin(watch.changed())).is_pending());
    let writer = store.clone();
    let (woken, ()) = tokio::join!(watch.changed(), async move {
        put(&writer, &pod("b"), "{}");
    });
    let () = woken;
    assert_eq!(watch.take(10).unwrap().len(), 1);
}

#[test]
fn an_object_does_not_keep_the_room_its_serialiser_left() {
    let store = Store::in_memory();
    let mut roomy = Vec::with_capacity(1 << 20);
    roomy.extend_from_slice(b"{}");
    let given = Bytes::from(roomy);
    let stored = store
        .write(&pod("a"), |_, _| {
            Ok::<_, Failed>(Outcome::Put(given.clone()))
        })
        .unwrap()
        .unwrap();
    assert_ne!(stored.json.as_ptr(), given.as_ptr());
    let shared = store.get(&pod("a")).unwrap();
    assert_eq!(stored.json.as_ptr(), shared.json.as_ptr());
}
