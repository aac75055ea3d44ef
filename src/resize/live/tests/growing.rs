use super::*;
use crate::sim::scenario::Scenario;

#[tokio::test(start_paused = true)]
async fn a_deployment_that_does_not_fit_makes_workers_come_with_one_write() {
    let world = World::new(Scenario::default()).await;
    let looped = world.start();
    world
        .until("the first worker", async || {
            world.workers().await.len() == 1
        })
        .await;
    world.deploy("web", 9, "1500m").await;
    let took = world
        .until("more machines", async || world.replicas("small").await == 5)
        .await;
    assert!(took < Duration::from_millis(500), "{took:?}");
    world
        .until("all pods", async || world.running("web").await == 9)
        .await;
    assert_eq!(world.replicas("small").await, 5);
    assert_eq!(world.replicas("large").await, 0);
    let writes = looped.infra.writes();
    // Full machines go at once, the ragged last one a moment later.
    let patches = writes["PATCH machinedeployments"];
    assert!(patches <= 2, "{writes:?}");
    assert_eq!(writes.get("PATCH machines"), None);
}

#[tokio::test(start_paused = true)]
async fn a_pod_is_told_that_machines_come_or_why_none_does() {
    let world = World::new(Scenario::default()).await;
    let looped = world.start();
    world.deploy("web", 4, "3").await;
    world.deploy("huge", 1, "300").await;
    let told = async |reason: &str| {
        let path = "/api/v1/namespaces/default/events";
        let events = world::get(&world.app, path).await;
        let events = events["items"].as_array().unwrap().clone();
        events
            .iter()
            .filter(|event| event["reason"] == reason)
            .count()
    };
    world
        .until("the good news", async || {
            told("TriggeredScaleUp").await >= 3
        })
        .await;
    world
        .until("the bad news", async || {
            told("NotTriggerScaleUp").await >= 1
        })
        .await;
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(told("NotTriggerScaleUp").await, 1);
    looped.end().await;
}

#[tokio::test(start_paused = true)]
async fn growth_does_not_wait_for_a_drain() {
    let slow = crate::sim::scenario::Range {
        from: 25_000,
        to: 30_000,
    };
    let world = World::new(Scenario {
        pod_stop_ms: slow,
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
    let before = world.replicas("small").await;
    world.deploy("more", 4, "3").await;
    let took = world
        .until("growth", async || world.replicas("small").await > before)
        .await;
    assert!(took < Duration::from_secs(1), "{took:?}");
    world
        .until("all pods", async || world.running("more").await == 4)
        .await;
    world
        .until("an end", async || world.marks().await.is_empty())
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_decision_without_a_loop_changes_nothing() {
    let world = World::new(Scenario::default()).await;
    world.deploy("web", 4, "3").await;
    world
        .until("pods", async || {
            let pods = world::get(&world.app, "/api/v1/namespaces/default/pods").await;
            pods["items"].as_array().unwrap().len() == 4
        })
        .await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (infra, app) = world.taps();
    let options = world.options("dry", None);
    let (_, decision) = decide_once(infra.client(), app.client(), &options)
        .await
        .unwrap();
    assert_eq!(decision.grow[0].group, "small");
    assert!(infra.writes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_decision_without_a_loop_does_not_wait_for_more_pods() {
    let world = World::new(Scenario::default()).await;
    world.deploy("web", 5, "1500m").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (infra, app) = world.taps();
    let options = world.options("dry", None);
    let (_, decision) = decide_once(infra.client(), app.client(), &options)
        .await
        .unwrap();
    // Two on the worker that is there, two on a full machine, one on another that has room left.
    assert_eq!(decision.grow[0].to, 3, "{decision:#}");
}
