use bytes::Bytes;
use serde_json::{Value, json};

use super::*;

fn key(name: &str) -> Key {
    Key {
        resource: "pods".into(),
        namespace: "default".into(),
        name: name.into(),
    }
}

fn pod(name: &str, node: &str, owner: Option<&str>) -> Value {
    let owners: Vec<Value> = owner
        .iter()
        .map(|uid| json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": uid, "controller": true}))
        .collect();
    json!({
        "metadata": {
            "name": name, "uid": format!("uid-{name}"), "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": {"app": "web", "quoted": "a\"b"}, "ownerReferences": owners,
            "annotations": {"controller.kubernetes.io/pod-deletion-cost": "-7"},
        },
        "spec": {"nodeName": node, "containers": [{"name": "main"}]},
        "status": {
            "phase": "Running", "podIP": "10.0.0.1",
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:05Z"}],
            "containerStatuses": [{"name": "main", "restartCount": 2}],
        },
    })
}

fn change(name: &str, after: Option<&Value>) -> Change {
    Change {
        key: key(name),
        revision: 1,
        before: None,
        after: after.map(|pod| Bytes::from(pod.to_string())),
        last: None,
    }
}

#[test]
fn a_pod_is_found_by_name_owner_and_node_until_it_is_gone() {
    let mut pods = Pods::default();
    let app = Cluster::App;
    pods.changed(app, &change("a", Some(&pod("a", "n1", Some("u1")))));
    pods.changed(app, &change("b", Some(&pod("b", "n1", Some("u1")))));
    pods.changed(app, &change("c", Some(&pod("c", "", None))));

    let found = pods.get(app, &key("a")).unwrap();
    assert_eq!((found.deletion_cost, found.restarts), (-7, 2));
    assert!(found.ready && found.active());
    assert!(Arc::ptr_eq(
        &found.labels,
        &pods.get(app, &key("b")).unwrap().labels
    ));
    assert_eq!(pods.owned(app, "u1").count(), 2);
    assert_eq!(pods.on_node(app, "n1").count(), 2);
    assert_eq!(pods.in_namespace(app, "default").count(), 3);
    assert_eq!(pods.orphans(app, "default").count(), 1);
    assert!(pods.get(Cluster::Infra, &key("a")).is_none());

    pods.changed(app, &change("a", None));
    assert_eq!(&*pods.before().unwrap().uid, "uid-a");
    assert_eq!(pods.owned(app, "u1").count(), 1);
    assert_eq!(pods.on_node(app, "n1").count(), 1);
}

#[test]
fn a_pod_is_available_when_it_was_ready_long_enough() {
    let mut pods = Pods::default();
    pods.changed(Cluster::App, &change("a", Some(&pod("a", "n1", None))));
    let pod = pods.get(Cluster::App, &key("a")).unwrap();
    let at = |text: &str| text.parse().unwrap();
    assert!(!pod.available(10, at("2026-01-01T00:00:14Z")));
    assert!(pod.available(10, at("2026-01-01T00:00:15Z")));
    assert!(pod.available(0, at("2026-01-01T00:00:00Z")));
}
