//! A smoke test: a whole platform under a name of its own, tried and taken down again.

mod workload;

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::failure::{Exit, Failure};
use crate::observe::Observed;
use crate::observe::platform::observe;
use crate::plan::Resize;
use crate::progress::Reporter;
use crate::run::{self, Control};
use crate::spec::Substrate;
use crate::world::World;

/// Time for taking the platform down, whatever the trials left of their own.
const CLEAN_UP_DEADLINE: Duration = Duration::from_mins(5);

/// What was tried, and how it went.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Results {
    pub platform: String,
    pub cases: Vec<Case>,
    /// Ctrl-C or SIGTERM ended the trials early.
    pub interrupted: bool,
}

/// One thing that was tried.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Case {
    pub name: String,
    pub seconds: f64,
    /// The whole error, if it failed.
    pub failure: Option<String>,
}

/// Brings the platform up, tries it, and takes it down again unless `keep`; also after a failure or a cancellation,
/// which are results and not errors. An error means that nothing was tried.
pub async fn run(world: &World, keep: bool, control: &Control) -> Result<Results> {
    let lock = world.home.lock("smoke")?;
    refuse_existing(world, &observe(world).boxed_local().await?)?;
    let mut trials = Trials {
        world,
        control,
        cases: Vec::new(),
    };
    // Every outcome is among the cases; the flow only says that nothing more was tried.
    let (ControlFlow::Continue(()) | ControlFlow::Break(())) = trials.all().await;
    let interrupted = control.cancel.is_cancelled();
    if !keep && trials.take_down().await.is_continue() {
        world.home.remove(lock)?;
    }
    Ok(Results {
        platform: world.names().platform().to_owned(),
        cases: trials.cases,
        interrupted,
    })
}

/// A platform that somebody uses must not be tried, let alone taken down.
fn refuse_existing(world: &World, seen: &Observed) -> Result<(), Failure> {
    if seen.infra.node.is_none() && seen.containers.is_empty() {
        return Ok(());
    }
    let (name, substrate) = (world.names().platform(), world.platform.substrate.name());
    Err(Failure::refused(format!(
        "platform {name} exists; a smoke test makes its own"
    ))
    .hint("leave --name out, or choose another")
    .hint(format!(
        "if it is left from an earlier one: bex-infra down {substrate} --name {name}"
    )))
}

struct Trials<'a> {
    world: &'a World,
    control: &'a Control,
    cases: Vec<Case>,
}

impl Trials<'_> {
    /// Ends at the first failure: what comes after it would fail too.
    async fn all(&mut self) -> ControlFlow<()> {
        let (world, control) = (self.world, self.control);
        let first = world.platform.pools.first();
        let workers = first.and_then(|pool| pool.replicas.or(Some(pool.sizes?.min)));
        let workers = workers.unwrap_or(1);
        self.attempt("up", up(world, control).boxed_local()).await?;
        let service = match world.platform.substrate {
            Substrate::Local => "a Service over two nodes answers on each node",
            Substrate::Sim => "a Service has its pods on two nodes as endpoints",
        };
        self.attempt(service, answers(world, control).boxed_local())
            .await?;
        for count in [workers + 1, workers] {
            self.attempt(
                &format!("scale to {count}"),
                scale(world, count, control).boxed_local(),
            )
            .await?;
            let name = format!("{service}, with workers at {count}");
            self.attempt(&name, answers(world, control).boxed_local())
                .await?;
        }
        if world.resize.is_empty() || !world.platform.resize.enabled {
            return ControlFlow::Continue(());
        }
        let name = "a pod that waits brings a worker";
        self.attempt(name, brings_a_worker(world, control).boxed_local())
            .await
    }

    /// A second Ctrl-C ends the process; the first one must not keep the platform.
    async fn take_down(&mut self) -> ControlFlow<()> {
        let world = self.world.renewed(CLEAN_UP_DEADLINE);
        let control = Control {
            events: self.control.events.clone(),
            cancel: CancellationToken::new(),
        };
        self.attempt("down", down(&world, &control).boxed_local())
            .await
    }

    /// Boxed, because a whole bring-up is a future of many kilobytes.
    async fn attempt(
        &mut self,
        name: &str,
        work: LocalBoxFuture<'_, Result<()>>,
    ) -> ControlFlow<()> {
        let begun = Instant::now();
        let outcome = work.await;
        let flow = if outcome.is_ok() {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        };
        self.cases.push(Case {
            name: name.to_owned(),
            seconds: begun.elapsed().as_secs_f64(),
            failure: outcome.err().map(|error| format!("{error:#}")),
        });
        flow
    }
}

async fn up(world: &World, control: &Control) -> Result<()> {
    run::up(world, &run::plan_up(world).await?, control).await
}

async fn down(world: &World, control: &Control) -> Result<()> {
    run::down(world, &run::plan_down(world).await?, control).await
}

async fn scale(world: &World, workers: u32, control: &Control) -> Result<()> {
    let pool = world
        .platform
        .pools
        .first()
        .context("the platform has no pool")?;
    let plan = run::plan_scale(world, &pool.name, Resize::To(workers), false).await?;
    run::scale(world, &plan, control).await
}

async fn answers(world: &World, control: &Control) -> Result<()> {
    let title = match world.platform.substrate {
        Substrate::Local => "ask the Service on each node",
        Substrate::Sim => "look for the Service's endpoints",
    };
    let reporter = Reporter::new(0, control.events.clone());
    let work = workload::answers_everywhere(world, &reporter).boxed_local();
    step(title, work, &reporter, control).await
}

async fn brings_a_worker(world: &World, control: &Control) -> Result<()> {
    let title = "run more pods than there are nodes for";
    let reporter = Reporter::new(0, control.events.clone());
    let work = workload::brings_a_worker(world, &reporter).boxed_local();
    step(title, work, &reporter, control).await
}

/// A step like those of a plan: with a line of its own, and dropped on Ctrl-C because it only tries.
async fn step(
    title: &str,
    work: LocalBoxFuture<'_, Result<()>>,
    reporter: &Reporter,
    control: &Control,
) -> Result<()> {
    reporter.started(title);
    let begun = Instant::now();
    let tried = control.cancel.run_until_cancelled(work).await;
    let outcome = tried.unwrap_or_else(|| Err(interrupted().into()));
    match &outcome {
        Ok(()) => reporter.finished(begun.elapsed()),
        Err(_) => reporter.failed(begun.elapsed()),
    }
    outcome
}

fn interrupted() -> Failure {
    Failure::new(Exit::Interrupted, "stopped while trying the platform")
}
