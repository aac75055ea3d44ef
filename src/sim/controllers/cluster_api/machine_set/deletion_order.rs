//! Which machines go first. Pure.

use anyhow::{Result, bail};
use jiff::Timestamp;

use super::super::machines::Machine;

/// Puts a machine before all others that have to go.
const DELETE_MACHINE: &str = "cluster.x-k8s.io/delete-machine";

/// `spec.deletion.order`. `Random` is the order of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Random,
    Newest,
    Oldest,
}

impl Order {
    pub(super) fn of(order: &str) -> Result<Self> {
        Ok(match order {
            "" | "Random" => Self::Random,
            "Newest" => Self::Newest,
            "Oldest" => Self::Oldest,
            other => bail!(
                "Unsupported deletion order {other}. Must be one of 'Random', 'Newest', or 'Oldest'"
            ),
        })
    }

    /// The first `count` machines to go: those that go already, those that are marked, the unhealthy ones, then by age.
    pub(super) fn first(self, machines: &[Machine], count: usize, now: Timestamp) -> Vec<&Machine> {
        let mut sorted: Vec<&Machine> = machines.iter().collect();
        sorted.sort_by(|a, b| {
            let rank = |machine: &Machine| self.rank(machine, now);
            rank(a).cmp(&rank(b)).then_with(|| a.name().cmp(b.name()))
        });
        sorted.truncate(count);
        sorted
    }

    /// Smaller goes first.
    fn rank(self, machine: &Machine, now: Timestamp) -> (u8, i64) {
        if machine.is_deleting() {
            return (0, 0);
        }
        if machine.has_annotation(DELETE_MACHINE) {
            return (1, 0);
        }
        if !machine.is_worth_keeping() {
            return (2, 0);
        }
        let created = machine.metadata.creation_timestamp.parse::<Timestamp>();
        let age = created.map_or(0, |created| now.duration_since(created).as_secs());
        match self {
            Self::Random => (3, 0),
            Self::Newest => (3, age),
            Self::Oldest => (3, -age),
        }
    }
}
