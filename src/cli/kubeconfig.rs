use anyhow::Result;
use clap::{Args, ValueEnum};

use super::args::Existing;
use crate::failure::{Exit, Failure, report};
use crate::home::Home;
use crate::kubeconfig::{Kubeconfig as Config, file};
use crate::names::Names;
use crate::substrate::local::clusters;
use crate::tools::docker::Docker;
use crate::ui::Ui;
use crate::ui::output::{self, Format};

/// Print the kubeconfig of both clusters, or merge it into your own
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  bex-infra kubeconfig --context app > app.yaml
  bex-infra kubeconfig --merge && kubectl --context bex get nodes")]
pub(super) struct Kubeconfig {
    /// Only this cluster
    #[arg(long, value_enum, conflicts_with = "merge")]
    context: Option<Cluster>,
    /// Merge into the file that kubectl uses (first of KUBECONFIG, or ~/.kube/config), keeping a copy of it
    #[arg(long)]
    merge: bool,
    /// With --merge: replace entries of the same name that lead elsewhere
    #[arg(long, requires = "merge")]
    force: bool,
    #[command(flatten)]
    existing: Existing,
}

/// Which of the two clusters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Cluster {
    /// The one that owns machines
    Infra,
    /// The one that runs Apps
    App,
}

impl Kubeconfig {
    pub(super) async fn run(self, ui: &Ui) -> Result<()> {
        let names = self.existing.existing()?.platform.names;
        let ours = current(ui, &names).await?;
        if self.merge {
            let target = file::users_own()?;
            let changed = file::merge_into(&target, &ours, names.platform(), self.force)?;
            let verb = if changed { "merged into" } else { "already in" };
            ui.say(&format!(
                "contexts {} {verb} {}",
                ours.contexts().join(" and "),
                target.display()
            ));
            return Ok(());
        }
        let wanted = match self.context {
            None => ours,
            Some(Cluster::App) => ours.only(names.app_cluster()),
            Some(Cluster::Infra) => ours.only(&names.infra_cluster()),
        };
        let format = ui.format.unwrap_or(Format::Yaml);
        output::print(&output::render(wanted.as_value(), format, |_| {
            wanted.contexts().join("\n")
        })?)
    }
}

/// From the clusters, because ports change when containers restart; as it was written last, if they do not answer.
async fn current(ui: &Ui, names: &Names) -> Result<Config> {
    let path = Home::of(names.platform())?.kubeconfig();
    let written = file::read(&path)?;
    match (fresh(names).await, written) {
        (Ok(fresh), Some(written)) => {
            if fresh != written {
                file::write(&path, &fresh)?;
            }
            Ok(fresh)
        }
        (Ok(fresh), None) => Ok(fresh),
        (Err(error), Some(written)) => {
            ui.warn(&format!(
                "the clusters do not answer, ports may have changed: {error:#}"
            ));
            Ok(written)
        }
        // The daemon's own advice comes first: nobody knows what there is.
        (Err(error), None) if report(&error).exit == Exit::OperatorMustAct => Err(error),
        (Err(error), None) => Err(missing(names, error).into()),
    }
}

async fn fresh(names: &Names) -> Result<Config> {
    let docker = Docker::connect().await?;
    let infra = clusters::infra_client(&docker, names).await?;
    clusters::kubeconfig(&docker, &infra, names).await
}

fn missing(names: &Names, cause: anyhow::Error) -> Failure {
    let name = names.platform();
    Failure::failed(format!("there is no kubeconfig of platform {name}"))
        .because(cause)
        .hint(format!("bex-infra up local --name {name}"))
}
