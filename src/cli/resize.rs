pub(super) mod bounds;
pub(super) mod lines;
mod replay;
mod report;
mod run;
mod simulate;

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::failure::Failure;
use crate::ui::Ui;

/// Keep pools the right size: the loop as a service, and what can be learned from its log
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  bex-infra resize run --cluster bex --kubeconfig infra.yaml --log resize.log
  bex-infra resize replay resize.log
  bex-infra resize report resize.log --to report.html
  bex-infra resize simulate --workload examples/workload.yaml --catalog hetzner
  bex-infra scale workers --auto       the same in the foreground, for a platform of this machine")]
pub(super) struct Resize {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Run(run::Run),
    Replay(replay::Replay),
    Report(report::Report),
    Simulate(simulate::Simulate),
}

impl Resize {
    pub(super) async fn run(self, ui: &Ui) -> Result<()> {
        match self.verb {
            Verb::Run(run) => run.run(ui).await,
            Verb::Replay(replay) => replay.run(ui),
            Verb::Report(report) => report.run(ui),
            Verb::Simulate(simulate) => simulate.run(ui),
        }
    }
}

fn log(file: &Path) -> Result<BufReader<File>, Failure> {
    let opened = File::open(file);
    let opened = opened.map_err(|error| {
        Failure::usage(format!("cannot read {}", file.display())).because(error)
    })?;
    Ok(BufReader::new(opened))
}
