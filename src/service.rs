//! The resize loop as a process runs it: its Lease, its log, what it is told of both clusters.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::names::{NAMESPACE, Names};
use crate::resize::live::{self, Lease, Options, Recorder, Seen, Sink};
use crate::resize::policy::Policy;
use crate::resize::prices::PriceList;
use crate::tools::kube::{self, Client};

/// Whoever has not renewed the Lease for so long has lost it.
const LEASE_LASTS: Duration = Duration::from_secs(15);

/// A drain that takes longer is given up; Cluster API's own is bounded by two minutes.
const DRAIN_WITHIN: Duration = Duration::from_mins(5);

/// Prices of the machines that platforms can name.
pub const PRICES: &str = "hetzner";

/// For the end of the log to be written.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What the loop is to do, and who wants to know of it.
#[derive(Clone)]
pub struct Service {
    /// The app cluster's Cluster object and its namespace in the infra cluster.
    pub cluster: String,
    pub namespace: String,
    pub policy: Policy,
    pub prices: PriceList,
    pub sinks: Vec<Sink>,
    /// Where to keep what was seen and decided.
    pub log: Option<PathBuf>,
    /// Where to answer `GET /metrics` and `/healthz`.
    pub metrics: Option<SocketAddr>,
}

impl Service {
    /// With everything as usual, and without prices.
    pub fn of(cluster: &str) -> Self {
        Self {
            cluster: cluster.to_owned(),
            namespace: NAMESPACE.to_owned(),
            policy: Policy::default(),
            prices: PriceList::default(),
            sinks: Vec::new(),
            log: None,
            metrics: None,
        }
    }

    /// In the loop's own words.
    pub fn options(self) -> Options {
        let Self {
            cluster,
            namespace,
            policy,
            prices,
            sinks,
            ..
        } = self;
        let lease = Lease {
            namespace: namespace.clone(),
            name: Names::new(cluster.as_str()).resize(),
            lasts: LEASE_LASTS,
        };
        Options {
            cluster,
            namespace,
            identity: identity(),
            lease: Some(lease),
            prices,
            policy,
            drain_within: DRAIN_WITHIN,
            now: Arc::new(Timestamp::now),
            sink: Arc::new(move |seen: &Seen| sinks.iter().for_each(|sink| sink(seen))),
        }
    }
}

/// Runs the loop until it is cancelled, and records what it does.
pub async fn run(
    infra: Client,
    app: Client,
    service: Service,
    cancel: CancellationToken,
) -> Result<()> {
    let (log, metrics) = (service.log.clone(), service.metrics);
    let mut options = service.options();
    let recorder = Recorder::new(&options, log)?;
    let (told, kept) = (options.sink, recorder.sink());
    options.sink = Arc::new(move |seen: &Seen| {
        told(seen);
        kept(seen);
    });
    let serving = async {
        match metrics {
            Some(address) => recorder.serve(address, cancel.clone()).await,
            None => Ok(()),
        }
    };
    let running = live::run(infra, app, options, cancel.clone());
    let ended = tokio::try_join!(running, serving).map(drop);
    let finished = tokio::task::spawn_blocking(|| recorder.finish());
    // What is told after the end is lost, rather than that the end waits for it.
    drop(timeout(LAST_WORDS, finished).await);
    ended
}

/// Differs between processes, on one machine and on several: pods have their own host name.
fn identity() -> String {
    let host = rustix::system::uname();
    let began = Timestamp::now().as_millisecond();
    let host = host.nodename().to_string_lossy();
    format!("{host}_{}_{began:x}", process::id())
}

/// The app cluster's admin kubeconfig, as Cluster API writes it. A secret.
pub async fn app_kubeconfig(infra: &Client, namespace: &str, cluster: &str) -> Result<String> {
    let secret = Names::new(cluster).app_kubeconfig();
    kube::secret(infra, namespace, &secret, "value").await
}
