use serde_json::{Value, from_value, json};

use super::*;

fn resources(pairs: &[(&str, u64)]) -> Resources {
    let owned = pairs
        .iter()
        .map(|(name, amount)| ((*name).to_owned(), *amount));
    owned.collect()
}

fn requests_of(spec: Value) -> Resources {
    let mut requests = requests::of_pod(&from_value(spec).unwrap()).unwrap();
    assert_eq!(requests.remove("pods"), Some(1));
    requests
}

fn read_pod(pod: Value, claims: Value, volumes: Value) -> Pod {
    let claims: Vec<core::PersistentVolumeClaim> = from_value(claims).unwrap();
    let bound = convert::BoundVolumes::new(&claims, from_value(volumes).unwrap());
    convert::pod(from_value(pod).unwrap(), &bound).unwrap()
}

fn asks(name: &str, cpu: &str) -> Value {
    json!({"name": name, "resources": {"requests": {"cpu": cpu}}})
}

fn sidecar(name: &str, cpu: &str) -> Value {
    json!({"name": name, "restartPolicy": "Always", "resources": {"requests": {"cpu": cpu}}})
}

#[test]
fn containers_add_up_and_resources_keep_their_units() {
    let spec = json!({"containers": [
        {"name": "a", "resources": {"requests": {"cpu": "250m", "memory": "1Gi"}}},
        {"name": "b", "resources": {"requests": {"cpu": "1", "nvidia.com/gpu": "2"}}},
        {"name": "c"},
    ]});
    let expected = [("cpu", 1250), ("memory", 1 << 30), ("nvidia.com/gpu", 2)];
    assert_eq!(requests_of(spec), resources(&expected));
}

#[test]
fn init_containers_count_by_the_most_that_one_needs_at_its_turn() {
    let app = asks("app", "100m");
    let expected = [
        (json!([asks("a", "300m"), asks("b", "200m")]), 300),
        (json!([asks("a", "50m")]), 100),
        (json!([sidecar("s", "60m")]), 160),
        (json!([sidecar("s", "60m"), asks("a", "300m")]), 360),
        (json!([asks("a", "300m"), sidecar("s", "60m")]), 300),
        (
            json!([sidecar("s", "60m"), sidecar("t", "20m"), asks("a", "50m")]),
            180,
        ),
    ];
    for (init, cpu) in expected {
        let spec = json!({"containers": [app], "initContainers": init});
        assert_eq!(requests_of(spec), resources(&[("cpu", cpu)]), "{init}");
    }
}

#[test]
fn what_the_whole_pod_asks_for_replaces_the_sum_and_overhead_comes_on_top() {
    let spec = json!({
        "containers": [{"name": "a", "resources": {"requests": {"cpu": "1", "memory": "64Mi"}}}],
        "resources": {"requests": {"cpu": "500m"}},
        "overhead": {"cpu": "50m"},
    });
    assert_eq!(
        requests_of(spec),
        resources(&[("cpu", 550), ("memory", 64 << 20)])
    );
}

#[test]
fn an_amount_that_cannot_be_read_is_named() {
    let pod = json!({
        "metadata": {"namespace": "shop", "name": "web"},
        "spec": {"containers": [asks("app", "lots")]},
    });
    let bound = convert::BoundVolumes::new(&[], Vec::new());
    let error = convert::pod(from_value(pod).unwrap(), &bound).unwrap_err();
    assert_eq!(
        error.chain().map(ToString::to_string).collect::<Vec<_>>()[..4],
        [
            "reading what pod shop/web asks for",
            "reading the requests of container app",
            "reading cpu",
            "reading quantity `lots`",
        ]
    );
}

#[test]
fn a_node_offers_what_is_allocatable_rounded_down() {
    let node = convert::node(
        from_value(json!({
            "metadata": {"name": "w0", "labels": {"disk": "ssd"}},
            "spec": {"unschedulable": true, "taints": [{"key": "k", "effect": "NoSchedule"}]},
            "status": {
                "capacity": {"cpu": "4"},
                "allocatable": {"cpu": "1.9999", "memory": "1000m", "pods": "110"},
                "conditions": [
                    {"type": "Ready", "status": "True"},
                    {"type": "DiskPressure", "status": "False"},
                ],
            },
        }))
        .unwrap(),
    )
    .unwrap();
    assert_eq!(
        node.allocatable,
        resources(&[("cpu", 1999), ("memory", 1), ("pods", 110)])
    );
    assert_eq!(node.labels["disk"], "ssd");
    assert!(node.ready && node.unschedulable);
    assert_eq!(node.taints.len(), 1);
}

#[test]
fn a_node_whose_kubelet_is_silent_is_not_ready() {
    for conditions in [json!([]), json!([{"type": "Ready", "status": "Unknown"}])] {
        let node = json!({"metadata": {"name": "w0"}, "status": {"conditions": conditions}});
        assert!(!convert::node(from_value(node).unwrap()).unwrap().ready);
    }
}

