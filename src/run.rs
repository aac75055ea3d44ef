//! The use cases: observe, plan, execute, and look again. What a verb of the command line calls.

use std::sync::Arc;

use anyhow::Result;
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use crate::execute::execute;
use crate::failure::Failure;
use crate::observe::platform::observe;
use crate::plan::{self, Plan};
use crate::progress::Event;
use crate::world::World;

/// What `up` would do now.
pub async fn plan_up(world: &World) -> Result<Plan> {
    let seen = observe(world).await?;
    Ok(plan::up(&world.platform, &world.wanted(), &seen)?)
}

/// Brings the platform up and looks again: a plan that was executed leaves nothing to plan.
pub async fn up(world: &Arc<World>, plan: &Plan, events: &UnboundedSender<Event>, cancel: &CancellationToken) -> Result<()> {
    execute(world, plan, events, cancel).await?;
    let rest = plan_up(world).await?;
    if rest.is_empty() {
        return Ok(());
    }
    let steps: Vec<String> = rest.steps.iter().map(|step| format!("{} ({})", step.action, step.reason)).collect();
    Err(Failure::failed(format!("every step was done, and yet there is more to do: {}", steps.join(", ")))
        .hint("something changed the platform meanwhile; run `up` again")
        .into())
}
