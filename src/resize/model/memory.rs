//! What is learned and has to outlive the process. It is kept in annotations of the MachineDeployments, which are written
//! together with their sizes, or before a machine is replaced.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::Model;
use super::groups::Group;
use crate::names::{BOOT_DEADLINE_ANNOTATION, REPLACED_ANNOTATION, SOLD_OUT_ANNOTATION};
use crate::timestamp::rfc3339;

impl Model {
    /// Takes over what an earlier process learned, and how the group's size has changed.
    pub(super) fn remember(&mut self, name: &str, group: &Group, now: Timestamp) {
        let known = self.groups.get(name).map(|known| known.replicas);
        if known.is_some_and(|known| group.replicas > known) {
            self.removal.gained(name, now);
        }
        if known.is_none() {
            for at in &group.removed {
                self.removal.lost(name, 1, *at);
            }
        }
        let lost = known.map_or(0, |known| known.saturating_sub(group.replicas));
        self.removal.lost(name, lost, now);
        if let Some(until) = group.sold_out_until {
            self.ladder.remember(name, until);
        }
        // What is read once more counts no more: a machine may have joined since.
        let known = self.groups.get(name).map(|known| &known.replaced);
        if known != Some(&group.replaced) {
            self.ladder.replaced(name, &group.replaced);
        }
        if let Some(deadline) = group.boot_deadline {
            self.boots.remember(group.kind(), deadline.as_secs());
        }
    }

    /// Annotations that a group is to get with the next change, because it has others.
    pub fn annotations(&self, name: &str) -> BTreeMap<&'static str, String> {
        let mut annotations = BTreeMap::new();
        let Some(group) = self.groups.get(name) else {
            return annotations;
        };
        let until = self.ladder.sold_out_until(name);
        if let Some(until) = until.filter(|until| group.sold_out_until < Some(*until)) {
            annotations.insert(SOLD_OUT_ANNOTATION, rfc3339(until));
        }
        let deadline = self.boots.deadline(group.kind());
        let known = group.boot_deadline.map(|known| known.as_secs());
        if let Some(seconds) = deadline.filter(|_| known != deadline) {
            annotations.insert(BOOT_DEADLINE_ANNOTATION, format!("{seconds}s"));
        }
        let none = BTreeSet::new();
        let replaced = self.ladder.attempts(name).unwrap_or(&none);
        if *replaced != group.replaced {
            let names: Vec<&str> = replaced.iter().map(String::as_str).collect();
            annotations.insert(REPLACED_ANNOTATION, names.join(" "));
        }
        annotations
    }
}
