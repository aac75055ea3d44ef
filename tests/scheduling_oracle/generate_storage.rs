//! Random claims, volumes and drivers.

use serde_json::{Value, json};

use super::pods::node_term;
use crate::random::Random;

/// Adds storage that the pods' claims, `c0` to `c11` and those made for them, find or miss.
pub(super) fn add(random: &mut Random, cluster: &mut Value, nodes: &[String]) {
    cluster["classes"] = classes(random);
    cluster["drivers"] = json!([
        {"metadata": {"name": "csi.a"}, "spec": {"storageCapacity": random.percent(50)}},
        {"metadata": {"name": "csi.b"}, "spec": {}},
    ]);
    cluster["capacities"] = (0..3).map(|number| capacity(random, number)).collect();
    cluster["driverNodes"] = driver_nodes(random, nodes);
    let mut claims: Vec<Value> = Vec::new();
    for namespace in ["default", "shop"] {
        let own = (0..12).filter_map(|n| claim(random, namespace, &format!("c{n}"), nodes));
        claims.extend(own.collect::<Vec<_>>());
    }
    claims.extend(made_for_pods(random, cluster, nodes));
    cluster["volumes"] = (0..10)
        .map(|number| volume(random, number, &claims))
        .collect();
    cluster["claims"] = claims.into();
    cluster["attachments"] = (0..4)
        .map(|number| attachment(random, number, nodes))
        .collect();
}

fn classes(random: &mut Random) -> Value {
    let mut wait = json!({"metadata": {"name": "wait"}, "provisioner": random.pick(&["csi.a", "csi.b"]),
        "volumeBindingMode": "WaitForFirstConsumer"});
    if random.percent(50) {
        let zones = random.some(&["a", "b", "c"], 60);
        wait["allowedTopologies"] = json!([{"matchLabelExpressions": [
            {"key": "topology.kubernetes.io/zone", "values": zones},
        ]}]);
    }
    json!([
        {"metadata": {"name": "now"}, "provisioner": "csi.a", "volumeBindingMode": "Immediate"},
        wait,
        {"metadata": {"name": "local"}, "provisioner": "kubernetes.io/no-provisioner",
            "volumeBindingMode": "WaitForFirstConsumer"},
    ])
}

fn capacity(random: &mut Random, number: u64) -> Value {
    let mut capacity = json!({
        "metadata": {"name": format!("cap{number}"), "namespace": "kube-system"},
        "storageClassName": "wait",
        "capacity": random.pick(&["1Gi", "20Gi"]),
    });
    if random.percent(80) {
        capacity["nodeTopology"] = json!({"matchLabels": {
            "topology.kubernetes.io/zone": random.pick(&["a", "b"]),
        }});
    }
    if random.percent(30) {
        capacity["maximumVolumeSize"] = random.pick(&["1Gi", "5Gi"]).into();
    }
    capacity
}

fn driver_nodes(random: &mut Random, nodes: &[String]) -> Value {
    let mut listed: Vec<Value> = Vec::new();
    for node in nodes
        .iter()
        .filter(|_| random.percent(70))
        .collect::<Vec<_>>()
    {
        let drivers = ["csi.a", "csi.b"].map(|driver| {
            let mut driver = json!({"name": driver, "nodeID": "x"});
            if random.percent(70) {
                driver["allocatable"] = json!({"count": random.between(0, 3)});
            }
            driver
        });
        listed.push(json!({"metadata": {"name": node}, "spec": {"drivers": drivers}}));
    }
    listed.into()
}

