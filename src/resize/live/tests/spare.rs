//! Nodes that nobody needs, while the hour lasts that is paid for.

use super::*;
use crate::sim::scenario::Scenario;

/// Two workers, of which one is enough, and a loop that has seen that.
async fn with_a_spare_node() -> (World, world::Loop) {
    let mut world = World::new(Scenario::default()).await;
    world.billed_seconds = 3600;
    let looped = world.start();
    world.deploy("web", 4, "1500m").await;
    world
        .until("all pods", async || world.running("web").await == 4)
        .await;
    world.scale("web", 2).await;
    world
        .until("a taint", async || !world.marks().await.is_empty())
        .await;
    (world, looped)
}

#[tokio::test(start_paused = true)]
async fn a_node_that_nobody_needs_is_tainted_once_and_new_pods_go_elsewhere() {
    let (world, looped) = with_a_spare_node().await;
    assert!(world.has_said("nobody needs it: new pods go elsewhere"));
    let marked = world.marks().await;
    let written = looped.app.writes()["PATCH nodes"];
    world.scale("web", 1).await;
    world
        .until("one pod", async || world.running("web").await == 1)
        .await;
    world.deploy("more", 1, "500m").await;
    world
        .until("the new pod", async || world.running("more").await == 1)
        .await;
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert_eq!(world.workers().await.len(), 2);
    assert_eq!(world.marks().await, marked);
    assert_eq!(looped.app.writes()["PATCH nodes"], written);
}

#[tokio::test(start_paused = true)]
async fn a_loop_that_ends_takes_its_taints_back() {
    let (world, looped) = with_a_spare_node().await;
    looped.end().await;
    assert!(world.marks().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_loop_that_was_killed_finds_its_taints_and_takes_back_what_does_not_hold() {
    let (world, looped) = with_a_spare_node().await;
    drop(looped);
    world.scale("web", 4).await;
    world
        .until("all pods", async || world.running("web").await == 4)
        .await;
    assert_eq!(world.marks().await.len(), 1);
    let _looped = world.start();
    world
        .until("no taint", async || world.marks().await.is_empty())
        .await;
    assert_eq!(world.workers().await.len(), 2);
}
