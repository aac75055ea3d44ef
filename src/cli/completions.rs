use anyhow::Result;
use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use super::Cli;
use crate::ui::output;

/// Print a completion script for your shell
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  source <(bex-infra completions bash)
  bex-infra completions fish > ~/.config/fish/completions/bex-infra.fish")]
pub(super) struct Completions {
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self) -> Result<()> {
        let mut script = Vec::new();
        generate(self.shell, &mut Cli::command(), "bex-infra", &mut script);
        output::print(&String::from_utf8_lossy(&script))
    }
}
