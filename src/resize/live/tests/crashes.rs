//! The loop is killed at every write, before it and after it had its effect; the next one finishes or takes back.

use super::*;
use crate::sim::scenario::Scenario;

/// Grows, shrinks, and is killed at the given write; what the world looks like in the end is always the same.
async fn survives(kill_at: u32, takes_effect: bool, shrinking: bool) {
    let world = World::new(Scenario {
        seed: u64::from(kill_at),
        ..Scenario::default()
    })
    .await;
    world
        .until("the first worker", async || {
            world.workers().await.len() == 1
        })
        .await;
    if shrinking {
        let looped = world.start();
        world.deploy("web", 8, "1500m").await;
        world
            .until("all pods", async || world.running("web").await == 8)
            .await;
        drop(looped);
    }
    let looped = world.start();
    let cut = looped.infra.cut_at(kill_at, takes_effect);
    if shrinking {
        world.scale("web", 3).await;
    } else {
        world.deploy("web", 8, "1500m").await;
    }
    let limit = tokio::time::sleep(Duration::from_secs(30));
    tokio::select! {
        () = cut.cancelled() => {}
        () = limit => {}
    }
    drop(looped);
    tokio::time::sleep(Duration::from_millis(700)).await;
    let _looped = world.start();
    let (pods, workers) = if shrinking { (3, 2) } else { (8, 4) };
    world
        .until("everything in its place", async || {
            world.running("web").await == pods
                && world.workers().await.len() == workers
                && world.machines().await.len() == workers + 1
                && world.marks().await.is_empty()
        })
        .await;
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(world.workers().await.len(), workers);
    assert!(world.marks().await.is_empty());
}

async fn survives_both(kill_at: u32, shrinking: bool) {
    survives(kill_at, false, shrinking).await;
    survives(kill_at, true, shrinking).await;
}

#[tokio::test(start_paused = true)]
async fn killed_while_it_grows_it_converges() {
    survives_both(0, false).await;
}

#[tokio::test(start_paused = true)]
async fn killed_between_two_steps_of_shrinking_it_converges() {
    for kill_at in [0, 3] {
        survives_both(kill_at, true).await;
    }
}

#[tokio::test(start_paused = true)]
#[ignore = "takes minutes"]
async fn killed_at_any_of_the_first_writes_it_converges_fifty_two_times() {
    for kill_at in 0..13 {
        survives_both(kill_at, false).await;
        survives_both(kill_at, true).await;
    }
}
