//! Pods that come one by one, each of which needs a machine.

use std::time::{Duration, Instant};

use serde_json::json;

use super::named;
use super::running::{Running, Step};
use super::sight::{PODS, Sight, send};
use super::world::World;
use crate::measure::{human, median, permille};

const PODS_ASKED: u32 = 300;

/// What became of each pod. Times that lie before the mark are below zero, in seconds.
#[derive(Default)]
struct Times {
    /// From the create being sent.
    sent: Vec<Duration>,
    /// From its answer.
    created: Vec<f64>,
    /// From the scheduler's mark.
    marked: Vec<f64>,
    told: Vec<Duration>,
    deciding: Vec<Duration>,
    decided: Vec<Duration>,
    answered: Vec<Duration>,
}

pub(super) fn heading() {
    println!("\n### S6: from a pod to the PATCH that asks for its machine\n");
    println!(
        "| API server | pods, one by one | from the create being sent, p50 | p99 | from its answer, p50 | p99 | from the scheduler's mark, p50 | p99 | of it: until the loop knows the pod | until it has decided | deciding | until its PATCH is answered |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
}

pub(super) async fn row(world: &World) {
    eprintln!("one by one: {} ...", world.name);
    let (infra, app) = (
        world.client(&world.infra).await,
        world.client(&world.app).await,
    );
    let sight = Sight::of(&infra, &app).await;
    let running = Running::start(world).await;
    let mut times = Times::default();
    for number in 0..PODS_ASKED {
        let name = format!("single-{number}");
        let before = sight.sizes();
        running.steps();
        let sent = Instant::now();
        send(&app, "POST", PODS, &pod(&name)).await;
        let created = Instant::now();
        let asked = sight.grown(&before).await;
        let marked = sight.marked(&name).await;
        times.sent.push(asked - sent);
        times.created.push(seconds(created, asked));
        times.marked.push(seconds(marked, asked));
        // Those that come within a tenth of a second would come together.
        tokio::time::sleep(Duration::from_millis(150 + u64::from(number % 7) * 10)).await;
        times.split(sent, &running.steps());
    }
    running.end().await;
    times.print(world.name);
}

impl Times {
    /// The loop's own share.
    fn split(&mut self, sent: Instant, steps: &[Step]) {
        let first = |of: fn(&Step) -> Option<Instant>| steps.iter().find_map(of);
        let told = first(|step| match step {
            Step::Told(at) => Some(*at),
            _ => None,
        });
        let answered = first(|step| match step {
            Step::Answered(at) => Some(*at),
            _ => None,
        });
        let decided = steps.iter().find_map(|step| match step {
            Step::Decided(at, took) => Some((*at, *took)),
            _ => None,
        });
        let (at, took) = decided.unwrap();
        self.told.push(told.unwrap() - sent);
        self.deciding.push(took);
        self.decided.push(at - sent);
        self.answered.push(answered.unwrap() - sent);
    }

    fn print(mut self, name: &str) {
        println!(
            "| {name} | {PODS_ASKED} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            human(median(self.sent.clone())),
            human(permille(&mut self.sent, 990)),
            signed(&mut self.created, 500),
            signed(&mut self.created, 990),
            signed(&mut self.marked, 500),
            signed(&mut self.marked, 990),
            human(median(self.told)),
            human(median(self.decided)),
            human(median(self.deciding)),
            human(median(self.answered)),
        );
    }
}

/// Below zero if `to` is before `from`.
fn seconds(from: Instant, to: Instant) -> f64 {
    to.saturating_duration_since(from).as_secs_f64()
        - from.saturating_duration_since(to).as_secs_f64()
}

fn signed(times: &mut [f64], share: usize) -> String {
    times.sort_by(f64::total_cmp);
    let time = times[(times.len() * share / 1000).min(times.len() - 1)];
    format!("{:.1} ms", time * 1e3)
}

/// One to a machine of the smallest type.
fn pod(name: &str) -> serde_json::Value {
    let requests = json!({"cpu": "1500m", "memory": "2Gi"});
    let spec = json!({
        "containers": [{"name": "app", "image": "app:1", "resources": {"requests": requests}}],
    });
    named(
        json!({"metadata": {"namespace": "default"}, "spec": spec}),
        name,
    )
}
