//! Machines: which node each became, which are on their way, and which will never come.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::objects::{self, DELETE_MACHINE, DEPLOYMENT_LABEL};
use crate::names::REMOVING_ANNOTATION;

/// Words of providers for a type that cannot be had now, in lower case.
const SOLD_OUT: [&str; 5] = [
    "resource_unavailable",
    "insufficientcapacity",
    "insufficient capacity",
    "out of capacity",
    "sold out",
];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Machine {
    pub group: String,
    /// Its MachineSet.
    pub set: String,
    /// The node that it is, once Cluster API has found it.
    pub node: String,
    pub provider_id: String,
    pub created: Timestamp,
    pub deleting: bool,
    /// It goes first when its group shrinks.
    pub marked: bool,
    /// We marked it.
    pub ours: bool,
    pub failure: Option<Failure>,
}

/// Why a machine does not come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub why: String,
    /// Another type or place may do.
    pub sold_out: bool,
}

impl Machine {
    pub(super) fn of(object: objects::Machine, now: Timestamp) -> Self {
        let meta = &object.metadata;
        let label = meta.labels.get(DEPLOYMENT_LABEL);
        Self {
            group: label.cloned().unwrap_or_default(),
            set: meta.owner("MachineSet").unwrap_or_default().to_owned(),
            created: meta.creation_timestamp.unwrap_or(now),
            deleting: meta.deletion_timestamp.is_some(),
            marked: meta.annotation(DELETE_MACHINE).is_some(),
            ours: meta.annotation(REMOVING_ANNOTATION).is_some(),
            failure: failure(&object.status),
            node: object.status.node_ref.name,
            provider_id: object.spec.provider_id,
        }
    }

    /// It stays, as far as anybody knows.
    pub(super) fn stays(&self) -> bool {
        !self.deleting && !self.marked
    }
}

fn failure(status: &objects::MachineStatus) -> Option<Failure> {
    let failure = &status.deprecated.v1beta1;
    if !failure.failure_reason.is_empty() || !failure.failure_message.is_empty() {
        let why = format!("{}: {}", failure.failure_reason, failure.failure_message);
        let sold_out = says_sold_out(&why);
        return Some(Failure { why, sold_out });
    }
    let mut waits = status
        .conditions
        .iter()
        .filter(|condition| condition.of == "InfrastructureReady" && condition.status != "True");
    waits.find_map(|condition| {
        let why = format!("{}: {}", condition.reason, condition.message);
        says_sold_out(&why).then_some(Failure {
            why,
            sold_out: true,
        })
    })
}

fn says_sold_out(text: &str) -> bool {
    let text = text.to_lowercase();
    SOLD_OUT.iter().any(|words| text.contains(words))
}

/// How long machines of a type took from their creation to a Ready node, the last ones of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Boots {
    seconds: BTreeMap<String, Vec<u64>>,
    /// Deadlines that an earlier process learned.
    remembered: BTreeMap<String, u64>,
}

/// With fewer than this nothing is known; with more than the other one, the oldest are forgotten.
const FEW: usize = 20;
const MANY: usize = 1000;

/// Fewer than one in two hundred takes longer than the deadline.
const QUANTILE: usize = 200;

/// No deadline is shorter: clocks differ, and times in the API are whole seconds.
const SHORTEST: u64 = 10;

impl Boots {
    pub(super) fn add(&mut self, machine_type: &str, seconds: u64) {
        let known = self.seconds.entry(machine_type.to_owned()).or_default();
        if known.len() >= MANY {
            known.remove(0);
        }
        known.push(seconds);
    }

    pub(super) fn remember(&mut self, machine_type: &str, deadline: u64) {
        let deadline = deadline.max(SHORTEST);
        self.remembered.insert(machine_type.to_owned(), deadline);
    }

    /// Seconds that a machine of the type may take, if enough of them have joined, now or in an earlier process.
    pub(super) fn deadline(&self, machine_type: &str) -> Option<u64> {
        let remembered = || self.remembered.get(machine_type).copied();
        self.learned(machine_type).or_else(remembered)
    }

    /// Until they are enough for the quantile itself, twice the longest.
    fn learned(&self, machine_type: &str) -> Option<u64> {
        let mut known = self.seconds.get(machine_type)?.clone();
        known.sort_unstable();
        let longest = *known.last().filter(|_| known.len() >= FEW)?;
        let deadline = if known.len() < QUANTILE {
            longest.saturating_mul(2)
        } else {
            known[known.len() - 1 - known.len() / QUANTILE]
        };
        Some(deadline.max(SHORTEST))
    }
}

#[cfg(test)]
mod tests;
