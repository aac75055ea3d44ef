mod view;

use anyhow::Result;
use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use super::args::Existing;
use crate::failure::Failure;
use crate::names::Names;
use crate::run;
use crate::ui::Ui;

/// Show clusters, pools, machines and nodes, and what is wrong with them
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  bex-infra status
  bex-infra status --name ci -o json")]
pub(super) struct Status {
    #[command(flatten)]
    existing: Existing,
}

impl Status {
    pub(super) async fn run(self, ui: &Ui) -> Result<()> {
        let names = self.existing.which.names()?;
        let observed = run::status(&names).await?.ok_or_else(|| missing(&names))?;
        let problems = view::problems(&names, &observed);
        let status = json!({
            "platform": names.platform(),
            "healthy": problems.is_empty(),
            "problems": problems,
            "observed": observed,
        });
        ui.data(&status, |_| view::text(&names, &observed, Timestamp::now()))
    }
}

fn missing(names: &Names) -> Failure {
    let name = names.platform();
    Failure::failed(format!("there is no platform named {name}"))
        .hint(format!("bex-infra up local --name {name}"))
}