fn claim(random: &mut Random, namespace: &str, name: &str, nodes: &[String]) -> Option<Value> {
    if random.percent(5) {
        return None;
    }
    let mut claim = json!({
        "metadata": {"name": name, "namespace": namespace, "uid": format!("{namespace}-{name}"), "annotations": {}},
        "spec": {"accessModes": [random.pick(&["ReadWriteOnce", "ReadWriteOnce", "ReadWriteOncePod", "ReadOnlyMany"])],
            "resources": {"requests": {"storage": random.pick(&["1Gi", "3Gi", "10Gi"])}}},
        "status": {"phase": "Pending"},
    });
    let class = random.pick(&["wait", "wait", "wait", "local", "local", "now", "missing"]);
    claim["spec"]["storageClassName"] = class.into();
    if class == "now" || random.percent(40) {
        claim["spec"]["volumeName"] = format!("pv{}", random.between(0, 10)).into();
        if random.percent(95) {
            claim["metadata"]["annotations"]["pv.kubernetes.io/bind-completed"] = "yes".into();
        }
    } else if random.percent(10) {
        let node = random.pick(&nodes.iter().map(String::as_str).collect::<Vec<_>>());
        claim["metadata"]["annotations"]["volume.kubernetes.io/selected-node"] = node.into();
    }
    if random.percent(15) {
        claim["spec"]["selector"] = json!({"matchLabels": {"kind": "fast"}});
    }
    if random.percent(10) {
        claim["spec"]["volumeMode"] = "Block".into();
    }
    if random.percent(2) {
        claim["status"]["phase"] = "Lost".into();
    }
    if random.percent(2) {
        claim["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
    }
    Some(claim)
}

/// Claims of the volumes that go with their pods.
fn made_for_pods(random: &mut Random, cluster: &Value, nodes: &[String]) -> Vec<Value> {
    let mut claims = Vec::new();
    for pod in ["pods", "pending"]
        .iter()
        .flat_map(|list| cluster[*list].as_array().into_iter().flatten())
    {
        for volume in pod["spec"]["volumes"].as_array().into_iter().flatten() {
            let (meta, name) = (&pod["metadata"], &volume["name"]);
            let name = format!("{}-{}", text(&meta["name"]), text(name));
            if volume["ephemeral"].is_null() {
                continue;
            }
            let Some(mut claim) = claim(random, text(&meta["namespace"]), &name, nodes) else {
                continue;
            };
            // One that belongs to nobody is an error for those who come after a running pod, not a verdict.
            let pending = text(&meta["name"]).starts_with('p');
            let owner = if pending && random.percent(10) {
                "other"
            } else {
                text(&meta["uid"])
            };
            claim["metadata"]["ownerReferences"] = json!([{
                "apiVersion": "v1", "kind": "Pod", "name": "x", "uid": owner, "controller": true,
            }]);
            claims.push(claim);
        }
    }
    claims
}

/// Each has its own size: among equals the plugin takes any.
fn volume(random: &mut Random, number: u64, claims: &[Value]) -> Value {
    let sizes = [
        "1Gi", "2Gi", "3Gi", "4Gi", "5Gi", "11Gi", "12Gi", "13Gi", "14Gi", "500Mi",
    ];
    let size = sizes[usize::try_from(number).unwrap() % sizes.len()];
    let mut volume = json!({
        "metadata": {"name": format!("pv{number}"), "labels": {}},
        "spec": {
            "capacity": {"storage": size},
            "accessModes": ["ReadWriteOnce", "ReadWriteOncePod"],
            "storageClassName": random.pick(&["now", "wait", "local"]),
        },
        "status": {"phase": random.pick(&["Available", "Available", "Bound", "Released"])},
    });
    if random.percent(60) {
        let handle = format!("h{}", random.between(0, 7));
        volume["spec"]["csi"] =
            json!({"driver": random.pick(&["csi.a", "csi.b"]), "volumeHandle": handle});
    }
    if random.percent(50) {
        let terms: Vec<Value> = (0..random.between(1, 2))
            .map(|_| node_term(random))
            .collect();
        volume["spec"]["nodeAffinity"] = json!({"required": {"nodeSelectorTerms": terms}});
    }
    if random.percent(40) {
        let key = random.pick(&[
            "topology.kubernetes.io/zone",
            "failure-domain.beta.kubernetes.io/zone",
        ]);
        volume["metadata"]["labels"][key] = random.pick(&["a", "b", "a__b", "a__", " c "]).into();
    }
    if random.percent(30) {
        volume["metadata"]["labels"]["kind"] = "fast".into();
    }
    if random.percent(25) && !claims.is_empty() {
        let claim =
            &claims[usize::try_from(random.next() % claims.len() as u64).unwrap()]["metadata"];
        volume["spec"]["claimRef"] =
            json!({"namespace": claim["namespace"], "name": claim["name"]});
        if random.percent(50) {
            let uid = if random.percent(70) {
                claim["uid"].clone()
            } else {
                json!("older")
            };
            volume["spec"]["claimRef"]["uid"] = uid;
        }
    }
    if random.percent(10) {
        volume["spec"]["volumeMode"] = "Block".into();
    }
    if random.percent(3) {
        volume["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
    }
    volume
}

fn attachment(random: &mut Random, number: u64, nodes: &[String]) -> Value {
    let node = random.pick(&nodes.iter().map(String::as_str).collect::<Vec<_>>());
    json!({
        "metadata": {"name": format!("va{number}")},
        "spec": {
            "attacher": random.pick(&["csi.a", "csi.b"]),
            "nodeName": node,
            "source": {"persistentVolumeName": format!("pv{}", random.between(0, 11))},
        },
        "status": {"attached": true},
    })
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
