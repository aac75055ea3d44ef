//! Random pods.

use serde_json::{Value, json};

use super::Subjects;
use crate::random::Random;

const NAMESPACES: [&str; 4] = ["default", "default", "shop", "ghost"];
const KEYS: [&str; 4] = [
    "topology.kubernetes.io/zone",
    "kubernetes.io/hostname",
    "topology.kubernetes.io/region",
    "disk",
];

/// On one of the nodes, or waiting for room that is kept for it.
pub(super) fn running(
    random: &mut Random,
    subjects: Subjects,
    number: u64,
    nodes: &[String],
) -> Value {
    let mut pod = pod(random, subjects, &format!("r{number}"));
    let node = random.pick(&nodes.iter().map(String::as_str).collect::<Vec<_>>());
    if subjects.nominations && random.percent(25) {
        pod["status"] = json!({"nominatedNodeName": node});
        return pod;
    }
    pod["spec"]["nodeName"] = node.into();
    if random.percent(10) {
        pod["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
    }
    if subjects.resources && random.percent(15) {
        pod["status"] = resize(random);
    }
    pod
}

pub(super) fn pending(random: &mut Random, subjects: Subjects, number: u64) -> Value {
    let mut pod = pod(random, subjects, &format!("p{number}"));
    if subjects.gates && random.percent(20) {
        pod["spec"]["schedulingGates"] = json!([{"name": "example.com/wait"}, {"name": "b"}]);
    }
    pod
}

fn pod(random: &mut Random, subjects: Subjects, name: &str) -> Value {
    let labels = json!({
        "app": random.pick(&["web", "db", "cache"]),
        "tier": random.pick(&["x", "y"]),
        "version": random.pick(&["1", "2"]),
    });
    let mut labels = labels;
    if random.percent(30) {
        labels.as_object_mut().unwrap().remove("tier");
    }
    let mut spec =
        json!({"priority": random.pick(&[0, 0, 0, 10, -5]), "containers": [{"name": "a"}]});
    if subjects.resources {
        resources(random, &mut spec);
    }
    if subjects.taints {
        spec["tolerations"] = tolerations(random);
    }
    if subjects.node_affinity && random.percent(60) {
        node_affinity(random, &mut spec);
    }
    if subjects.ports && random.percent(60) {
        ports(random, &mut spec);
    }
    if subjects.volumes && random.percent(70) {
        spec["volumes"] = volumes(random, subjects);
    }
    if subjects.spread && random.percent(60) {
        let constraints: Vec<Value> = (0..random.between(1, 2))
            .map(|_| spread(random, subjects))
            .collect();
        spec["topologySpreadConstraints"] = constraints.into();
    }
    if subjects.affinity && random.percent(60) {
        pod_affinity(random, &mut spec);
    }
    json!({
        "metadata": {"name": name, "namespace": random.pick(&NAMESPACES), "uid": name, "labels": labels},
        "spec": spec,
    })
}

fn resources(random: &mut Random, spec: &mut Value) {
    let containers: Vec<Value> = (0..random.between(1, 3))
        .map(|n| container(random, n))
        .collect();
    spec["containers"] = containers.into();
    if random.percent(40) {
        let init = (0..random.between(1, 3)).map(|n| {
            let mut container = container(random, n + 10);
            if random.percent(50) {
                container["restartPolicy"] = "Always".into();
            }
            container
        });
        spec["initContainers"] = init.collect();
    }
    if random.percent(15) {
        spec["overhead"] = json!({"cpu": "100m", "memory": "50Mi", "example.com/gpu": "0"});
    }
    if random.percent(15) {
        spec["resources"] =
            json!({"requests": amounts(random, &["cpu", "memory", "hugepages-2Mi"])});
    }
}

fn container(random: &mut Random, number: u64) -> Value {
    let names = [
        "cpu",
        "memory",
        "ephemeral-storage",
        "example.com/gpu",
        "hugepages-2Mi",
    ];
    json!({"name": format!("c{number}"), "resources": {"requests": amounts(random, &names)}})
}

fn amounts(random: &mut Random, names: &[&str]) -> Value {
    let mut amounts = json!({});
    for name in names {
        let (chance, values): (u64, &[&str]) = match *name {
            "cpu" => (70, &["100m", "250m", "1", "0", "2.5"]),
            "memory" => (70, &["64Mi", "500M", "1Gi", "0"]),
            "ephemeral-storage" => (20, &["1Gi", "5G"]),
            "example.com/gpu" => (12, &["1", "2"]),
            _ => (12, &["2Mi", "64Mi"]),
        };
        if random.percent(chance) {
            amounts[*name] = random.pick(values).into();
        }
    }
    amounts
}

/// A resize under way, feasible or not.
fn resize(random: &mut Random) -> Value {
    let reason = random.pick(&["Infeasible", "Deferred"]);
    json!({
        "conditions": [{"type": "PodResizePending", "status": "True", "reason": reason}],
        "containerStatuses": [{
            "name": "c0", "ready": true, "restartCount": 0, "image": "", "imageID": "",
            "resources": {"requests": amounts(random, &["cpu", "memory"])},
            "allocatedResources": amounts(random, &["cpu", "memory"]),
        }],
    })
}

fn tolerations(random: &mut Random) -> Value {
    let all = [
        json!({"key": "dedicated", "operator": "Equal", "value": "infra", "effect": "NoSchedule"}),
        json!({"key": "dedicated", "value": "other"}),
        json!({"key": "gpu", "operator": "Exists"}),
        json!({"key": "gpu", "value": "a", "effect": "NoSchedule"}),
        json!({"operator": "Exists", "effect": "NoSchedule"}),
        json!({"operator": "Exists"}),
        json!({"key": "node.kubernetes.io/unschedulable", "operator": "Exists", "effect": "NoSchedule"}),
    ];
    all.iter().filter(|_| random.percent(20)).cloned().collect()
}

fn node_affinity(random: &mut Random, spec: &mut Value) {
    if random.percent(40) {
        spec["nodeSelector"] = json!({"disk": random.pick(&["ssd", "hdd"])});
    }
    if random.percent(30) {
        return;
    }
    let terms: Vec<Value> = (0..random.between(1, 2))
        .map(|_| node_term(random))
        .collect();
    spec["affinity"] = json!({"nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms},
    }});
}

