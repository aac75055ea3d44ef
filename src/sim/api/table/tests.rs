use super::*;
use crate::sim::resources::{Column as Printed, built_in};

fn resource(name: &str) -> Resource {
    let all = built_in();
    let found = all
        .iter()
        .find(|resource| resource.group_resource() == name);
    Resource::clone(found.unwrap())
}

fn cells(name: &str, object: &Value) -> Value {
    let now = "2026-01-01T00:10:00Z".parse().unwrap();
    Table::of(&resource(name)).row(object, Include::None, now)["cells"].clone()
}

fn metadata(name: &str) -> Value {
    json!({"name": name, "creationTimestamp": "2026-01-01T00:05:00Z"})
}

#[test]
fn every_resource_has_columns_and_every_value_a_source() {
    for resource in built_in() {
        let name = resource.group_resource();
        let lines = COLUMNS.lines().skip_while(|line| *line != name).skip(1);
        let lines: Vec<&str> = lines.take_while(|line| line.contains('|')).collect();
        assert!(!lines.is_empty(), "{name} has no columns");
        for line in lines {
            assert!(parse(line).is_some(), "{name}: {line}");
        }
    }
}

/// The columns READY, STATUS and RESTARTS.
fn pod(spec: &Value, status: &Value) -> [String; 3] {
    let pod = json!({"metadata": metadata("p"), "spec": spec, "status": status});
    let cells = cells("pods", &pod);
    [1, 2, 3].map(|at| cells[at].as_str().unwrap().to_owned())
}

#[test]
fn pods_show_what_their_containers_do() {
    let two = json!({"containers": [{"name": "a"}, {"name": "b"}]});
    let running = json!({"ready": true, "restartCount": 0, "state": {"running": {}}});
    let ended = json!({"ready": false, "restartCount": 2, "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}});
    let crashing = json!({
        "ready": false, "restartCount": 3, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": {"terminated": {"finishedAt": "2026-01-01T00:09:00Z"}},
    });
    let killed =
        json!({"restartCount": 0, "state": {"terminated": {"exitCode": 137, "signal": 9}}});
    let ready = json!([{"type": "Ready", "status": "True"}]);
    for (status, expected) in [
        (json!({"phase": "Pending"}), ["0/2", "Pending", "0"]),
        (
            json!({"phase": "Failed", "reason": "Evicted"}),
            ["0/2", "Evicted", "0"],
        ),
        (
            json!({"phase": "Running", "containerStatuses": [running, running]}),
            ["2/2", "Running", "0"],
        ),
        (
            json!({"phase": "Running", "containerStatuses": [running, crashing]}),
            ["1/2", "CrashLoopBackOff", "3 (60s ago)"],
        ),
        (
            json!({"phase": "Running", "containerStatuses": [ended, running], "conditions": ready}),
            ["1/2", "Running", "2"],
        ),
        (
            json!({"phase": "Running", "containerStatuses": [ended, running]}),
            ["1/2", "NotReady", "2"],
        ),
        (
            json!({"phase": "Failed", "containerStatuses": [killed]}),
            ["0/2", "Signal:9", "0"],
        ),
        (
            json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "reason": "SchedulingGated"}]}),
            ["0/2", "SchedulingGated", "0"],
        ),
    ] {
        assert_eq!(pod(&two, &status), expected, "{status}");
    }
}

#[test]
fn pods_show_which_of_their_init_containers_runs_or_failed() {
    let with_init = json!({"initContainers": [{"name": "i"}, {"name": "s", "restartPolicy": "Always"}], "containers": [{"name": "a"}]});
    let waiting = json!({"name": "i", "restartCount": 0, "state": {"waiting": {"reason": "PodInitializing"}}});
    let failed = json!({"name": "i", "restartCount": 1, "state": {"terminated": {"exitCode": 1}}});
    for (init, expected) in [
        (json!([waiting]), ["0/2", "Init:0/2", "0"]),
        (json!([failed]), ["0/2", "Init:ExitCode:1", "1"]),
    ] {
        let status = json!({"phase": "Pending", "initContainerStatuses": init});
        assert_eq!(pod(&with_init, &status), expected, "{init}");
    }
}

#[test]
fn a_pod_that_is_being_deleted_is_terminating_unless_it_is_over() {
    for (phase, expected) in [("Running", "Terminating"), ("Succeeded", "Succeeded")] {
        let pod = json!({
            "metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"},
            "spec": {}, "status": {"phase": phase},
        });
        assert_eq!(cells("pods", &pod)[2], expected);
    }
}

