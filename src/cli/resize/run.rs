use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, ValueHint};

use super::bounds::Bounds;
use super::lines::Lines;
use crate::failure::Failure;
use crate::names::NAMESPACE;
use crate::resize::policy::Policy;
use crate::service::{self, Service};
use crate::tools::kube::{self, Client};
use crate::ui::{Ui, interrupt};

/// Run the loop for one app cluster until it is told to stop
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  bex-infra resize run --cluster bex
  bex-infra resize run --cluster bex --kubeconfig infra.yaml --metrics 127.0.0.1:9090 --log resize.log

Of several processes that run it for one cluster, the one that holds the Lease in the infra cluster writes; the others
wait for it.")]
pub(super) struct Run {
    /// Name of the app cluster: its Cluster object in the infra cluster
    #[arg(long, value_name = "NAME")]
    cluster: String,
    /// Namespace of the Cluster object
    #[arg(long, value_name = "NAME", default_value = NAMESPACE)]
    namespace: String,
    /// Kubeconfig of the infra cluster [default: that of the pod that this runs in]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    kubeconfig: Option<PathBuf>,
    /// Kubeconfig of the app cluster [default: the one that Cluster API keeps in the infra cluster]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    app_kubeconfig: Option<PathBuf>,
    /// Answer `GET /metrics` (Prometheus) and `/healthz` there
    #[arg(long, value_name = "ADDRESS:PORT")]
    metrics: Option<SocketAddr>,
    /// Keep what was seen and decided, for `resize replay` and `resize report`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    log: Option<PathBuf>,
    #[command(flatten)]
    bounds: Bounds,
}

impl Run {
    pub(super) async fn run(self, ui: &Ui) -> Result<()> {
        let (policy, prices) = (
            self.bounds.policy(Policy::default())?,
            self.bounds.prices()?,
        );
        let cancel = interrupt::on_signal()?;
        let (infra, app) = self.clients().await?;
        let (lines, sink) = Lines::start(*ui);
        let service = Service {
            namespace: self.namespace,
            policy,
            prices,
            sinks: vec![sink],
            log: self.log,
            metrics: self.metrics,
            ..Service::of(&self.cluster)
        };
        let ended = service::run(infra, app, service, cancel).await;
        lines.finish().await?;
        ended
    }

    async fn clients(&self) -> Result<(Client, Client)> {
        let infra = match &self.kubeconfig {
            Some(file) => kube::client(&read(file)?).await?,
            None => kube::client_in_cluster()?,
        };
        let app = match &self.app_kubeconfig {
            Some(file) => read(file)?,
            None => service::app_kubeconfig(&infra, &self.namespace, &self.cluster).await?,
        };
        Ok((infra, kube::client(&app).await?))
    }
}

fn read(file: &Path) -> Result<String, Failure> {
    let cannot = || format!("cannot read kubeconfig {}", file.display());
    fs::read_to_string(file).map_err(|error| Failure::usage(cannot()).because(error))
}
