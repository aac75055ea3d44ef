//! Owners, orphans, namespaces.

use serde_json::{Value, json};

use super::world::{World, deployment};

#[tokio::test(start_paused = true)]
async fn what_a_deployment_owns_goes_with_it() {
    let mut world = World::new(1).await;
    world.create(deployment("web", 2));
    world.pass(5).await;
    world.delete("deployments.apps", "web", "Background");
    world.pass(5).await;
    assert!(world.list("replicasets.apps").is_empty());
    assert!(world.list("pods").is_empty());
}

#[tokio::test(start_paused = true)]
async fn in_the_foreground_an_owner_goes_last() {
    let mut world = World::new(1).await;
    world.create(deployment("web", 2));
    world.pass(5).await;
    world.delete("deployments.apps", "web", "Foreground");
    world.engine.run_until_idle();
    assert!(world.get("deployments.apps", "web").is_some());
    assert!(!world.list("pods").is_empty());
    world.pass(5).await;
    assert!(world.list("pods").is_empty());
    assert!(world.list("replicasets.apps").is_empty());
    assert!(world.get("deployments.apps", "web").is_none());
}

#[tokio::test(start_paused = true)]
async fn orphans_stay_and_are_adopted_by_the_next_owner() {
    let mut world = World::new(1).await;
    world.create(deployment("web", 2));
    world.pass(5).await;
    let pods = world.pods(|_| true);
    world.delete("deployments.apps", "web", "Orphan");
    world.pass(5).await;
    let set = &world.list("replicasets.apps")[0];
    assert_eq!(set["metadata"]["ownerReferences"], Value::Null);
    let deployment = world.create(deployment("web", 2));
    world.pass(5).await;
    let set = &world.list("replicasets.apps")[0];
    assert_eq!(
        set["metadata"]["ownerReferences"][0]["uid"],
        deployment["metadata"]["uid"]
    );
    assert_eq!(world.pods(|_| true), pods);
}

#[tokio::test(start_paused = true)]
async fn an_object_of_an_owner_that_never_was_goes() {
    let mut world = World::new(0).await;
    let owner =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "gone", "uid": "no-such-uid"});
    world.create(json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "child", "ownerReferences": [owner]},
    }));
    world.pass(1).await;
    assert!(world.get("configmaps", "child").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_namespace_goes_with_all_that_is_in_it() {
    let mut world = World::new(1).await;
    world.create(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}}));
    let mut object = deployment("web", 2);
    object["metadata"]["namespace"] = "team".into();
    world.create(object);
    world.pass(5).await;
    assert_eq!(world.list("pods").len(), 2);
    let accounts = world.list("serviceaccounts");
    assert!(
        accounts
            .iter()
            .any(|account| account["metadata"]["namespace"] == "team")
    );
    world.delete("namespaces", "team", "Background");
    world.pass(60).await;
    assert!(world.get("namespaces", "team").is_none());
    assert!(world.list("pods").is_empty());
    assert!(world.list("deployments.apps").is_empty());
}

#[tokio::test(start_paused = true)]
async fn events_are_kept_for_an_hour() {
    let mut world = World::new(1).await;
    world.create(deployment("web", 1));
    world.pass(3500).await;
    assert!(!world.list("events").is_empty());
    world.pass(200).await;
    assert!(world.list("events").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_claim_stays_as_long_as_a_pod_mounts_it() {
    let mut world = World::new(0).await;
    world.create(json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }));
    world.create(json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "user"},
        "spec": {
            "containers": [{"name": "c", "image": "i"}],
            "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}],
        },
    }));
    world.delete("persistentvolumeclaims", "data", "Background");
    world.pass(5).await;
    assert!(world.get("persistentvolumeclaims", "data").is_some());
    world.delete("pods", "user", "Background");
    world.pass(5).await;
    assert!(world.get("pods", "user").is_none());
    assert!(world.get("persistentvolumeclaims", "data").is_none());
}
