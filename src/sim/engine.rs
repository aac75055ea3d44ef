//! The queue and the clock that drive the controllers of both clusters.
//!
//! One loop, no threads: changes come in the order of their revisions (the infra cluster's first), keys are reconciled
//! in the order in which they were queued, timers fire in the order of their times. So the same seed gives the same
//! trace, byte for byte. (With tokio's clock paused from the start of the runtime: its timers have whole milliseconds.)
//!
//! Controllers take turns. A turn is what was queued when it began: a controller that queues its own objects again and
//! again does not keep the others from theirs, and what came in many pieces is looked at once. Before each object all
//! changes so far are taken in, so that controllers never act on an old view and need no expectations.

pub mod access;
mod changes;
mod context;
mod events;
mod laps;
mod queue;
mod retries;
mod timers;
mod trace;

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use super::clock::Clock;
use super::registry::Registry;
use super::scenario::Scenario;
use super::store::{Change, Key};

use changes::Changes;
pub use context::Context;
pub use events::About;
use laps::Laps;
use queue::Queue;
use retries::Retries;
use timers::Timers;
pub use trace::Sink;
use trace::Trace;

/// Turns before [`Engine::run`] lets others have the thread.
const TURNS_IN_A_ROW: usize = 100;

/// Which of the two clusters something is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cluster {
    /// Cluster API's objects.
    Infra,
    /// Nodes and pods.
    App,
}

/// An object of one of the clusters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Item {
    pub cluster: Cluster,
    pub key: Key,
}

impl Item {
    pub fn new(cluster: Cluster, resource: &str, namespace: &str, name: &str) -> Self {
        let key = Key {
            resource: resource.into(),
            namespace: namespace.into(),
            name: name.into(),
        };
        Self { cluster, key }
    }

    /// An object of another resource or name in the same namespace.
    #[must_use]
    pub fn beside(&self, resource: &str, name: &str) -> Self {
        Self::new(self.cluster, resource, &self.key.namespace, name)
    }

    /// Another object of the same cluster.
    #[must_use]
    pub fn with(&self, key: Key) -> Self {
        let cluster = self.cluster;
        Self { cluster, key }
    }

    pub fn is(&self, resource: &str) -> bool {
        &*self.key.resource == resource
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cluster = match self.cluster {
            Cluster::Infra => "infra",
            Cluster::App => "app",
        };
        let Key {
            resource,
            namespace,
            name,
        } = &self.key;
        write!(f, "{cluster} {resource} {namespace}/{name}")
    }
}

/// A piece of cluster behaviour: told of every change, it queues what is to be looked at; then it looks at one object
/// at a time and brings it one step nearer to what it should be.
pub trait Controller: Send {
    /// `deployment-controller`: in traces and as field manager.
    fn name(&self) -> &'static str;

    /// A change of any object: keep what has to be remembered, queue what has to be looked at. After a start, every
    /// object comes once as a creation.
    fn changed(&mut self, cluster: Cluster, change: &Change, context: &mut Context);

    /// Looks at one object. Can be repeated at any time; a failed one is repeated after a pause that grows.
    fn reconcile(&mut self, item: &Item, context: &mut Context) -> anyhow::Result<()>;
}

/// A controller by its place among all.
type Slot = usize;

/// A controller and what waits for it.
struct Driven {
    controller: Box<dyn Controller>,
    queue: Queue,
}

/// Drives controllers.
pub struct Engine {
    context: Context,
    changes: Changes,
    driven: Vec<Driven>,
    /// Whose turn it is, and how many objects are left of it.
    turn: (Slot, usize),
    timers: Timers,
    retries: Retries,
    laps: Laps,
    trace: Trace,
}

impl Engine {
    pub fn new(
        infra: Registry,
        app: Registry,
        clock: Clock,
        scenario: Scenario,
        controllers: Vec<Box<dyn Controller>>,
    ) -> Self {
        let driven = controllers.into_iter().map(|controller| Driven {
            controller,
            queue: Queue::default(),
        });
        Self {
            context: Context::new(infra, app, clock, scenario),
            changes: Changes::default(),
            driven: driven.collect(),
            turn: (0, 0),
            timers: Timers::default(),
            retries: Retries::default(),
            laps: Laps::default(),
            trace: Trace::default(),
        }
    }