#[test]
fn nodes_deployments_and_services_show_the_usual_columns() {
    let node = json!({
        "metadata": {"name": "n", "creationTimestamp": "2026-01-01T00:05:00Z", "labels": {"node-role.kubernetes.io/control-plane": ""}},
        "spec": {"unschedulable": true},
        "status": {
            "conditions": [{"type": "Ready", "status": "Unknown"}],
            "nodeInfo": {"kubeletVersion": "v1.34.4"},
            "addresses": [{"type": "InternalIP", "address": "10.0.0.1"}],
        },
    });
    assert_eq!(
        cells("nodes", &node),
        json!([
            "n",
            "NotReady,SchedulingDisabled",
            "control-plane",
            "5m",
            "v1.34.4",
            "10.0.0.1",
            "<none>",
            "<unknown>",
            "<unknown>",
            "<unknown>"
        ])
    );
    let deployment = json!({
        "metadata": metadata("d"),
        "spec": {"replicas": 3, "selector": {"matchLabels": {"b": "1"}, "matchExpressions": [{"key": "a", "operator": "In", "values": ["y", "x"]}]},
            "template": {"spec": {"containers": [{"name": "c", "image": "i"}, {"name": "d", "image": "j"}]}}},
        "status": {"readyReplicas": 1, "updatedReplicas": 2},
    });
    assert_eq!(
        cells("deployments.apps", &deployment),
        json!(["d", "1/3", 2, 0, "5m", "c,d", "i,j", "a in (x,y),b=1"])
    );
    let service = json!({
        "metadata": metadata("s"),
        "spec": {"type": "NodePort", "clusterIPs": ["10.96.0.9"], "selector": {"a": "b"},
            "ports": [{"port": 80, "nodePort": 30080, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}]},
    });
    assert_eq!(
        cells("services", &service),
        json!([
            "s",
            "NodePort",
            "10.96.0.9",
            "<none>",
            "80:30080/TCP,53/UDP",
            "5m",
            "a=b"
        ])
    );
}

#[test]
fn jobs_budgets_and_events_are_told_in_brief() {
    let job = json!({
        "metadata": metadata("j"), "spec": {"completions": 2},
        "status": {"succeeded": 1, "startTime": "2026-01-01T00:08:00Z"},
    });
    let row = cells("jobs.batch", &job);
    assert_eq!([&row[1], &row[2], &row[3]], ["Running", "1/2", "2m"]);
    let budget = json!({"metadata": metadata("b"), "spec": {"minAvailable": "50%"}, "status": {"disruptionsAllowed": 1}});
    assert_eq!(
        cells("poddisruptionbudgets.policy", &budget),
        json!(["b", "50%", "N/A", 1, "5m"])
    );
    let event = json!({
        "metadata": {"name": "e"}, "lastTimestamp": "2026-01-01T00:09:30Z", "firstTimestamp": "2026-01-01T00:00:00Z",
        "type": "Normal", "reason": "Scheduled", "message": " done ", "count": 4,
        "involvedObject": {"kind": "Pod", "name": "p"}, "source": {"component": "scheduler", "host": "h"},
    });
    assert_eq!(
        cells("events", &event),
        json!([
            "30s",
            "Normal",
            "Scheduled",
            "pod/p",
            "",
            "scheduler, h",
            "done",
            "10m",
            4,
            "e"
        ])
    );
}

#[test]
fn defined_kinds_show_the_columns_of_their_definition() {
    let column = |name: &str, of: &str, path: &str| Printed {
        name: name.to_owned(),
        of: of.to_owned(),
        format: String::new(),
        description: String::new(),
        priority: 0,
        path: Some(path.to_owned()),
    };
    let mut widgets = resource("pods");
    widgets.custom = true;
    widgets.columns = vec![
        column("Count", "integer", ".spec.n"),
        column(
            "Ready",
            "string",
            ".status.conditions[?(@.type=='Ready')].status",
        ),
        column("Since", "date", ".spec.since"),
        column("List", "string", ".spec.list"),
        column("Label", "string", ".metadata.labels.example\\.com/x"),
        column("Quoted", "string", ".metadata.labels['example\\.com/x']"),
        column("Missing", "string", ".spec.nothing"),
    ];
    let table = Table::of(&widgets);
    assert_eq!(
        table.definitions()[1]["description"],
        "Custom resource definition column (in JSONPath format): .spec.n"
    );
    let object = json!({
        "metadata": {"name": "w", "labels": {"example.com/x": "y"}},
        "spec": {"n": 5, "since": "2026-01-01T00:00:00Z", "list": [1, {"a": 2}]},
        "status": {"conditions": [{"type": "Other", "status": "a"}, {"type": "Ready", "status": "b"}]},
    });
    let now = "2026-01-01T00:10:00Z".parse().unwrap();
    let row = table.row(&object, Include::None, now);
    assert_eq!(
        row["cells"],
        json!(["w", 5, "b", "10m", "[1,{\"a\":2}]", "y", "y", null])
    );
}

#[test]
fn durations_are_told_in_at_most_two_parts() {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    for (seconds, expected) in [
        (-5, "<invalid>"),
        (-1, "0s"),
        (119, "119s"),
        (2 * MINUTE, "2m"),
        (9 * MINUTE + 59, "9m59s"),
        (10 * MINUTE + 59, "10m"),
        (3 * HOUR, "3h"),
        (7 * HOUR + 59 * MINUTE, "7h59m"),
        (47 * HOUR, "47h"),
        (2 * DAY + 5 * HOUR, "2d5h"),
        (8 * DAY, "8d"),
        (2 * 365 * DAY + DAY, "2y1d"),
        (8 * 365 * DAY, "8y"),
    ] {
        assert_eq!(age::duration(seconds), expected, "{seconds}");
    }
}
