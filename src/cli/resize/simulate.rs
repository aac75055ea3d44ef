use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, ValueHint};

use super::bounds::prices;
use crate::failure::Failure;
use crate::resize::simulate::{self, Setting};
use crate::resize::workload::{Workload, catalog};
use crate::spec;
use crate::ui::Ui;

/// What a workload would cost, and how long its pods would wait: as bex-infra, as Cluster Autoscaler, as Karpenter
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  bex-infra resize simulate --workload examples/workload.yaml --catalog hetzner --hours 24")]
pub(super) struct Simulate {
    /// Pods and when they come (YAML or JSON); see examples/workload.yaml
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    workload: PathBuf,
    /// Machines that can be bought: `hetzner`, or a price list of your own [default: the workload's own types]
    #[arg(long, value_name = "NAME|FILE")]
    catalog: Option<String>,
    /// How long to simulate
    #[arg(long, value_name = "N", default_value_t = 24.0)]
    hours: f64,
    /// Decides how long each machine takes to boot, and what comes at random; the same seed gives the same run
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

impl Simulate {
    pub(super) fn run(self, ui: &Ui) -> Result<()> {
        let mut setting = Setting {
            hours: self.hours,
            seed: self.seed,
            ..Setting::default()
        };
        // What a flag sets has the flag's name.
        let wrong = |error| Failure::usage(format!("--{error}"));
        setting.check().map_err(wrong)?;
        let mut workload = read(&self.workload)?;
        if let Some(name) = &self.catalog {
            let prices = prices("--catalog", name)?;
            setting.billed_seconds = prices.billed_seconds;
            workload.types = catalog::types(&prices);
        }
        if workload.types.is_empty() {
            return Err(self.no_types().into());
        }
        let report = simulate::simulate(&workload, &setting).map_err(|error| {
            let shown = self.workload.display();
            Failure::usage(format!("{shown}: {error:#}"))
        })?;
        ui.data(&report, ToString::to_string)
    }

    fn no_types(&self) -> Failure {
        match &self.catalog {
            Some(name) => Failure::usage(format!(
                "--catalog: {name} has no machine type that is available"
            ))
            .hint("a machine type can be bought in locations with `available: true`"),
            None => Failure::usage(format!(
                "{}: there are no machine types",
                self.workload.display()
            ))
            .hint("give --catalog hetzner, or `types` in the file"),
        }
    }
}

/// JSON is YAML.
fn read(file: &Path) -> Result<Workload, Failure> {
    let shown = file.display();
    let text = fs::read_to_string(file)
        .map_err(|error| Failure::usage(format!("cannot read {shown}")).because(error))?;
    spec::typed(&text, &shown.to_string())
}
