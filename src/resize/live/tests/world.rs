//! Both clusters, with a pool of two rungs.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::tap::Tap;
use crate::resize::live::{Lease, Options, Seen, run};
use crate::resize::offer::Price;
use crate::resize::policy::Policy;
use crate::resize::prices::{Location, MachineType, PriceList};
use crate::sim::api::{Access, Api};
use crate::sim::clock::Clock;
use crate::sim::controllers::cluster_api::Endpoint;
use crate::sim::engine::Cluster;
use crate::sim::scenario::Scenario;
use crate::sim::{Sim, Stores};
use crate::tools::kube::Client;

const GROUPS: &str = "/apis/cluster.x-k8s.io/v1beta2/namespaces/default/machinedeployments";
const MACHINES: &str = "/apis/cluster.x-k8s.io/v1beta2/namespaces/default/machines";
const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";
const PODS: &str = "/api/v1/namespaces/default/pods";

pub(super) struct World {
    pub infra: Client,
    pub app: Client,
    infra_api: Api,
    app_api: Api,
    clock: Clock,
    pub policy: Policy,
    /// A machine pays for begun spans of so long; 0: by the second.
    pub billed_seconds: u32,
    /// What the loop says, a line each.
    pub said: Arc<Mutex<Vec<String>>>,
    cancel: CancellationToken,
}

/// A loop that runs.
pub(super) struct Loop {
    pub infra: Tap,
    pub app: Tap,
    pub cancel: CancellationToken,
    pub task: JoinHandle<()>,
}

impl Loop {
    /// In order, as Ctrl-C does it.
    pub(super) async fn end(mut self) {
        self.cancel.cancel();
        (&mut self.task).await.unwrap();
    }
}

/// Killed, as it is.
impl Drop for Loop {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl World {
    pub(super) async fn new(scenario: Scenario) -> Self {
        let clock = Clock::starting_at("2026-01-01T12:00:00Z".parse().unwrap());
        let endpoint = Endpoint {
            host: "127.0.0.1".into(),
            port: 6443,
            kubeconfig: "kind: Config".into(),
        };
        let mut sim = Sim::new(Stores::in_memory(), clock, scenario, endpoint).unwrap();
        let infra_api = sim.api(Cluster::Infra, Access::Open);
        let app_api = sim.api(Cluster::App, Access::Open);
        let cancel = CancellationToken::new();
        let ends = cancel.clone();
        tokio::spawn(async move { sim.run(ends).await });
        let policy = Policy {
            unneeded_for: Duration::from_secs(5),
            settle: Duration::from_secs(5),
            boot_deadline: Duration::from_secs(20),
            ..Policy::default()
        };
        let world = Self {
            infra: Client::new(infra_api.clone(), "default"),
            app: Client::new(app_api.clone(), "default"),
            infra_api,
            app_api,
            clock,
            policy,
            billed_seconds: 0,
            said: Arc::default(),
            cancel,
        };
        world.build().await;
        world
    }

    async fn build(&self) {
        let manifests: Vec<Value> = serde_saphyr::from_str(include_str!("cluster.yaml")).unwrap();
        for manifest in manifests {
            let group = manifest["apiVersion"].as_str().unwrap();
            let kind = manifest["kind"].as_str().unwrap().to_lowercase();
            let path = format!("/apis/{group}/namespaces/default/{kind}s");
            post(&self.infra, &path, &manifest).await;
        }
        for (rung, name) in ["small", "large"].into_iter().enumerate() {
            post(&self.infra, GROUPS, &group(name, rung)).await;
        }
        let cluster = "/apis/cluster.x-k8s.io/v1beta2/namespaces/default/clusters/bex";
        self.until("the control plane", async || {
            let cluster = get(&self.infra, cluster).await;
            cluster["status"]["initialization"]["controlPlaneInitialized"] == true
        })
        .await;
    }

