//! The use cases: observe, plan, execute, and look again. What a verb of the command line calls.

use std::collections::BTreeMap;

use anyhow::Result;
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use crate::execute::execute;
use crate::failure::Failure;
use crate::observe::platform::observe;
use crate::observe::{App, Observed, workload};
use crate::plan::drain::{self, Candidate, Removal};
use crate::plan::{self, Plan, Resize};
use crate::progress::Event;
use crate::spec::Sizes;
use crate::world::World;

/// Where a run reports to, and what stops it.
#[derive(Debug, Clone)]
pub struct Control {
    pub events: UnboundedSender<Event>,
    pub cancel: CancellationToken,
}

/// What `up` would do now.
pub async fn plan_up(world: &World) -> Result<Plan> {
    let seen = observe(world).await?;
    let mut removals = BTreeMap::new();
    for (pool, target) in plan::shrinking(&world.platform, &seen) {
        let removal = removal(world, seen.app.as_ref(), pool, target).await?;
        removals.insert(pool.to_owned(), removal);
    }
    Ok(plan::up(
        &world.platform,
        &world.wanted(),
        &seen,
        &removals,
    )?)
}

/// Executes a plan of [`plan_up`] and looks again: what was executed leaves nothing to plan.
pub async fn up(world: &World, plan: &Plan, control: &Control) -> Result<()> {
    execute(world, plan, &control.events, &control.cancel).await?;
    let rest = plan_up(world).await?;
    if rest.is_empty() {
        return Ok(());
    }
    Err(Failure::failed(format!(
        "every step was done, and yet there is more to do: {}",
        describe(&rest)
    ))
    .hint("something changed the platform meanwhile; run `up` again")
    .into())
}

/// What `down` would do now.
pub async fn plan_down(world: &World) -> Result<Plan> {
    Ok(plan::down(&world.platform, &observe(world).await?)?)
}

/// Executes a plan of [`plan_down`] and looks again, so that "nothing left" is a finding and not a hope.
pub async fn down(world: &World, plan: &Plan, control: &Control) -> Result<()> {
    execute(world, plan, &control.events, &control.cancel).await?;
    let rest = plan_down(world).await?;
    if rest.is_empty() {
        return Ok(());
    }
    let failure = Failure::failed(format!("something is left: {}", describe(&rest)));
    Err(failure.hint("run `down` again").into())
}

/// Refuses to go on where there is nothing to scale.
pub async fn require_app_cluster(world: &World) -> Result<()> {
    app(world, observe(world).await?)?;
    Ok(())
}

/// What `scale` would do now: which machines come, which go.
pub async fn plan_scale(world: &World, pool: &str, resize: Resize, force: bool) -> Result<Plan> {
    let app = app(world, observe(world).await?)?;
    let current = app.pools.get(pool).map_or(0, |pool| pool.replicas);
    let target = resize.target(current)?;
    let removal = if target < current {
        removal(world, Some(&app), pool, target).await?
    } else {
        Removal::default()
    };
    let mut plan = plan::scale(&app, pool, target, &removal, force)?;
    plan::settle(&mut plan, &app, world.names().app_cluster(), 0);
    Ok(plan)
}

/// What it takes to let the resize loop keep a pool between these sizes.
pub async fn plan_size(world: &World, pool: &str, sizes: Sizes) -> Result<Plan> {
    let app = app(world, observe(world).await?)?;
    Ok(plan::size(&app, pool, sizes)?)
}

/// Executes a plan of [`plan_scale`] or [`plan_size`].
pub async fn scale(world: &World, plan: &Plan, control: &Control) -> Result<()> {
    execute(world, plan, &control.events, &control.cancel).await
}

/// Which machines go when the pool shrinks to `target`. Those on their way out already count.
async fn removal(world: &World, app: Option<&App>, pool: &str, target: u32) -> Result<Removal> {
    let workload = workload::read(&world.app_client().await?).await?;
    let machines = app.into_iter().flat_map(|app| &app.machines);
    let candidates: Vec<Candidate> = machines
        .filter(|machine| machine.pool == pool)
        .map(|machine| Candidate {
            machine: machine.name.clone(),
            node: machine.node.clone(),
            created: machine.created.clone(),
            ready: machine.ready,
            deleting: machine.deleting,
        })
        .collect();
    let count = candidates.len().saturating_sub(usize::try_from(target)?);
    drain::remove(&workload, &candidates, count)
}

/// The app cluster, or why it cannot be scaled.
fn app(world: &World, seen: Observed) -> Result<App, Failure> {
    let (name, substrate) = (world.names().platform(), world.platform.substrate.name());
    let why = if seen.infra.is_silent() {
        let infra = world.names().infra_cluster();
        format!("the API server of {infra} does not answer: nothing is known of app cluster {name}")
    } else {
        format!("there is no app cluster {name} that could be scaled")
    };
    let failure = Failure::failed(why)
        .hint(format!("bex-infra up {substrate} --name {name}"))
        .hint(format!(
            "bex-infra status {substrate} --name {name} says what exists"
        ));
    seen.app.ok_or(failure)
}

fn describe(plan: &Plan) -> String {
    let steps = plan
        .steps
        .iter()
        .map(|step| format!("{} ({})", step.action, step.reason));
    steps.collect::<Vec<_>>().join(", ")
}
