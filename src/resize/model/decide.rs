//! From what is known to what is to be done: first what must not be done, then machines that failed, then growth, and
//! only then what can go.

use jiff::Timestamp;

use super::super::decision::{Decision, Held};
use super::super::offer::Price;
use super::super::policy::Policy;
use super::Model;
use super::groups::Group;
use super::nodes::Known;
use super::time::since;

/// An hour of a machine whose price nobody knows.
pub(super) const UNKNOWN_PRICE: Price = Price(1_000_000);

/// With so few nodes that are not Ready, nothing is wrong with the cluster as a whole.
const FEW_UNREADY: usize = 3;

pub(super) fn decide(model: &mut Model, policy: &Policy, now: Timestamp) -> Decision {
    model.refresh(policy, now);
    let unpriced = !model.groups.values().any(|group| model.price(group).1);
    let before = model.cost(unpriced);
    let mut decision = Decision {
        again: model.coming.until(),
        ..Decision::default()
    };
    decision.cost.before = before;
    decision.cost.unpriced = unpriced;
    if let Some(why) = model.frozen(policy, now) {
        let group = "all".to_owned();
        decision.held.push(Held { group, why });
        model.settled.clear();
    } else {
        model.say_what_is_not_ours(&mut decision);
        model.replace(policy, now, &mut decision);
        let placed = model.grow(policy, now, &mut decision);
        model.shrink(policy, now, &placed, &mut decision);
        model.settled = placed;
    }
    let saved: u64 = decision.remove.iter().map(|gone| gone.saves.0).sum();
    let after = before.0.saturating_add(decision.cost.bought.0);
    decision.cost.after = Price(after.saturating_sub(saved));
    decision
}

impl Model {
    /// Why nothing is changed at all.
    fn frozen(&self, policy: &Policy, now: Timestamp) -> Option<String> {
        let is_old = |known: &Known| since(now, known.created) >= policy.boot_deadline;
        let lost = self
            .nodes
            .values()
            .filter(|known| !known.ready && (known.joined || is_old(known)))
            .count();
        let most = self.nodes.len() * usize::from(policy.max_unready_percent);
        (lost > FEW_UNREADY && lost * 100 > most).then(|| {
            format!(
                "{lost} of {} nodes are not Ready: nothing is changed until it is known whether they or the network are to blame",
                self.nodes.len()
            )
        })
    }

    fn say_what_is_not_ours(&self, decision: &mut Decision) {
        for (name, group) in &self.groups {
            // A group without sizes is not ours, and nobody said that it was; wrong sizes are.
            let why = match &group.refusal {
                Some(refusal) => Some(refusal.clone()),
                None => group.sizes.and_then(|_| group.may_not_change()),
            };
            if let Some(why) = why {
                let group = name.clone();
                decision.held.push(Held { group, why });
            }
        }
    }

    /// All machines that stay or are asked for, an hour; without those whose price nobody knows, if any is known.
    fn cost(&self, unpriced: bool) -> Price {
        let costs = self.groups.iter().map(|(name, group)| {
            let (price, known) = self.price(group);
            let counts = if known || unpriced { price.0 } else { 0 };
            counts.saturating_mul(self.machines_of(name, group).into())
        });
        Price(costs.fold(0, u64::saturating_add))
    }

    fn machines_of(&self, name: &str, group: &Group) -> u32 {
        let tally = self.coming.tallies.get(name).copied().unwrap_or_default();
        tally.staying.max(group.replicas)
    }

    /// A group with machines, or one that is ours, of which nobody knows what a machine costs.
    pub(super) fn unpriced(&self) -> Option<&str> {
        let mut groups = self.groups.iter();
        let unpriced = groups.find(|(name, group)| {
            let counts = group.sizes.is_some() || self.machines_of(name, group) > 0;
            counts && !self.price(group).1
        });
        unpriced.map(|(name, _)| name.as_str())
    }

    /// Of one machine of the group, and whether it is known.
    pub(super) fn price(&self, group: &Group) -> (Price, bool) {
        let mut types = self.prices.types.iter();
        let known = types.find(|known| known.name == group.machine_type);
        let location = known.and_then(|known| {
            let mut locations = known.locations.iter();
            locations.find(|known| group.location.is_empty() || known.name == group.location)
        });
        match location {
            Some(location) => (location.hourly, true),
            None => (UNKNOWN_PRICE, false),
        }
    }
}
