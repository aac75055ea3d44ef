//! How many nodes of a pool may go within a time.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::super::super::policy::Policy;
use super::super::Model;
use super::super::groups::Rung;
use super::super::time::{after, since, sooner};

/// So many removals of a group are remembered.
const MANY: usize = 1000;

/// When groups lost machines, the last time at the end.
#[derive(Debug, Default)]
pub(super) struct Losses {
    by_group: BTreeMap<String, Vec<Timestamp>>,
}

impl Losses {
    pub(super) fn add(&mut self, group: &str, machines: u32, now: Timestamp) {
        let known = self.by_group.entry(group.to_owned()).or_default();
        known.extend((0..machines).map(|_| now));
        known.drain(..known.len().saturating_sub(MANY));
    }

    fn of(&self, group: &str) -> &[Timestamp] {
        self.by_group.get(group).map_or(&[], Vec::as_slice)
    }
}

impl Model {
    /// How many nodes more of a pool may go, of which so many are on their way out. `again`: when there may be more.
    pub(super) fn budget_left(
        &self,
        policy: &Policy,
        now: Timestamp,
        rungs: &[Rung],
        leaving: u32,
        again: &mut Option<Timestamp>,
    ) -> u32 {
        let Some(budget) = policy.removal_budget else {
            return u32::MAX;
        };
        let times = rungs
            .iter()
            .flat_map(|(name, _)| self.removal.losses.of(name));
        let mut went = 0;
        for at in times.filter(|at| since(now, **at) < budget.within) {
            went += 1;
            sooner(again, after(*at, budget.within));
        }
        let there: u32 = rungs.iter().map(|(_, group)| group.replicas).sum();
        budget.nodes.of(there + went).saturating_sub(went + leaving)
    }
}
