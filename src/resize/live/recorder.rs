//! Keeps the log and the metrics, beside the loop: it only hands over what it sees.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use anyhow::{Context, Result};
use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;

use super::super::decision::Decision;
use super::super::history::{self, Act, Change, Decided, Entry, Start, View};
use super::log::{LARGEST, Log};
use super::metrics::Metrics;
use super::{Leader, Options, Seen, Sink, endpoint};

/// What is recorded, and where to.
#[derive(Debug)]
pub struct Recorder {
    /// Nothing while it ends.
    sender: Option<Sender<Told>>,
    writer: Option<JoinHandle<()>>,
    metrics: Arc<Mutex<Metrics>>,
}

/// What was seen, to keep.
#[derive(Debug)]
enum Told {
    Change(Change, Vec<u8>),
    Decision(Box<Decided>),
    Act(Act),
    Request(String, String, u16),
    Leads(bool),
}

impl Recorder {
    /// With the path of a log if there is to be one; it is opened at once.
    pub fn new(options: &Options, log: Option<PathBuf>) -> Result<Self> {
        let start = Start {
            at: (options.now)(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            cluster: options.cluster.clone(),
            policy: options.policy.clone(),
            prices: options.prices.clone(),
            midway: false,
        };
        let view = View::new(start.prices.clone());
        let log = log.map(|path| Log::open(&path, LARGEST, start));
        let metrics = Arc::new(Mutex::new(Metrics::new(view)));
        let (sender, receiver) = channel();
        let writer = Writer {
            log: log.transpose()?,
            metrics: metrics.clone(),
        };
        let thread = std::thread::Builder::new().name("resize-log".to_owned());
        let writer = thread.spawn(move || writer.run(&receiver));
        Ok(Self {
            sender: Some(sender),
            writer: Some(writer.context("starting the thread that writes the log")?),
            metrics,
        })
    }

    /// Where the loop tells what it sees. It never waits.
    pub fn sink(&self) -> Sink {
        let sender = self.sender.clone();
        Arc::new(move |seen| {
            if let Some(sender) = &sender {
                // Without the writer there is nothing to record to, and the loop goes on.
                drop(sender.send(told(seen)));
            }
        })
    }

    /// Answers `GET /metrics` and `/healthz` there until it is cancelled.
    pub async fn serve(&self, address: SocketAddr, cancel: CancellationToken) -> Result<()> {
        endpoint::serve(address, self.metrics.clone(), cancel).await
    }

    /// Waits until everything is written. All sinks must be gone.
    pub fn finish(mut self) {
        self.sender = None;
        if let Some(writer) = self.writer.take() {
            drop(writer.join());
        }
    }
}

fn told(seen: &Seen) -> Told {
    match *seen {
        Seen::Change {
            at,
            cluster,
            resource,
            namespace,
            name,
            json,
        } => {
            let change = Change {
                at,
                cluster,
                resource: resource.to_owned(),
                namespace: namespace.to_owned(),
                name: name.to_owned(),
                object: None,
            };
            Told::Change(change, json.unwrap_or_default().to_vec())
        }
        Seen::Decision { at, decision, took } => Told::Decision(Box::new(Decided {
            at,
            decision: Decision::clone(decision),
            took,
        })),
        Seen::Act { at, what, result } => Told::Act(Act {
            at,
            what: what.to_owned(),
            result: result.clone(),
        }),
        Seen::Request {
            verb,
            resource,
            code,
        } => Told::Request(verb.to_owned(), resource.to_owned(), code),
        Seen::Leads(leader) => Told::Leads(*leader == Leader::Us),
    }
}

/// The other end.
struct Writer {
    log: Option<Log>,
    metrics: Arc<Mutex<Metrics>>,
}

impl Writer {
    fn run(mut self, receiver: &Receiver<Told>) {
        loop {
            let told = match receiver.try_recv() {
                Ok(told) => told,
                Err(TryRecvError::Disconnected) => break,
                Err(TryRecvError::Empty) => {
                    self.write(Log::flush);
                    match receiver.recv() {
                        Ok(told) => told,
                        Err(_) => break,
                    }
                }
            };
            self.take(told);
        }
        self.write(Log::flush);
    }

    fn take(&mut self, told: Told) {
        match told {
            Told::Change(change, json) => self.change(change, &json),
            Told::Decision(decided) => {
                self.count(|metrics| metrics.decision(&decided.decision, decided.took));
                self.write(|log| log.decision(*decided));
            }
            Told::Act(act) => {
                self.count(|metrics| metrics.act(act.result.is_ok()));
                self.write(|log| log.entry(&Entry::Act(act)));
            }
            Told::Request(verb, resource, code) => {
                self.count(|metrics| metrics.request(&verb, &resource, code));
            }
            Told::Leads(leads) => self.count(|metrics| metrics.leads(leads)),
        }
    }

    /// Without bytes, the object is gone.
    fn change(&mut self, mut change: Change, json: &[u8]) {
        let there = Some(json).filter(|json| !json.is_empty());
        self.count(|metrics| {
            let Change {
                at,
                resource,
                namespace,
                name,
                ..
            } = &change;
            metrics.change(*at, resource, namespace, name, there);
        });
        if self.log.is_none() {
            return;
        }
        match there
            .map(|json| trimmed(&change.resource, json))
            .transpose()
        {
            Ok(object) => change.object = object,
            Err(error) => {
                tracing::warn!(
                    "{}/{} is not logged: {error:#}",
                    change.namespace,
                    change.name
                );
                return;
            }
        }
        self.write(|log| log.change(change));
    }

    fn count(&self, how: impl FnOnce(&mut Metrics)) {
        how(&mut self.metrics.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// A log that cannot be written, on a full disk for instance, must not stop the loop.
    fn write(&mut self, how: impl FnOnce(&mut Log) -> Result<()>) {
        let Some(log) = &mut self.log else {
            return;
        };
        if let Err(error) = how(log) {
            tracing::error!("nothing is logged any more: {error:#}");
            self.log = None;
            self.count(Metrics::log_failed);
        }
    }
}

fn trimmed(resource: &str, json: &[u8]) -> Result<Box<RawValue>> {
    let json = String::from_utf8(history::trim(resource, json)?)?;
    Ok(RawValue::from_string(json)?)
}

#[cfg(test)]
mod tests;
