//! The embedded Kubernetes API at 10,000 nodes and 100,000 pods, on one thread: `cargo bench --bench sim [-- PODS]`.
//!
//! Requests go through the HTTP service without a socket, as a `kube::Client` makes them. Prints a Markdown table.

#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]
#![expect(clippy::print_stdout, reason = "its output is a table")]

use std::time::{Duration, Instant};

use bex_infra::sim::api::{Access, Api};
use bex_infra::sim::clock::Clock;
use bex_infra::sim::registry::Registry;
use bex_infra::sim::store::Store;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use tower::ServiceExt;

type Body = Full<bytes::Bytes>;

const SEED: u64 = 1;

fn main() {
    let pods = pods_wanted();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(measure(pods, pods / 10));
}

/// `cargo bench` adds `--bench` to the arguments.
fn pods_wanted() -> usize {
    let number = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    number.map_or(100_000, |number| number.parse().unwrap())
}

async fn measure(pods: usize, nodes: usize) {
    let registry = Registry::new(Store::in_memory(), Clock::real(), SEED);
    let api = Api::new(registry, Clock::real(), Access::Open);
    let before = resident_mib();

    println!("| {nodes} nodes, {pods} pods, one thread | |");
    println!("|---|---:|");
    let created = create_all(&api, nodes, pods).await;
    rate("creations a second", nodes + pods, created);
    println!("| memory, MiB | {:.0} |", resident_mib() - before);

    let begun = Instant::now();
    let bytes = size(&api, "/api/v1/pods").await;
    row("list of all pods, ms", begun.elapsed().as_secs_f64() * 1e3);
    println!("| its size, MiB | {} |", bytes >> 20);

    let begun = Instant::now();
    let selected = get(&api, "/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-7").await;
    row(
        "list of one node's pods, ms",
        begun.elapsed().as_secs_f64() * 1e3,
    );
    let selected: Value = serde_json::from_slice(&selected).unwrap();
    assert_eq!(selected["items"].as_array().unwrap().len(), pods / nodes);

    let updates = pods.min(20_000);
    let since = revision(&api).await;
    let begun = Instant::now();
    for index in 0..updates {
        start(&api, index).await;
    }
    rate("status patches a second", updates, begun.elapsed());
    rate(
        "watch events a second, one watcher",
        updates,
        watch(&api, since, updates).await,
    );
}

async fn create_all(api: &Api, nodes: usize, pods: usize) -> Duration {
    let begun = Instant::now();
    for index in 0..nodes {
        send(api, Method::POST, "/api/v1/nodes", &node(index)).await;
    }
    for index in 0..pods {
        send(
            api,
            Method::POST,
            "/api/v1/namespaces/default/pods",
            &pod(index, nodes),
        )
        .await;
    }
    begun.elapsed()
}

/// What the kubelet reports of a pod that runs.
async fn start(api: &Api, index: usize) {
    let ready =
        json!({"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"});
    let status =
        json!({"status": {"phase": "Running", "podIP": "10.244.0.7", "conditions": [ready]}});
    let path = format!("/api/v1/namespaces/default/pods/pod-{index}/status");
    send(api, Method::PATCH, &path, &status).await;
}

/// How long it takes one watcher to receive what happened since a revision.
async fn watch(api: &Api, since: String, events: usize) -> Duration {
    let path = format!("/api/v1/pods?watch=1&resourceVersion={since}&timeoutSeconds=600");
    let begun = Instant::now();
    let mut body = request(api, Method::GET, &path, Body::default())
        .await
        .into_body();
    let mut seen = 0;
    while seen < events {
        let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
        seen += frame.split(|byte| *byte == b'\n').count() - 1;
    }
    begun.elapsed()
}

async fn revision(api: &Api) -> String {
    let list: Value = serde_json::from_slice(&get(api, "/api/v1/namespaces").await).unwrap();
    list["metadata"]["resourceVersion"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Takes an answer as a socket would, piece by piece.
async fn size(api: &Api, path: &str) -> usize {
    let mut body = request(api, Method::GET, path, Body::default())
        .await
        .into_body();
    let mut bytes = 0;
    while let Some(frame) = body.frame().await {
        bytes += frame.unwrap().into_data().unwrap().len();
    }
    bytes
}

async fn get(api: &Api, path: &str) -> bytes::Bytes {
    let answer = request(api, Method::GET, path, Body::default()).await;
    answer.into_body().collect().await.unwrap().to_bytes()
}

async fn send(api: &Api, method: Method, path: &str, object: &Value) {
    let body = Body::from(serde_json::to_vec(object).unwrap());
    let answer = request(api, method, path, body).await;
    answer.into_body().collect().await.unwrap();
}

async fn request(
    api: &Api,
    method: Method,
    path: &str,
    body: Body,
) -> http::Response<bex_infra::sim::api::Body> {
    let media = if method == Method::PATCH {
        "application/strategic-merge-patch+json"
    } else {
        "application/json"
    };
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", media);
    let answer = api
        .clone()
        .oneshot(request.body(body).unwrap())
        .await
        .unwrap();
    assert!(answer.status().is_success(), "{path}: {}", answer.status());
    answer
}

fn node(index: usize) -> Value {
    let amounts =
        json!({"cpu": "8", "memory": "16Gi", "pods": "110", "ephemeral-storage": "100Gi"});
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": format!("node-{index}"), "labels": {"kubernetes.io/hostname": format!("node-{index}")}},
        "spec": {"podCIDR": "10.244.0.0/24", "providerID": format!("sim:///node-{index}")},
        "status": {"capacity": amounts, "allocatable": amounts},
    })
}

/// Of the size of a usual one: with what the server adds, about 3 kB.
fn pod(index: usize, nodes: usize) -> Value {
    let variables: Vec<Value> = (0..6)
        .map(|n| json!({"name": format!("VARIABLE_{n}"), "value": "some value"}))
        .collect();
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": format!("pod-{index}"), "namespace": "default",
            "labels": {"app": format!("app-{}", index % 1000), "pod-template-hash": "5d8c7b6f9"},
            "annotations": {"example.com/checksum": "0123456789abcdef0123456789abcdef"},
        },
        "spec": {
            "nodeName": format!("node-{}", index % nodes),
            "containers": [{
                "name": "app", "image": "registry.example/app:1.2.3", "env": variables,
                "ports": [{"name": "http", "containerPort": 8080}],
                "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
                "readinessProbe": {"httpGet": {"path": "/healthz", "port": "http"}},
            }],
        },
    })
}

/// Memory of this process.
fn resident_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    line.trim_end_matches("kB").trim().parse::<f64>().unwrap() / 1024.0
}

fn rate(what: &str, count: usize, took: Duration) {
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    row(what, count as f64 / took.as_secs_f64());
}

fn row(what: &str, number: f64) {
    println!("| {what} | {number:.0} |");
}
