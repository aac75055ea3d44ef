use anyhow::Result;
use clap::{Args, ValueEnum};

use super::args::Existing;
use crate::failure::Failure;
use crate::home::Home;
use crate::kubeconfig::file;
use crate::names::Names;
use crate::ui::Ui;
use crate::ui::output::{self, Format};

/// Print the kubeconfig of both clusters, or merge it into your own
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  bex-infra kubeconfig --context app > app.yaml
  bex-infra kubeconfig --merge && kubectl --context bex get nodes")]
pub(super) struct Kubeconfig {
    #[command(flatten)]
    existing: Existing,
    /// Only this cluster
    #[arg(long, value_enum, conflicts_with = "merge")]
    context: Option<Cluster>,
    /// Merge into the file that kubectl uses (first of KUBECONFIG, or ~/.kube/config), keeping a copy of it
    #[arg(long)]
    merge: bool,
    /// With --merge: replace entries of the same name that lead elsewhere
    #[arg(long, requires = "merge")]
    force: bool,
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
    pub(super) fn run(self, ui: &Ui) -> Result<()> {
        let names = self.existing.which.names()?;
        let path = Home::of(names.platform())?.kubeconfig();
        let ours = file::read(&path)?.ok_or_else(|| missing(&names))?;
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

fn missing(names: &Names) -> Failure {
    let name = names.platform();
    Failure::failed(format!("there is no kubeconfig of platform {name}"))
        .hint(format!("bex-infra up local --name {name}"))
}
