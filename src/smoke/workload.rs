//! What the smoke test runs in the app cluster: a web server on two nodes behind a Service.

use std::collections::BTreeSet;
use std::time::Duration;

use ::kube::ResourceExt;
use anyhow::{Context, Result};
use futures::future::try_join_all;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::failure::Failure;
use crate::names::{KIND_CLUSTER_LABEL, KIND_ROLE_LABEL};
use crate::progress::Reporter;
use crate::spec::Substrate;
use crate::tools::docker::Container;
use crate::tools::kube::{self, Client, DynamicObject, Objects, Verdict};
use crate::world::World;

const NAME: &str = "bex-smoke";
const NAMESPACE: &str = "default";
const SELECTOR: &str = "app=bex-smoke";
const REPLICAS: u32 = 2;
/// Nobody pulls it.
const SIMULATED_IMAGE: &str = "smoke";
const SERVICE_PORT: &str = "80";
const SERVER_PORT: u16 = 8080;

/// An image that is not in the node yet has to be pulled.
const ROLLOUT_DEADLINE: Duration = Duration::from_mins(3);
/// kube-proxy on a node learns of pods a moment after they are ready.
const ANSWER_DEADLINE: Duration = Duration::from_secs(30);
const ASK_INTERVAL: Duration = Duration::from_millis(100);

/// An HTTP request in plain bash: every node image has bash, not every one has curl.
const ASK: &str = r#"exec 3<>"/dev/tcp/$0/$1" && printf 'GET /hostname HTTP/1.0\r\nHost: bex-smoke\r\n\r\n' >&3 && cat <&3"#;

/// Runs the workload and asks its Service on each node until each pod has answered there.
pub(super) async fn answers_everywhere(world: &World, reporter: &Reporter) -> Result<()> {
    let client = world.app_client().await?;
    let deadline = world.deadline(ROLLOUT_DEADLINE);
    let objects = [deployment(image(world)?, REPLICAS), service()];
    kube::apply(&client, &objects, deadline).await?;
    let pods = running_pods(&client, REPLICAS, deadline, reporter).await?;
    if world.platform.substrate == Substrate::Sim {
        return has_endpoints(&client, &pods, deadline, reporter).await;
    }
    let address = service_address(&client).await?;
    reporter.note(format!("asking {address}"));
    let nodes = nodes(world).await?;
    let asked = nodes
        .iter()
        .map(|node| answers_on(world, &node.name, &address, &pods));
    try_join_all(asked).await.map(drop)
}

/// Runs one pod more than there are nodes that could take one each: it waits until a worker has come for it.
pub(super) async fn brings_a_worker(world: &World, reporter: &Reporter) -> Result<()> {
    let client = world.app_client().await?;
    let deadline = world.deadline(ROLLOUT_DEADLINE);
    let image = image(world)?;
    let nodes = Objects::new(&client, "v1", "Node", None).list("").await?;
    let pods = u32::try_from(nodes.len())? + 1;
    kube::apply(&client, &[deployment(image, pods)], deadline).await?;
    running_pods(&client, pods, deadline, reporter).await?;
    kube::apply(&client, &[deployment(image, REPLICAS)], deadline)
        .await
        .map(drop)
}

fn image(world: &World) -> Result<&str, Failure> {
    if world.platform.substrate == Substrate::Sim {
        return Ok(SIMULATED_IMAGE);
    }
    let image = world.platform.catalog.images.smoke.as_deref();
    image.ok_or_else(|| {
        Failure::usage("the catalogue names no image for a smoke test")
            .hint("add `smoke: registry.k8s.io/e2e-test-images/agnhost:2.53` to its `images`")
    })
}

/// Names of the pods, once there are as many as wanted and all of them are ready.
async fn running_pods(
    client: &Client,
    replicas: u32,
    deadline: Instant,
    reporter: &Reporter,
) -> Result<BTreeSet<String>> {
    let pods = Objects::new(client, "v1", "Pod", Some(NAMESPACE));
    let what = format!("{replicas} ready pods of Deployment {NAME} on different nodes");
    let judge = |pods: &[DynamicObject]| rollout(pods, replicas);
    let pods = pods
        .wait_list(SELECTOR, &what, deadline, reporter, judge)
        .await?;
    Ok(pods.iter().map(ResourceExt::name_any).collect())
}

fn rollout(pods: &[DynamicObject], replicas: u32) -> Verdict {
    let ready = pods
        .iter()
        .filter(|pod| pod.metadata.deletion_timestamp.is_none() && kube::is_true(pod, "Ready"));
    if ready.count() == pods.len() && pods.len() == replicas as usize {
        return Verdict::Done;
    }
    let states = pods.iter().map(|pod| {
        let trouble = kube::not_true(pod);
        format!(
            "{}: {}",
            pod.name_any(),
            if trouble.is_empty() {
                "leaving"
            } else {
                &trouble
            }
        )
    });
    Verdict::Waiting(states.collect::<Vec<_>>().join("; "))
}

