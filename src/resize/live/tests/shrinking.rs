use super::*;
use crate::sim::scenario::Scenario;

const SMALL: &str = "/apis/cluster.x-k8s.io/v1beta2/namespaces/default/machinedeployments/small";

#[tokio::test(start_paused = true)]
async fn workers_go_drained_when_nobody_needs_them_with_one_write_each_and_one_for_all() {
    let world = World::new(Scenario::default()).await;
    let looped = world.start();
    world.deploy("web", 8, "1500m").await;
    world
        .until("all pods", async || world.running("web").await == 8)
        .await;
    let grown = looped.infra.writes();
    world.scale("web", 0).await;
    world
        .until("the minimum", async || {
            world.replicas("small").await == 1 && world.workers().await.len() == 1
        })
        .await;
    world
        .until("no marks", async || world.marks().await.is_empty())
        .await;
    let writes = looped.infra.writes();
    let since = |what: &str| writes[what] - grown.get(what).copied().unwrap_or_default();
    let removed = since("PATCH machines");
    assert_eq!(removed, 3);
    let small = world::get(&world.infra, SMALL).await;
    let times = small["metadata"]["annotations"]["infra.bex.co/removed"].as_str();
    assert_eq!(times.unwrap().split(' ').count(), 3, "{times:?}");
    assert!(since("PATCH machinedeployments") <= removed, "{writes:?}");
}

#[tokio::test(start_paused = true)]
async fn half_empty_nodes_are_emptied_and_their_pods_run_elsewhere() {
    let world = World::new(Scenario::default()).await;
    let _looped = world.start();
    world.deploy("web", 8, "1500m").await;
    world
        .until("all pods", async || world.running("web").await == 8)
        .await;
    world.scale("web", 4).await;
    world
        .until("two workers", async || world.workers().await.len() == 2)
        .await;
    world
        .until("all pods", async || world.running("web").await == 4)
        .await;
    assert!(world.marks().await.is_empty());
}

/// Two workers, of which nobody needs the first one, and on the second one what `occupy` puts there.
async fn occupied(occupy: impl AsyncFn(&World)) -> World {
    let world = World::new(Scenario::default()).await;
    world.deploy("filler", 1, "2500m").await;
    world
        .until("the filler", async || world.running("filler").await == 1)
        .await;
    world::patch(&world.infra, SMALL, &json!({"spec": {"replicas": 2}})).await;
    world
        .until("two workers", async || {
            let workers = world.workers().await;
            let ready = workers
                .iter()
                .filter(|node| node["spec"]["taints"].is_null());
            ready.count() == 2
        })
        .await;
    occupy(&world).await;
    world
        .until("the pod", async || world.running("special").await == 1)
        .await;
    world.scale("filler", 0).await;
    let min = "cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size";
    let none = json!({"metadata": {"annotations": {min: "0"}}});
    world::patch(&world.infra, SMALL, &none).await;
    world
}

/// The empty worker goes, and the other one stays for a reason.
async fn stays(world: &World, words: &str) {
    let looped = world.start();
    world
        .until("the empty one is gone", async || {
            world.workers().await.len() == 1
        })
        .await;
    world
        .until("a reason", async || world.has_said(words))
        .await;
    tokio::time::sleep(Duration::from_mins(2)).await;
    assert_eq!(world.running("special").await, 1);
    assert!(world.marks().await.is_empty());
    looped.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_bare_pod_keeps_its_node() {
    let world = occupied(async |world| {
        let pod = json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "special", "namespace": "default", "labels": {"app": "special"}},
            "spec": {"containers": [{"name": "web", "image": "web:1", "resources": {"requests": {"cpu": "2"}}}]},
        });
        world::post(&world.app, "/api/v1/namespaces/default/pods", &pod).await;
    })
    .await;
    stays(&world, "default/special: no controller").await;
}

#[tokio::test(start_paused = true)]
async fn local_data_keeps_its_node() {
    let world = occupied(async |world| {
        let volumes = json!([{"name": "cache", "emptyDir": {}}]);
        world.deploy_with("special", 1, "2", &volumes).await;
    })
    .await;
    stays(&world, "volume cache would be lost").await;
}

#[tokio::test(start_paused = true)]
async fn a_budget_of_zero_keeps_its_nodes() {
    let world = World::new(Scenario::default()).await;
    {
        let _looped = world.start();
        world.deploy("web", 3, "2500m").await;
        world
            .until("all pods", async || world.running("web").await == 3)
            .await;
    }
    let budget = json!({
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"minAvailable": 2, "selector": {"matchLabels": {"app": "web"}}},
    });
    let path = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";
    world::post(&world.app, path, &budget).await;
    world.scale("web", 2).await;
    let large = SMALL.replace("small", "large");
    world::patch(&world.infra, &large, &json!({"spec": {"replicas": 1}})).await;
    let _looped = world.start();
    tokio::time::sleep(Duration::from_mins(3)).await;
    assert_eq!(world.running("web").await, 2);
    assert!(world.has_said("PodDisruptionBudget default/web allows no further eviction"));
    assert!(world.marks().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_comes_during_a_drain_stops_it() {
    let world = World::new(Scenario {
        pod_stop_ms: crate::sim::scenario::Range {
            from: 20_000,
            to: 20_000,
        },
        ..Scenario::default()
    })
    .await;
    let _looped = world.start();
    world.deploy("web", 4, "1500m").await;
    world
        .until("all pods", async || world.running("web").await == 4)
        .await;
    world.scale("web", 2).await;
    world
        .until("a drain", async || !world.marks().await.is_empty())
        .await;
    let marked = world.workers().await;
    let marked = marked
        .iter()
        .find(|node| node["spec"]["unschedulable"] == true);
    let Some(marked) = marked else {
        return;
    };
    let name = marked["metadata"]["name"].clone();
    let pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "late", "namespace": "default"},
        "spec": {"nodeName": name, "containers": [{"name": "web", "image": "web:1"}]},
    });
    world::post(&world.app, "/api/v1/namespaces/default/pods", &pod).await;
    world
        .until("the drain is over", async || {
            world.has_said("default/late: no controller")
        })
        .await;
    world
        .until("no marks", async || world.marks().await.is_empty())
        .await;
    assert!(
        world
            .workers()
            .await
            .iter()
            .any(|node| node["metadata"]["name"] == name)
    );
}
