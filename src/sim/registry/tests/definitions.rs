use super::*;

const DEFINITIONS: &str = "-/customresourcedefinitions";

fn widgets() -> Value {
    let schema = json!({"openAPIV3Schema": {
        "type": "object", "x-kubernetes-preserve-unknown-fields": true,
        "properties": {"spec": {"type": "object", "properties": {"replicas": {"type": "integer"}}}},
    }});
    json!({
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {
                "plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList",
            },
            "versions": [
                {
                    "name": "v1", "served": true, "storage": true, "schema": schema,
                    "subresources": {"status": {}, "scale": {
                        "specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas",
                    }},
                },
                {"name": "v1beta1", "served": true, "storage": false, "schema": schema},
                {"name": "v1alpha1", "served": false, "storage": false, "schema": schema},
            ],
        },
    })
}

fn widget(name: &str) -> Value {
    json!({"metadata": {"name": name}, "spec": {"replicas": 2}})
}

fn with_widgets() -> Cluster {
    let cluster = Cluster::new();
    cluster.create(DEFINITIONS, widgets()).unwrap();
    cluster
}

#[test]
fn a_defined_kind_is_served_at_once() {
    let cluster = with_widgets();
    cluster.create("default/widgets", widget("w")).unwrap();
    let versions: Vec<String> = cluster
        .registry
        .resources()
        .iter()
        .filter(|resource| &*resource.plural == "widgets")
        .map(|resource| resource.api_version())
        .collect();
    assert_eq!(versions, ["example.com/v1", "example.com/v1beta1"]);
}

#[test]
fn a_definition_is_established() {
    let cluster = with_widgets();
    let definition = cluster
        .get("-/customresourcedefinitions/widgets.example.com")
        .unwrap();
    let status = &definition["status"];
    assert_eq!(status["storedVersions"], json!(["v1"]));
    assert_eq!(status["acceptedNames"]["kind"], "Widget");
    let conditions: Vec<&str> = status["conditions"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|condition| condition["type"].as_str())
        .collect();
    assert_eq!(conditions, ["NamesAccepted", "Established"]);
}

#[test]
fn every_version_shows_the_same_object() {
    let cluster = with_widgets();
    let made = cluster.create("default/widgets", widget("w")).unwrap();
    let mut target = cluster.target("default/widgets/w");
    target.resource = cluster
        .registry
        .resource("example.com", "v1beta1", "widgets")
        .unwrap();
    let shown = cluster.registry.get(&target).unwrap();
    let shown: Value = serde_json::from_slice(&shown.json).unwrap();
    assert_eq!(shown["apiVersion"], "example.com/v1beta1");
    assert_eq!(shown["metadata"], made["metadata"]);
    let listed = cluster
        .registry
        .list(&target, &PageRequest::default())
        .unwrap();
    assert_eq!(
        serde_json::from_slice::<Value>(&listed.items[0].json).unwrap(),
        shown
    );
}

#[test]
fn objects_of_an_older_storage_version_are_still_shown_as_asked_for() {
    let cluster = with_widgets();
    cluster.create("default/widgets", widget("w")).unwrap();
    let path = "-/customresourcedefinitions/widgets.example.com";
    let change = json!([
        {"op": "replace", "path": "/spec/versions/0/storage", "value": false},
        {"op": "replace", "path": "/spec/versions/1/storage", "value": true},
    ]);
    let changed = cluster.patch(path, &Patch::Json(change)).unwrap();
    assert_eq!(
        changed["status"]["storedVersions"],
        json!(["v1", "v1beta1"])
    );
    for version in ["v1", "v1beta1"] {
        let mut target = cluster.target("default/widgets/w");
        target.resource = cluster
            .registry
            .resource("example.com", version, "widgets")
            .unwrap();
        let shown = cluster.registry.get(&target).unwrap();
        let shown: Value = serde_json::from_slice(&shown.json).unwrap();
        assert_eq!(shown["apiVersion"], format!("example.com/{version}"));
    }
}

