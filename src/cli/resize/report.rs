use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Args, ValueHint};

use super::log;
use crate::resize::history;
use crate::ui::Ui;
use crate::ui::output;

/// Draw a log as one HTML page: nodes, pods that wait, cost, and each decision on the time line
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  bex-infra resize report resize.log --to report.html")]
pub(super) struct Report {
    /// Log of `resize run --log`
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: PathBuf,
    /// Where to write the page [default: stdout]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    to: Option<PathBuf>,
}

impl Report {
    pub(super) fn run(self, ui: &Ui) -> Result<()> {
        let page = history::report(log(&self.file)?)
            .with_context(|| format!("drawing {}", self.file.display()))?;
        let Some(to) = self.to else {
            return output::print(&page);
        };
        let shown = to.display();
        fs::write(&to, &page).with_context(|| format!("writing {shown}"))?;
        ui.say(&format!("wrote {shown}"));
        Ok(())
    }
}
