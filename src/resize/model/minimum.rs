//! Machines that come without pods: those that a pool lacks to its minimum.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::super::decision::{Decision, Held};
use super::allowance::Allowance;
use super::growth::Orders;
use super::{Model, groups};

impl Model {
    pub(super) fn say_what_is_above_maximum(&self, decision: &mut Decision) {
        for (name, group) in &self.groups {
            if let Some(sizes) = group.sizes.filter(|sizes| group.replicas > sizes.max) {
                decision.held.push(Held {
                    group: name.clone(),
                    why: format!("it has {} machines, more than its maximum of {}: nodes that are needed stay", group.replicas, sizes.max),
                });
            }
        }
    }

    /// Machines of the minimum count for pods that are spread over nodes, too: what these need is chosen once those are on
    /// their way.
    pub(super) fn reach_minimum(
        &self,
        now: Timestamp,
        orders: &mut Orders,
        allowance: &mut Allowance,
        untouched: Allowance,
    ) {
        let minimum = self.missing(now, orders, allowance);
        if !minimum.is_empty() && self.are_spread(orders) {
            orders.clear();
            *allowance = untouched;
            for (group, machines) in &minimum {
                allowance.take_up_to(*machines, self.price(&self.groups[group]).0);
            }
        }
        for (group, machines) in minimum {
            orders.entry(group).or_default().machines += machines;
        }
    }

    /// What pools lack to their minimum. That of a pool holds for all of its rungs together: where the preferred one has
    /// none, the next one does.
    fn missing(
        &self,
        now: Timestamp,
        orders: &Orders,
        allowance: &mut Allowance,
    ) -> BTreeMap<String, u32> {
        let mut minimum = BTreeMap::new();
        let ordered = |name: &str| orders.get(name).map_or(0, |order| order.machines);
        for rungs in groups::pools(&self.groups).values() {
            let there = rungs.iter().map(|(name, of)| of.replicas + ordered(name));
            let mut missing = groups::minimum(rungs).saturating_sub(there.sum());
            for (name, group) in rungs {
                let closed = self.ladder.closed(name, now).is_some();
                if missing == 0 || closed || group.may_not_change().is_some() {
                    continue;
                }
                let most = group.sizes.map_or(0, |sizes| sizes.max);
                let room = most.saturating_sub(group.replicas + ordered(name));
                let come = allowance.take_up_to(missing.min(room), self.price(group).0);
                if come > 0 {
                    minimum.insert((*name).to_owned(), come);
                    missing -= come;
                }
            }
        }
        minimum
    }

    /// Whether any of the pods is spread over nodes.
    fn are_spread(&self, orders: &Orders) -> bool {
        let mut pods = orders
            .values()
            .flat_map(|order| order.plans.iter().flatten());
        pods.any(|pod| {
            let waits = self.pods.waiting.get(pod);
            waits.is_some_and(|waits| self.state.ties(waits.class).spreads)
        })
    }
}
