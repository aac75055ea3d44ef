mod view;

use anyhow::Result;
use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use super::args::{Existing, Limit, READING};
use crate::failure::Failure;
use crate::observe::platform::observe;
use crate::spec::Platform;
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
        let world = self
            .existing
            .existing()?
            .world(Limit::default(), READING)
            .await?;
        let (names, seen) = (world.names(), observe(&world).await?);
        if seen.infra.node.is_none() && seen.app.is_none() && seen.containers.is_empty() {
            return Err(missing(&world.platform).into());
        }
        let problems = view::problems(&world.platform, &seen);
        let status = json!({
            "platform": names.platform(),
            "healthy": problems.is_empty(),
            "problems": problems,
            "observed": seen,
        });
        ui.data(&status, |_| {
            view::text(&world.platform, &seen, Timestamp::now())
        })
    }
}

fn missing(platform: &Platform) -> Failure {
    let name = platform.names.platform();
    Failure::failed(format!("there is no platform named {name}")).hint(format!(
        "bex-infra up {} --name {name}",
        platform.substrate.name()
    ))
}
