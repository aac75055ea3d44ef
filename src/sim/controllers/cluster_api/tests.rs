mod platform;
mod removal;
mod rollout;
mod size;
mod trouble;
mod up;

use std::time::Duration;

use serde_json::{Value, json};

use super::conditions::{find, is_true};
use super::objects::{
    self, CLUSTER, DEV_CLUSTER, HEALTH_CHECK, KUBEADM_CONFIG, KUBEADM_CONTROL_PLANE, Kind, MACHINE,
    MACHINE_DEPLOYMENT, MACHINE_SET, NODE, Objects, POD, SECRET, label, name, text,
};
use super::{ClusterApi, Endpoint};
use crate::sim::clock::Clock;
use crate::sim::cluster_api;
use crate::sim::engine::{Controller, Engine};
use crate::sim::registry::{DeleteOptions, Registry, Target};
use crate::sim::scenario::{Faults, Scenario, SoldOut};
use crate::sim::store::Store;

/// Makes the controllers of a world.
type Controllers = fn(Endpoint, u64) -> Vec<Box<dyn Controller>>;

/// Two clusters in virtual time.
struct World {
    infra: Objects,
    app: Objects,
    infra_registry: Registry,
    app_registry: Registry,
    engine: Engine,
}

impl World {
    fn new(scenario: Scenario, controllers: Controllers) -> Self {
        let seed = scenario.seed;
        let clock = Clock::starting_at("2026-01-01T00:00:00Z".parse().unwrap());
        let infra = Registry::new(Store::in_memory(), clock, seed);
        let app = Registry::new(Store::in_memory(), clock, seed);
        cluster_api::install(&infra).unwrap();
        let endpoint = Endpoint {
            host: "127.0.0.1".into(),
            port: 6443,
            kubeconfig: "kind: Config".into(),
        };
        let controllers = controllers(endpoint, seed);
        Self {
            infra: Objects::new(&infra),
            app: Objects::new(&app),
            infra_registry: infra.clone(),
            app_registry: app.clone(),
            engine: Engine::new(infra, app, clock, scenario, controllers),
        }
    }

    /// The same with a cluster in it that is up.
    async fn with_cluster(seed: u64) -> Self {
        let mut world = Self::in_scenario(Scenario {
            seed,
            ..Scenario::default()
        });
        world.run(20).await;
        world
    }

    /// The same with a cluster that has just been applied.
    fn in_scenario(scenario: Scenario) -> Self {
        Self::in_scenario_with(scenario, |endpoint, seed| {
            vec![Box::new(ClusterApi::new(endpoint, seed))]
        })
    }

    fn in_scenario_with(scenario: Scenario, controllers: Controllers) -> Self {
        let world = Self::new(scenario, controllers);
        let manifests: Vec<Value> =
            serde_saphyr::from_str(include_str!("tests/cluster.yaml")).unwrap();
        for manifest in manifests {
            let kind = kind_of(&manifest);
            world.infra.create(&kind, manifest).unwrap();
        }
        world
    }

    async fn run(&mut self, seconds: u64) {
        self.run_for(Duration::from_secs(seconds)).await;
    }

    async fn run_for(&mut self, time: Duration) {
        let end = tokio::time::Instant::now() + time;
        loop {
            let next = self.engine.run_until_idle();
            match next.filter(|next| *next < end) {
                Some(next) => tokio::time::sleep_until(next).await,
                None => break,
            }
        }
        tokio::time::sleep_until(end).await;
        self.engine.run_until_idle();
    }

    fn machines(&self) -> Vec<Value> {
        self.infra.list(&MACHINE, "default").unwrap()
    }

    fn workers(&self) -> Vec<Value> {
        let mut machines = self.machines();
        machines.retain(|machine| label(machine, "cluster.x-k8s.io/control-plane").is_none());
        machines
    }

    fn nodes(&self) -> Vec<Value> {
        self.app.list(&NODE, "").unwrap()
    }

    fn get(&self, kind: &Kind, name: &str) -> Value {
        self.infra.get(kind, "default", name).unwrap().unwrap()
    }

    fn edit(&self, kind: &Kind, name: &str, change: impl FnMut(&mut Value)) {
        let object = self.get(kind, name);
        self.infra.edit(kind, &object, change).unwrap();
    }
}

fn kind_of(manifest: &Value) -> Kind {
    let kinds = super::KINDS.iter().map(|(kind, _)| *kind);
    kinds
        .chain([
            objects::DEV_MACHINE_TEMPLATE,
            objects::KUBEADM_CONFIG_TEMPLATE,
        ])
        .find(|kind| kind.name == text(&manifest["kind"]))
        .unwrap()
}

impl World {
    fn deployment(&self) -> Value {
        self.get(&MACHINE_DEPLOYMENT, "bex-worker-0")
    }

    fn scale(&self, kind: &Kind, name: &str, replicas: u64) {
        self.edit(kind, name, |object| {
            object["spec"]["replicas"] = json!(replicas);
        });
    }

    fn names(&self) -> Vec<String> {
        self.workers()
            .iter()
            .map(|machine| name(machine).to_owned())
            .collect()
    }

    fn control_plane_machines(&self) -> Vec<Value> {
        let mut machines = self.machines();
        machines.retain(|machine| label(machine, "cluster.x-k8s.io/control-plane").is_some());
        machines
    }

    /// A pod that runs on the node already.
    fn run_pod(&self, pod: &str, node: &str) {
        let object = json!({
            "metadata": {"name": pod, "namespace": "default", "labels": {"app": "web"}},
            "spec": {"nodeName": node, "terminationGracePeriodSeconds": 30, "containers": [{"name": "web", "image": "web"}]},
        });
        let pod = self.app.create(&POD, object).unwrap();
        let status =
            json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]});
        self.app.put_status(&POD, &pod, &status).unwrap();
    }

    fn budget(&self, allowed: u64) {
        let budget = json!({
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}},
        });
        self.app.ensure(&BUDGET, budget.clone()).unwrap();
        let status = json!({
            "observedGeneration": 1, "disruptionsAllowed": allowed, "currentHealthy": 1, "desiredHealthy": 1,
            "expectedPods": 1, "conditions": [],
        });
        self.app.put_status(&BUDGET, &budget, &status).unwrap();
    }

    fn pod(&self, pod: &str) -> Option<Value> {
        self.app.get(&POD, "default", pod).unwrap()
    }

    /// What a kubelet does with a pod that was told to stop.
    fn stop_pod(&self, pod: &str) {
        let resource = self.app_registry.kind("v1", "Pod").unwrap();
        let target = Target::new(resource, "default", pod);
        let options = DeleteOptions {
            grace_period_seconds: Some(0),
            ..DeleteOptions::default()
        };
        self.app_registry.delete(&target, &options).unwrap();
    }
}

const BUDGET: Kind = Kind {
    api_version: "policy/v1",
    name: "PodDisruptionBudget",
    resource: "poddisruptionbudgets.policy",
};

fn node_of(machine: &Value) -> &str {
    text(&machine["status"]["nodeRef"]["name"])
}

fn condition(object: &Value, of: &str) -> (String, String) {
    let condition = find(object, of).unwrap();
    (condition.reason, condition.message)
}
