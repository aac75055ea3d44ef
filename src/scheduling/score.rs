//! How well a pod does on a node where it fits: what the scheduler's scoring plugins look at, with their weights, from
//! 0 to 100 each. Unlike theirs, a score does not depend on the other nodes, so it is worked out for one at a time.

use super::inquiry::Inquiry;
use super::node::{Node, PREFER_NO_SCHEDULE};
use super::state::{NodeId, Slot, at};
use super::tally::Counts;

impl Inquiry<'_> {
    /// The higher the better.
    pub fn score(&self, id: NodeId) -> i64 {
        let slot = &self.state.slots[id.0];
        let Some(node) = &slot.node else {
            return 0;
        };
        self.room(slot)
            + 3 * self.welcome(node)
            + 2 * self.liking_of_node(node)
            + 2 * self.liking_of_pods(id)
            + 2 * self.evenness(id)
    }

    /// How much of CPU and memory is left, and how evenly the two are used.
    fn room(&self, slot: &Slot) -> i64 {
        let left = |name: &str| {
            let Some(place) = self.state.resources.iter().position(|r| r == name) else {
                return 100;
            };
            let mut asked = self.class.requests.iter();
            let asked = asked.find_map(|(p, amount)| (*p == place).then_some(*amount));
            let all = at(&slot.allocatable, place).max(1);
            let used = at(&slot.requested, place) + asked.unwrap_or_default();
            100 - share(used, all)
        };
        let (cpu, memory) = (left("cpu"), left("memory"));
        let pods = 100 - share(slot.pods, slot.allowed_pods.max(1));
        i64::midpoint(cpu, memory) + (100 - (cpu - memory).abs() / 2) + pods / 10
    }

    /// The scheduler gives nothing to the node with the most taints that discourage the pod, and all to one without any.
    /// Hardly ever does a node have more than one.
    fn welcome(&self, node: &Node) -> i64 {
        let mut taints = node.taints.iter();
        let discouraged = taints
            .any(|taint| taint.effect == PREFER_NO_SCHEDULE && !self.class.pod.tolerates(taint));
        if discouraged { 0 } else { 100 }
    }

    fn liking_of_node(&self, node: &Node) -> i64 {
        let terms = &self.class.pod.preferred_nodes;
        let all: i32 = terms.iter().map(|(weight, _)| weight).sum();
        let met = terms
            .iter()
            .filter(|(_, term)| term.matches(&node.name, &node.labels));
        let met: i32 = met.map(|(weight, _)| weight).sum();
        share(met.into(), i64::from(all).max(1))
    }

    fn liking_of_pods(&self, id: NodeId) -> i64 {
        let terms = &self.class.preferred_pods;
        let all: i32 = terms.iter().map(|(weight, _)| weight.abs()).sum();
        let there = terms.iter().filter(|(_, tally)| {
            let count = self.state.tallies.get(*tally).count_at(id.0);
            count.is_some_and(|pods| pods > 0)
        });
        let met: i32 = there.map(|(weight, _)| weight).sum();
        (i64::from(met) * 100) / i64::from(all).max(1)
    }

    fn evenness(&self, id: NodeId) -> i64 {
        let tallies = self
            .class
            .even
            .iter()
            .map(|tally| self.state.tallies.get(*tally));
        let scores: Vec<i64> = tallies.map(|tally| emptiness(tally, id)).collect();
        let rules = i64::try_from(scores.len()).unwrap_or(i64::MAX);
        scores.into_iter().sum::<i64>() / rules.max(1)
    }
}

/// 100 in the emptiest domain, 0 in the fullest and outside.
fn emptiness(tally: Counts, id: NodeId) -> i64 {
    let Some(count) = tally.count_at(id.0) else {
        return 0;
    };
    let (least, most) = (tally.least(), tally.most());
    100 - share(
        i64::from(count) - i64::from(least),
        i64::from(most.saturating_sub(least)).max(1),
    )
}

/// In hundredths of the whole, from 0 to 100.
fn share(part: i64, whole: i64) -> i64 {
    (part.saturating_mul(100) / whole).clamp(0, 100)
}
