use super::*;

fn with_config_map() -> (Cluster, Value) {
    let cluster = Cluster::new();
    let made = cluster
        .create("default/configmaps", config_map("a"))
        .unwrap();
    (cluster, made)
}

#[test]
fn a_stale_resource_version_is_a_conflict() {
    let (cluster, _) = with_config_map();
    let mut object = config_map("a");
    object["metadata"]["resourceVersion"] = json!("1");
    let status = cluster.update("default/configmaps/a", object).unwrap_err();
    assert_eq!((status.code, status.reason.as_str()), (409, "Conflict"));
    assert_eq!(
        status.message,
        "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; please apply your changes to the latest version and try again"
    );
}

#[test]
fn a_resource_version_that_is_no_number_is_no_conflict() {
    let (cluster, _) = with_config_map();
    let patch = json!({"metadata": {"resourceVersion": "abc"}});
    let status = cluster.merge("default/configmaps/a", patch).unwrap_err();
    assert_eq!(
        status.message,
        "strconv.ParseUint: parsing \"abc\": invalid syntax"
    );
}

#[test]
fn an_update_without_a_resource_version_is_unconditional_where_the_kind_allows_it() {
    let (cluster, _) = with_config_map();
    let mut object = config_map("a");
    object["data"]["a"] = json!("2");
    cluster.update("default/configmaps/a", object).unwrap();
    let lease = json!({"metadata": {"name": "l"}, "spec": {"holderIdentity": "x"}});
    cluster.create("default/leases", lease.clone()).unwrap();
    let status = cluster.update("default/leases/l", lease).unwrap_err();
    assert_eq!(
        status.message,
        "leases.coordination.k8s.io \"l\" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update"
    );
}

#[test]
fn an_update_that_changes_nothing_writes_nothing() {
    let (cluster, made) = with_config_map();
    let revision = cluster.revision();
    let answer = cluster
        .update("default/configmaps/a", config_map("a"))
        .unwrap();
    assert_eq!(answer, made);
    assert_eq!(cluster.revision(), revision);
}

#[test]
fn what_does_not_exist_is_created_only_for_some_kinds() {
    let cluster = Cluster::new();
    let status = cluster
        .update("default/configmaps/a", config_map("a"))
        .unwrap_err();
    assert_eq!(status.message, "configmaps \"a\" not found");
    let target = cluster.target("default/leases/l");
    let lease = json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "l"},
    });
    let written = cluster.registry.update(&target, lease, &options()).unwrap();
    assert!(written.created);
    assert!(cluster.get("default/leases/l").unwrap()["metadata"]["uid"].is_string());
}

#[test]
fn the_name_in_an_object_must_be_that_of_its_path() {
    let (cluster, _) = with_config_map();
    let status = cluster
        .update("default/configmaps/a", config_map("b"))
        .unwrap_err();
    assert_eq!(
        status.message,
        "the name of the object (b) does not match the name on the URL (a)"
    );
    let status = cluster
        .update("default/configmaps/a", json!({"metadata": {}}))
        .unwrap_err();
    assert_eq!(
        status.message,
        "the name of the object (a based on URL) was undeterminable: name must be provided"
    );
}

#[test]
fn another_uid_is_a_conflict() {
    let (cluster, made) = with_config_map();
    let mut object = config_map("a");
    object["metadata"]["uid"] = json!("1");
    let status = cluster.update("default/configmaps/a", object).unwrap_err();
    let uid = made["metadata"]["uid"].as_str().unwrap();
    assert_eq!(
        status.message,
        format!(
            "Operation cannot be fulfilled on configmaps \"a\": StorageError: invalid object, Code: 4, Key: /registry/configmaps/default/a, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: 1, UID in object meta: {uid}"
        )
    );
}

#[test]
fn identity_and_times_cannot_be_changed() {
    let (cluster, made) = with_config_map();
    let patch = json!({"metadata": {"uid": null, "creationTimestamp": null, "namespace": null}});
    let answer = cluster.merge("default/configmaps/a", patch).unwrap();
    assert_eq!(answer, made);
}

#[test]
fn a_strategic_patch_of_a_list_goes_by_its_key() {
    let cluster = Cluster::new();
    cluster.create("default/pods", pod("web")).unwrap();
    let patch = json!({"spec": {"containers": [{"name": "c", "image": "j"}]}});
    let answer = cluster
        .patch("default/pods/web", &Patch::Strategic(patch))
        .unwrap();
    assert_eq!(answer["spec"]["containers"][0]["image"], "j");
}