    pub(super) fn options(&self, identity: &str, lease: Option<Lease>) -> Options {
        let clock = self.clock;
        let said = Arc::clone(&self.said);
        Options {
            cluster: "bex".into(),
            namespace: "default".into(),
            identity: identity.into(),
            lease,
            prices: PriceList {
                billed_seconds: self.billed_seconds,
                ..prices()
            },
            policy: self.policy.clone(),
            drain_within: Duration::from_mins(1),
            now: Arc::new(move || clock.now()),
            sink: Arc::new(move |seen| {
                let line = match seen {
                    Seen::Act { what, result, .. } => format!("{what}: {result:?}"),
                    Seen::Decision { decision, .. } => {
                        let kept = decision.kept.iter();
                        let kept = kept.map(|kept| format!("kept {}: {}", kept.node, kept.why));
                        let held = decision.held.iter();
                        let held = held.map(|held| format!("held {}: {}", held.group, held.why));
                        kept.chain(held).collect::<Vec<_>>().join("\n")
                    }
                    Seen::Leads(leader) => format!("leads: {leader:?}"),
                    _ => return,
                };
                if !line.is_empty() {
                    said.lock().unwrap().push(line);
                }
            }),
        }
    }

    pub(super) fn taps(&self) -> (Tap, Tap) {
        let infra = Tap::new(self.infra_api.clone());
        let app = Tap::with_cut_of(self.app_api.clone(), &infra);
        (infra, app)
    }

    pub(super) fn start(&self) -> Loop {
        self.start_as("one", None)
    }

    pub(super) fn start_as(&self, identity: &str, lease: Option<Lease>) -> Loop {
        let (infra, app) = self.taps();
        let cancel = CancellationToken::new();
        let options = self.options(identity, lease);
        let ends = cancel.clone();
        let (to_infra, to_app) = (infra.client(), app.client());
        let task = tokio::spawn(async move {
            run(to_infra, to_app, options, ends).await.unwrap();
        });
        Loop {
            infra,
            app,
            cancel,
            task,
        }
    }

    /// So many pods of a Deployment, each of which asks for so much CPU.
    pub(super) async fn deploy(&self, name: &str, replicas: u32, cpu: &str) {
        self.deploy_with(name, replicas, cpu, &json!([])).await;
    }

