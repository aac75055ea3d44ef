//! Who may write: leader election by a Lease in the infra cluster.
//!
//! We stop to write well before others may take the Lease, by our own clock: it counts from the moment before the
//! request that renewed it. Others' clocks do not matter either: a Lease counts as abandoned when we have seen it
//! unchanged for as long as it lasts.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::super::model::Cluster;
use super::writer::{Fence, Refused, Writer};
use super::{Leader, Lease, Seen, Sink};
use crate::timestamp::rfc3339_micros;
use crate::tools::kube::Client;

/// Parts of the Lease's time: we renew it after the first, and write no more after the second.
const RENEW: u32 = 5;
const STOP: (u32, u32) = (2, 3);

/// Holds a Lease, or waits for it.
pub(super) struct Candidate {
    writer: Writer,
    lease: Lease,
    identity: String,
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    sink: Sink,
    until: watch::Sender<Option<Instant>>,
    /// Who held it in which version, and since when we know that.
    seen: Option<(String, Instant)>,
    /// What the sink knows.
    told: Option<Leader>,
}

impl Candidate {
    pub(super) fn new(
        infra: &Client,
        lease: Lease,
        identity: String,
        now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
        sink: Sink,
    ) -> (Self, watch::Receiver<Option<Instant>>) {
        let (until, follows) = watch::channel(None);
        // The Lease itself is guarded by its version, not by having it.
        let writer = Writer::new(infra.clone(), infra.clone(), Fence::none(), sink.clone());
        let candidate = Self {
            writer,
            lease,
            identity,
            now,
            sink,
            until,
            seen: None,
            told: None,
        };
        (candidate, follows)
    }

    /// Until it is dropped.
    pub(super) async fn run(mut self) {
        loop {
            let begun = Instant::now();
            let leader = self.step().await.unwrap_or_else(|error| {
                tracing::warn!("lease {}: {error:#}", self.lease.name);
                Leader::Unknown
            });
            let (part, whole) = STOP;
            let until = match leader {
                Leader::Us => Some(begun + self.lease.lasts * part / whole),
                Leader::Other(_) => None,
                // What we have lasts as long as it lasts.
                Leader::Unknown => self.until.borrow().filter(|until| *until > Instant::now()),
            };
            if until.is_none() || leader == Leader::Us {
                self.tell(leader);
            }
            self.until.send_replace(until);
            sleep(self.lease.lasts / RENEW).await;
        }
    }

    fn tell(&mut self, leader: Leader) {
        if self.told.as_ref() != Some(&leader) {
            (self.sink)(&Seen::Leads(&leader));
            self.told = Some(leader);
        }
    }

    /// Takes the Lease or renews it, if that can be. Whose it is afterwards.
    async fn step(&mut self) -> Result<Leader> {
        let found = match self.writer.get(Cluster::Infra, &self.path()).await {
            Ok(found) => found,
            Err(refused) if refused.is_gone() => return self.create().await,
            Err(refused) => bail!("reading it: {refused}"),
        };
        let mut lease: Value = serde_json::from_slice(&found).context("reading it")?;
        let holder = lease["spec"]["holderIdentity"].as_str().unwrap_or_default();
        if holder != self.identity && !self.is_abandoned(&lease, holder) {
            return Ok(Leader::Other(holder.to_owned()));
        }
        let taken = holder != self.identity;
        let now = rfc3339_micros((self.now)());
        let spec = &mut lease["spec"];
        if taken {
            let transitions = spec["leaseTransitions"].as_i64().unwrap_or_default();
            spec["leaseTransitions"] = json!(transitions + 1);
            spec["acquireTime"] = json!(now);
        }
        spec["holderIdentity"] = json!(self.identity);
        spec["leaseDurationSeconds"] = json!(self.seconds());
        spec["renewTime"] = json!(now);
        let put = self.writer.put(Cluster::Infra, &self.path(), &lease).await;
        won(put)
    }

    fn is_abandoned(&mut self, lease: &Value, holder: &str) -> bool {
        let version = lease["metadata"]["resourceVersion"].as_str();
        let version = version.unwrap_or_default().to_owned();
        let known = self.seen.take().filter(|(known, _)| *known == version);
        let (_, since) = self
            .seen
            .insert(known.unwrap_or_else(|| (version, Instant::now())));
        let lasts = lease["spec"]["leaseDurationSeconds"].as_u64();
        let lasts = lasts.map_or(self.lease.lasts, Duration::from_secs);
        holder.is_empty() || since.elapsed() >= lasts
    }

    async fn create(&self) -> Result<Leader> {
        let now = rfc3339_micros((self.now)());
        let lease = json!({
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": self.lease.name, "namespace": self.lease.namespace},
            "spec": {
                "holderIdentity": self.identity,
                "leaseDurationSeconds": self.seconds(),
                "acquireTime": now,
                "renewTime": now,
                "leaseTransitions": 0,
            },
        });
        let path = collection(&self.lease.namespace);
        won(self.writer.post(Cluster::Infra, &path, &lease).await)
    }

    fn seconds(&self) -> u64 {
        self.lease.lasts.as_secs().max(1)
    }

    fn path(&self) -> String {
        path(&self.lease)
    }
}

/// Whether the Lease is still ours, asked before several writes that belong together.
pub(super) async fn is_ours(writer: &Writer, lease: &Lease, identity: &str) -> bool {
    let found = writer.get(Cluster::Infra, &path(lease)).await;
    let found: Option<Value> = found.ok().and_then(|b| serde_json::from_slice(&b).ok());
    found.is_some_and(|lease| lease["spec"]["holderIdentity"] == identity)
}

/// Lets go of it, so that the next one need not wait.
pub(super) async fn release(writer: &Writer, lease: &Lease, identity: &str) {
    let path = path(lease);
    let Ok(found) = writer.get(Cluster::Infra, &path).await else {
        return;
    };
    let Ok(mut found) = serde_json::from_slice::<Value>(&found) else {
        return;
    };
    if found["spec"]["holderIdentity"] == identity {
        found["spec"]["holderIdentity"] = json!("");
        drop(writer.put(Cluster::Infra, &path, &found).await);
    }
}

/// Somebody else was faster: no error. The next step finds out who.
fn won(answer: Result<Bytes, Refused>) -> Result<Leader> {
    match answer {
        Ok(_) => Ok(Leader::Us),
        Err(refused) if refused.is_conflict() => Ok(Leader::Other("another process".to_owned())),
        Err(refused) => bail!("writing it: {refused}"),
    }
}

fn collection(namespace: &str) -> String {
    format!("/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases")
}

fn path(lease: &Lease) -> String {
    format!("{}/{}", collection(&lease.namespace), lease.name)
}