async fn service_address(client: &Client) -> Result<String> {
    let services = Objects::new(client, "v1", "Service", Some(NAMESPACE));
    let service = services.get(NAME).await?.context("the Service is gone")?;
    let address = service.data["spec"]["clusterIP"].as_str();
    Ok(address
        .with_context(|| format!("Service {NAME} has no address"))?
        .to_owned())
}

/// In a simulated cluster nothing runs that could be asked; but its Service must know the pods.
async fn has_endpoints(
    client: &Client,
    pods: &BTreeSet<String>,
    deadline: Instant,
    reporter: &Reporter,
) -> Result<()> {
    let slices = Objects::new(
        client,
        "discovery.k8s.io/v1",
        "EndpointSlice",
        Some(NAMESPACE),
    );
    let selector = format!("kubernetes.io/service-name={NAME}");
    let judge = |slices: &[DynamicObject]| {
        let ready = ready_endpoints(slices);
        if ready == *pods {
            Verdict::Done
        } else {
            Verdict::Waiting(format!("{} of {} are endpoints", ready.len(), pods.len()))
        }
    };
    let what = format!("the pods to be endpoints of Service {NAME}");
    slices
        .wait_list(&selector, &what, deadline, reporter, judge)
        .await
        .map(drop)
}

/// Names of the pods that the slices call ready.
fn ready_endpoints(slices: &[DynamicObject]) -> BTreeSet<String> {
    let endpoints = slices
        .iter()
        .filter_map(|slice| slice.data["endpoints"].as_array());
    let ready = endpoints
        .flatten()
        .filter(|endpoint| endpoint["conditions"]["ready"] == true);
    ready
        .filter_map(|endpoint| Some(endpoint["targetRef"]["name"].as_str()?.to_owned()))
        .collect()
}

/// The app cluster's node containers.
async fn nodes(world: &World) -> Result<Vec<Container>> {
    let cluster = (KIND_CLUSTER_LABEL, world.names().app_cluster());
    let mut containers = world.docker()?.list_containers(&[cluster]).await?;
    containers.retain(|container| {
        let role = container.labels.get(KIND_ROLE_LABEL);
        role.is_some_and(|role| role == "control-plane" || role == "worker")
    });
    Ok(containers)
}

/// Asks on one node until each of the pods has answered there: one of them is on another node.
async fn answers_on(
    world: &World,
    node: &str,
    address: &str,
    pods: &BTreeSet<String>,
) -> Result<()> {
    let deadline = world.deadline(ANSWER_DEADLINE);
    let mut silent = pods.clone();
    let mut last = String::from("nothing yet");
    while !silent.is_empty() {
        if Instant::now() >= deadline {
            return Err(no_answer(node, address, &silent, &last).into());
        }
        let argv = ["timeout", "5", "bash", "-c", ASK, address, SERVICE_PORT];
        match world.docker()?.exec_ok(node, &argv).await {
            Ok(answer) => {
                let before = silent.len();
                silent.retain(|pod| !answer.contains(pod.as_str()));
                last = answer;
                if silent.len() < before {
                    continue;
                }
            }
            Err(error) => last = format!("{error:#}"),
        }
        sleep(ASK_INTERVAL).await;
    }
    Ok(())
}

fn no_answer(node: &str, address: &str, silent: &BTreeSet<String>, last: &str) -> Failure {
    let silent: Vec<&str> = silent.iter().map(String::as_str).collect();
    Failure::failed(format!(
        "on node {node} no answer from {} came through Service {NAME} ({address}) within {} s; the last answer: {}",
        silent.join(", "),
        ANSWER_DEADLINE.as_secs(),
        last.trim()
    ))
}

/// Never two of its pods on one node, the control plane's among them: what one node's pods are asked crosses to the other.
fn deployment(image: &str, replicas: u32) -> Value {
    let labels = json!({"app": NAME});
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": NAME, "namespace": NAMESPACE},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
                        {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": labels}},
                    ]}},
                    "tolerations": [{"key": "node-role.kubernetes.io/control-plane", "operator": "Exists"}],
                    "containers": [{
                        "name": "server",
                        "image": image,
                        "args": ["netexec", format!("--http-port={SERVER_PORT}")],
                        "readinessProbe": {"httpGet": {"path": "/hostname", "port": SERVER_PORT}, "periodSeconds": 1},
                    }],
                },
            },
        },
    })
}

fn service() -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": NAME, "namespace": NAMESPACE},
        "spec": {
            "selector": {"app": NAME},
            "ports": [{"port": 80, "targetPort": SERVER_PORT}],
        },
    })
}
