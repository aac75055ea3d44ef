//! Groups whose machines cannot be had now, and machines that had to be replaced.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::super::decision::{Decision, Held, Replace};
use super::super::policy::Policy;
use super::Model;
use super::time::{after, sooner};

/// So many machines of a group are replaced in a row; then somebody has to look.
const ATTEMPTS: u32 = 3;

#[derive(Debug, Default)]
pub(super) struct Ladder {
    /// Until when a group is not asked again.
    sold_out: BTreeMap<String, Timestamp>,
    /// Machines of a group that were replaced since one of them joined.
    attempts: BTreeMap<String, BTreeSet<String>>,
}

impl Ladder {
    pub(super) fn joined(&mut self, group: &str) {
        self.attempts.remove(group);
    }

    /// Until when the group is not asked for machines.
    pub(super) fn closed(&self, group: &str, now: Timestamp) -> Option<Timestamp> {
        let until = self.sold_out.get(group).copied();
        until.filter(|until| now < *until)
    }

    /// What an earlier process found.
    pub(super) fn remember(&mut self, group: &str, until: Timestamp) {
        let known = self.sold_out.entry(group.to_owned()).or_insert(until);
        *known = until.max(*known);
    }

    /// Until when the group is or was not asked for machines.
    pub(super) fn sold_out_until(&self, group: &str) -> Option<Timestamp> {
        self.sold_out.get(group).copied()
    }

    /// Machines that this process or an earlier one has replaced.
    pub(super) fn replaced(&mut self, group: &str, machines: &BTreeSet<String>) {
        if !machines.is_empty() {
            let known = self.attempts.entry(group.to_owned()).or_default();
            known.extend(machines.iter().cloned());
        }
    }

    /// Machines of the group that were replaced since one joined.
    pub(super) fn attempts(&self, group: &str) -> Option<&BTreeSet<String>> {
        self.attempts.get(group)
    }

    /// Whether the machine may be replaced; counts it.
    fn may_replace(&mut self, group: &str, machine: &str) -> bool {
        let attempts = self.attempts.entry(group.to_owned()).or_default();
        let room = attempts.len() < ATTEMPTS as usize;
        room && attempts.insert(machine.to_owned()) || attempts.contains(machine)
    }

    /// The group had its chance: others get theirs for a while.
    fn close(&mut self, group: &str, until: Timestamp) {
        self.sold_out.insert(group.to_owned(), until);
    }
}

impl Model {
    /// Machines that will never be nodes.
    pub(super) fn replace(&mut self, policy: &Policy, now: Timestamp, decision: &mut Decision) {
        let failed = self.failed();
        for (machine, group, reason, sold_out) in failed {
            if sold_out {
                self.ladder.close(&group, after(now, policy.retry_sold_out));
            } else if !self.ladder.may_replace(&group, &machine) {
                if self.ladder.closed(&group, now).is_none() {
                    self.ladder.close(&group, after(now, policy.retry_sold_out));
                }
                decision.held.push(Held {
                    why: format!(
                        "machine {machine}: {reason}; {ATTEMPTS} others were replaced in vain: look at its console or its cloud-init log, then delete it"
                    ),
                    group,
                });
                continue;
            }
            decision.replace.push(Replace {
                machine,
                group,
                reason,
                sold_out,
            });
        }
        for (group, missing) in &self.coming.stuck {
            decision.held.push(Held {
                group: group.clone(),
                why: format!("Cluster API has not made {missing} of its machines: `kubectl describe machinedeployment {group}` says why"),
            });
        }
        let ends = self.ladder.sold_out.values().filter(|until| now < **until);
        for until in ends {
            sooner(&mut decision.again, *until);
        }
    }

    /// Machine, group, reason and whether it is sold out, of groups that we may change.
    fn failed(&self) -> Vec<(String, String, String, bool)> {
        let mut failed = Vec::new();
        for (name, machine) in self.machines.iter().filter(|(_, m)| m.stays()) {
            let group = self.groups.get(&machine.group);
            let ours = group
                .is_some_and(|group| group.sizes.is_some() && group.may_not_change().is_none());
            if !ours || !machine.node.is_empty() {
                continue;
            }
            let (why, sold_out) = if let Some(failure) = &machine.failure {
                (failure.why.clone(), failure.sold_out)
            } else if let Some(age) = self.coming.overdue.get(name) {
                let seconds = age.as_secs();
                (format!("it has not joined within {seconds} s"), false)
            } else {
                continue;
            };
            failed.push((name.clone(), machine.group.clone(), why, sold_out));
        }
        failed
    }
}
