//! Event, decision, act; as fast as they come.
//!
//! Whatever is written comes back to the model at once, from the answer to the write: the next decision knows of it even
//! if the watch is slower. Growth is written in the cycle itself, because it takes milliseconds; drains are tasks of
//! their own, so that growth never waits for them.

mod acts;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use anyhow::{Result, bail};
use jiff::Timestamp;
use serde::Deserialize;
use tokio::sync::mpsc::{self, Receiver};
use tokio::sync::watch as channel;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::super::decision::Decision;
use super::super::model::{Cluster, Model};
use super::announce::Announcer;
use super::drain::Outcome;
use super::lease::{self, Candidate};
use super::pauses::Pauses;
use super::watch::{self, News, What};
use super::writer::{Fence, Writer};
use super::{Options, Seen};
use crate::tools::kube::Client;

/// News that may wait for the cycle.
const QUEUE: usize = 10_000;

/// News that are taken in before a decision is made, at most.
const AT_ONCE: usize = 20_000;

/// Both clusters must be read within this time at the start.
const READ_WITHIN: Duration = Duration::from_mins(5);

/// All pods that were there are new to the model at the start: after this it no longer waits for more of the same burst.
const AFTER_READING: Duration = Duration::from_millis(150);

/// Drains have so long to take their marks back when everything ends.
const END_WITHIN: Duration = Duration::from_secs(10);

/// A node that could not be emptied is left alone for so long.
const DRAIN_PAUSE: Duration = Duration::from_mins(1);

pub(super) struct Cycle {
    options: Options,
    cancel: CancellationToken,
    model: Model,
    writer: Writer,
    news: Receiver<News>,
    /// Resources of which not everything is known, and why.
    incomplete: BTreeMap<(Cluster, &'static str), String>,
    /// The newest version known of each Cluster API object and node: an older one that comes late is passed over.
    versions: HashMap<(Cluster, String, String), u64>,
    leads: channel::Receiver<Option<Instant>>,
    drains: JoinSet<Outcome>,
    /// Nodes that are being drained, or whose marks are being taken back.
    busy: BTreeSet<String>,
    pauses: Pauses,
    announcer: Announcer,
    /// Events that are being written, and all that only ends with the cycle.
    background: JoinSet<()>,
    changed: bool,
    again: Option<Instant>,
}

impl Cycle {
    pub(super) fn new(
        infra: Client,
        app: Client,
        options: Options,
        cancel: CancellationToken,
    ) -> Self {
        let mut background = JoinSet::new();
        let (news, receiver) = mpsc::channel(QUEUE);
        let incomplete = watch::start(&mut background, &infra, &app, &options, &news);
        let (fence, leads) = fence(&infra, &options, &mut background);
        let writer = Writer::new(infra, app, fence, options.sink.clone());
        Self {
            model: Model::new(options.prices.clone()),
            writer,
            news: receiver,
            incomplete,
            versions: HashMap::new(),
            leads,
            drains: JoinSet::new(),
            busy: BTreeSet::new(),
            pauses: Pauses::default(),
            announcer: Announcer::default(),
            background,
            changed: true,
            again: None,
            options,
            cancel,
        }
    }

    pub(super) async fn run(mut self) -> Result<()> {
        while self.wait().await {
            if self.incomplete.is_empty() && self.writer.leads() && self.changed {
                self.changed = false;
                let decision = self.decide();
                self.act(&decision).await;
            }
        }
        self.end().await;
        Ok(())
    }

    pub(super) async fn decide_once(mut self) -> Result<(Model, Decision)> {
        let read = async {
            while !self.incomplete.is_empty() {
                match self.news.recv().await {
                    Some(news) => self.take_in(news),
                    None => bail!("the watches have ended"),
                }
            }
            Ok(())
        };
        let Ok(read) = timeout(READ_WITHIN, read).await else {
            let first = self.incomplete.first_key_value();
            let (resource, why) = first.map_or(("", ""), |((_, name), why)| (name, why.as_str()));
            bail!("reading both clusters takes too long; {resource}: {why}");
        };
        read?;
        sleep(AFTER_READING).await;
        let decision = self.decide();
        Ok((self.model, decision))
    }

