//! `DaemonSets` and `StatefulSets`.

use serde_json::{Value, json};

use super::world::{World, is_ready, template};

fn daemon_set() -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "agent"},
        "spec": {
            "selector": {"matchLabels": {"app": "agent"}},
            "template": template("agent", "agent:1"),
        },
    })
}

#[tokio::test(start_paused = true)]
async fn every_node_has_a_daemon_unless_its_taints_keep_it_off() {
    let mut world = World::new(3).await;
    world.edit("nodes", "n2", |node| {
        node["spec"]["taints"] = json!([{"key": "special", "effect": "NoSchedule"}]);
    });
    world.create(daemon_set());
    world.pass(5).await;
    let mut nodes: Vec<Value> = world
        .list("pods")
        .iter()
        .map(|pod| pod["spec"]["nodeName"].clone())
        .collect();
    nodes.sort_by_key(ToString::to_string);
    assert_eq!(nodes, ["n0", "n1"]);
    let status = &world.get("daemonsets.apps", "agent").unwrap()["status"];
    let counts = [
        "desiredNumberScheduled",
        "currentNumberScheduled",
        "numberReady",
        "numberAvailable",
        "updatedNumberScheduled",
    ];
    assert_eq!(counts.map(|count| status[count].as_u64().unwrap()), [2; 5]);

    world.edit("nodes", "n2", |node| {
        node["spec"].as_object_mut().unwrap().remove("taints");
    });
    world.pass(5).await;
    assert_eq!(world.pods(is_ready).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn daemons_are_replaced_one_node_at_a_time() {
    let mut world = World::new(3).await;
    world.create(daemon_set());
    world.pass(5).await;
    world.edit("daemonsets.apps", "agent", |set| {
        set["spec"]["template"] = template("agent", "agent:2");
    });
    let new = |pod: &Value| pod["spec"]["containers"][0]["image"] == "agent:2";
    for _ in 0..200 {
        let Some(next) = world.engine.run_until_idle() else {
            break;
        };
        let well =
            world.pods(|pod| is_ready(pod) && pod["metadata"]["deletionTimestamp"].is_null());
        assert!(well.len() >= 2, "{well:?}");
        if world.pods(|pod| new(pod) && is_ready(pod)).len() == 3 {
            break;
        }
        tokio::time::sleep_until(next).await;
    }
    assert_eq!(world.pods(new).len(), 3);
    world.pass(1).await;
    let status = &world.get("daemonsets.apps", "agent").unwrap()["status"];
    assert_eq!(status["updatedNumberScheduled"], 3);
}

fn daemons_of(world: &World, image: &str) -> Vec<String> {
    world.pods(|pod| pod["spec"]["containers"][0]["image"] == image)
}

#[tokio::test(start_paused = true)]
async fn a_rolling_update_takes_daemons_from_nodes_that_would_not_get_one_today() {
    for strategy in [
        json!({"maxUnavailable": 1, "maxSurge": 0}),
        json!({"maxUnavailable": 0, "maxSurge": 1}),
    ] {
        let mut world = World::new(2).await;
        world.create(daemon_set());
        world.pass(5).await;
        world.edit("nodes", "n1", |node| {
            node["spec"]["taints"] = json!([{"key": "special", "effect": "NoSchedule"}]);
        });
        world.pass(5).await;
        assert_eq!(daemons_of(&world, "agent:1").len(), 2, "{strategy}");
        world.edit("daemonsets.apps", "agent", |set| {
            set["spec"]["updateStrategy"]["rollingUpdate"] = strategy.clone();
            set["spec"]["template"] = template("agent", "agent:2");
        });
        world.pass(60).await;
        assert!(daemons_of(&world, "agent:1").is_empty(), "{strategy}");
        assert_eq!(daemons_of(&world, "agent:2").len(), 1, "{strategy}");
    }
}

fn stateful_set() -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"},
        "spec": {
            "replicas": 3, "serviceName": "db",
            "selector": {"matchLabels": {"app": "db"}},
            "template": template("db", "db:1"),
        },
    })
}

#[tokio::test(start_paused = true)]
async fn a_stateful_set_starts_from_the_bottom_and_shrinks_from_the_top() {
    let mut world = World::new(1).await;
    world.create(stateful_set());
    world.engine.run_until_idle();
    assert_eq!(world.pods(|_| true), ["db-0"]);
    world.pass(5).await;
    assert_eq!(world.pods(is_ready), ["db-0", "db-1", "db-2"]);
    let set = world.get("statefulsets.apps", "db").unwrap();
    for count in [
        "replicas",
        "readyReplicas",
        "currentReplicas",
        "updatedReplicas",
        "availableReplicas",
    ] {
        assert_eq!(set["status"][count], 3, "{count}");
    }
    world.edit("statefulsets.apps", "db", |set| {
        set["spec"]["replicas"] = 1.into();
    });
    world.engine.run_until_idle();
    let going = world.pods(|pod| pod["metadata"]["deletionTimestamp"].is_string());
    assert_eq!(going, ["db-2"]);
    world.pass(5).await;
    assert_eq!(world.pods(|_| true), ["db-0"]);
}

#[tokio::test(start_paused = true)]
async fn a_stateful_set_is_updated_from_the_top() {
    let mut world = World::new(1).await;
    world.create(stateful_set());
    world.pass(5).await;
    world.edit("statefulsets.apps", "db", |set| {
        set["spec"]["template"] = template("db", "db:2");
    });
    world.engine.run_until_idle();
    let going = world.pods(|pod| pod["metadata"]["deletionTimestamp"].is_string());
    assert_eq!(going, ["db-2"]);
    world.pass(10).await;
    let new = world.pods(|pod| pod["spec"]["containers"][0]["image"] == "db:2");
    assert_eq!(new, ["db-0", "db-1", "db-2"]);
    let status = &world.get("statefulsets.apps", "db").unwrap()["status"];
    assert_eq!(status["currentRevision"], status["updateRevision"]);
}
