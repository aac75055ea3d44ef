use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Error, Result};
use clap::{Args, ValueHint};

use super::bounds::Bounds;
use super::lines::Lines;
use crate::failure::Failure;
use crate::names::NAMESPACE;
use crate::observe::capi;
use crate::resize::policy::Policy;
use crate::service::{self, Service};
use crate::tools::kube::{self, Client, Objects, RequestError};
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
            None => self.kept_kubeconfig(&infra).await?,
        };
        Ok((infra, kube::client(&app).await?))
    }

    /// The app cluster's, as the infra cluster has it.
    async fn kept_kubeconfig(&self, infra: &Client) -> Result<String> {
        let (namespace, cluster) = (&self.namespace, &self.cluster);
        let read = service::app_kubeconfig(infra, namespace, cluster).await;
        let is_missing = |error: &Error| {
            let answer = error.downcast_ref::<RequestError>();
            answer.is_some_and(|answer| answer.code == Some(404))
        };
        match read {
            Err(error) if is_missing(&error) => Err(self.missing(infra, error).await.into()),
            read => read,
        }
    }

    /// Says more about a kubeconfig that is not there. Clusters are asked for only now: the installed loop may not.
    async fn missing(&self, infra: &Client, error: Error) -> Failure {
        let clusters = Objects::new(infra, capi::API_VERSION, "Cluster", Some(&self.namespace));
        let title = clusters.title(&self.cluster);
        if !matches!(clusters.get(&self.cluster).await, Ok(None)) {
            return Failure::failed(format!("there is no kubeconfig of {title}"))
                .because(error)
                .hint("Cluster API writes it with the first control plane node; --app-kubeconfig names a file of yours");
        }
        let leads = match &self.kubeconfig {
            Some(file) => format!("the cluster that {} leads to", file.display()),
            None => "the cluster of this pod".to_owned(),
        };
        Failure::failed(format!("there is no {title} in {leads}")).hint(
            "--cluster names the app cluster, --kubeconfig leads to the infra cluster that has its Cluster object",
        )
    }
}

fn read(file: &Path) -> Result<String, Failure> {
    let cannot = || format!("cannot read kubeconfig {}", file.display());
    fs::read_to_string(file).map_err(|error| Failure::usage(cannot()).because(error))
}
