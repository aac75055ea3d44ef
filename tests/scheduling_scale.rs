//! Scheduling at the size of large clusters. The figures are printed; `cargo test --release`, and nothing else running.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::{Duration, Instant};

use bex_infra::scheduling::{ClassId, NodeId, Pod, PodKey, State};
use bex_infra::sim::clock::Clock;
use bex_infra::sim::controllers::scheduler::Scheduler;
use bex_infra::sim::engine::{Cluster, Engine};
use bex_infra::sim::registry::{Registry, Target, WriteOptions};
use bex_infra::sim::scenario::Scenario;
use bex_infra::sim::store::{PageRequest, Store};
use serde_json::{Value, json};

const APPS: usize = 500;

/// Even apps are plain, every fourth is spread over zones, every fourth avoids itself on a host.
fn pod(app: usize) -> Value {
    let labels = json!({"app": format!("app-{app}")});
    let selector = json!({"matchLabels": labels});
    let mut spec = json!({"containers": [{
        "name": "a", "resources": {"requests": {"cpu": "200m", "memory": "512Mi"}},
    }]});
    match app % 4 {
        1 => {
            spec["topologySpreadConstraints"] = json!([{
                "maxSkew": 5, "topologyKey": "topology.kubernetes.io/zone",
                "whenUnsatisfiable": "DoNotSchedule", "labelSelector": selector,
            }]);
        }
        3 => {
            spec["affinity"] = json!({"podAntiAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": [
                    {"topologyKey": "kubernetes.io/hostname", "labelSelector": selector},
                ],
            }});
        }
        _ => {}
    }
    json!({"metadata": {"namespace": "default", "labels": labels}, "spec": spec})
}

fn node(number: usize) -> Value {
    let name = format!("n{number}");
    let zone = ["a", "b", "c"][number % 3];
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": {
            "kubernetes.io/hostname": name,
            "topology.kubernetes.io/zone": zone,
        }},
        "status": {"allocatable": {"cpu": "8", "memory": "32Gi", "pods": "110"}},
    })
}

fn class(state: &mut State, app: usize) -> ClassId {
    state.class(Pod::of(&serde_json::from_value(pod(app)).unwrap()).unwrap())
}

fn add_node(state: &mut State, number: usize) {
    let json = node(number).to_string();
    state
        .apply("nodes", "", &format!("n{number}"), Some(json.as_bytes()))
        .unwrap();
}

/// With `nodes` nodes and ten times as many pods on them.
fn full(nodes: usize) -> State {
    let mut state = State::new();
    for number in 0..nodes {
        add_node(&mut state, number);
    }
    let ids: Vec<NodeId> = state.nodes().map(|(id, _)| id).collect();
    for number in 0..nodes * 10 {
        let key = key(number);
        let class = class(&mut state, number % APPS);
        state.place(&key, class, ids[number * 7 % nodes]);
    }
    state
}

fn key(number: usize) -> PodKey {
    PodKey {
        namespace: "default".into(),
        name: format!("p{number}").into(),
    }
}

#[test]
#[ignore = "prints figures"]
fn one_new_pod_among_ten_thousand_nodes() {
    let begun = Instant::now();
    let mut state = full(10_000);
    println!(
        "10,000 nodes and 100,000 pods taken in: {:?}",
        begun.elapsed()
    );
    let first = class(&mut state, 0);
    let mut times: Vec<Duration> = Vec::new();
    for app in 0..APPS + 100 {
        let class = class(&mut state, app);
        let begun = Instant::now();
        let feasible = state.feasible(class);
        times.push(begun.elapsed());
        assert!(!feasible.is_empty());
    }
    times.sort();
    let at = |share: usize| times[times.len() * share / 100];
    println!(
        "one pod asked about on all nodes: median {:?}, p99 {:?}",
        at(50),
        at(99)
    );
    let begun = Instant::now();
    let mut trial = state.trial();
    for number in 0..100_000 {
        let node = trial.node_id(&format!("n{}", number % 10_000)).unwrap();
        trial.place(first, node);
    }
    drop(trial);
    println!("100,000 pods placed and taken back: {:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
#[ignore = "prints figures"]
async fn ten_thousand_pods_on_a_thousand_nodes() {
    let clock = Clock::starting_at("2026-01-01T00:00:00Z".parse().unwrap());
    let registry = || Registry::new(Store::in_memory(), clock, 7);
    let (infra, app) = (registry(), registry());
    let scheduler = Box::new(Scheduler::new(Cluster::App));
    let mut engine = Engine::new(
        infra,
        app.clone(),
        clock,
        Scenario::default(),
        vec![scheduler],
    );
    let create = |kind: &str, namespace: &str, object: Value| {
        let name = object["metadata"]["name"].as_str().unwrap().to_owned();
        let target = Target::new(app.kind("v1", kind).unwrap(), namespace, &name);
        app.create(&target, object, &WriteOptions::default())
            .unwrap();
    };
    for number in 0..1000 {
        create("Node", "", node(number));
    }
    for number in 0..10_000 {
        let mut pod = pod(number % APPS);
        pod["metadata"]["name"] = format!("p{number}").into();
        pod["spec"]["containers"][0]["image"] = "app:1".into();
        create("Pod", "default", pod);
    }
    let begun = Instant::now();
    engine.run_until_idle();
    println!(
        "10,000 pods on 1,000 nodes, Events and conditions included: {:?}",
        begun.elapsed()
    );
    let pods = app
        .store()
        .list("pods", None, &PageRequest::default())
        .unwrap()
        .items;
    let bound = pods.iter().filter(|pod| {
        let pod: Value = serde_json::from_slice(&pod.json).unwrap();
        pod["spec"]["nodeName"].is_string()
    });
    assert_eq!(bound.count(), 10_000);
}
