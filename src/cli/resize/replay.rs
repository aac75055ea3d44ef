use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Args, ValueHint};

use super::log;
use crate::failure::Failure;
use crate::resize::history;
use crate::ui::Ui;

/// Play a log back, and say whether the same decisions come out
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  bex-infra resize replay resize.log")]
pub(super) struct Replay {
    /// Log of `resize run --log`
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: PathBuf,
}

impl Replay {
    pub(super) fn run(self, ui: &Ui) -> Result<()> {
        let replayed = history::replay(log(&self.file)?)
            .with_context(|| format!("playing {} back", self.file.display()))?;
        for warning in &replayed.warnings {
            ui.warn(warning);
        }
        ui.data(&replayed, text)?;
        match replayed.different {
            0 => Ok(()),
            1 => Err(Failure::failed("a decision is another one now").into()),
            count => Err(Failure::failed(format!("{count} decisions are others now")).into()),
        }
    }
}

fn text(replayed: &history::Replay) -> String {
    let history::Replay {
        starts,
        changes,
        decisions,
        different,
        ..
    } = replayed;
    let same = decisions - different;
    let counts = format!("{changes} changes, {same} of {decisions} decisions are the same");
    let again = match starts {
        0 | 1 => String::new(),
        starts => format!("; the loop began {starts} times"),
    };
    let first = replayed.first_difference.as_ref().map(|first| {
        let history::Difference { at, line, text } = first;
        format!("\nthe first other one, at {at} (line {line}):\n{text}")
    });
    format!("{counts}{again}{}", first.unwrap_or_default())
}
