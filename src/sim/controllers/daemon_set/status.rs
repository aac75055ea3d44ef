//! The status of a `DaemonSet`: nodes by what runs on them.

use anyhow::Result;
use serde_json::{Value, json};

use super::{Item, Look, Place};
use crate::sim::engine::Context;
use crate::sim::registry::Subresource;

impl Look<'_> {
    pub(super) fn status(&self) -> Value {
        let wanted: Vec<&Place> = self.places.iter().filter(|place| place.wanted).collect();
        let oldest = wanted.iter().filter_map(|place| place.pods.first());
        let current: Vec<_> = oldest.map(|(_, pod)| *pod).collect();
        let available = current.iter().filter(|pod| self.is_available(pod)).count();
        let misscheduled = self
            .places
            .iter()
            .filter(|p| !p.wanted && !p.is_empty())
            .count();
        let mut status = json!({
            "observedGeneration": self.set.metadata.generation,
            "desiredNumberScheduled": wanted.len(),
            "currentNumberScheduled": current.len(),
            "numberMisscheduled": misscheduled,
            "numberReady": current.iter().filter(|pod| pod.ready).count(),
        });
        let rest = [
            (
                "updatedNumberScheduled",
                current.iter().filter(|pod| self.is_new(pod)).count(),
            ),
            ("numberAvailable", available),
            ("numberUnavailable", wanted.len() - available),
        ];
        for (name, count) in rest.into_iter().filter(|(_, count)| *count > 0) {
            status[name] = count.into();
        }
        status
    }
}

/// Some pods are ready but not yet for long enough.
pub(super) fn is_waiting(status: &Value) -> bool {
    status["numberReady"].as_u64() != Some(status["numberAvailable"].as_u64().unwrap_or(0))
}

pub(super) fn write(item: &Item, status: &Value, context: &Context) -> Result<()> {
    context.modify(item, Subresource::Status, |object| {
        object["status"] = status.clone();
    })?;
    Ok(())
}
