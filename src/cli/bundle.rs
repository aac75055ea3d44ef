use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand, ValueHint};

use super::args::Limit;
use crate::failure::Failure;
use crate::ui::Ui;

/// Make or verify a bundle: everything that `up` needs, in a directory
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  bex-infra bundle create ./bundle
  bex-infra bundle verify ./bundle
  bex-infra up local --bundle ./bundle")]
pub(super) struct Bundle {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Fetch images and manifests and put them into a directory
    #[command(after_help = "\
Example:
  bex-infra bundle create ./bundle
  bex-infra bundle create ./bundle --catalog catalog.yaml")]
    Create {
        /// Directory to make
        #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
        dir: PathBuf,
        /// What to put in (YAML); without it, the built-in catalogue
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        catalog: Option<PathBuf>,
        #[command(flatten)]
        limit: Limit,
    },
    /// Check every byte of a bundle against its index
    #[command(after_help = "\
Example:
  bex-infra bundle verify ./bundle")]
    Verify {
        /// The bundle
        #[arg(value_name = "DIR", value_hint = ValueHint::DirPath, env = "BEX_BUNDLE")]
        dir: PathBuf,
    },
}

impl Bundle {
    pub(super) async fn run(self, _ui: &Ui) -> Result<()> {
        Err(Failure::failed("not wired yet").into())
    }
}
