use std::env::consts::{ARCH, OS};

use anyhow::Result;
use clap::Args;
use serde_json::json;

use crate::ui::Ui;

/// Print the version
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  bex-infra version -o json")]
pub(super) struct Version {}

impl Version {
    pub(super) fn run(ui: &Ui) -> Result<()> {
        let version = env!("CARGO_PKG_VERSION");
        let platform = format!("{OS}/{ARCH}");
        let data = json!({"version": version, "platform": platform});
        ui.data(&data, |_| format!("bex-infra {version} ({platform})"))
    }
}
