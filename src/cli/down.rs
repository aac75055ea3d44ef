use anyhow::Result;
use clap::Args;

use super::args::{Limit, Target};
use super::{plan, show};
use crate::failure::Failure;
use crate::names::Names;
use crate::run::{self, Removed};
use crate::ui::Ui;
use crate::ui::progress::seconds;

/// Take both clusters down and prove that nothing of them is left
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  bex-infra down local
  bex-infra down local --name ci --yes

Only what carries this platform's label is touched. An interrupted run is finished by the next one.")]
pub(super) struct Down {
    #[command(flatten)]
    target: Target,
    /// Do not ask on a terminal
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    limit: Limit,
}

impl Down {
    pub(super) async fn run(self, ui: &Ui) -> Result<()> {
        let names = self.target.names()?;
        if !self.yes {
            ui.say(plan::text(names.platform(), &run::plan_down(&names).await?).trim_end());
            ui.require(&format!("Take platform {} down?", names.platform()), false)?;
        }
        let (removed, took) = show(ui, self.limit.timeout, |work| run::down(&names, work)).await?;
        ui.data(&removed, |_| String::new())?;
        nothing_left(&names, &removed)?;
        ui.say(&format!(
            "platform {}: nothing left ({})",
            names.platform(),
            seconds(took)
        ));
        Ok(())
    }
}

fn nothing_left(names: &Names, removed: &Removed) -> Result<(), Failure> {
    if removed.left.is_empty() {
        return Ok(());
    }
    let failure = Failure::failed(format!("platform {} is not gone", names.platform()));
    let failure = removed
        .left
        .iter()
        .cloned()
        .fold(failure, Failure::left_behind);
    Err(failure.hint("run `bex-infra down` again; it goes on where this one stopped"))
}