#[test]
fn defined_kinds_need_a_revision_and_know_no_strategic_merge() {
    let cluster = with_widgets();
    cluster.create("default/widgets", widget("w")).unwrap();
    let status = cluster
        .update("default/widgets/w", widget("w"))
        .unwrap_err();
    assert_eq!(
        status.message,
        "widgets.example.com \"w\" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update"
    );
    let status = cluster
        .patch("default/widgets/w", &Patch::Strategic(json!({})))
        .unwrap_err();
    assert_eq!(status.code, 415);
}

#[test]
fn a_defined_kind_can_be_scaled() {
    let cluster = with_widgets();
    cluster.create("default/widgets", widget("w")).unwrap();
    let scale = cluster.get("default/widgets/w/scale").unwrap();
    assert_eq!(scale["spec"]["replicas"], 2);
    cluster
        .merge("default/widgets/w/scale", json!({"spec": {"replicas": 5}}))
        .unwrap();
    let object = cluster.get("default/widgets/w").unwrap();
    assert_eq!(object["spec"]["replicas"], 5);
    assert_eq!(object["metadata"]["generation"], 2);
}

#[test]
fn a_definition_goes_with_its_last_object() {
    let cluster = with_widgets();
    cluster.create("default/widgets", widget("a")).unwrap();
    let mut kept = widget("b");
    kept["metadata"]["finalizers"] = json!(["example.com/wait"]);
    cluster.create("default/widgets", kept).unwrap();
    let path = "-/customresourcedefinitions/widgets.example.com";
    let answer = cluster.delete(path).unwrap();
    assert_eq!(
        answer["metadata"]["finalizers"],
        json!(["customresourcecleanup.apiextensions.k8s.io"])
    );
    assert!(cluster.get("default/widgets/a").is_err());
    assert!(cluster.get("default/widgets/b").is_ok());
    let status = cluster.create("default/widgets", widget("c")).unwrap_err();
    assert_eq!(
        status.message,
        "widgets.example.com \"c\" is forbidden: create not allowed while custom resource definition is terminating"
    );
    cluster
        .merge(
            "default/widgets/b",
            json!({"metadata": {"finalizers": null}}),
        )
        .unwrap();
    assert!(cluster.get(path).is_err());
    assert_eq!(
        cluster
            .registry
            .resource("example.com", "v1", "widgets")
            .map(|_| ()),
        None
    );
}

#[test]
fn a_definition_without_objects_goes_at_once() {
    let cluster = with_widgets();
    let path = "-/customresourcedefinitions/widgets.example.com";
    cluster.delete(path).unwrap();
    assert!(cluster.get(path).is_err());
}

#[test]
fn definitions_are_served_after_a_restart() {
    let cluster = with_widgets();
    let clock = Clock::starting_at("2026-01-02T00:00:00Z".parse().unwrap());
    let again = Registry::new(cluster.registry.store().clone(), clock, 7);
    assert!(again.kind("example.com/v1", "Widget").is_some());
}

#[test]
fn both_kinds_of_events_can_be_written() {
    let cluster = Cluster::new();
    let resource = cluster
        .registry
        .resource("events.k8s.io", "v1", "events")
        .unwrap();
    let event = json!({
        "apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": "e"},
        "note": "hi", "reason": "R", "regarding": {"kind": "Pod", "name": "x", "namespace": "default"},
        "action": "A", "reportingController": "c", "reportingInstance": "i", "type": "Normal",
        "eventTime": "2026-01-01T00:00:00.000000Z",
    });
    let target = Target::new(resource, "default", "");
    cluster.registry.create(&target, event, &options()).unwrap();
    let core = cluster.get("default/events/e").unwrap();
    assert_eq!(
        (&core["message"], &core["involvedObject"]["name"]),
        (&json!("hi"), &json!("x"))
    );
}
