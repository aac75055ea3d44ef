//! Events are kept for an hour, as the real API server keeps them.

use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use serde::Deserialize;

use crate::sim::engine::{Cluster, Context, Controller, Item};
use crate::sim::registry::DeleteOptions;
use crate::sim::store::Change;

const TTL: Duration = Duration::from_hours(1);

/// Deletes old Events.
#[derive(Debug, Default)]
pub(super) struct EventTtlController;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    metadata: Metadata,
    /// It is written again when the event is counted up.
    last_timestamp: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    creation_timestamp: Timestamp,
}

impl Controller for EventTtlController {
    fn name(&self) -> &'static str {
        "event-ttl-controller"
    }

    fn changed(&mut self, cluster: Cluster, change: &Change, context: &mut Context) {
        let item = Item {
            cluster,
            key: change.key.clone(),
        };
        if item.is("events") && change.before.is_none() {
            context.enqueue_after(item, TTL);
        }
    }

    fn reconcile(&mut self, item: &Item, context: &mut Context) -> Result<()> {
        let Some(event) = context.read::<Event>(item)? else {
            return Ok(());
        };
        let last = event
            .last_timestamp
            .unwrap_or(event.metadata.creation_timestamp);
        let age = context.now().duration_since(last);
        let left = TTL.saturating_sub(Duration::try_from(age).unwrap_or_default());
        if !left.is_zero() {
            context.enqueue_after(item.clone(), left);
            return Ok(());
        }
        context.delete(item, &DeleteOptions::default())
    }
}