    pub(super) async fn deploy_with(&self, name: &str, replicas: u32, cpu: &str, volumes: &Value) {
        let deployment = json!({
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "namespace": "default"},
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": {"app": name}},
                "template": {
                    "metadata": {"labels": {"app": name}},
                    "spec": {
                        "containers": [{"name": "web", "image": "web:1", "resources": {"requests": {"cpu": cpu}}}],
                        "volumes": volumes,
                    },
                },
            },
        });
        post(&self.app, DEPLOYMENTS, &deployment).await;
    }

    pub(super) async fn scale(&self, name: &str, replicas: u32) {
        let path = format!("{DEPLOYMENTS}/{name}");
        patch(&self.app, &path, &json!({"spec": {"replicas": replicas}})).await;
    }

    /// Running pods of a Deployment.
    pub(super) async fn running(&self, name: &str) -> usize {
        let pods = get(&self.app, &format!("{PODS}?labelSelector=app%3D{name}")).await;
        let pods = pods["items"].as_array().unwrap().iter();
        pods.filter(|pod| pod["status"]["phase"] == "Running")
            .count()
    }

    pub(super) async fn group(&self, name: &str) -> Value {
        get(&self.infra, &format!("{GROUPS}/{name}")).await
    }

    pub(super) async fn replicas(&self, name: &str) -> u64 {
        self.group(name).await["spec"]["replicas"].as_u64().unwrap()
    }

    /// Nodes that are not of the control plane.
    pub(super) async fn workers(&self) -> Vec<Value> {
        let nodes = get(&self.app, "/api/v1/nodes").await;
        let mut nodes = nodes["items"].as_array().unwrap().clone();
        let role = "node-role.kubernetes.io/control-plane";
        nodes.retain(|node| node["metadata"]["labels"][role].is_null());
        nodes
    }

    pub(super) async fn machines(&self) -> Vec<Value> {
        let machines = get(&self.infra, MACHINES).await;
        machines["items"].as_array().unwrap().clone()
    }

    /// Cordons and marks that are somewhere.
    pub(super) async fn marks(&self) -> Vec<String> {
        let mut all = self.workers().await;
        all.extend(self.machines().await);
        let marked = all.iter().filter(|object| {
            let said = &object["metadata"]["annotations"];
            object["spec"]["unschedulable"] == true
                || object["spec"]["taints"]
                    .to_string()
                    .contains("infra.bex.co/spare")
                || !said["infra.bex.co/removing"].is_null()
                || !said["cluster.x-k8s.io/delete-machine"].is_null()
        });
        marked
            .map(|object| object["metadata"]["name"].to_string())
            .collect()
    }

    /// Lets virtual time go by until it holds; ten minutes at most.
    pub(super) async fn until(&self, what: &str, holds: impl AsyncFn() -> bool) -> Duration {
        let begun = Instant::now();
        while !holds().await {
            if begun.elapsed() > Duration::from_mins(10) {
                let said = self.said.lock().unwrap().join("\n");
                panic!("{what}: not within ten minutes\n{said}");
            }
            sleep(Duration::from_millis(50)).await;
        }
        begun.elapsed()
    }

    pub(super) fn has_said(&self, words: &str) -> bool {
        self.said
            .lock()
            .unwrap()
            .iter()
            .any(|line| line.contains(words))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

fn group(name: &str, rung: usize) -> Value {
    json!({
        "apiVersion": "cluster.x-k8s.io/v1beta2",
        "kind": "MachineDeployment",
        "metadata": {"name": name, "namespace": "default", "annotations": {
            "cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size": if rung == 0 { "1" } else { "0" },
            "cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size": "10",
            "infra.bex.co/pool": "worker",
            "infra.bex.co/rung": rung.to_string(),
            "infra.bex.co/machine-type": name,
            "infra.bex.co/location": "here",
        }},
        "spec": {
            "clusterName": "bex",
            "replicas": usize::from(rung == 0),
            "selector": {"matchLabels": {"cluster.x-k8s.io/cluster-name": "bex", "cluster.x-k8s.io/deployment-name": name}},
            "rollout": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}},
            "template": {
                "metadata": {"labels": {"cluster.x-k8s.io/cluster-name": "bex", "cluster.x-k8s.io/deployment-name": name}},
                "spec": {
                    "clusterName": "bex",
                    "version": "v1.34.4",
                    "bootstrap": {"configRef": {"apiGroup": "bootstrap.cluster.x-k8s.io", "kind": "KubeadmConfigTemplate", "name": "worker"}},
                    "infrastructureRef": {"apiGroup": "infrastructure.cluster.x-k8s.io", "kind": "DevMachineTemplate", "name": name},
                },
            },
        },
    })
}

fn prices() -> PriceList {
    let of = |name: &str, cpus: u32, memory_gib: f64, hourly: u64| MachineType {
        name: name.to_owned(),
        architecture: "amd64".to_owned(),
        cpus,
        memory_gib,
        disk_gb: 80,
        dedicated: false,
        locations: vec![Location {
            name: "here".to_owned(),
            hourly: Price(hourly),
            available: true,
        }],
    };
    PriceList {
        currency: "EUR".to_owned(),
        billed_seconds: 0,
        types: vec![of("small", 4, 8.0, 10_000), of("large", 8, 16.0, 30_000)],
    }
}

async fn send(client: &Client, verb: &str, path: &str, content: &str, body: &Value) -> Value {
    let request = http::Request::builder()
        .method(verb)
        .uri(path)
        .header("content-type", content)
        .body(if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        })
        .unwrap();
    let text = client.request_text(request).await;
    serde_json::from_str(&text.unwrap_or_else(|error| panic!("{verb} {path}: {error}"))).unwrap()
}

pub(super) async fn get(client: &Client, path: &str) -> Value {
    send(client, "GET", path, "application/json", &Value::Null).await
}

pub(super) async fn post(client: &Client, path: &str, body: &Value) -> Value {
    send(client, "POST", path, "application/json", body).await
}

pub(super) async fn patch(client: &Client, path: &str, body: &Value) -> Value {
    send(client, "PATCH", path, "application/merge-patch+json", body).await
}
