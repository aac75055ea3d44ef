//! Pods that come in bursts: when the last machine is asked for, and what is asked for beyond what one decision about
//! all of them asks for.

use std::time::{Duration, Instant};

use bex_infra::resize::decision::Decision;
use bex_infra::resize::prices::PriceList;
use bex_infra::resize::workload::generate::{Arrival, arriving};
use bex_infra::tools::kube::Client;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until};

use super::named;
use super::running::{Running, decide_once};
use super::sight::{GROUPS, PODS, Sight, get, send};
use super::world::{TYPES, World};
use crate::bursts::LOCATION;
use crate::measure::{human, median, of};

const SEED: u64 = 42;

/// After this nothing more comes of a burst whose pods are all marked.
const QUIET: Duration = Duration::from_millis(1500);

/// Machines and their price an hour.
#[derive(Debug, Clone, Copy, Default)]
struct Order {
    machines: u64,
    price: f64,
}

pub(super) fn heading() {
    println!(
        "\n| API server | pods come | bursts | the last PATCH after the last create's answer, median | after the last mark, median | worst | machines asked for | by one decision about all | dearer |"
    );
    println!("|---|---|---:|---:|---:|---:|---:|---:|---:|");
}

pub(super) async fn row(world: &World, arrival: Arrival) {
    eprintln!("{}: {} ...", arrival.name(), world.name);
    let bursts: u64 = match arrival {
        Arrival::Second | Arrival::Controller => 5,
        Arrival::Stream => 3,
        Arrival::Deployments | Arrival::Slow => 20,
    };
    let (mut asked, mut least) = (Order::default(), Order::default());
    let (mut after_create, mut after_mark) = (Vec::new(), Vec::new());
    for number in 0..bursts {
        let Burst {
            created,
            marked,
            resized,
            bought,
            needed,
        } = burst(world, arrival, SEED + number).await;
        after_create.push(resized.saturating_duration_since(created));
        after_mark.push(resized.saturating_duration_since(marked));
        asked.add(bought);
        least.add(needed);
    }
    println!(
        "| {} | {} | {bursts} | {} | {} | {} | {} | {} | {} |",
        world.name,
        arrival.name(),
        human(median(after_create)),
        human(median(after_mark.clone())),
        human(after_mark.into_iter().max().unwrap()),
        asked.machines,
        least.machines,
        of(asked.price, least.price),
    );
}

/// When the last pod was created and the last one marked, and when the last machine was asked for.
struct Burst {
    created: Instant,
    marked: Instant,
    resized: Instant,
    bought: Order,
    /// By one decision about all of the pods.
    needed: Order,
}

async fn burst(world: &World, arrival: Arrival, seed: u64) -> Burst {
    let (infra, app) = (
        world.client(&world.infra).await,
        world.client(&world.app).await,
    );
    let sight = Sight::of(&infra, &app).await;
    let running = Running::start(world).await;
    let created = come(&app, arrival, seed).await;
    let marked = sight.all_marked(created.len()).await;
    let mut quiet = Instant::now();
    while quiet.elapsed() < QUIET {
        sleep(Duration::from_millis(20)).await;
        quiet = quiet.max(sight.resized().unwrap_or(quiet));
    }
    running.end().await;
    let sizes = sight.sizes();
    let asked = TYPES.map(|name| (name, sizes[name]));
    let resized = sight.resized().unwrap();
    for name in TYPES {
        let body = json!({"spec": {"replicas": 0}});
        send(&infra, "PATCH", &format!("{GROUPS}/{name}"), &body).await;
    }
    let decision = decide_once(world).await;
    clear(&app).await;
    Burst {
        created: created.into_iter().max().unwrap(),
        bought: Order::of(&asked),
        needed: Order::of(&grown(&decision)),
        marked,
        resized,
    }
}

/// Creates the pods, each when it is time. Returns when each was created.
async fn come(app: &Client, arrival: Arrival, seed: u64) -> Vec<Instant> {
    let workload = arriving(arrival, seed);
    let begun = tokio::time::Instant::now();
    let mut creates = JoinSet::new();
    for (number, event) in workload.events.iter().enumerate() {
        let pod = serde_json::to_value(&workload.classes[event.class]).unwrap();
        let pod = named(pod, &format!("burst-{number}"));
        let at = begun + Duration::from_secs_f64(event.at_seconds);
        let app = app.clone();
        creates.spawn(async move {
            sleep_until(at).await;
            send(&app, "POST", PODS, &pod).await;
            Instant::now()
        });
    }
    creates.join_all().await
}

async fn clear(app: &Client) {
    send(app, "DELETE", PODS, &json!({"gracePeriodSeconds": 0})).await;
    while !pods(app).await.is_empty() {
        sleep(Duration::from_millis(50)).await;
    }
}

async fn pods(app: &Client) -> Vec<Value> {
    let list = get(app, &format!("{PODS}?limit=1")).await;
    list["items"].as_array().unwrap().clone()
}

fn grown(decision: &Decision) -> Vec<(&str, u64)> {
    let grown = decision.grow.iter();
    grown
        .map(|grow| (grow.group.as_str(), u64::from(grow.to - grow.from)))
        .collect()
}

impl Order {
    fn of(machines: &[(&str, u64)]) -> Self {
        let prices = PriceList::named("hetzner").unwrap();
        let mut order = Self::default();
        for (name, machines) in machines {
            let of = prices.types.iter().find(|of| of.name == *name).unwrap();
            let location = of.locations.iter().find(|at| at.name == LOCATION).unwrap();
            order.machines += machines;
            let machines = f64::from(u32::try_from(*machines).unwrap());
            order.price += crate::measure::hourly(location.hourly) * machines;
        }
        order
    }

    fn add(&mut self, other: Self) {
        self.machines += other.machines;
        self.price += other.price;
    }
}
