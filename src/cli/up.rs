use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use super::args::{Limit, Resize, Target, duration};
use super::plan::steps;
use super::{preflight, show};
use crate::names::Names;
use crate::plan::Plan;
use crate::run;
use crate::ui::Ui;
use crate::ui::progress::seconds;
use crate::world::World;

/// Bring up the infra cluster and the app cluster, or finish what an earlier run began
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  bex-infra up local
  bex-infra up sim --max 10
  bex-infra up local --name ci --workers 2 --ttl 1h --bundle ./bundle
  bex-infra up -f platform.yaml

With --bundle (or BEX_BUNDLE) everything comes out of that directory and the network is not used. Without \
it, images that Docker lacks are pulled from their registries and manifests are downloaded from the URLs \
in the catalogue.

A pool that has a maximum is kept the right size by the resize loop, which is installed beside Cluster API.

Running it again changes nothing if nothing is missing.")]
pub(super) struct Up {
    #[command(flatten)]
    target: Target,
    /// Number of workers; later changes are `bex-infra scale`
    #[arg(long, value_name = "N", conflicts_with = "file")]
    workers: Option<u32>,
    /// Let `bex-infra gc` take the platform down after this time: 1h, 90m
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    ttl: Option<Duration>,
    #[command(flatten)]
    resize: Resize,
    #[command(flatten)]
    limit: Limit,
}

const USUALLY: Duration = Duration::from_mins(15);

impl Up {
    pub(super) async fn run(self, ui: &Ui) -> Result<()> {
        let begun = Instant::now();
        let meant = self.resize.size(self.target.platform(self.workers)?)?;
        let mut world = meant.world(self.limit, USUALLY).await?;
        world.look_for_resize()?;
        world.expires = self.ttl.map(expiry).transpose()?;
        let _lock = world.home.lock("up")?;
        let plan = run::plan_up(&world).await?;
        if !plan.is_empty() {
            preflight::require(ui, &world).await?;
            show(ui, async |control| run::up(&world, &plan, &control).await).await?;
        }
        report(ui, &world, &plan, begun.elapsed())
    }
}

/// RFC 3339.
fn expiry(ttl: Duration) -> Result<String> {
    let end = Timestamp::now()
        .checked_add(ttl)
        .context("adding --ttl to the time")?;
    Ok(format!("{end:.0}"))
}

fn report(ui: &Ui, world: &World, done: &Plan, took: Duration) -> Result<()> {
    let (names, kubeconfig) = (world.names(), world.home.kubeconfig());
    let platform = names.platform();
    if done.is_empty() {
        ui.say(&format!(
            "platform {platform} is up; nothing to do ({})",
            seconds(took)
        ));
    } else {
        ui.say(&format!(
            "platform {platform} is up ({}, {})",
            steps(done.steps.len()),
            seconds(took)
        ));
    }
    ui.say(&next(world));
    let summary = json!({
        "platform": platform,
        "kubeconfig": kubeconfig,
        "contexts": {"app": names.app_cluster(), "infra": names.infra_cluster()},
        "steps": done.steps,
        "seconds": took.as_secs_f64(),
    });
    ui.data(&summary, |_| String::new())
}

/// Commands to go on with.
pub(super) fn next(world: &World) -> String {
    let resized = world.platform.pools.iter().any(|pool| pool.sizes.is_some());
    let scale = if resized { "--explain" } else { "2" };
    format!(
        "next:\n  export KUBECONFIG={}\n  kubectl get nodes\n  bex-infra scale workers {scale}{flag}\n  bex-infra status{flag}",
        world.home.kubeconfig().display(),
        flag = name_flag(world.names()),
    )
}

fn name_flag(names: &Names) -> String {
    match names.platform() {
        "bex" => String::new(),
        name => format!(" --name {name}"),
    }
}