    /// Shows every turn to `sink`: milliseconds, controller, object, outcome.
    pub fn follow(&mut self, sink: Sink) {
        self.trace.follow(sink);
    }

    /// SHA-256 over all turns so far.
    pub fn trace_hash(&self) -> String {
        self.trace.hash()
    }

    /// Takes in changes and empties the queue, without letting time go by. Returns when the next timer is due.
    pub fn run_until_idle(&mut self) -> Option<Instant> {
        while self.step() {}
        self.timers.next()
    }

    /// Runs until the token is cancelled. With tokio's clock paused, time jumps from timer to timer.
    pub async fn run(&mut self, cancel: tokio_util::sync::CancellationToken) {
        while !cancel.is_cancelled() {
            if (0..TURNS_IN_A_ROW).all(|_| self.step()) {
                tokio::task::yield_now().await;
                continue;
            }
            let next = self.timers.next();
            let timer = async {
                match next {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = cancel.cancelled() => {}
                () = self.changes.wait() => {}
                () = timer => {}
            }
        }
    }

    /// Looks at one object; false if there is nothing to look at now.
    fn step(&mut self) -> bool {
        self.take_in();
        let Some(item) = self.next() else {
            return false;
        };
        let slot = self.turn.0;
        let outcome = self.reconcile(slot, &item);
        let time = self.context.clock.elapsed();
        let name = self.driven[slot].controller.name();
        self.trace.turn(time, name, &item, &outcome);
        true
    }

    /// The next object of the controller whose turn it is, or of the first after it that has one.
    fn next(&mut self) -> Option<Item> {
        for _ in 0..=self.driven.len() {
            if self.turn.1 > 0 {
                self.turn.1 -= 1;
                return self.driven[self.turn.0].queue.take();
            }
            self.fire();
            let slot = (self.turn.0 + 1) % self.driven.len().max(1);
            self.turn = (
                slot,
                self.driven.get(slot).map_or(0, |next| next.queue.len()),
            );
        }
        None
    }

    /// Queues what timers have become due for.
    fn fire(&mut self) {
        let now = Instant::now();
        while let Some((slot, item)) = self.timers.due(now) {
            self.driven[slot].queue.add(item);
        }
    }

    /// Tells every controller of every change since the last time.
    fn take_in(&mut self) {
        for (cluster, change) in self.changes.take(&self.context) {
            self.context.pods.changed(cluster, &change);
            for slot in 0..self.driven.len() {
                let controller = &mut self.driven[slot].controller;
                self.context.speaks_for(controller.name());
                controller.changed(cluster, &change, &mut self.context);
                self.enqueue(slot);
            }
        }
    }

    /// A turn, and what came of it. An endless object has none: it waits, or no time would ever go by.
    fn reconcile(&mut self, slot: Slot, item: &Item) -> String {
        let controller = &mut self.driven[slot].controller;
        let name = controller.name();
        if self.laps.endless(self.context.clock.elapsed(), slot, item) {
            tracing::error!("{name} looks at {item} again and again, without an end");
            return self.put_off(slot, item, "endless");
        }
        self.context.speaks_for(name);
        let result = controller.reconcile(item, &mut self.context);
        self.enqueue(slot);
        match result {
            Ok(()) => {
                self.retries.succeeded(slot, item);
                self.context.revisions()
            }
            Err(error) => {
                tracing::debug!("{name}: {item}: {error:#}");
                self.put_off(slot, item, &format!("{error:#}"))
            }
        }
    }

    fn put_off(&mut self, slot: Slot, item: &Item, why: &str) -> String {
        let pause = self.retries.failed(slot, item, self.context.scenario.seed);
        self.timers.add(Instant::now() + pause, slot, item.clone());
        format!("again in {} ms: {why}", pause.as_millis())
    }

    /// Takes what a controller queued while it had the word.
    fn enqueue(&mut self, slot: Slot) {
        for (item, pause) in self.context.queued() {
            if pause == Duration::ZERO {
                self.driven[slot].queue.add(item);
            } else {
                self.timers.add(Instant::now() + pause, slot, item);
            }
        }
    }
}

#[cfg(test)]
mod tests;
