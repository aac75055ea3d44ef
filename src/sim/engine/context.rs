//! What a controller works with.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::events::Recorder;
use super::{Cluster, Item};
use crate::sim::clock::Clock;
use crate::sim::pods::Pods;
use crate::sim::random::Random;
use crate::sim::registry::Registry;
use crate::sim::scenario::Scenario;

/// The clusters, the time, and what all controllers share.
#[derive(Debug)]
pub struct Context {
    pub infra: Registry,
    pub app: Registry,
    pub clock: Clock,
    pub scenario: Arc<Scenario>,
    /// The pods of both clusters in brief; as new as the last change that controllers were told of.
    pub pods: Pods,
    /// The controller at hand.
    controller: &'static str,
    queued: Vec<(Item, Duration)>,
    pub(super) recorder: Recorder,
}

impl Context {
    pub(super) fn new(infra: Registry, app: Registry, clock: Clock, scenario: Scenario) -> Self {
        Self {
            infra,
            app,
            clock,
            scenario: Arc::new(scenario),
            pods: Pods::default(),
            controller: "",
            queued: Vec::new(),
            recorder: Recorder::default(),
        }
    }

    pub fn registry(&self, cluster: Cluster) -> &Registry {
        match cluster {
            Cluster::Infra => &self.infra,
            Cluster::App => &self.app,
        }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The name of the controller at hand.
    pub fn controller(&self) -> &'static str {
        self.controller
    }

    /// Queues an object for the controller at hand; once, however often it is queued before its turn.
    pub fn enqueue(&mut self, item: Item) {
        self.enqueue_after(item, Duration::ZERO);
    }

    /// The same after a pause. Of several pauses for the same object the one that ends first counts.
    pub fn enqueue_after(&mut self, item: Item, pause: Duration) {
        self.queued.push((item, pause));
    }

    /// Random numbers of the controller at hand for this object: the same ones each time.
    pub fn random(&self, item: &Item) -> Random {
        Random::new(self.scenario.seed, &[self.controller, &item.to_string()])
    }

    pub(super) fn speaks_for(&mut self, controller: &'static str) {
        self.controller = controller;
    }

    pub(super) fn queued(&mut self) -> Vec<(Item, Duration)> {
        std::mem::take(&mut self.queued)
    }

    /// Revisions of both stores: what was done so far, in two numbers.
    pub(super) fn revisions(&self) -> String {
        let (infra, app) = (self.infra.store(), self.app.store());
        format!("{}/{}", infra.revision(), app.revision())
    }
}