/// A node selector that only nodes with a `disk` label satisfy.
fn with_disk() -> Value {
    json!({"nodeSelectorTerms": [{"matchExpressions": [{"key": "disk", "operator": "Exists"}]}]})
}

fn bound_pod() -> Value {
    let term = json!({"topologyKey": "kubernetes.io/hostname", "labelSelector": {}});
    let required = "requiredDuringSchedulingIgnoredDuringExecution";
    json!({
        "metadata": {
            "namespace": "shop", "name": "db-0",
            "ownerReferences": [
                {"apiVersion": "v1", "kind": "Note", "name": "n", "uid": "1"},
                {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "uid": "2", "controller": true},
            ],
        },
        "spec": {
            "nodeName": "w0",
            "nodeSelector": {"zone": "a"},
            "containers": [{"name": "db", "ports": [
                {"containerPort": 1},
                {"containerPort": 2, "hostPort": 2, "protocol": "UDP", "hostIP": "10.0.0.1"},
            ]}],
            "initContainers": [
                {"name": "once", "ports": [{"containerPort": 3, "hostPort": 3}]},
                {"name": "proxy", "restartPolicy": "Always", "ports": [{"containerPort": 4, "hostPort": 4}]},
            ],
            "affinity": {
                "nodeAffinity": {required: with_disk()},
                "podAffinity": {required: [term]},
                "podAntiAffinity": {required: [term]},
            },
            "topologySpreadConstraints": [
                {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"},
            ],
            "volumes": [
                {"name": "data", "persistentVolumeClaim": {"claimName": "data-db-0"}},
                {"name": "net", "persistentVolumeClaim": {"claimName": "anywhere"}},
                {"name": "dir", "hostPath": {"path": "/var/data"}},
                {"name": "scratch", "emptyDir": {}},
            ],
        },
        "status": {"phase": "Running"},
    })
}

#[test]
fn everything_that_binds_a_pod_to_its_node_is_read() {
    let claim = |name: &str, volume: &str| json!({"metadata": {"namespace": "shop", "name": name}, "spec": {"volumeName": volume}});
    let volumes = json!([
        {"metadata": {"name": "pv-local"}, "spec": {"nodeAffinity": {"required": with_disk()}}},
        {"metadata": {"name": "pv-net"}, "spec": {}},
    ]);
    let claims = json!([claim("data-db-0", "pv-local"), claim("anywhere", "pv-net")]);
    let pod = read_pod(bound_pod(), claims, volumes);

    assert_eq!(pod.controller.as_deref(), Some("StatefulSet"));
    assert_eq!(pod.node.as_deref(), Some("w0"));
    assert_eq!(pod.node_selector["zone"], "a");
    let ports: Vec<_> = pod
        .host_ports
        .iter()
        .map(|p| (p.ip.as_str(), p.port))
        .collect();
    assert_eq!(ports, [("10.0.0.1", 2), ("0.0.0.0", 4)]);
    assert_eq!(pod.node_affinity.unwrap().node_selector_terms.len(), 1);
    assert_eq!(pod.anti_affinity.len(), 1);
    let claims: Vec<_> = pod.volumes.iter().map(|v| v.claim.as_str()).collect();
    assert_eq!(claims, ["data-db-0"]);
    assert_eq!(pod.host_paths, ["/var/data"]);
    assert_eq!(pod.unchecked, ["pod affinity", "topology spread"]);
    assert!(pod.empty_dir && !pod.mirror && !pod.terminating);
}

#[test]
fn wishes_do_not_bind_a_pod() {
    let pod = json!({
        "metadata": {
            "namespace": "shop", "name": "web",
            "annotations": {"kubernetes.io/config.mirror": "hash"},
            "deletionTimestamp": "2026-01-01T00:00:00Z",
        },
        "spec": {
            "containers": [{"name": "web"}],
            "affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
            "topologySpreadConstraints": [
                {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"},
            ],
            "volumes": [{"name": "shm", "emptyDir": {"medium": "Memory"}}],
        },
    });
    let pod = read_pod(pod, json!([]), json!([]));
    assert_eq!(pod.anti_affinity, []);
    assert_eq!(pod.unchecked, Vec::<&str>::new());
    assert_eq!(pod.controller, None);
    assert!(!pod.empty_dir && pod.mirror && pod.terminating);
}

#[test]
fn a_budget_without_a_status_allows_nothing() {
    let budget = convert::budget(
        from_value(json!({
            "metadata": {"namespace": "shop", "name": "web"},
            "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}},
        }))
        .unwrap(),
    );
    assert_eq!(budget.disruptions_allowed, 0);
    assert!(budget.selector.is_some());
}
