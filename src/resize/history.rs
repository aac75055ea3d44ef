//! The log of what was seen and decided, played back or drawn. Pure.
//!
//! One JSON object a line ([`Entry`]). Objects are [trimmed](trim) to what the [model](super::model) reads, so that the
//! log of a large cluster stays small and holds no environment variables. [`replay`](fn@replay) tells a fresh model the
//! same changes at the same times and compares its decisions; [`report`](fn@report) draws the log as one HTML page.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::decision::Decision;
use super::model::Cluster;
use super::policy::Policy;
use super::prices::PriceList;

mod difference;
mod read;
mod replay;
mod report;
mod trim;
mod view;

pub use read::Entries;
pub use replay::{Difference, Replay, replay};
pub use report::report;
pub use trim::trim;
pub use view::{CONTROL_PLANE, Machines, View};

#[cfg(test)]
mod tests;

/// A line of the log.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Entry {
    Start(Start),
    Change(Change),
    Decision(Decided),
    Act(Act),
}

/// The loop begins, and knows nothing yet: everything that is there follows as changes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Start {
    pub at: Timestamp,
    /// Of bex-infra.
    pub version: String,
    /// The app cluster's Cluster object.
    pub cluster: String,
    pub policy: Policy,
    pub prices: PriceList,
    /// The log was begun anew for its size, under way: what was learned before is missing.
    #[serde(default)]
    pub midway: bool,
}

/// An object, or its deletion, as the model was told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Change {
    pub at: Timestamp,
    pub cluster: Cluster,
    /// Plural and group: `pods`, `machinedeployments.cluster.x-k8s.io`.
    pub resource: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    pub name: String,
    /// Trimmed; null if it is gone.
    pub object: Option<Box<RawValue>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decided {
    pub at: Timestamp,
    pub decision: Decision,
    /// How long it took to decide.
    #[serde(default)]
    pub took: Duration,
}

/// The decision was the same as the one before. Readers of the log get it as a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Same {
    pub at: Timestamp,
    #[serde(default)]
    pub took: Duration,
}

/// A write or a sentence about one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    pub at: Timestamp,
    pub what: String,
    pub result: Result<String, String>,
}

impl Same {
    /// As a line, with its end.
    pub fn line(&self) -> serde_json::Result<String> {
        Ok(format!("{{\"same\":{}}}\n", serde_json::to_string(self)?))
    }
}

impl Entry {
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Start(start) => start.at,
            Self::Change(change) => change.at,
            Self::Decision(decided) => decided.at,
            Self::Act(act) => act.at,
        }
    }

    /// As a line, with its end.
    pub fn line(&self) -> serde_json::Result<String> {
        let mut line = serde_json::to_string(self)?;
        line.push('\n');
        Ok(line)
    }
}
