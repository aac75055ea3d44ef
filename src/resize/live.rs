//! The loop itself: watches, writes, the lease. The only part of [`super`] that talks to a cluster.

mod announce;
mod cycle;
mod drain;
mod lease;
mod marks;
mod pauses;
mod watch;
mod writer;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::tools::kube::Client;

use super::decision::Decision;
use super::model::{Cluster, Model};
use super::policy::Policy;
use super::prices::PriceList;

mod endpoint;
mod log;
mod metrics;
mod recorder;

pub use recorder::Recorder;

/// What the loop is to do, and for whom.
#[derive(Clone)]
pub struct Options {
    /// The app cluster's Cluster object in the infra cluster, and the namespace of its MachineDeployments.
    pub cluster: String,
    pub namespace: String,
    /// Unique among all processes that run the loop for this cluster.
    pub identity: String,
    /// Without, only one process may run the loop.
    pub lease: Option<Lease>,
    pub prices: PriceList,
    pub policy: Policy,
    /// A drain that takes longer is given up.
    pub drain_within: Duration,
    /// What time it is.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Told of everything, as it happens. It must not block.
    pub sink: Sink,
}

/// A Lease of coordination.k8s.io in the infra cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    pub namespace: String,
    pub name: String,
    /// Whoever has not renewed it for so long has lost it.
    pub lasts: Duration,
}

pub type Sink = Arc<dyn Fn(&Seen) + Send + Sync>;

/// What happens, in the order in which it does.
#[derive(Debug, Clone, Copy)]
pub enum Seen<'a> {
    /// An object, or its deletion, as the model is told.
    Change {
        at: Timestamp,
        cluster: Cluster,
        resource: &'a str,
        namespace: &'a str,
        name: &'a str,
        json: Option<&'a [u8]>,
    },
    /// With the time that it took to decide.
    Decision {
        at: Timestamp,
        decision: &'a Decision,
        took: Duration,
    },
    /// A write or a sentence about one: `machinedeployments bex-worker-0`, `1 -> 3`.
    Act {
        at: Timestamp,
        what: &'a str,
        result: &'a Result<String, String>,
    },
    /// A request that changes something: its verb, the resource and the answer's code, 0 if there was none.
    Request {
        verb: &'a str,
        resource: &'a str,
        code: u16,
    },
    /// Who may write now, whenever that changes.
    Leads(&'a Leader),
}

/// Who holds the Lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leader {
    /// This process.
    Us,
    /// Another one: its identity.
    Other(String),
    /// Nobody knows: the infra cluster does not answer.
    Unknown,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("cluster", &self.cluster)
            .field("namespace", &self.namespace)
            .field("identity", &self.identity)
            .field("lease", &self.lease)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

/// Runs the loop until it is cancelled. What is under way then is taken back, as far as that can be done at once.
pub async fn run(
    infra: Client,
    app: Client,
    options: Options,
    cancel: CancellationToken,
) -> Result<()> {
    cycle::Cycle::new(infra, app, options, cancel).run().await
}

/// Reads both clusters, decides once and changes nothing. The model answers further questions.
pub async fn decide_once(
    infra: Client,
    app: Client,
    options: &Options,
) -> Result<(Model, Decision)> {
    let cancel = CancellationToken::new();
    let options = Options {
        // Whoever writes nothing needs none, and must not keep others from it.
        lease: None,
        ..options.clone()
    };
    cycle::Cycle::new(infra, app, options, cancel)
        .decide_once()
        .await
}

#[cfg(test)]
mod tests;
