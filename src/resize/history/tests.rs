use serde_json::{Value, json};

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn change(name: &str, object: Option<&Value>) -> Entry {
    let object = object.map(|object| RawValue::from_string(object.to_string()).unwrap());
    Entry::Change(Change {
        at: at(1),
        cluster: Cluster::App,
        resource: "pods".into(),
        namespace: "default".into(),
        name: name.into(),
        object,
    })
}

fn log() -> String {
    let entries = [
        Entry::Start(Start::default()),
        change("web", Some(&json!({"metadata": {"name": "web"}}))),
        change("web", None),
        Entry::Decision(Decided {
            at: at(2),
            decision: Decision::default(),
            took: Duration::from_micros(70),
        }),
        Entry::Act(Act {
            at: at(3),
            what: "machinedeployments bex-worker-0".into(),
            result: Err("conflict".into()),
        }),
    ];
    entries.iter().map(|entry| entry.line().unwrap()).collect()
}

#[test]
fn every_kind_of_entry_survives_the_way_through_the_log() {
    let log = log();
    let mut again = String::new();
    for entry in Entries::new(log.as_bytes()) {
        again.push_str(&entry.unwrap().1.line().unwrap());
    }
    assert_eq!(again, log);
    assert_eq!(log.lines().count(), 5);
}

#[test]
fn a_torn_last_line_is_passed_over_with_a_warning() {
    let log = log();
    let torn = &log[..log.len() - 10];
    let mut entries = Entries::new(torn.as_bytes());
    assert_eq!(entries.by_ref().flatten().count(), 4);
    assert_eq!(
        entries.warning(),
        Some("line 5, the last one, is torn and was passed over")
    );
}

#[test]
fn damage_in_the_middle_names_its_line_and_column() {
    let log = log().replace(
        r#""name":"web","object":null"#,
        r#""name":"web","object":nul!"#,
    );
    let mut entries = Entries::new(log.as_bytes());
    let error = entries.find_map(Result::err).unwrap().to_string();
    assert!(
        error.starts_with("line 3, column ") && error.contains("head -n 2"),
        "{error}"
    );
    assert!(entries.next().is_none());
}

#[test]
fn a_kind_of_entry_that_nobody_knows_is_damage() {
    let mut entries = Entries::new(&b"{\"guess\":{}}\n"[..]);
    let error = entries.next().unwrap().unwrap_err().to_string();
    assert!(error.contains("unknown variant `guess`"), "{error}");
}

/// What playing the log back and drawing it both say.
fn refused(log: &str) -> String {
    let error = replay(log.as_bytes()).unwrap_err().to_string();
    assert_eq!(report(log.as_bytes()).unwrap_err().to_string(), error);
    error
}

#[test]
fn a_log_without_its_beginning_is_neither_played_back_nor_drawn() {
    let log = log();
    let error = refused(log.split_once('\n').unwrap().1);
    assert!(error.contains("first line is missing"), "{error}");
}

#[test]
fn an_empty_log_is_refused_with_what_to_do() {
    for nothing in ["", "{\"start\":{"] {
        let error = refused(nothing);
        assert!(error.contains("the log is empty: run the loop"), "{error}");
    }
}

fn trimmed(resource: &str, object: &Value) -> Value {
    serde_json::from_slice(&trim(resource, object.to_string().as_bytes()).unwrap()).unwrap()
}

#[test]
fn a_pod_keeps_what_places_it_and_loses_what_it_is_told() {
    let pod = json!({
        "metadata": {
            "name": "web", "namespace": "default", "uid": "u", "resourceVersion": "7",
            "labels": {"app": "web"},
            "annotations": {"cluster-autoscaler.kubernetes.io/safe-to-evict": "false", "note": "long"},
            "ownerReferences": [{"kind": "ReplicaSet", "name": "web", "controller": true}],
            "managedFields": [{"manager": "kubectl"}],
        },
        "spec": {
            "nodeName": "n0", "priority": 5,
            "containers": [{
                "name": "web", "image": "web:1", "env": [{"name": "PASSWORD", "value": "secret"}],
                "resources": {"requests": {"cpu": "1"}}, "ports": [{"hostPort": 80}],
            }],
            "volumes": [{"name": "data", "emptyDir": {}}],
        },
        "status": {
            "phase": "Running", "podIP": "10.0.0.1",
            "conditions": [{"type": "Ready", "status": "True", "lastProbeTime": null}],
            "containerStatuses": [{"name": "web", "resources": {}, "imageID": "sha256:1"}],
        },
    });
    let expected = json!({
        "metadata": {
            "name": "web", "namespace": "default", "uid": "u",
            "labels": {"app": "web"},
            "annotations": {"cluster-autoscaler.kubernetes.io/safe-to-evict": "false"},
            "ownerReferences": [{"kind": "ReplicaSet", "name": "web", "controller": true}],
        },
        "spec": {
            "nodeName": "n0", "priority": 5,
            "containers": [{
                "name": "web",
                "resources": {"requests": {"cpu": "1"}}, "ports": [{"hostPort": 80}],
            }],
            "volumes": [{"name": "data", "emptyDir": {}}],
        },
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [{"name": "web", "resources": {}}],
        },
    });
    assert_eq!(trimmed("pods", &pod), expected);
}

#[test]
fn a_heartbeat_of_a_node_changes_nothing_that_is_kept() {
    let node = |heartbeat: &str, images: Value| {
        json!({
            "metadata": {"name": "n0", "resourceVersion": heartbeat},
            "spec": {"taints": [{"key": "gpu"}]},
            "status": {
                "allocatable": {"cpu": "4"}, "images": images,
                "conditions": [{"type": "Ready", "status": "True", "lastHeartbeatTime": heartbeat}],
            },
        })
    };
    let first = trimmed("nodes", &node("1", json!([])));
    assert_eq!(
        first,
        trimmed("nodes", &node("2", json!([{"names": ["a"]}])))
    );
    assert_eq!(first["spec"]["taints"][0]["key"], "gpu");
}

#[test]
fn who_wrote_the_replicas_of_a_machine_deployment_is_kept() {
    let group = json!({
        "metadata": {"name": "bex-worker", "managedFields": [
            {"manager": "cluster-autoscaler", "fieldsV1": {"f:spec": {"f:replicas": {}, "f:paused": {}}}},
            {"manager": "kubectl", "fieldsV1": {"f:metadata": {}}},
        ]},
        "spec": {"replicas": 3},
    });
    let kept = trimmed("machinedeployments.cluster.x-k8s.io", &group);
    let managers = &kept["metadata"]["managedFields"];
    assert_eq!(managers.as_array().unwrap().len(), 1);
    assert_eq!(managers[0]["manager"], "cluster-autoscaler");
    assert_eq!(
        managers[0]["fieldsV1"],
        json!({"f:spec": {"f:replicas": {}}})
    );
}

#[test]
fn what_is_no_object_is_refused_by_name() {
    let error = format!("{:#}", trim("pods", b"[1, 2").unwrap_err());
    assert!(error.starts_with("reading one of pods: "), "{error}");
}