pub(super) fn node_term(random: &mut Random) -> Value {
    let mut term = json!({});
    if random.percent(80) {
        let expressions: Vec<Value> = (0..random.between(1, 2))
            .map(|_| expression(random))
            .collect();
        term["matchExpressions"] = expressions.into();
    }
    if random.percent(25) {
        let fields = (0..random.between(1, 2)).map(|_| {
            let node = random.pick(&["n0", "n1", "n2", "gone"]);
            json!({"key": "metadata.name", "operator": random.pick(&["In", "In", "NotIn"]), "values": [node]})
        });
        term["matchFields"] = fields.collect();
    }
    term
}

fn expression(random: &mut Random) -> Value {
    let zone = "topology.kubernetes.io/zone";
    match random.between(0, 6) {
        0 => json!({"key": "disk", "operator": "In", "values": ["ssd"]}),
        1 => json!({"key": "disk", "operator": "NotIn", "values": ["hdd"]}),
        2 => json!({"key": zone, "operator": "In", "values": random.some(&["a", "b", "c"], 60)}),
        3 => json!({"key": "size", "operator": "Gt", "values": [random.pick(&["1", "3", "-3"])]}),
        4 => json!({"key": "size", "operator": "Lt", "values": [random.pick(&["3", "6"])]}),
        5 => json!({"key": random.pick(&["size", zone]), "operator": "Exists"}),
        _ => json!({"key": random.pick(&["size", "disk"]), "operator": "DoesNotExist"}),
    }
}

fn ports(random: &mut Random, spec: &mut Value) {
    let port = |random: &mut Random| {
        let mut port = json!({"containerPort": 80, "hostPort": random.pick(&[0, 80, 80, 443])});
        if random.percent(40) {
            port["hostIP"] = random
                .pick(&["127.0.0.1", "10.0.0.1", "0.0.0.0", "::"])
                .into();
        }
        if random.percent(40) {
            port["protocol"] = random.pick(&["UDP", "TCP"]).into();
        }
        port
    };
    let ports: Vec<Value> = (0..random.between(1, 2)).map(|_| port(random)).collect();
    if random.percent(20) {
        let restart = if random.percent(50) {
            json!("Always")
        } else {
            Value::Null
        };
        spec["initContainers"] = json!([{"name": "i", "restartPolicy": restart, "ports": ports}]);
    } else {
        spec["containers"][0]["ports"] = ports.into();
    }
}

