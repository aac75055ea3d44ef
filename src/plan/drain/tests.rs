mod choice;
mod given;
mod replay;
mod why;

use given::*;
use serde_json::{Value, from_value};

use super::*;

fn pairs(pairs: &[(&str, &str)]) -> Labels {
    let owned = pairs
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    owned.collect()
}

fn amounts(cpu: u64, memory: u64, pods: u64) -> Resources {
    let amounts = [("cpu", cpu), ("memory", memory << 20), ("pods", pods)];
    amounts
        .into_iter()
        .map(|(name, amount)| (name.to_owned(), amount))
        .collect()
}

/// A Ready node with 2 CPU, 4 GiB and room for 10 pods.
fn node(name: &str) -> Node {
    Node {
        name: name.to_owned(),
        labels: pairs(&[("kubernetes.io/hostname", name)]),
        allocatable: amounts(2000, 4096, 10),
        ready: true,
        ..Node::default()
    }
}

/// A running pod of a `ReplicaSet` that asks for 1 CPU and 512 MiB.
fn pod(name: &str, node: &str) -> Pod {
    Pod {
        namespace: "default".to_owned(),
        name: name.to_owned(),
        labels: pairs(&[("app", "web")]),
        node: Some(node.to_owned()),
        phase: "Running".to_owned(),
        controller: Some("ReplicaSet".to_owned()),
        requests: amounts(1000, 512, 1),
        ..Pod::default()
    }
}

fn budget(name: &str, disruptions_allowed: u32) -> Budget {
    Budget {
        namespace: "default".to_owned(),
        name: name.to_owned(),
        selector: Some(read(serde_json::json!({"matchLabels": {"app": "web"}}))),
        disruptions_allowed,
    }
}

/// Machine `m-X` of node `X`; `age` orders machines, the larger the older.
fn machine(node: &str, age: u32) -> Candidate {
    Candidate {
        machine: format!("m-{node}"),
        node: Some(node.to_owned()),
        created: format!("2026-01-01T00:00:{:02}Z", 59 - age),
        ready: true,
        deleting: false,
    }
}

fn workload(nodes: &[Node], pods: &[Pod]) -> Given {
    Given {
        nodes: nodes.to_vec(),
        pods: pods.to_vec(),
        budgets: Vec::new(),
    }
}

fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
    from_value(value).unwrap()
}

fn remove(seen: &Given, machines: &[Candidate], count: usize) -> Removal {
    super::remove(&seen.workload(), machines, count).unwrap()
}
