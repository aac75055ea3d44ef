use super::*;
use crate::names::REPLACED_ANNOTATION;
use crate::sim::scenario::{Faults, Scenario, SoldOut};

/// Machines of the preferred rung can be had for so many seconds.
fn sold_out_from(seconds: u64) -> Scenario {
    Scenario {
        faults: Faults {
            sold_out: vec![SoldOut {
                machine_type: "small".into(),
                from_seconds: seconds,
                to_seconds: None,
            }],
            ..Faults::default()
        },
        ..Scenario::default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_type_that_is_sold_out_gives_way_to_the_next_rung_within_a_second() {
    let world = World::new(sold_out_from(10)).await;
    world
        .until("the first worker", async || {
            world.workers().await.len() == 1
        })
        .await;
    let _looped = world.start();
    tokio::time::sleep(Duration::from_secs(10)).await;
    world.deploy("web", 4, "3").await;
    let took = world
        .until("the other rung", async || world.replicas("large").await > 0)
        .await;
    assert!(took < Duration::from_secs(1), "{took:?}");
    world
        .until("all pods", async || world.running("web").await == 4)
        .await;
    assert_eq!(world.replicas("small").await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_loop_that_begins_anew_knows_what_is_sold_out() {
    let world = World::new(sold_out_from(10)).await;
    world
        .until("the first worker", async || {
            world.workers().await.len() == 1
        })
        .await;
    let looped = world.start();
    tokio::time::sleep(Duration::from_secs(10)).await;
    world.deploy("web", 4, "3").await;
    world
        .until("all pods", async || world.running("web").await == 4)
        .await;
    drop(looped);
    let _looped = world.start();
    let tried = || {
        let said = world.said.lock().unwrap();
        said.iter().filter(|line| line.contains("sold out")).count()
    };
    let before = tried();
    world.scale("web", 8).await;
    world
        .until("all pods", async || world.running("web").await == 8)
        .await;
    assert_eq!(tried(), before);
    assert_eq!(world.replicas("small").await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_never_joins_is_replaced() {
    let world = World::new(Scenario {
        seed: 1,
        faults: Faults {
            machines_never_join_percent: 25,
            ..Faults::default()
        },
        ..Scenario::default()
    })
    .await;
    let _looped = world.start();
    world.deploy("web", 8, "3").await;
    world
        .until("all pods", async || world.running("web").await == 8)
        .await;
    assert!(world.has_said("deleted, so that another one comes"));
    // A loop that begins anew goes on counting.
    let groups = [world.group("small").await, world.group("large").await];
    let counted = |group: &serde_json::Value| {
        group["metadata"]["annotations"][REPLACED_ANNOTATION].is_string()
    };
    assert!(groups.iter().any(counted), "{groups:?}");
}
