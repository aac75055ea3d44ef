use std::sync::{Arc, Mutex};

use anyhow::bail;
use serde_json::json;

use super::*;
use crate::sim::registry::{Subresource, WriteOptions};
use crate::sim::store::Store;

/// Does to an object what its name says, and notes when.
struct Scribe {
    name: &'static str,
    log: Log,
}

type Log = Arc<Mutex<Vec<String>>>;

impl Controller for Scribe {
    fn name(&self) -> &'static str {
        self.name
    }

    fn changed(&mut self, cluster: Cluster, change: &Change, context: &mut Context) {
        let item = Item {
            cluster,
            key: change.key.clone(),
        };
        if item.is("configmaps") && item.key.name.starts_with("work") {
            context.enqueue(item);
        }
    }

    fn reconcile(&mut self, item: &Item, context: &mut Context) -> anyhow::Result<()> {
        let seconds = context.clock.elapsed().as_secs();
        let line = format!("{seconds} {} {}", self.name, item.key.name);
        self.log.lock().unwrap().push(line);
        match &*item.key.name {
            "work-again" => context.enqueue_after(item.clone(), Duration::from_mins(1)),
            "work-fails" => bail!("no"),
            "work-endless" => context.enqueue(item.clone()),
            _ => {}
        }
        Ok(())
    }
}

struct World {
    app: Registry,
    engine: Engine,
    log: Log,
}

fn world(seed: u64) -> World {
    let clock = Clock::starting_at("2026-01-01T00:00:00Z".parse().unwrap());
    let registry = |seed| Registry::new(Store::in_memory(), clock, seed);
    let (infra, app) = (registry(seed), registry(seed + 1));
    let log = Log::default();
    let scribe = |name| -> Box<dyn Controller> {
        let log = log.clone();
        Box::new(Scribe { name, log })
    };
    let scenario = Scenario {
        seed,
        ..Scenario::default()
    };
    let controllers = vec![scribe("first"), scribe("second")];
    let engine = Engine::new(infra, app.clone(), clock, scenario, controllers);
    World { app, engine, log }
}

impl World {
    fn create(&self, name: &str) {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}});
        let target = self.engine.context.target(&item(name), Subresource::None);
        let options = WriteOptions::default();
        self.app.create(&target.unwrap(), object, &options).unwrap();
    }

    fn log(&self) -> Vec<String> {
        std::mem::take(&mut self.log.lock().unwrap())
    }

    /// Lets time go by, firing timers as they come.
    async fn pass(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while let Some(next) = self.engine.run_until_idle().filter(|next| *next <= end) {
            tokio::time::sleep_until(next).await;
        }
        tokio::time::sleep_until(end).await;
    }
}

fn item(name: &str) -> Item {
    Item::new(Cluster::App, "configmaps", "default", name)
}

#[tokio::test(start_paused = true)]
async fn objects_from_before_the_start_are_told_as_creations() {
    let mut world = world(1);
    world.create("work");
    world.engine.run_until_idle();
    assert_eq!(world.log(), ["0 second work", "0 first work"]);
}

#[tokio::test(start_paused = true)]
async fn an_object_waits_in_a_queue_only_once() {
    let mut world = world(1);
    world.engine.run_until_idle();
    world.create("work");
    let modify = |world: &World| {
        world
            .engine
            .context
            .modify(&item("work"), Subresource::None, |object| {
                object["data"]["revision"] = object["metadata"]["resourceVersion"].clone();
            })
    };
    modify(&world).unwrap().unwrap();
    modify(&world).unwrap().unwrap();
    world.engine.run_until_idle();
    assert_eq!(world.log().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_day_of_timers_passes_at_once() {
    let mut world = world(1);
    world.create("work-again");
    world.pass(Duration::from_hours(24)).await;
    let log = world.log();
    assert_eq!(log.len(), 2 * (24 * 60 + 1));
    assert!(log.contains(&"86340 first work-again".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn failures_are_repeated_after_growing_pauses() {
    let mut world = world(1);
    world.create("work-fails");
    world.pass(Duration::from_mins(10)).await;
    let turns = world.log().len() / 2;
    // Ten doublings from 50 ms take less than a minute, then it is twice a minute.
    assert!((22..34).contains(&turns), "{turns} turns");
}

#[tokio::test(start_paused = true)]
async fn an_endless_loop_starves_nobody_and_ends() {
    let mut world = world(1);
    world.create("work-endless");
    world.engine.run_until_idle();
    let turns = world.log().len();
    assert!(turns >= 10_000, "{turns} turns");
    world.create("work");
    let next = world.engine.run_until_idle();
    assert_eq!(world.log().len(), 2);
    assert!(next.is_some(), "it is tried again later");
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_trace_and_another_one_another() {
    let mut hashes = Vec::new();
    for seed in [5, 5, 6] {
        let mut world = world(seed);
        world.create("work-fails");
        world.create("work-again");
        world.pass(Duration::from_mins(5)).await;
        hashes.push(world.engine.trace_hash());
    }
    assert_eq!(hashes[0], hashes[1]);
    assert_ne!(hashes[0], hashes[2]);
}

#[tokio::test(start_paused = true)]
async fn run_follows_changes_and_timers_until_it_is_cancelled() {
    let mut world = world(1);
    let cancel = tokio_util::sync::CancellationToken::new();
    let (app, log, stop) = (world.app.clone(), world.log.clone(), cancel.clone());
    let target = world
        .engine
        .context
        .target(&item("work-again"), Subresource::None);
    let others = async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let object =
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "work-again"}});
        app.create(&target.unwrap(), object, &WriteOptions::default())
            .unwrap();
        tokio::time::sleep(Duration::from_secs(200)).await;
        stop.cancel();
    };
    tokio::join!(world.engine.run(cancel), others);
    assert_eq!(log.lock().unwrap().len(), 2 * 4);
}
