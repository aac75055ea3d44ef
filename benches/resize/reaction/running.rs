//! The loop as it is, on processors' threads of its own.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bex_infra::resize::decision::Decision;
use bex_infra::resize::live::{self, Lease, Options, Seen};
use bex_infra::resize::policy::Policy;
use bex_infra::resize::prices::PriceList;
use bex_infra::tools::kube;
use jiff::Timestamp;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::world::World;

pub(super) struct Running {
    runtime: Runtime,
    cancel: CancellationToken,
    task: tokio::task::JoinHandle<()>,
    steps: Arc<Mutex<Vec<Step>>>,
}

/// What the loop did, and when.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// It was told of a pod that waits.
    Told(Instant),
    /// It decided to grow; this is how long it took.
    Decided(Instant, Duration),
    /// The answer to its PATCH came.
    Answered(Instant),
}

impl Running {
    /// Returns once everything has been read.
    pub(super) async fn start(world: &World) -> Self {
        let steps = Arc::new(Mutex::new(Vec::new()));
        let (decided, mut first) = watch::channel(false);
        let kept = Arc::clone(&steps);
        let sink = move |seen: &Seen<'_>| {
            if let Seen::Decision { .. } = seen {
                decided.send_replace(true);
            }
            kept.lock().unwrap().extend(step(seen));
        };
        let options = Options {
            sink: Arc::new(sink),
            ..options()
        };
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let cancel = CancellationToken::new();
        let (infra, app, ends) = (world.infra.clone(), world.app.clone(), cancel.clone());
        let task = runtime.spawn(async move {
            let infra = kube::client(&infra).await.unwrap();
            let app = kube::client(&app).await.unwrap();
            live::run(infra, app, options, ends).await.unwrap();
        });
        first.wait_for(|decided| *decided).await.unwrap();
        Self {
            runtime,
            cancel,
            task,
            steps,
        }
    }

    /// What it has done since it was asked last.
    pub(super) fn steps(&self) -> Vec<Step> {
        std::mem::take(&mut self.steps.lock().unwrap())
    }

    pub(super) async fn end(self) {
        self.cancel.cancel();
        self.task.await.unwrap();
        self.runtime.shutdown_background();
    }
}

/// What is decided about all that is there, at once.
pub(super) async fn decide_once(world: &World) -> Decision {
    let infra = world.client(&world.infra).await;
    let app = world.client(&world.app).await;
    let (_, decision) = live::decide_once(infra, app, &options()).await.unwrap();
    decision
}

fn step(seen: &Seen<'_>) -> Option<Step> {
    let now = Instant::now();
    match seen {
        Seen::Change {
            resource: "pods", ..
        } => Some(Step::Told(now)),
        Seen::Decision { decision, took, .. } if !decision.grow.is_empty() => {
            Some(Step::Decided(now, *took))
        }
        Seen::Act { what, .. } if what.starts_with("machinedeployment") => {
            Some(Step::Answered(now))
        }
        _ => None,
    }
}

/// As the service has them. Machines never come here; nobody is to wonder why.
fn options() -> Options {
    Options {
        cluster: "bex".to_owned(),
        namespace: "default".to_owned(),
        identity: "bench".to_owned(),
        lease: Some(Lease {
            namespace: "default".to_owned(),
            name: "bench".to_owned(),
            lasts: Duration::from_secs(15),
        }),
        prices: PriceList::named("hetzner").unwrap(),
        policy: Policy {
            boot_deadline: Duration::from_hours(24),
            ..Policy::default()
        },
        drain_within: Duration::from_mins(5),
        now: Arc::new(Timestamp::now),
        sink: Arc::new(|_| {}),
    }
}
