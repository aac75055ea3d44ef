//! Random clusters. Each has a few subjects only, so that the last rules are reached as often as the first.

use serde_json::{Map, Value, json};

use super::random::Random;

#[path = "generate_pods.rs"]
mod pods;
#[path = "generate_storage.rs"]
mod storage;

/// What a cluster is about.
#[expect(clippy::struct_excessive_bools, reason = "one for each subject")]
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Subjects {
    pub resources: bool,
    pub taints: bool,
    pub node_affinity: bool,
    pub ports: bool,
    pub volumes: bool,
    pub spread: bool,
    pub affinity: bool,
    pub nominations: bool,
    pub gates: bool,
}

impl Subjects {
    fn any(random: &mut Random) -> Self {
        let mut subject = || random.percent(40);
        Self {
            resources: subject(),
            taints: subject(),
            node_affinity: subject(),
            ports: subject(),
            volumes: subject(),
            spread: subject(),
            affinity: subject(),
            nominations: subject(),
            gates: random.percent(5),
        }
    }
}

pub(crate) fn cluster(random: &mut Random) -> Value {
    let subjects = Subjects::any(random);
    let most = if random.percent(20) { 40 } else { 9 };
    let nodes = random.between(1, most);
    let names: Vec<String> = (0..nodes).map(|number| format!("n{number}")).collect();
    let pods = random.between(0, nodes * 4);
    let pending = random.between(10, 40);
    let mut cluster = json!({
        "nodes": names.iter().map(|name| node(random, subjects, name)).collect::<Vec<_>>(),
        "namespaces": namespaces(random),
    });
    let running = (0..pods).map(|number| pods::running(random, subjects, number, &names));
    cluster["pods"] = running.collect();
    let waiting = (0..pending).map(|number| pods::pending(random, subjects, number));
    cluster["pending"] = waiting.collect();
    if subjects.volumes {
        storage::add(random, &mut cluster, &names);
    }
    cluster
}

/// A third namespace, `ghost`, has pods but does not exist.
fn namespaces(random: &mut Random) -> Value {
    let namespace = |random: &mut Random, name: &str| {
        let team = random.pick(&["red", "blue"]);
        let labels = if random.percent(80) {
            json!({"team": team})
        } else {
            json!({})
        };
        json!({"metadata": {"name": name, "labels": labels}})
    };
    json!([namespace(random, "default"), namespace(random, "shop")])
}

fn node(random: &mut Random, subjects: Subjects, name: &str) -> Value {
    let mut spec = json!({});
    if subjects.taints {
        let taints = [
            json!({"key": "dedicated", "value": "infra", "effect": "NoSchedule"}),
            json!({"key": "gpu", "effect": "NoExecute"}),
            json!({"key": "gpu", "value": "a", "effect": "NoSchedule"}),
            json!({"key": "old", "value": "yes", "effect": "PreferNoSchedule"}),
            json!({"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}),
        ];
        let taints: Vec<&Value> = taints.iter().filter(|_| random.percent(15)).collect();
        spec = json!({"taints": taints, "unschedulable": random.percent(15)});
    }
    json!({
        "metadata": {"name": name, "labels": labels(random, name)},
        "spec": spec,
        "status": {"allocatable": allocatable(random, subjects)},
    })
}

fn labels(random: &mut Random, name: &str) -> Value {
    let zone = random.pick(&["a", "b", "c"]);
    let size = random.pick(&["1", "3", "5", "-2", "x", "07"]);
    let all = [
        (95, "kubernetes.io/hostname", name),
        (85, "topology.kubernetes.io/zone", zone),
        (20, "failure-domain.beta.kubernetes.io/zone", zone),
        (40, "topology.kubernetes.io/region", "eu"),
        (70, "disk", random.pick(&["ssd", "hdd"])),
        (60, "size", size),
    ];
    let labels = all
        .into_iter()
        .filter(|(chance, ..)| random.percent(*chance));
    let labels = labels.map(|(_, key, value)| (key.to_owned(), value.into()));
    labels.collect::<Map<_, _>>().into()
}

fn allocatable(random: &mut Random, subjects: Subjects) -> Value {
    if !subjects.resources {
        return json!({"cpu": "64", "memory": "256Gi", "ephemeral-storage": "1Ti", "pods": "110"});
    }
    let mut amounts = json!({
        "cpu": random.pick(&["1", "2", "3500m", "8", "0"]),
        "memory": random.pick(&["1Gi", "2G", "4Gi", "16Gi", "900M"]),
        "pods": random.pick(&["110", "110", "4", "2", "0"]),
    });
    let mut maybe = |chance: u64, name: &str, values: &[&str]| {
        if random.percent(chance) {
            amounts[name] = random.pick(values).into();
        }
    };
    maybe(80, "ephemeral-storage", &["10Gi", "1Gi", "50G"]);
    maybe(30, "example.com/gpu", &["1", "2", "0"]);
    maybe(30, "hugepages-2Mi", &["64Mi", "256Mi"]);
    amounts
}
