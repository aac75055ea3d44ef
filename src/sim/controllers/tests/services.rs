//! Services, budgets.

use serde_json::{Value, json};

use super::world::{World, condition, deployment};
use crate::sim::registry::{Subresource, WriteOptions};

fn service() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http"}]},
    })
}

#[tokio::test(start_paused = true)]
async fn a_service_knows_where_its_pods_are() {
    let mut world = World::new(2).await;
    world.create(service());
    world.create(deployment("web", 3));
    world.pass(5).await;
    let slices = world.list("endpointslices.discovery.k8s.io");
    let slices: Vec<&Value> = slices
        .iter()
        .filter(|slice| slice["metadata"]["labels"]["kubernetes.io/service-name"] == "web")
        .collect();
    assert_eq!(slices.len(), 1);
    let endpoints = slices[0]["endpoints"].as_array().unwrap();
    assert_eq!(endpoints.len(), 3);
    assert!(
        endpoints
            .iter()
            .all(|endpoint| endpoint["conditions"]["ready"] == true)
    );
    assert_eq!(slices[0]["ports"][0]["port"], 8080);
    let subsets = &world.get("endpoints", "web").unwrap()["subsets"];
    assert_eq!(subsets[0]["addresses"].as_array().unwrap().len(), 3);

    world.edit("deployments.apps", "web", |deployment| {
        deployment["spec"]["replicas"] = 0.into();
    });
    world.pass(5).await;
    assert_eq!(
        world.get("endpoints", "web").unwrap()["subsets"],
        Value::Null
    );
    world.delete("services", "web", "Background");
    world.pass(1).await;
    assert!(world.get("endpoints", "web").is_none());
}

#[tokio::test(start_paused = true)]
async fn more_than_a_hundred_endpoints_take_several_slices() {
    let mut world = World::new(3).await;
    world.create(service());
    world.create(deployment("web", 120));
    world.pass(10).await;
    let slices = world.list("endpointslices.discovery.k8s.io");
    let sizes = slices
        .iter()
        .map(|slice| slice["endpoints"].as_array().map_or(0, Vec::len));
    assert_eq!(sizes.sum::<usize>(), 120);
}

fn budget(world: &World) -> Value {
    world.get("poddisruptionbudgets.policy", "web").unwrap()
}

fn evict(world: &World, pod: &str) -> Result<(), u16> {
    let mut target = world.target("pods", pod);
    target.subresource = Subresource::Eviction;
    let eviction =
        json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod}});
    let evicted = world
        .app
        .create(&target, eviction, &WriteOptions::default());
    evicted.map(drop).map_err(|status| status.code)
}

#[tokio::test(start_paused = true)]
async fn a_budget_allows_what_it_can_spare_and_no_more() {
    let mut world = World::new(2).await;
    world.create(deployment("web", 3));
    world.create(json!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "web"},
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "web"}}},
    }));
    world.pass(5).await;
    let status = &budget(&world)["status"];
    let counts = [
        "expectedPods",
        "desiredHealthy",
        "currentHealthy",
        "disruptionsAllowed",
    ];
    assert_eq!(
        counts.map(|count| status[count].as_u64().unwrap()),
        [3, 2, 3, 1]
    );
    assert_eq!(
        condition(&budget(&world), "DisruptionAllowed")["reason"],
        "SufficientPods"
    );

    let pods = world.pods(|_| true);
    assert_eq!(evict(&world, &pods[0]), Ok(()));
    assert_eq!(evict(&world, &pods[1]), Err(429));
    world.engine.run_until_idle();
    assert_eq!(evict(&world, &pods[1]), Err(429));
    world.pass(5).await;
    assert_eq!(evict(&world, &pods[1]), Ok(()));
}