#[test]
fn an_apply_creates_and_books_its_fields() {
    let cluster = Cluster::new();
    let mut object = config_map("a");
    complete(&cluster.target("default/configmaps"), &mut object);
    let made = cluster
        .patch("default/configmaps/a", &Patch::Apply(object))
        .unwrap();
    let entry = &made["metadata"]["managedFields"][0];
    assert_eq!(
        (&entry["manager"], &entry["operation"]),
        (&json!("test"), &json!("Apply"))
    );
    assert_eq!(entry["fieldsV1"], json!({"f:data": {"f:a": {}}}));
}

#[test]
fn other_patches_need_an_object() {
    let cluster = Cluster::new();
    let status = cluster
        .merge("default/configmaps/a", json!({}))
        .unwrap_err();
    assert_eq!(status.code, 404);
}

#[test]
fn an_applied_uid_says_that_the_object_exists() {
    let cluster = Cluster::new();
    let mut object = config_map("a");
    object["metadata"]["uid"] = json!("f");
    complete(&cluster.target("default/configmaps"), &mut object);
    let status = cluster
        .patch("default/configmaps/a", &Patch::Apply(object))
        .unwrap_err();
    assert_eq!(
        status.message,
        "Operation cannot be fulfilled on configmaps \"a\": uid mismatch: the provided object specified uid f, and no existing object was found"
    );
}

#[test]
fn a_status_is_written_through_its_subresource_only() {
    let cluster = Cluster::new();
    cluster.create("default/pods", pod("web")).unwrap();
    let patch = json!({"metadata": {"labels": {"a": "b"}}, "status": {"phase": "Running"}});
    let answer = cluster.merge("default/pods/web", patch.clone()).unwrap();
    assert_ne!(answer["status"]["phase"], "Running");
    let answer = cluster
        .merge(
            "default/pods/web/status",
            json!({"spec": {"nodeName": "n"}, "status": {"phase": "Running"}}),
        )
        .unwrap();
    assert_eq!(answer["status"]["phase"], "Running");
    assert_eq!(answer["spec"].get("nodeName"), None);
}

#[test]
fn a_generation_counts_changes_of_the_spec() {
    let cluster = Cluster::new();
    let made = cluster.create("default/pods", pod("web")).unwrap();
    assert_eq!(made["metadata"]["generation"], 1);
    let answer = cluster
        .merge(
            "default/pods/web",
            json!({"spec": {"containers": [{"name": "c", "image": "j"}]}}),
        )
        .unwrap();
    assert_eq!(answer["metadata"]["generation"], 2);
    let answer = cluster
        .merge(
            "default/pods/web",
            json!({"metadata": {"labels": {"a": "b"}}}),
        )
        .unwrap();
    assert_eq!(answer["metadata"]["generation"], 2);
}

#[test]
fn a_controller_changes_an_object_or_learns_that_it_is_gone() {
    let (cluster, made) = with_config_map();
    let target = cluster.target("default/configmaps/a");
    let revision = cluster.revision();
    let same = cluster
        .registry
        .modify(&target, "controller", &mut |_| Ok(()))
        .unwrap()
        .unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&same.json).unwrap(), made);
    assert_eq!(cluster.revision(), revision);
    let changed = cluster
        .registry
        .modify(&target, "controller", &mut |object| {
            object["data"]["a"] = json!("2");
            Ok(())
        })
        .unwrap()
        .unwrap();
    assert_eq!(changed.revision, cluster.revision());
    cluster.delete("default/configmaps/a").unwrap();
    let gone = cluster
        .registry
        .modify(&target, "controller", &mut |_| Ok(()))
        .unwrap();
    assert_eq!(gone, None);
}

#[test]
fn a_controller_that_fails_writes_nothing() {
    let (cluster, _) = with_config_map();
    let revision = cluster.revision();
    let target = cluster.target("default/configmaps/a");
    let result = cluster
        .registry
        .modify(&target, "controller", &mut |object| {
            object["data"] = json!({});
            Err(Status::internal("no"))
        });
    assert_eq!(result.unwrap_err().code, 500);
    assert_eq!(cluster.revision(), revision);
}
