//! The same seed twice; and many pods at once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::world::{World, deployment, is_ready};
use crate::sim::controllers::scheduler::Scheduler;
use crate::sim::engine::Cluster;
use crate::sim::scenario::Scenario;

async fn trace(seed: u64) -> String {
    let scenario = Scenario {
        seed,
        ..Scenario::default()
    };
    let mut world = World::with(3, scenario).await;
    world.create(deployment("web", 10));
    world.pass(30).await;
    world.delete("deployments.apps", "web", "Foreground");
    world.pass(30).await;
    world.engine.trace_hash()
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_trace() {
    assert_eq!(trace(7).await, trace(7).await);
    assert_ne!(trace(7).await, trace(8).await);
}

/// Prints how long it takes, and which controllers take it; run it with `--release --ignored --nocapture`.
#[tokio::test(start_paused = true)]
#[ignore = "measures"]
async fn ten_thousand_pods_start() {
    let scheduler = Box::new(Scheduler::new(Cluster::App));
    let mut world = World::scheduled_by(scheduler, 1000, Scenario::default()).await;
    let spent = Arc::new(Mutex::new(BTreeMap::<String, (u64, Duration)>::new()));
    let (start, mut last, sums) = (Instant::now(), Instant::now(), spent.clone());
    world.engine.follow(Box::new(move |line| {
        let controller = line.split(' ').nth(1).unwrap().to_owned();
        let mut sums = sums.lock().unwrap();
        let (turns, time) = sums.entry(controller).or_default();
        *turns += 1;
        *time += last.elapsed();
        last = Instant::now();
    }));
    world.create(deployment("web", 10_000));
    world.pass(30).await;
    println!("10,000 pods on 1,000 nodes: {:?}", start.elapsed());
    for (controller, (turns, time)) in spent.lock().unwrap().iter() {
        println!("{controller}: {turns} turns, {time:?}");
    }
    assert_eq!(world.pods(is_ready).len(), 10_000);
}
