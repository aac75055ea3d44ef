use super::*;
use crate::resize::live::decide_once;
use crate::sim::scenario::Scenario;

fn lease() -> Lease {
    Lease {
        namespace: "default".into(),
        name: "bex-resize".into(),
        lasts: Duration::from_secs(15),
    }
}

fn leases(writes: &std::collections::BTreeMap<String, u32>) -> bool {
    writes.keys().all(|what| what.ends_with(" leases"))
}

#[tokio::test(start_paused = true)]
async fn of_two_only_the_leader_writes_and_the_other_one_takes_over() {
    let world = World::new(Scenario::default()).await;
    let first = world.start_as("first", Some(lease()));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let second = world.start_as("second", Some(lease()));
    world.deploy("web", 4, "3").await;
    world
        .until("all pods", async || world.running("web").await == 4)
        .await;
    assert!(
        leases(&second.infra.writes()),
        "{:?}",
        second.infra.writes()
    );
    assert!(!leases(&first.infra.writes()));
    // Killed, without a chance to let go of the lease.
    drop(first);
    world.deploy("more", 2, "3").await;
    let took = world
        .until("all pods", async || world.running("more").await == 2)
        .await;
    assert!(
        took > Duration::from_secs(5) && took < Duration::from_secs(25),
        "{took:?}"
    );
    assert!(!leases(&second.infra.writes()));
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_says_for_whom() {
    let world = World::new(Scenario::default()).await;
    let _first = world.start_as("first", Some(lease()));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(world.has_said("leads: Us"));
    let _second = world.start_as("second", Some(lease()));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(world.has_said("leads: Other(\"first\")"));
}

#[tokio::test(start_paused = true)]
async fn a_single_decision_leaves_the_lease_alone() {
    let world = World::new(Scenario::default()).await;
    let (infra, app) = world.taps();
    let options = world.options("one", Some(lease()));
    decide_once(infra.client(), app.client(), &options)
        .await
        .unwrap();
    assert!(infra.writes().is_empty() && app.writes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn whoever_ends_in_order_lets_go_of_the_lease() {
    let world = World::new(Scenario::default()).await;
    let first = world.start_as("first", Some(lease()));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let _second = world.start_as("second", Some(lease()));
    tokio::time::sleep(Duration::from_secs(1)).await;
    first.end().await;
    world.deploy("web", 2, "3").await;
    let took = world
        .until("all pods", async || world.running("web").await == 2)
        .await;
    assert!(took < Duration::from_secs(6), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_written_after_the_lease_is_over() {
    let world = World::new(Scenario::default()).await;
    let first = world.start_as("first", Some(lease()));
    tokio::time::sleep(Duration::from_secs(1)).await;
    // It cannot renew its lease any more, but still sees everything.
    let _cut = first.infra.cut_at(0, false);
    tokio::time::sleep(Duration::from_secs(20)).await;
    let before = first.app.writes();
    world.deploy("web", 4, "3").await;
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(before, first.app.writes());
    assert_eq!(world.replicas("small").await, 1);
}
