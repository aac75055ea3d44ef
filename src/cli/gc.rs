use anyhow::Result;
use clap::Args;
use jiff::Timestamp;

use super::args::Limit;
use super::show;
use crate::names::Names;
use crate::run;
use crate::ui::Ui;
use crate::ui::progress::seconds;
use crate::ui::table::table;

/// Take down the platforms whose time is up (`up --ttl`)
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  bex-infra gc --dry-run
  bex-infra gc --yes")]
pub(super) struct Gc {
    /// Print what would be taken down, and stop
    #[arg(long)]
    dry_run: bool,
    /// Do not ask on a terminal
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    limit: Limit,
}

impl Gc {
    pub(super) async fn run(self, ui: &Ui) -> Result<()> {
        let expired = run::expired(Timestamp::now()).await?;
        ui.data(&expired, |expired| match expired.as_slice() {
            [] => String::new(),
            expired => table(
                ["PLATFORM", "EXPIRED"],
                expired
                    .iter()
                    .map(|found| [found.platform.clone(), format!("{:.0}", found.expired)]),
            ),
        })?;
        if expired.is_empty() {
            ui.say("no platform whose time is up");
        }
        if self.dry_run || expired.is_empty() {
            return Ok(());
        }
        ui.require("Take them down?", self.yes)?;
        for found in expired {
            let names = Names::new(found.platform);
            let (_, took) = show(ui, self.limit.timeout, |work| run::down(&names, work)).await?;
            ui.say(&format!(
                "platform {}: nothing left ({})",
                names.platform(),
                seconds(took)
            ));
        }
        Ok(())
    }
}
