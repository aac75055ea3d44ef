mod report;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum, ValueHint};
use jiff::Timestamp;

use super::args::{Limit, Resize, Target};
use super::{preflight, show, up};
use crate::failure::{Exit, Failure};
use crate::smoke::{self, Results};
use crate::ui::Ui;
use crate::ui::progress::seconds;

/// Try a whole platform under a fresh name: up, a Service over two nodes, scale 1, 2, 1, down
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  bex-infra smoke local --bundle ./bundle
  bex-infra smoke local --report smoke.xml --timeout 10m
  bex-infra smoke sim --max 3

With --max, a pod that fits nowhere has to bring a worker. It always cleans up, also after a failure and after Ctrl-C.")]
pub(super) struct Smoke {
    /// Leave the platform up to look at it
    #[arg(long)]
    keep: bool,
    /// Write a report of each step
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    report: Option<PathBuf>,
    /// Format of the report
    #[arg(long, value_enum, default_value = "junit", requires = "report")]
    report_format: ReportFormat,
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    resize: Resize,
    #[command(flatten)]
    limit: Limit,
}

/// How the report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReportFormat {
    /// XML as CI systems read it
    Junit,
    /// One JSON document
    Json,
}

const USUALLY: Duration = Duration::from_mins(20);

impl Smoke {
    pub(super) async fn run(self, ui: &Ui) -> Result<()> {
        let meant = self.target.platform_or(&fresh_name(), None)?;
        let mut world = self.resize.size(meant)?.world(self.limit, USUALLY).await?;
        world.look_for_resize()?;
        preflight::require(ui, &world).await?;
        let (results, took) = show(ui, async |control| {
            smoke::run(&world, self.keep, &control).await
        })
        .await?;
        if let Some(path) = &self.report {
            write(path, self.report_format, &results)?;
        }
        ui.data(&results, |_| String::new())?;
        require_success(&results)?;
        ui.say(&format!(
            "{count} of {count} passed ({})",
            seconds(took),
            count = results.cases.len()
        ));
        if self.keep {
            let (name, substrate) = (&results.platform, world.platform.substrate.name());
            ui.say(&up::next(&world));
            ui.say(&format!(
                "left up; take it down with: bex-infra down {substrate} --name {name}"
            ));
        }
        Ok(())
    }
}

/// Differs from run to run; two at the same second on one machine would be refused by the lock.
fn fresh_name() -> String {
    format!("smoke-{:x}", Timestamp::now().as_second())
}

fn write(path: &Path, format: ReportFormat, results: &Results) -> Result<()> {
    let text = match format {
        ReportFormat::Junit => report::junit(results),
        ReportFormat::Json => {
            serde_json::to_string_pretty(results).context("writing the report as JSON")?
        }
    };
    fs::write(path, text).with_context(|| format!("writing the report {}", path.display()))
}

fn require_success(results: &Results) -> Result<(), Failure> {
    let failed = results
        .cases
        .iter()
        .filter_map(|case| Some((&case.name, case.failure.as_ref()?)));
    let failed: Vec<String> = failed
        .map(|(name, failure)| format!("{name}: {failure}"))
        .collect();
    if failed.is_empty() {
        return Ok(());
    }
    let count = format!("{} of {} failed", failed.len(), results.cases.len());
    let exit = if results.interrupted {
        Exit::Interrupted
    } else {
        Exit::Failed
    };
    Err(Failure::new(exit, count).because(failed.join("\n")))
}
