use anyhow::Result;
use clap::Args;

use super::args::Target;
use crate::failure::Failure;
use crate::ui::Ui;

/// Print the app cluster's Cluster API objects as `up` would apply them
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  bex-infra render local
  bex-infra render -f platform.yaml -o json")]
pub(super) struct Render {
    #[command(flatten)]
    target: Target,
    /// Number of workers
    #[arg(long, value_name = "N", conflicts_with = "file")]
    workers: Option<u32>,
}

impl Render {
    pub(super) fn run(self, _ui: &Ui) -> Result<()> {
        let _platform = self.target.platform(self.workers)?;
        Err(Failure::failed("not wired yet").into())
    }
}
