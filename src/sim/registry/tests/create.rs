use super::*;

#[test]
fn a_new_object_has_an_identity() {
    let cluster = Cluster::new();
    let made = cluster
        .create("default/configmaps", config_map("a"))
        .unwrap();
    let metadata = &made["metadata"];
    assert_eq!(metadata["namespace"], "default");
    assert_eq!(metadata["creationTimestamp"], "2026-01-01T00:00:00Z");
    assert_eq!(metadata["resourceVersion"], cluster.revision().to_string());
    let uid = metadata["uid"].as_str().unwrap();
    assert_eq!((uid.len(), &uid[14..15], &uid[8..9]), (36, "4", "-"));
    assert_eq!(cluster.get("default/configmaps/a").unwrap(), made);
}

#[test]
fn the_same_seed_makes_the_same_identities() {
    let [first, second] = [Cluster::new(), Cluster::new()].map(|cluster| {
        cluster
            .create(
                "default/configmaps",
                json!({"metadata": {"generateName": "a-"}}),
            )
            .unwrap()
    });
    assert_eq!(first, second);
}

#[test]
fn generated_names_differ_and_have_five_more_characters() {
    let cluster = Cluster::new();
    let names: std::collections::BTreeSet<String> = (0..50)
        .map(|_| {
            let made = cluster
                .create(
                    "default/configmaps",
                    json!({"metadata": {"generateName": "a-"}}),
                )
                .unwrap();
            made["metadata"]["name"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(names.len(), 50);
    assert!(
        names
            .iter()
            .all(|name| name.len() == 7 && name.starts_with("a-"))
    );
}

#[test]
fn a_name_can_be_used_once() {
    let cluster = Cluster::new();
    cluster
        .create("default/configmaps", config_map("a"))
        .unwrap();
    let status = cluster
        .create("default/configmaps", config_map("a"))
        .unwrap_err();
    assert_eq!(
        (status.code, status.reason.as_str()),
        (409, "AlreadyExists")
    );
    assert_eq!(status.message, "configmaps \"a\" already exists");
}

#[test]
fn a_name_that_is_on_its_way_out_is_taken_too() {
    let cluster = Cluster::new();
    let mut object = config_map("a");
    object["metadata"]["finalizers"] = json!(["example.com/wait"]);
    cluster
        .create("default/configmaps", object.clone())
        .unwrap();
    cluster.delete("default/configmaps/a").unwrap();
    let status = cluster.create("default/configmaps", object).unwrap_err();
    assert_eq!(
        status.message,
        "object is being deleted: configmaps \"a\" already exists"
    );
}

#[test]
fn a_missing_namespace_is_named() {
    let status = Cluster::new()
        .create("nope/configmaps", config_map("a"))
        .unwrap_err();
    assert_eq!(
        (status.code, status.message.as_str()),
        (404, "namespaces \"nope\" not found")
    );
}

#[test]
fn nothing_is_made_in_a_namespace_that_goes() {
    let cluster = Cluster::new();
    cluster
        .create("-/namespaces", json!({"metadata": {"name": "t1"}}))
        .unwrap();
    let answer = cluster.delete("-/namespaces/t1").unwrap();
    assert_eq!(answer["status"]["phase"], "Terminating");
    let status = cluster
        .create("t1/configmaps", config_map("b"))
        .unwrap_err();
    assert_eq!(
        status.message,
        "configmaps \"b\" is forbidden: unable to create new content in namespace t1 because it is being terminated"
    );
    let cause = &status.details.unwrap().causes[0];
    assert_eq!(cause.reason, "NamespaceTerminating");
    assert_eq!(cause.message, "namespace t1 is being terminated");
}

#[test]
fn an_object_of_another_namespace_is_refused() {
    let mut object = config_map("a");
    object["metadata"]["namespace"] = json!("other");
    let status = Cluster::new()
        .create("default/configmaps", object)
        .unwrap_err();
    assert_eq!(
        status.message,
        "the namespace of the provided object does not match the namespace sent on the request"
    );
}

#[test]
fn a_new_object_comes_without_a_revision() {
    let mut object = config_map("a");
    object["metadata"]["resourceVersion"] = json!("5");
    let status = Cluster::new()
        .create("default/configmaps", object)
        .unwrap_err();
    assert_eq!((status.code, status.reason.as_str()), (500, ""));
}

#[test]
fn what_only_the_server_sets_is_not_taken_from_the_request() {
    let cluster = Cluster::new();
    let mut object = config_map("a");
    object["metadata"]["uid"] = json!("mine");
    object["metadata"]["creationTimestamp"] = json!("2020-01-01T00:00:00Z");
    object["metadata"]["deletionTimestamp"] = json!("2020-01-01T00:00:00Z");
    let made = cluster.create("default/configmaps", object).unwrap();
    assert_ne!(made["metadata"]["uid"], "mine");
    assert_eq!(
        made["metadata"]["creationTimestamp"],
        "2026-01-01T00:00:00Z"
    );
    assert_eq!(made["metadata"].get("deletionTimestamp"), None);
}

#[test]
fn a_dry_run_writes_nothing() {
    let cluster = Cluster::new();
    let before = cluster.revision();
    let made = cluster
        .create_with("default/configmaps", config_map("a"), &dry_run())
        .unwrap();
    assert_eq!(made["metadata"].get("resourceVersion"), None);
    assert_eq!(cluster.revision(), before);
    assert_eq!(cluster.get("default/configmaps/a").unwrap_err().code, 404);
}

#[test]
fn every_cluster_starts_with_some_namespaces_and_the_service_of_the_api() {
    let cluster = Cluster::new();
    for name in ["default", "kube-system", "kube-public", "kube-node-lease"] {
        let namespace = cluster.get(&format!("-/namespaces/{name}")).unwrap();
        assert_eq!(namespace["metadata"]["name"], name);
    }
    let service = cluster.get("default/services/kubernetes").unwrap();
    assert_eq!(service["spec"]["clusterIP"], "10.96.0.1");
}

#[test]
fn a_pod_has_the_priority_of_its_class() {
    let cluster = Cluster::new();
    let mut object = pod("a");
    object["spec"]["priorityClassName"] = json!("system-node-critical");
    let made = cluster.create("default/pods", object.clone()).unwrap();
    assert_eq!(made["spec"]["priority"], 2_000_001_000);
    object["metadata"]["name"] = json!("b");
    object["spec"]["priority"] = json!(5);
    let status = cluster.create("default/pods", object).unwrap_err();
    assert_eq!(
        status.message,
        "pods \"b\" is forbidden: the integer value of priority (5) must not be provided in pod spec; priority admission controller computed 2000001000 from the given PriorityClass name"
    );
    let mut object = pod("c");
    object["spec"]["priorityClassName"] = json!("nope");
    let status = cluster.create("default/pods", object).unwrap_err();
    assert_eq!(
        status.message,
        "pods \"c\" is forbidden: no PriorityClass with name nope was found"
    );
}

#[test]
fn pods_without_a_class_have_the_default_one() {
    let cluster = Cluster::new();
    let class = json!({"metadata": {"name": "usual"}, "value": 7, "globalDefault": true});
    cluster.create("-/priorityclasses", class).unwrap();
    let made = cluster.create("default/pods", pod("a")).unwrap();
    assert_eq!(
        (
            &made["spec"]["priority"],
            &made["spec"]["priorityClassName"]
        ),
        (&json!(7), &json!("usual"))
    );
}
