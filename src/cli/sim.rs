use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, Subcommand, ValueHint};
use serde_json::json;

use crate::failure::Failure;
use crate::sim::scenario::Scenario;
use crate::substrate::sim::Guard;
use crate::substrate::sim::serve::{Settings, serve};
use crate::ui::{Ui, interrupt};

/// An embedded Kubernetes to try things on: no containers run in it
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  bex-infra sim serve
  bex-infra sim serve --state ./sim --port 7443")]
pub(super) struct Sim {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Serve(Serve),
}

/// Serve both clusters' APIs on 127.0.0.1 until Ctrl-C
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  bex-infra sim serve
  bex-infra sim serve --state ./sim --port 7443
  bex-infra sim serve --scenario slow-boot.yaml --seed 7

Without --state, everything is forgotten at the end.")]
struct Serve {
    /// Port of the infra cluster; the app cluster has the next one [default: any]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=65534))]
    port: Option<u16>,
    /// Keep the clusters in this directory, and go on from what is there
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    state: Option<PathBuf>,
    /// Decides everything that is random; the same seed gives the same run
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// How long things take and what goes wrong (YAML)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    scenario: Option<PathBuf>,
}

impl Sim {
    pub(super) async fn run(self, ui: &Ui) -> Result<()> {
        match self.verb {
            Verb::Serve(serve) => serve.run(ui).await,
        }
    }
}

impl Serve {
    async fn run(self, ui: &Ui) -> Result<()> {
        let cancel = interrupt::on_signal()?;
        let mut scenario = self
            .scenario
            .as_deref()
            .map_or_else(|| Ok(Scenario::default()), read_scenario)?;
        if let Some(seed) = self.seed {
            scenario.seed = seed;
        }
        // Removed with everything in it when this function ends.
        let forgotten = tempfile::tempdir().context("making a directory")?;
        let persistent = self.state.is_some();
        let dir = self.state.unwrap_or_else(|| forgotten.path().to_owned());
        let _guard = Guard::take(&dir)?;
        let settings = Settings {
            dir,
            persistent,
            port: self.port,
            scenario,
        };
        let serving = serve(settings, cancel).await?;
        ui.data(&json!({"infra": serving.infra, "app": serving.app}), |_| {
            format!(
                "infra cluster: export KUBECONFIG={}\napp cluster:   export KUBECONFIG={}\n",
                serving.infra.kubeconfig.display(),
                serving.app.kubeconfig.display()
            )
        })?;
        serving.ended().await;
        Ok(())
    }
}

fn read_scenario(path: &Path) -> Result<Scenario> {
    let read = fs::read_to_string(path).map_err(anyhow::Error::from);
    read.and_then(|text| Ok(serde_saphyr::from_str(&text)?))
        .map_err(|error| {
            Failure::usage(format!("reading scenario {}", path.display()))
                .because(error)
                .into()
        })
}
