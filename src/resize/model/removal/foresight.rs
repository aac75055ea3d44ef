//! Nodes that nobody needs, before their time: they serve as spare room, and new pods go elsewhere if they can.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::super::super::decision::{Decision, Kept, SoftTaint};
use super::super::super::policy::Policy;
use super::super::super::policy::values::write_duration;
use super::super::super::shrink::foresight::Prospect;
use super::super::Model;
use super::super::time::{after, sooner};

impl Model {
    /// Nodes with our taint, which makes pods prefer others.
    pub fn spare_nodes(&self) -> impl Iterator<Item = &str> {
        let nodes = self.nodes.iter().filter(|(_, known)| known.is_spare());
        nodes.map(|(name, _)| name.as_str())
    }

    /// Says which nodes are spare and which are needed again. Those that go now (`due`) keep the mark they have.
    pub(super) fn foresee(
        &mut self,
        policy: &Policy,
        now: Timestamp,
        due: &BTreeSet<String>,
        decision: &mut Decision,
    ) {
        let unneeded = &self.removal.unneeded;
        let staying = self
            .nodes
            .iter()
            .filter(|(name, known)| !known.removing && !due.contains(*name));
        let prospects = staying.map(|(name, known)| Prospect {
            node: name,
            marked: known.is_spare(),
            unneeded: unneeded.contains_key(name),
        });
        let clock = Duration::from_secs(u64::try_from(now.as_second()).unwrap_or_default());
        let (turning, next) = self.removal.foresight.look(clock, prospects);
        let taints = turning.iter().map(|it| self.soft_taint(policy, now, it));
        decision.taint = taints.collect();
        if let Some(next) = next {
            sooner(&mut decision.again, after(now, next.saturating_sub(clock)));
        }
        self.say_what_is_spare(policy, now, due, decision);
    }

    fn soft_taint(&self, policy: &Policy, now: Timestamp, prospect: &Prospect) -> SoftTaint {
        let node = prospect.node;
        let group = self.group_of_node(node).map(|(name, _)| name.to_owned());
        let begun = self.removal.unneeded.get(node).copied().unwrap_or(now);
        let reason = if prospect.unneeded {
            let goes = self.time_to_go(policy, now, node, begun);
            format!("nobody needs it: new pods go elsewhere if they can, and it goes at {goes:.0}")
        } else {
            "it is needed again: its taint is taken back".to_owned()
        };
        SoftTaint {
            node: node.to_owned(),
            group: group.unwrap_or_default(),
            set: prospect.unneeded,
            reason,
        }
    }

    fn say_what_is_spare(
        &self,
        policy: &Policy,
        now: Timestamp,
        due: &BTreeSet<String>,
        decision: &mut Decision,
    ) {
        let span = write_duration(policy.unneeded_for);
        let spare = self.removal.unneeded.keys();
        let spare = spare.filter(|node| !due.contains(*node));
        decision.kept.extend(spare.map(|node| Kept {
            node: node.clone(),
            why: match self.paid_until(now, node) {
                Some(_) => "nobody needs it: it goes before its next paid hour".to_owned(),
                None => format!("nobody needs it: it goes when that has been so for {span}"),
            },
        }));
    }
}
