use super::*;

fn running(cluster: &Cluster, name: &str) {
    let mut object = pod(name);
    object["spec"]["nodeName"] = json!("n1");
    object["spec"]["terminationGracePeriodSeconds"] = json!(30);
    cluster.create("default/pods", object).unwrap();
}

fn with_grace(seconds: i64) -> DeleteOptions {
    DeleteOptions {
        grace_period_seconds: Some(seconds),
        ..DeleteOptions::default()
    }
}

#[test]
fn a_deletion_answers_with_a_status_of_success() {
    let cluster = Cluster::new();
    let made = cluster
        .create("default/configmaps", config_map("a"))
        .unwrap();
    let answer = cluster.delete("default/configmaps/a").unwrap();
    assert_eq!(
        answer,
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
            "details": {"name": "a", "kind": "configmaps", "uid": made["metadata"]["uid"]},
        })
    );
    assert_eq!(
        cluster.delete("default/configmaps/a").unwrap_err().code,
        404
    );
}

#[test]
fn a_pod_on_a_node_has_its_grace_period() {
    let cluster = Cluster::new();
    running(&cluster, "web");
    let answer = cluster.delete("default/pods/web").unwrap();
    let metadata = &answer["metadata"];
    assert_eq!(metadata["deletionTimestamp"], "2026-01-01T00:00:30Z");
    assert_eq!(metadata["deletionGracePeriodSeconds"], 30);
}

#[test]
fn a_second_deletion_can_only_shorten_the_grace_period() {
    let cluster = Cluster::new();
    running(&cluster, "web");
    cluster.delete("default/pods/web").unwrap();
    let revision = cluster.revision();
    cluster
        .delete_with("default/pods/web", &with_grace(50))
        .unwrap();
    assert_eq!(cluster.revision(), revision);
    let answer = cluster
        .delete_with("default/pods/web", &with_grace(10))
        .unwrap();
    assert_eq!(
        answer["metadata"]["deletionTimestamp"],
        "2026-01-01T00:00:10Z"
    );
}

#[test]
fn a_pod_whose_time_is_over_is_marked_and_then_removed() {
    let cluster = Cluster::new();
    running(&cluster, "web");
    cluster.delete("default/pods/web").unwrap();
    let since = cluster.revision();
    cluster
        .delete_with("default/pods/web", &with_grace(0))
        .unwrap();
    assert_eq!(
        cluster.events("pods", since),
        ["MODIFIED web", "DELETED web"]
    );
}

#[test]
fn a_pod_without_a_node_goes_at_once() {
    let cluster = Cluster::new();
    cluster.create("default/pods", pod("web")).unwrap();
    let answer = cluster.delete("default/pods/web").unwrap();
    assert_eq!(answer["metadata"]["deletionGracePeriodSeconds"], 0);
    assert_eq!(cluster.get("default/pods/web").unwrap_err().code, 404);
}

#[test]
fn finalizers_keep_an_object_until_the_last_one_is_gone() {
    let cluster = Cluster::new();
    let mut object = config_map("a");
    object["metadata"]["finalizers"] = json!(["example.com/wait"]);
    cluster.create("default/configmaps", object).unwrap();
    let kept = cluster.delete("default/configmaps/a").unwrap();
    assert_eq!(
        kept["metadata"]["deletionTimestamp"],
        "2026-01-01T00:00:00Z"
    );
    let since = cluster.revision();
    let last = cluster
        .merge(
            "default/configmaps/a",
            json!({"metadata": {"finalizers": null}}),
        )
        .unwrap();
    assert_eq!(last["metadata"]["resourceVersion"], since.to_string());
    assert_eq!(cluster.events("configmaps", since), ["DELETED a"]);
}

#[test]
fn propagation_becomes_a_finalizer_of_the_collector() {
    let cluster = Cluster::new();
    for (propagation, finalizer) in [("Foreground", "foregroundDeletion"), ("Orphan", "orphan")] {
        let name = propagation.to_lowercase();
        cluster
            .create("default/configmaps", config_map(&name))
            .unwrap();
        let options = DeleteOptions {
            propagation: Some(propagation.into()),
            ..DeleteOptions::default()
        };
        let path = format!("default/configmaps/{name}");
        let kept = cluster.delete_with(&path, &options).unwrap();
        assert_eq!(kept["metadata"]["finalizers"], json!([finalizer]));
        assert_eq!(kept["metadata"]["deletionGracePeriodSeconds"], 0);
    }
}

#[test]
fn an_unknown_propagation_is_invalid() {
    let cluster = Cluster::new();
    let options = DeleteOptions {
        propagation: Some("Nope".into()),
        ..DeleteOptions::default()
    };
    let status = cluster
        .delete_with("default/configmaps/a", &options)
        .unwrap_err();
    assert_eq!(
        status.message,
        "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported value: \"Nope\": supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\""
    );
}

#[test]
fn preconditions_of_a_deletion_must_hold() {
    let cluster = Cluster::new();
    cluster
        .create("default/configmaps", config_map("a"))
        .unwrap();
    let options = DeleteOptions {
        uid: Some("x".into()),
        ..DeleteOptions::default()
    };
    let status = cluster
        .delete_with("default/configmaps/a", &options)
        .unwrap_err();
    let start = "Operation cannot be fulfilled on ConfigMap \"a\": the UID in the precondition (x) does not match the UID in record (";
    assert!(status.message.starts_with(start), "{}", status.message);
    assert_eq!(status.details.unwrap().kind, "ConfigMap");
}

#[test]
fn a_dry_run_deletes_nothing() {
    let cluster = Cluster::new();
    cluster.create("default/pods", pod("web")).unwrap();
    let revision = cluster.revision();
    let options = DeleteOptions {
        dry_run: true,
        ..DeleteOptions::default()
    };
    cluster.delete_with("default/pods/web", &options).unwrap();
    assert_eq!(cluster.revision(), revision);
}

#[test]
fn a_namespace_goes_when_its_finalizers_are_empty() {
    let cluster = Cluster::new();
    cluster
        .create(
            "-/namespaces",
            json!({"metadata": {"name": "t1"}, "spec": {"finalizers": ["kubernetes"]}}),
        )
        .unwrap();
    cluster.delete("-/namespaces/t1").unwrap();
    cluster
        .update(
            "-/namespaces/t1/finalize",
            json!({"metadata": {"name": "t1"}, "spec": {}}),
        )
        .unwrap();
    assert_eq!(cluster.get("-/namespaces/t1").unwrap_err().code, 404);
}

#[test]
fn some_namespaces_cannot_be_deleted() {
    let status = Cluster::new().delete("-/namespaces/default").unwrap_err();
    assert_eq!(
        status.message,
        "namespaces \"default\" is forbidden: this namespace may not be deleted"
    );
}
