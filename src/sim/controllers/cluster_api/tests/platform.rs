//! A platform's life with all controllers, in virtual time.

use super::*;
use crate::sim::controllers;
use crate::sim::controllers::scheduler::Scheduler;
use crate::sim::engine::Cluster;
use crate::sim::store::PageRequest;

const DEPLOYMENT: Kind = Kind {
    api_version: "apps/v1",
    name: "Deployment",
    resource: "deployments.apps",
};

/// Hangs a machine.
const STOPPED: &str = "sim.infra.bex.co/stopped";

/// Replicas of the Deployment, and how many of them must be available at any time.
const REPLICAS: usize = 3;
const LEAST: usize = 2;

fn everyone(endpoint: Endpoint, seed: u64) -> Vec<Box<dyn Controller>> {
    let mut all = controllers::all();
    all.push(Box::new(Scheduler::new(Cluster::App)));
    all.push(Box::new(ClusterApi::new(endpoint, seed)));
    all
}

impl World {
    fn deploy(&self) {
        let labels = json!({"app": "web"});
        let deployment = json!({
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {
                "replicas": REPLICAS,
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {"containers": [{"name": "web", "image": "web:1", "resources": {"requests": {"cpu": "100m"}}}]},
                },
            },
        });
        self.app.create(&DEPLOYMENT, deployment).unwrap();
        let budget = json!({
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {"minAvailable": LEAST, "selector": {"matchLabels": labels}},
        });
        self.app.create(&BUDGET, budget).unwrap();
    }

    fn running(&self) -> usize {
        let pods = self.app.list(&POD, "default").unwrap();
        let runs = |pod: &&Value| {
            let terminating = pod["metadata"].get("deletionTimestamp").is_some();
            !terminating && find_status(pod, "Ready") == Some("True")
        };
        pods.iter().filter(runs).count()
    }

    /// Lets time go by until `done`, while the budget is kept; the deadline is virtual.
    async fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        for _ in 0..12_000 {
            if done(self) {
                return;
            }
            self.run_for(Duration::from_millis(100)).await;
            let running = self.running();
            assert!(running >= LEAST, "{what}: {running} pods run");
        }
        panic!("{what}: not within 20 minutes");
    }

    /// All workers there are, of this version and available.
    fn has_workers(&self, count: u64, version: &str) -> bool {
        let deployment = self.deployment();
        let status = &deployment["status"];
        let counts = ["replicas", "upToDateReplicas", "availableReplicas"];
        let machines = self.machines();
        status["observedGeneration"] == deployment["metadata"]["generation"]
            && counts.iter().all(|field| status[field] == count)
            && machines
                .iter()
                .all(|machine| machine["spec"]["version"] == version)
            && self.nodes().len() == machines.len()
    }
}

fn find_status<'a>(object: &'a Value, of: &str) -> Option<&'a str> {
    let conditions = object["status"]["conditions"].as_array()?;
    let condition = conditions
        .iter()
        .find(|condition| condition["type"] == of)?;
    condition["status"].as_str()
}

/// What is left, and the hash of everything that was done.
async fn live(seed: u64) -> (Vec<String>, String) {
    let scenario = Scenario {
        seed,
        ..Scenario::default()
    };
    let mut world = World::in_scenario_with(scenario, everyone);
    world.run(20).await;
    assert!(is_true(&world.get(&CLUSTER, "bex"), "Available"));
    world.deploy();
    world.run(10).await;
    assert_eq!(world.running(), REPLICAS);

    world.scale(&MACHINE_DEPLOYMENT, "bex-worker-0", 3);
    world
        .until("three workers", |world| world.has_workers(3, "v1.34.4"))
        .await;
    world.scale(&MACHINE_DEPLOYMENT, "bex-worker-0", 1);
    world
        .until("one worker", |world| world.has_workers(1, "v1.34.4"))
        .await;

    update(&mut world).await;
    heal(&mut world).await;

    let cluster = world.get(&CLUSTER, "bex");
    world.infra.delete(&CLUSTER, &cluster).unwrap();
    world.run(120).await;
    (leftovers(&world), world.engine.trace_hash())
}

async fn update(world: &mut World) {
    world.edit(&KUBEADM_CONTROL_PLANE, "bex-control-plane", |object| {
        object["spec"]["version"] = json!("v1.34.5");
    });
    world.edit(&MACHINE_DEPLOYMENT, "bex-worker-0", |object| {
        object["spec"]["template"]["spec"]["version"] = json!("v1.34.5");
        object["spec"]["replicas"] = json!(2);
    });
    world
        .until("a new version", |world| world.has_workers(2, "v1.34.5"))
        .await;
}

async fn heal(world: &mut World) {
    let lost = world.workers().remove(0);
    let node = world.app.get(&NODE, "", node_of(&lost)).unwrap().unwrap();
    world
        .app
        .edit(&NODE, &node, |node| {
            node["metadata"]["annotations"][STOPPED] = json!("true");
        })
        .unwrap();
    world.run(900).await;
    assert!(!world.names().contains(&name(&lost).to_owned()));
    assert!(world.has_workers(2, "v1.34.5"));
    assert_eq!(world.running(), REPLICAS);
}

/// What should not be there without a cluster.
fn leftovers(world: &World) -> Vec<String> {
    let resources = world.infra_registry.resources();
    let ours = resources
        .iter()
        .filter(|resource| resource.group.ends_with("x-k8s.io") && resource.custom);
    let mut left: Vec<String> = ours
        .flat_map(|resource| {
            let page = world.infra_registry.store().list(
                &resource.group_resource(),
                None,
                &PageRequest::default(),
            );
            page.unwrap()
                .items
                .into_iter()
                .map(|stored| format!("{:?}", stored.key))
        })
        .collect();
    let secrets = world.infra.list(&SECRET, "default").unwrap();
    left.extend(
        secrets
            .iter()
            .map(|secret| format!("Secret {}", name(secret))),
    );
    left.extend(
        world
            .nodes()
            .iter()
            .map(|node| format!("Node {}", name(node))),
    );
    left
}

#[tokio::test(start_paused = true)]
async fn a_platform_is_resized_updated_healed_and_deleted_to_nothing_the_same_way_each_time() {
    let (left, first) = live(11).await;
    assert!(left.is_empty(), "left: {left:#?}");
    let (_, second) = live(11).await;
    assert_eq!(first, second);
}
