mod platform;
mod size;

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

#[tokio::test(start_paused = true)]
async fn a_cluster_comes_up_with_all_its_nodes() {
    let world = World::with_cluster(1).await;
    let cluster = world.get(&CLUSTER, "bex");
    assert_eq!(cluster["status"]["phase"], "Provisioned");
    assert_eq!(
        cluster["spec"]["controlPlaneEndpoint"],
        json!({"host": "127.0.0.1", "port": 6443})
    );
    assert_eq!(cluster["status"]["workers"]["availableReplicas"], 2);
    for of in [
        "Available",
        "RemoteConnectionProbe",
        "InfrastructureReady",
        "ControlPlaneInitialized",
        "ControlPlaneAvailable",
        "WorkersAvailable",
        "ControlPlaneMachinesReady",
        "WorkerMachinesReady",
    ] {
        assert!(is_true(&cluster, of), "{of}: {:?}", find(&cluster, of));
    }
    assert_eq!(world.nodes().len(), 3);
    for machine in world.machines() {
        assert_eq!(machine["status"]["phase"], "Running");
        assert!(
            is_true(&machine, "Available"),
            "{:?}",
            find(&machine, "Ready")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_worker_node_has_its_labels_addresses_and_room() {
    let world = World::with_cluster(1).await;
    let machine = &world.workers()[0];
    let node = world.app.get(&NODE, "", node_of(machine)).unwrap().unwrap();
    assert_eq!(label(&node, "node-role.kubernetes.io/worker"), Some(""));
    assert_eq!(label(&node, "kubernetes.io/hostname"), Some(name(&node)));
    assert_eq!(node["spec"]["providerID"], machine["spec"]["providerID"]);
    // The node lifecycle controller takes it away when the node is ready.
    let taint = json!({"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"});
    assert_eq!(node["spec"]["taints"], json!([taint]));
    assert_eq!(node["status"]["capacity"]["cpu"], "2");
    assert_eq!(node["status"]["allocatable"]["memory"], "8092Mi");
    assert_eq!(node["status"]["nodeInfo"]["kubeletVersion"], "v1.34.4");
    let mut ranges: Vec<String> = world
        .nodes()
        .iter()
        .map(|node| text(&node["spec"]["podCIDR"]).to_owned())
        .collect();
    ranges.sort();
    assert_eq!(ranges, ["10.244.0.0/24", "10.244.1.0/24", "10.244.2.0/24"]);
}

#[tokio::test(start_paused = true)]
async fn a_control_plane_node_is_kept_free_and_says_what_it_is() {
    let world = World::with_cluster(1).await;
    let machine = &world.control_plane_machines()[0];
    let node = world.app.get(&NODE, "", node_of(machine)).unwrap().unwrap();
    let taint = json!({"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"});
    assert_eq!(node["spec"]["taints"][0], taint);
    assert_eq!(
        label(&node, "node-role.kubernetes.io/control-plane"),
        Some("")
    );
}

#[tokio::test(start_paused = true)]
async fn the_kubeconfig_is_in_a_secret_of_cluster_apis_type() {
    let world = World::with_cluster(1).await;
    let secret = world.get(&SECRET, "bex-kubeconfig");
    assert_eq!(secret["type"], "cluster.x-k8s.io/secret");
    assert_eq!(
        secret["data"]["value"],
        super::bootstrap::base64("kind: Config")
    );
}

#[tokio::test(start_paused = true)]
async fn a_smaller_pool_gives_up_the_marked_machine_first() {
    let mut world = World::with_cluster(1).await;
    world.scale(&MACHINE_DEPLOYMENT, "bex-worker-0", 4);
    world.run(10).await;
    let names = world.names();
    assert_eq!(names.len(), 4);
    let marked = &names[3];
    world.edit(&MACHINE, marked, |machine| {
        machine["metadata"]["annotations"]["cluster.x-k8s.io/delete-machine"] = json!("yes");
    });
    world.scale(&MACHINE_DEPLOYMENT, "bex-worker-0", 3);
    world.run(30).await;
    assert_eq!(world.names(), names[..3]);
    assert!(world.app.get(&NODE, "", marked).unwrap().is_none());
    let deployment = world.deployment();
    assert_eq!(deployment["status"]["replicas"], 3);
    assert_eq!(condition(&deployment, "ScalingDown").0, "NotScalingDown");
}

#[tokio::test(start_paused = true)]
async fn a_deleted_machine_is_replaced() {
    let mut world = World::with_cluster(1).await;
    let before = world.names();
    let machine = world.get(&MACHINE, &before[0]);
    world.infra.delete(&MACHINE, &machine).unwrap();
    world.run(30).await;
    let after = world.names();
    assert_eq!(after.len(), 2);
    assert!(!after.contains(&before[0]) && after.contains(&before[1]));
    assert_eq!(world.nodes().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_drain_waits_for_a_disruption_budget_and_no_longer_than_it_may() {
    let mut world = World::with_cluster(1).await;
    let machine = world.workers().remove(0);
    world.run_pod("web", node_of(&machine));
    world.budget(0);
    world.infra.delete(&MACHINE, &machine).unwrap();
    world.run(60).await;
    let machine = world.get(&MACHINE, name(&machine));
    let (reason, message) = condition(&machine, "Deleting");
    assert_eq!(reason, "DrainingNode");
    assert!(
        message.contains(
            "* Pod default/web: cannot evict pod as it would violate the pod's disruption budget."
        ),
        "{message}"
    );
    assert!(
        world.pod("web").unwrap()["metadata"]
            .get("deletionTimestamp")
            .is_none()
    );
    let node = world
        .app
        .get(&NODE, "", node_of(&machine))
        .unwrap()
        .unwrap();
    assert_eq!(node["spec"]["unschedulable"], true);
    world.run(70).await;
    assert!(
        world
            .infra
            .get(&MACHINE, "default", name(&machine))
            .unwrap()
            .is_none()
    );
}

#[tokio::test(start_paused = true)]
async fn a_drain_goes_on_when_the_budget_allows_it_and_ends_with_the_last_pod() {
    let mut world = World::with_cluster(1).await;
    let machine = world.workers().remove(0);
    world.run_pod("web", node_of(&machine));
    world.budget(0);
    world.infra.delete(&MACHINE, &machine).unwrap();
    world.run(5).await;
    world.budget(1);
    world.run(20).await;
    assert!(
        world.pod("web").unwrap()["metadata"]
            .get("deletionTimestamp")
            .is_some()
    );
    let (_, message) = condition(&world.get(&MACHINE, name(&machine)), "Deleting");
    assert!(
        message.contains(
            "* Pod default/web: deletionTimestamp set, but still not removed from the Node"
        ),
        "{message}"
    );
    world.stop_pod("web");
    world.run(1).await;
    assert!(
        world
            .infra
            .get(&MACHINE, "default", name(&machine))
            .unwrap()
            .is_none()
    );
}

#[tokio::test(start_paused = true)]
async fn mirror_pods_do_not_keep_a_node() {
    let mut world = World::with_cluster(1).await;
    let machine = world.workers().remove(0);
    world.run_pod("static", node_of(&machine));
    let pod = world.pod("static").unwrap();
    world
        .app
        .edit(&POD, &pod, |pod| {
            pod["metadata"]["annotations"]["kubernetes.io/config.mirror"] = json!("x");
        })
        .unwrap();
    world.infra.delete(&MACHINE, &machine).unwrap();
    world.run(2).await;
    assert!(
        world
            .infra
            .get(&MACHINE, "default", name(&machine))
            .unwrap()
            .is_none()
    );
}

#[tokio::test(start_paused = true)]
async fn hooks_hold_a_deletion_before_the_drain_and_before_the_server_goes() {
    let mut world = World::with_cluster(1).await;
    let machine = world.workers().remove(0);
    let hooks = [
        "pre-drain.delete.hook.machine.cluster.x-k8s.io/a",
        "pre-terminate.delete.hook.machine.cluster.x-k8s.io/b",
    ];
    world.edit(&MACHINE, name(&machine), |machine| {
        for hook in hooks {
            machine["metadata"]["annotations"][hook] = json!("");
        }
    });
    world.infra.delete(&MACHINE, &machine).unwrap();
    for (hook, reason) in hooks
        .iter()
        .zip(["WaitingForPreDrainHook", "WaitingForPreTerminateHook"])
    {
        world.run(60).await;
        assert_eq!(
            condition(&world.get(&MACHINE, name(&machine)), "Deleting").0,
            reason
        );
        world.edit(&MACHINE, name(&machine), |machine| {
            machine["metadata"]["annotations"]
                .as_object_mut()
                .unwrap()
                .remove(*hook);
        });
    }
    world.run(5).await;
    assert!(
        world
            .infra
            .get(&MACHINE, "default", name(&machine))
            .unwrap()
            .is_none()
    );
}

#[tokio::test(start_paused = true)]
async fn a_new_version_rolls_the_control_plane_first_and_then_the_workers() {
    let mut world = World::with_cluster(1).await;
    let before = world.machines();
    world.edit(&KUBEADM_CONTROL_PLANE, "bex-control-plane", |object| {
        object["spec"]["version"] = json!("v1.34.5");
    });
    world.edit(&MACHINE_DEPLOYMENT, "bex-worker-0", |object| {
        object["spec"]["template"]["spec"]["version"] = json!("v1.34.5");
    });
    let version = |machine: &Value| text(&machine["spec"]["version"]).to_owned();
    for _ in 0..100 {
        world.run_for(Duration::from_millis(20)).await;
        let old_control_plane = world
            .control_plane_machines()
            .iter()
            .any(|machine| version(machine) == "v1.34.4");
        let new_worker = world
            .workers()
            .iter()
            .any(|machine| version(machine) == "v1.34.5");
        assert!(!(old_control_plane && new_worker));
    }
    world.run(120).await;
    let after = world.machines();
    assert_eq!(after.len(), 3);
    for machine in &after {
        assert_eq!(machine["spec"]["version"], "v1.34.5");
        assert!(before.iter().all(|old| name(old) != name(machine)));
    }
    assert_eq!(world.nodes().len(), 3);
    assert_eq!(world.infra.list(&MACHINE_SET, "default").unwrap().len(), 1);
    let deployment = world.deployment();
    assert_eq!(condition(&deployment, "RollingOut").0, "NotRollingOut");
    assert_eq!(
        objects::annotation(&deployment, super::machine_deployment::REVISION),
        Some("2")
    );
}

#[tokio::test(start_paused = true)]
async fn a_change_that_needs_no_new_machines_is_taken_to_those_that_there_are() {
    let mut world = World::with_cluster(1).await;
    let before = world.names();
    world.edit(&MACHINE_DEPLOYMENT, "bex-worker-0", |object| {
        object["spec"]["template"]["spec"]["deletion"]["nodeDrainTimeoutSeconds"] = json!(7);
        object["spec"]["template"]["metadata"]["labels"]["node.cluster.x-k8s.io/tier"] =
            json!("gold");
    });
    world.run(10).await;
    assert_eq!(world.names(), before);
    for machine in world.workers() {
        assert_eq!(machine["spec"]["deletion"]["nodeDrainTimeoutSeconds"], 7);
        let node = world
            .app
            .get(&NODE, "", node_of(&machine))
            .unwrap()
            .unwrap();
        assert_eq!(label(&node, "node.cluster.x-k8s.io/tier"), Some("gold"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_control_plane_grows_to_three_one_at_a_time_and_shrinks_again() {
    let mut world = World::with_cluster(1).await;
    world.scale(&KUBEADM_CONTROL_PLANE, "bex-control-plane", 3);
    for _ in 0..100 {
        world.run_for(Duration::from_millis(30)).await;
        let machines = world.control_plane_machines();
        assert!(
            machines
                .iter()
                .filter(|machine| node_of(machine).is_empty())
                .count()
                <= 1
        );
    }
    assert_eq!(world.control_plane_machines().len(), 3);
    let object = world.get(&KUBEADM_CONTROL_PLANE, "bex-control-plane");
    assert_eq!(object["status"]["availableReplicas"], 3);
    world.scale(&KUBEADM_CONTROL_PLANE, "bex-control-plane", 1);
    world.run(60).await;
    assert_eq!(world.control_plane_machines().len(), 1);
    assert!(is_true(&world.get(&CLUSTER, "bex"), "Available"));
}

#[tokio::test(start_paused = true)]
async fn a_worker_whose_node_is_lost_is_replaced_after_the_checks_timeout() {
    let mut world = World::with_cluster(1).await;
    let machine = world.workers().remove(0);
    let lost = world
        .app
        .get(&NODE, "", node_of(&machine))
        .unwrap()
        .unwrap();
    let mut status = lost["status"].clone();
    let ready = status["conditions"].as_array_mut().unwrap().iter_mut();
    for condition in ready.filter(|condition| condition["type"] == "Ready") {
        condition["status"] = json!("Unknown");
        condition["reason"] = json!("NodeStatusUnknown");
        condition["lastTransitionTime"] = json!("2026-01-01T00:00:20Z");
    }
    world.app.put_status(&NODE, &lost, &status).unwrap();
    world.run(290).await;
    assert!(world.names().contains(&name(&machine).to_owned()));
    world.run(30).await;
    assert!(!world.names().contains(&name(&machine).to_owned()));
    assert_eq!(world.workers().len(), 2);
    let check = world.get(&HEALTH_CHECK, "bex-worker-0");
    assert_eq!(check["status"]["currentHealthy"], 2);
}

#[tokio::test(start_paused = true)]
async fn nothing_happens_in_a_cluster_that_is_paused() {
    let mut world = World::with_cluster(1).await;
    world.edit(&CLUSTER, "bex", |cluster| {
        cluster["spec"]["paused"] = json!(true);
    });
    world.run(5).await;
    assert_eq!(
        condition(&world.deployment(), "Paused").1,
        "Cluster spec.paused is set to true"
    );
    world.scale(&MACHINE_DEPLOYMENT, "bex-worker-0", 3);
    world.run(60).await;
    assert_eq!(world.workers().len(), 2);
    world.edit(&CLUSTER, "bex", |cluster| {
        cluster["spec"]["paused"] = json!(false);
    });
    world.run(60).await;
    assert_eq!(world.workers().len(), 3);
    assert_eq!(condition(&world.deployment(), "Paused").0, "NotPaused");
}

#[tokio::test(start_paused = true)]
async fn a_deleted_cluster_leaves_no_machine_and_no_node() {
    let mut world = World::with_cluster(1).await;
    let machine = world.workers().remove(0);
    world.run_pod("web", node_of(&machine));
    world.budget(0);
    let cluster = world.get(&CLUSTER, "bex");
    world.infra.delete(&CLUSTER, &cluster).unwrap();
    world.run(60).await;
    for kind in [
        CLUSTER,
        DEV_CLUSTER,
        KUBEADM_CONTROL_PLANE,
        MACHINE_DEPLOYMENT,
        MACHINE_SET,
        MACHINE,
        KUBEADM_CONFIG,
        objects::DEV_MACHINE,
    ] {
        let left = world.infra.list(&kind, "default").unwrap();
        assert!(left.is_empty(), "{}: {left:?}", kind.name);
    }
    assert!(world.nodes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_control_plane_goes_after_the_workers() {
    let mut world = World::with_cluster(1).await;
    let machine = world.workers().remove(0);
    world.edit(&MACHINE, name(&machine), |machine| {
        machine["metadata"]["annotations"]["pre-terminate.delete.hook.machine.cluster.x-k8s.io/a"] =
            json!("");
    });
    let cluster = world.get(&CLUSTER, "bex");
    world.infra.delete(&CLUSTER, &cluster).unwrap();
    world.run(30).await;
    let (reason, message) = condition(&world.get(&CLUSTER, "bex"), "Deleting");
    assert_eq!(reason, "WaitingForWorkersDeletion");
    assert!(
        message.contains(&format!("* Worker Machines: {}", name(&machine))),
        "{message}"
    );
    assert_eq!(world.control_plane_machines().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_trace_and_another_seed_another_one() {
    let mut hashes = Vec::new();
    for seed in [3, 3, 4] {
        let mut world = World::with_cluster(seed).await;
        world.scale(&MACHINE_DEPLOYMENT, "bex-worker-0", 5);
        world.run(30).await;
        hashes.push(world.engine.trace_hash());
    }
    assert_eq!(hashes[0], hashes[1]);
    assert_ne!(hashes[0], hashes[2]);
}

#[tokio::test(start_paused = true)]
async fn a_type_that_is_sold_out_is_waited_for_with_its_name() {
    let mut world = World::in_scenario(Scenario {
        faults: Faults {
            sold_out: vec![SoldOut {
                machine_type: "sim-2x8".into(),
                from_seconds: 0,
                to_seconds: Some(60),
            }],
            ..Faults::default()
        },
        ..Scenario::default()
    });
    world.run(30).await;
    let machine = world.control_plane_machines().remove(0);
    let (reason, message) = condition(&machine, "InfrastructureReady");
    assert_eq!(reason, "NotReady");
    assert!(
        message.contains("* VMProvisioned: no server of type sim-2x8 can be had"),
        "{message}"
    );
    world.run(60).await;
    assert!(is_true(&world.get(&CLUSTER, "bex"), "Available"));
}

#[tokio::test(start_paused = true)]
async fn machines_that_never_join_are_replaced_until_all_have_joined() {
    let mut world = World::in_scenario(Scenario {
        seed: 5,
        faults: Faults {
            machines_never_join_percent: 50,
            ..Faults::default()
        },
        ..Scenario::default()
    });
    world.run(20).await;
    let before = world.names();
    world.run(2 * 3600).await;
    let cluster = world.get(&CLUSTER, "bex");
    assert!(
        is_true(&cluster, "Available"),
        "{:?}",
        find(&cluster, "Available")
    );
    assert_ne!(world.names(), before);
}
