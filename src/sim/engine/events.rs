//! Events as controllers record them: repeated ones are counted up, and no object gets more than a few at a time.
//!
//! The limits are those of client-go: after 25 events about one object one more every five minutes. Without them a
//! `ReplicaSet` of thousands would write an Event for each pod.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Context, Item};
use crate::sim::registry::Subresource;
use crate::timestamp::rfc3339;

const BURST: f64 = 25.0;
const REFILL_SECONDS: f64 = 300.0;
/// Events that are remembered to be counted up.
const REMEMBERED: usize = 4096;

/// What an Event is about.
#[derive(Debug, Clone)]
pub struct About {
    pub item: Item,
    pub api_version: String,
    pub kind: String,
    pub uid: String,
}

#[derive(Debug, Default)]
pub(super) struct Recorder {
    /// Events by their text, in the order of their age.
    known: BTreeMap<u64, (String, Item)>,
    by_text: HashMap<String, u64>,
    /// How many more events about an object are allowed, as of when.
    budgets: HashMap<(Item, &'static str), (f64, Timestamp)>,
    recorded: u64,
}

impl Recorder {
    /// Takes one from the object's budget, if there is one left.
    fn permits(&mut self, about: &Item, source: &'static str, now: Timestamp) -> bool {
        let budget = self.budgets.entry((about.clone(), source));
        let (left, since) = budget.or_insert((BURST, now));
        let refill = (now.duration_since(*since).as_secs_f64() / REFILL_SECONDS).max(0.0);
        *left = BURST.min(*left + refill);
        *since = now;
        let permitted = *left >= 1.0;
        if permitted {
            *left -= 1.0;
        }
        permitted
    }

    fn remember(&mut self, text: String, event: Item) {
        self.recorded += 1;
        self.by_text.insert(text.clone(), self.recorded);
        self.known.insert(self.recorded, (text, event));
        if self.known.len() > REMEMBERED
            && let Some((_, (oldest, _))) = self.known.pop_first()
        {
            self.by_text.remove(&oldest);
        }
        if self.budgets.len() > 4 * REMEMBERED {
            self.budgets.clear();
        }
    }

    fn known(&self, text: &str) -> Option<&Item> {
        let (_, event) = self.known.get(self.by_text.get(text)?)?;
        Some(event)
    }
}

impl Context {
    /// Records an Event by the controller at hand. That it cannot be written is no reason to stop: what it tells of
    /// has happened.
    pub fn record(&mut self, about: &About, of: &str, reason: &str, message: &str) {
        let now = self.now();
        let source = self.controller();
        if !self.recorder.permits(&about.item, source, now) {
            return;
        }
        let text = format!("{} {source} {of} {reason} {message}", about.item);
        let known = self.recorder.known(&text).cloned();
        let again = known.is_some_and(|event| self.count_up(&event).is_ok_and(|found| found));
        if again {
            return;
        }
        match self.write_event(about, of, reason, message) {
            Ok(event) => self.recorder.remember(text, event),
            Err(error) => tracing::debug!("event about {}: {error:#}", about.item),
        }
    }

    /// False if the event is gone.
    fn count_up(&self, event: &Item) -> Result<bool> {
        let now = rfc3339(self.now());
        let counted = self.modify(event, Subresource::None, |event| {
            let count = event["count"].as_i64().unwrap_or(1) + 1;
            event["count"] = count.into();
            event["lastTimestamp"] = now.clone().into();
        })?;
        Ok(counted.is_some())
    }

    fn write_event(&self, about: &About, of: &str, reason: &str, message: &str) -> Result<Item> {
        let key = &about.item.key;
        let namespace = match &*key.namespace {
            "" => "default",
            own => own,
        };
        let instant = self.now().as_nanosecond() + i128::from(self.recorder.recorded);
        let name = format!("{}.{instant:x}", key.name);
        let event = Item::new(about.item.cluster, "events", namespace, &name);
        self.create(&event, self.event(about, &event, [of, reason, message]))?;
        Ok(event)
    }

    fn event(&self, about: &About, event: &Item, [of, reason, message]: [&str; 3]) -> Value {
        let now = rfc3339(self.now());
        let mut object = json!({
            "apiVersion": about.api_version,
            "kind": about.kind,
            "name": &*about.item.key.name,
            "uid": about.uid,
        });
        if !about.item.key.namespace.is_empty() {
            object["namespace"] = (*about.item.key.namespace).into();
        }
        json!({
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": &*event.key.name, "namespace": &*event.key.namespace},
            "involvedObject": object,
            "type": of,
            "reason": reason,
            "message": message,
            "source": {"component": self.controller()},
            "reportingComponent": self.controller(),
            "reportingInstance": "",
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        })
    }
}