    /// Until something happens; false if that is the end.
    async fn wait(&mut self) -> bool {
        let timer = self.again.into_iter().chain(self.pauses.next()).min();
        let timer = async {
            match timer {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => return false,
            news = self.news.recv() => match news {
                Some(news) => self.take_in_all(news),
                None => return false,
            },
            Some(drained) = self.drains.join_next() => {
                if let Ok(outcome) = drained {
                    self.drained(outcome);
                }
            }
            changed = self.leads.changed() => {
                self.changed = true;
                // Without a lease nobody ever says anything.
                if changed.is_err() {
                    return false;
                }
            }
            () = timer => {
                self.again = None;
                self.changed = true;
            }
        }
        while self.background.try_join_next().is_some() {}
        true
    }

    fn take_in_all(&mut self, first: News) {
        self.take_in(first);
        for _ in 0..AT_ONCE {
            match self.news.try_recv() {
                Ok(news) => self.take_in(news),
                Err(_) => break,
            }
        }
    }

    fn take_in(&mut self, news: News) {
        let source = (news.cluster, news.resource);
        match news.what {
            What::Object {
                namespace,
                name,
                json,
            } => self.tell(source, &namespace, &name, json.as_deref()),
            What::Complete => self.changed |= self.incomplete.remove(&source).is_some(),
            What::Lost(why) => {
                self.said(&format!("watch {}", news.resource), &Err(why.clone()));
                self.incomplete.insert(source, why);
            }
        }
    }

    /// Tells the model of an object as the API has it.
    fn tell(
        &mut self,
        (cluster, resource): (Cluster, &str),
        namespace: &str,
        name: &str,
        json: Option<&[u8]>,
    ) {
        if self.is_stale((cluster, resource), name, json) {
            return;
        }
        let at = (self.options.now)();
        (self.options.sink)(&Seen::Change {
            at,
            cluster,
            resource,
            namespace,
            name,
            json,
        });
        match self
            .model
            .apply(at, cluster, resource, namespace, name, json)
        {
            Ok(changed) => self.changed |= changed,
            Err(error) => {
                tracing::warn!("{error:#}");
                self.said(
                    &format!("{resource} {namespace}/{name}"),
                    &Err(format!("{error:#}")),
                );
            }
        }
    }

    /// Versions of one API server are numbers that go up. A deletion has none and always counts.
    fn is_stale(
        &mut self,
        (cluster, resource): (Cluster, &str),
        name: &str,
        json: Option<&[u8]>,
    ) -> bool {
        if cluster == Cluster::App && resource != "nodes" {
            return false;
        }
        let id = (cluster, resource.to_owned(), name.to_owned());
        let Some(version) = json.and_then(version) else {
            self.versions.remove(&id);
            return false;
        };
        let known = self.versions.entry(id).or_default();
        let stale = version < *known;
        *known = version.max(*known);
        stale
    }

    fn decide(&mut self) -> Decision {
        let at = (self.options.now)();
        let begun = std::time::Instant::now();
        let decision = self.model.decide(&self.options.policy, at);
        (self.options.sink)(&Seen::Decision {
            at,
            decision: &decision,
            took: begun.elapsed(),
        });
        self.again = decision.again.map(|again| self.instant(again));
        decision
    }

    fn instant(&self, at: Timestamp) -> Instant {
        let wait = Duration::try_from(at.duration_since((self.options.now)()));
        let wait = wait.unwrap_or_default().max(Duration::from_millis(1));
        Instant::now() + wait.min(Duration::from_hours(24))
    }

    fn said(&self, what: &str, result: &Result<String, String>) {
        (self.options.sink)(&Seen::Act {
            at: (self.options.now)(),
            what,
            result,
        });
    }

    fn drained(&mut self, outcome: Outcome) {
        for (node, result) in outcome.nodes {
            self.busy.remove(&node);
            match &result {
                Ok(_) => self.pauses.succeeded(&node),
                Err(_) => self.pauses.failed(&node, DRAIN_PAUSE),
            }
            self.said(&format!("node {node}"), &result);
        }
        self.changed = true;
    }

    /// Drains have seen that it is over and take their marks back.
    async fn end(mut self) {
        let drains = async {
            while let Some(drained) = self.drains.join_next().await {
                if let Ok(outcome) = drained {
                    for (node, result) in outcome.nodes {
                        self.said(&format!("node {node}"), &result);
                    }
                }
            }
        };
        if timeout(END_WITHIN, drains).await.is_err() {
            tracing::warn!("nodes are left cordoned: the next start takes that back");
        }
        let taints = async {
            if self.writer.leads() {
                self.leave_no_taint().await;
            }
        };
        if timeout(END_WITHIN, taints).await.is_err() {
            tracing::warn!("nodes are left tainted: the next start takes that back");
        }
        if let Some(lease) = self.options.lease.as_ref().filter(|_| self.writer.leads()) {
            self.background.shutdown().await;
            lease::release(&self.writer, lease, &self.options.identity).await;
        }
    }
}

/// What guards the writes, and says when that changes.
fn fence(
    infra: &Client,
    options: &Options,
    background: &mut JoinSet<()>,
) -> (Fence, channel::Receiver<Option<Instant>>) {
    let Some(lease) = options.lease.clone() else {
        let (sender, receiver) = channel::channel(None);
        background.spawn(async move {
            let _kept: channel::Sender<_> = sender;
            std::future::pending::<()>().await;
        });
        return (Fence::none(), receiver);
    };
    let (candidate, follows) = Candidate::new(
        infra,
        lease,
        options.identity.clone(),
        options.now.clone(),
        options.sink.clone(),
    );
    background.spawn(candidate.run());
    (Fence::new(follows.clone()), follows)
}

fn version(json: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    struct Versioned {
        metadata: Meta,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Meta {
        resource_version: String,
    }
    let object: Versioned = serde_json::from_slice(json).ok()?;
    object.metadata.resource_version.parse().ok()
}