fn volumes(random: &mut Random, subjects: Subjects) -> Value {
    // To a pod with an inline disk, claims of the same name in all namespaces are one, if a node is promised to a pod.
    let kinds = if subjects.nominations { 3 } else { 0 };
    let volumes = (0..random.between(1, 3)).map(|number| {
        let name = format!("v{number}");
        match random.between(kinds, 17) {
            0 => json!({"name": name, "iscsi": {"targetPortal": "t", "lun": 0,
                "iqn": random.pick(&["q", "r"]), "readOnly": random.percent(50)}}),
            1 => json!({"name": name, "rbd": {"image": random.pick(&["i", "j"]),
                "monitors": random.pick(&[["m"], ["n"]]), "readOnly": random.percent(50)}}),
            2 if random.percent(50) => json!({"name": name, "gcePersistentDisk": {"pdName": random.pick(&["q", "r"]),
                "readOnly": random.percent(50)}}),
            2 => json!({"name": name, "awsElasticBlockStore": {"volumeID": random.pick(&["q", "r"])}}),
            3 => json!({"name": name, "emptyDir": {}}),
            4 | 5 => json!({"name": name, "ephemeral": {"volumeClaimTemplate": {"spec": {}}}}),
            _ => json!({"name": name, "persistentVolumeClaim": {
                "claimName": format!("c{}", random.between(0, 11))}}),
        }
    });
    volumes.collect()
}

fn selector(random: &mut Random) -> Value {
    match random.between(0, 9) {
        0 => Value::Null,
        1 => json!({}),
        2 => json!({"matchExpressions": [{"key": "tier", "operator": "Exists"}]}),
        3 => json!({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["x"]}]}),
        4 => json!({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}),
        5 => {
            json!({"matchExpressions": [{"key": "app", "operator": "In", "values": ["web", "db"]}]})
        }
        _ => json!({"matchLabels": {"app": random.pick(&["web", "db", "cache"])}}),
    }
}

fn spread(random: &mut Random, subjects: Subjects) -> Value {
    let mut selector = selector(random);
    // Of the pods that an empty selector means, the plugin counts those alone that have a node promised.
    if subjects.nominations && selector == json!({}) {
        selector = Value::Null;
    }
    let mut constraint = json!({
        "maxSkew": random.between(1, 3),
        "topologyKey": random.pick(&[KEYS[0], KEYS[0], KEYS[1], KEYS[1], KEYS[2]]),
        "whenUnsatisfiable": random.pick(&["DoNotSchedule", "DoNotSchedule", "ScheduleAnyway"]),
        "labelSelector": selector,
    });
    if constraint["whenUnsatisfiable"] == "DoNotSchedule" && random.percent(30) {
        constraint["minDomains"] = random.between(1, 4).into();
    }
    if random.percent(30) {
        constraint["nodeAffinityPolicy"] = random.pick(&["Honor", "Ignore"]).into();
    }
    if random.percent(30) {
        constraint["nodeTaintsPolicy"] = random.pick(&["Honor", "Ignore"]).into();
    }
    if random.percent(25) && !constraint["labelSelector"].is_null() {
        constraint["matchLabelKeys"] = random.some(&["version", "missing"], 70).into();
    }
    constraint
}

fn pod_affinity(random: &mut Random, spec: &mut Value) {
    for (kind, chance) in [("podAffinity", 50), ("podAntiAffinity", 60)] {
        if random.percent(chance) {
            let terms: Vec<Value> = (0..random.between(1, 2)).map(|_| term(random)).collect();
            spec["affinity"][kind] =
                json!({"requiredDuringSchedulingIgnoredDuringExecution": terms});
        }
        if random.percent(20) {
            let preferred = json!([{"weight": 5, "podAffinityTerm": term(random)}]);
            spec["affinity"][kind]["preferredDuringSchedulingIgnoredDuringExecution"] = preferred;
        }
    }
}

fn term(random: &mut Random) -> Value {
    let mut term = json!({"topologyKey": random.pick(&KEYS), "labelSelector": selector(random)});
    if random.percent(25) {
        term["namespaces"] = random.some(&["default", "shop", "ghost"], 50).into();
    }
    if random.percent(30) {
        term["namespaceSelector"] = match random.between(0, 3) {
            0 => json!({}),
            1 => json!({"matchExpressions": [{"key": "team", "operator": "DoesNotExist"}]}),
            _ => json!({"matchLabels": {"team": random.pick(&["red", "blue"])}}),
        };
    }
    match random.between(0, 9) {
        0 | 1 => term["matchLabelKeys"] = json!(["version"]),
        2 | 3 => term["mismatchLabelKeys"] = json!(["tier"]),
        _ => {}
    }
    term
}
