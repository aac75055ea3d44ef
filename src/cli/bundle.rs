use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;
use clap::{Args, Subcommand, ValueHint};
use serde_json::json;

use super::show;
use crate::catalog::{Catalog, bundle};
use crate::progress::Reporter;
use crate::run::Control;
use crate::tools::docker::Docker;
use crate::ui::Ui;
use crate::ui::progress::seconds;

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
    },
    /// Check every byte of a bundle against its index
    #[command(after_help = "\
Example:
  bex-infra bundle verify ./bundle")]
    Verify {
        /// The bundle
        #[arg(value_name = "DIR", value_hint = ValueHint::DirPath, env = "BEX_BUNDLE", hide_env_values = true)]
        dir: PathBuf,
    },
}

impl Bundle {
    pub(super) async fn run(self, ui: &Ui) -> Result<()> {
        match self.verb {
            Verb::Create { dir, catalog } => create(ui, &dir, catalog.as_deref()).await,
            Verb::Verify { dir } => verify(ui, &dir).await,
        }
    }
}

async fn create(ui: &Ui, dir: &Path, catalog: Option<&Path>) -> Result<()> {
    let catalog = catalog.map_or_else(Catalog::builtin, Catalog::load)?;
    let docker = Docker::connect().await?;
    let making = async |control: Control| {
        let reporter = Reporter::new(0, control.events);
        step(
            &reporter,
            "create bundle",
            bundle::create(&docker, &catalog, dir, &reporter),
        )
        .await
    };
    let (made, took) = show(ui, making).await?;
    ui.say(&format!(
        "{}: {} ({})",
        dir.display(),
        megabytes(made.size()),
        seconds(took)
    ));
    ui.say(&format!(
        "next:\n  bex-infra up local --bundle {}",
        dir.display()
    ));
    ui.data(&json!({"directory": dir, "bytes": made.size()}), |_| {
        String::new()
    })
}

async fn verify(ui: &Ui, dir: &Path) -> Result<()> {
    let found = bundle::Bundle::open(dir)?;
    let checking = async |control: Control| {
        let reporter = Reporter::new(0, control.events);
        step(&reporter, "verify bundle", found.verify(&reporter)).await
    };
    let (verified, took) = show(ui, checking).await?;
    let (files, bytes) = (verified.files, verified.bytes);
    ui.say(&format!(
        "{}: {files} files, {}, all as they should be ({})",
        dir.display(),
        megabytes(bytes),
        seconds(took)
    ));
    ui.data(
        &json!({"directory": dir, "files": files, "bytes": bytes}),
        |_| String::new(),
    )
}

/// Work that is one step.
async fn step<T>(
    reporter: &Reporter,
    title: &str,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let begun = Instant::now();
    reporter.started(title);
    let result = work.await;
    match &result {
        Ok(_) => reporter.finished(begun.elapsed()),
        Err(_) => reporter.failed(begun.elapsed()),
    }
    result
}

fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes / 1_000_000)
}
