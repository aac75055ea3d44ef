use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::args::{Limit, Target};
use super::{plan, show};
use crate::home::Home;
use crate::kubeconfig::file;
use crate::plan::Plan;
use crate::run;
use crate::ui::Ui;
use crate::ui::progress::seconds;
use crate::world::World;

/// Take both clusters down and prove that nothing of them is left
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  bex-infra down local
  bex-infra down local --name ci --yes

Only what carries this platform's label is touched. An interrupted run is finished by the next one.")]
pub(super) struct Down {
    /// Do not ask on a terminal
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    limit: Limit,
}

const USUALLY: Duration = Duration::from_mins(5);

impl Down {
    pub(super) async fn run(self, ui: &Ui) -> Result<()> {
        let world = self.target.existing()?.world(self.limit, USUALLY).await?;
        let (plan, took) = take_down(ui, world, self.yes).await?;
        let summary = json!({"steps": plan.steps, "left": [], "seconds": took.as_secs_f64()});
        ui.data(&summary, |_| String::new())
    }
}

/// Takes a platform down with everything that leads to it; asks first on a terminal unless `yes`.
pub(super) async fn take_down(ui: &Ui, world: World, yes: bool) -> Result<(Plan, Duration)> {
    let begun = Instant::now();
    let name = world.names().platform().to_owned();
    let home = world.home.clone();
    let lock = home.lock("down")?;
    let plan = run::plan_down(&world).await?;
    if !plan.is_empty() {
        if !yes {
            ui.say(&plan::text(&name, &plan));
        }
        ui.require(&format!("Take platform {name} down?"), yes)?;
        show(ui, async |control| run::down(&world, &plan, &control).await).await?;
    }
    forget_contexts(ui, &home, &name)?;
    home.remove(lock)?;
    let took = begun.elapsed();
    let done = if plan.is_empty() {
        "nothing to do, nothing left"
    } else {
        "nothing left"
    };
    ui.say(&format!("platform {name}: {done} ({})", seconds(took)));
    Ok((plan, took))
}

/// Takes back what `kubeconfig --merge` put into the user's own file.
fn forget_contexts(ui: &Ui, home: &Home, platform: &str) -> Result<()> {
    let Some(ours) = file::read(&home.kubeconfig())? else {
        return Ok(());
    };
    let users = file::users_own()?;
    if file::unmerge_from(&users, &ours, platform)? {
        ui.say(&format!(
            "removed contexts {} from {}",
            ours.contexts().join(" and "),
            users.display()
        ));
    }
    Ok(())
}
