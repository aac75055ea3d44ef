//! Machines that are not nodes yet: they are nodes in the state already, so that pods find places on them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use jiff::Timestamp;

use super::super::offer::{Offer, Price};
use super::super::policy::Policy;
use super::time::{after, since, sooner};
use super::{Model, groups, machines, nodes, pods, template};
use crate::scheduling::node::ATTACHABLE;
use crate::scheduling::{Node, NodeId};

/// In front of the names of nodes that are not there yet.
pub(super) const PREFIX: &str = "machine:";

/// What became of all machines, as of the last look.
#[derive(Debug)]
pub(super) struct Coming {
    stale: bool,
    /// As of the last look.
    boot_deadline: Duration,
    /// When somebody's time to join is over.
    until: Option<Timestamp>,
    /// Nodes in the state that are not there yet.
    pub expected: BTreeMap<String, Node>,
    /// Machines that had no Ready node at the last look.
    awaited: BTreeSet<String>,
    /// Since when a group has fewer machines than it should have.
    short_since: BTreeMap<String, Timestamp>,
    /// The machine of each node.
    machine_of: HashMap<String, String>,
    /// Machines over their time to join, without a node.
    pub overdue: BTreeMap<String, Duration>,
    /// Groups that get no machines though they should.
    pub stuck: BTreeMap<String, u32>,
    pub tallies: BTreeMap<String, Tally>,
}

/// Machines of a group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Those that stay.
    pub staying: u32,
    /// Those of them without a Ready node.
    pub awaited: u32,
}

impl Default for Coming {
    fn default() -> Self {
        Self {
            stale: true,
            boot_deadline: Policy::default().boot_deadline,
            until: None,
            expected: BTreeMap::new(),
            awaited: BTreeSet::new(),
            short_since: BTreeMap::new(),
            machine_of: HashMap::new(),
            overdue: BTreeMap::new(),
            stuck: BTreeMap::new(),
            tallies: BTreeMap::new(),
        }
    }
}

impl Coming {
    pub(super) fn make_stale(&mut self) {
        self.stale = true;
    }

    pub(super) fn machine_of(&self, node: &str) -> Option<&str> {
        self.machine_of.get(node).map(String::as_str)
    }

    /// Nodes that are there, each after its machine.
    pub(super) fn nodes_of_machines(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.machine_of.iter();
        all.map(|(node, machine)| (machine.as_str(), node.as_str()))
    }

    /// Machines that had no Ready node at the last look.
    pub(super) fn awaited(&self) -> &BTreeSet<String> {
        &self.awaited
    }

    /// When the next machine's time to join is over.
    pub(super) fn until(&self) -> Option<Timestamp> {
        self.until
    }
}

impl Model {
    /// Takes over a node as pods will find it, or that it is gone.
    pub(super) fn expect(&mut self, name: &str, now: Timestamp) {
        let Some(known) = self.nodes.get(name) else {
            self.state.remove_node(name);
            return;
        };
        let starting = !known.joined && since(now, known.created) < self.coming.boot_deadline;
        let group = self.group_of_node(name);
        let template = group.and_then(|(_, group)| self.learned.get(&group.template));
        let node = known.expected(starting, template);
        self.state.set_node(node);
    }

    /// The node group of a node, and its name.
    pub(super) fn group_of_node(&self, node: &str) -> Option<(&str, &groups::Group)> {
        let machine = self.coming.machine_of(node)?;
        let machine = self.machines.get(machine)?;
        let group = self.groups.get(&machine.group)?;
        Some((&machine.group, group))
    }

    /// Looks at all machines again, if any has changed or is over its time.
    pub(super) fn refresh(&mut self, policy: &Policy, now: Timestamp) {
        let over = self.coming.until.is_some_and(|until| until <= now);
        if !self.coming.stale && !over {
            return;
        }
        self.coming.boot_deadline = policy.boot_deadline;
        self.coming.machine_of = self.find_nodes();
        self.learn_from_joined(now);
        let unready: Vec<String> = self
            .nodes
            .iter()
            .filter(|(_, known)| !known.joined)
            .map(|(name, _)| name.clone())
            .collect();
        for name in unready {
            self.expect(&name, now);
        }
        let expected = self.look(policy, now);
        self.replace_expected(expected);
        self.coming.stale = false;
    }

    /// By what Cluster API found, by the provider's number, or by its name.
    fn find_nodes(&self) -> HashMap<String, String> {
        let nodes = self.nodes.iter();
        let ids = nodes.filter(|(_, known)| !known.provider_id.is_empty());
        let by_id: HashMap<&str, &String> = ids
            .map(|(name, known)| (known.provider_id.as_str(), name))
            .collect();
        let mut found = HashMap::new();
        for (name, machine) in &self.machines {
            let node = if !machine.node.is_empty() {
                Some(&machine.node)
            } else if let Some(node) = by_id.get(machine.provider_id.as_str()) {
                Some(*node)
            } else {
                Some(name).filter(|name| self.nodes.contains_key(*name))
            };
            if let Some(node) = node {
                found.insert(node.clone(), name.clone());
            }
        }
        found
    }

    /// Boot times, and what nodes of a template look like.
    fn learn_from_joined(&mut self, now: Timestamp) {
        let mut joined: Vec<(String, String)> = Vec::new();
        for (node, machine) in &self.coming.machine_of {
            let awaited = self.coming.awaited.contains(machine);
            let known = self.nodes.get(node).is_some_and(|known| known.joined);
            let kind = self.machines.get(machine).and_then(|m| self.kind_of(m));
            let new = kind.is_some_and(|(template, _)| !self.learned.contains_key(template));
            if known && (awaited || new) {
                joined.push((machine.clone(), node.clone()));
            }
        }
        joined.sort_unstable();
        for (machine, node) in joined {
            self.learn(&machine, &node, now);
        }
    }

    fn learn(&mut self, name: &str, node: &str, now: Timestamp) {
        let (Some(machine), Some(known)) = (self.machines.get(name), self.nodes.get(node)) else {
            return;
        };
        let Some((template, key)) = self.kind_of(machine) else {
            return;
        };
        let (template, key) = (template.to_owned(), key.to_owned());
        let mut learned = known.as_template();
        learned.allocatable.extend(self.state.attachable(node));
        self.learned.insert(template, learned);
        if self.coming.awaited.remove(name) {
            let took = since(now, machine.created).as_secs();
            self.boots.add(&key, took.saturating_add(1));
            self.ladder.joined(&machine.group);
            self.removal.gained(&machine.group, now);
        }
    }

    /// The infrastructure's template of a machine, and what its boot times are kept under.
    fn kind_of(&self, machine: &machines::Machine) -> Option<(&str, &str)> {
        let group = self.groups.get(&machine.group)?;
        let set = self.sets.get(&machine.set);
        let template = set.map_or(&group.template, |set| &set.template);
        let key = match group.machine_type.as_str() {
            "" => template,
            machine_type => machine_type,
        };
        Some((template, key))
    }

    fn time_to_join(&self, machine: &machines::Machine, policy: &Policy) -> Duration {
        let learned = self
            .kind_of(machine)
            .and_then(|(_, key)| self.boots.deadline(key));
        learned.map_or(policy.boot_deadline, Duration::from_secs)
    }

    /// Counts everything, and says which nodes are to be expected.
    fn look(&mut self, policy: &Policy, now: Timestamp) -> BTreeMap<String, Node> {
        let mut expected = BTreeMap::new();
        let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
        let joined: BTreeSet<&str> = self
            .coming
            .machine_of
            .iter()
            .filter(|(node, _)| self.nodes.get(*node).is_some_and(|known| known.joined))
            .map(|(_, machine)| machine.as_str())
            .collect();
        let with_node: BTreeSet<&str> = self
            .coming
            .machine_of
            .iter()
            .filter(|(node, _)| self.nodes.contains_key(*node))
            .map(|(_, machine)| machine.as_str())
            .collect();
        let mut until = None;
        let mut awaited = BTreeSet::new();
        let mut overdue = BTreeMap::new();
        for (name, machine) in self.machines.iter().filter(|(_, m)| m.stays()) {
            let tally = tallies.entry(machine.group.clone()).or_default();
            tally.staying += 1;
            if joined.contains(name.as_str()) {
                continue;
            }
            tally.awaited += 1;
            awaited.insert(name.clone());
            let end = after(machine.created, self.time_to_join(machine, policy));
            if now < end {
                sooner(&mut until, end);
            }
            if with_node.contains(name.as_str()) || machine.failure.is_some() {
                continue;
            }
            if end <= now {
                overdue.insert(name.clone(), since(now, machine.created));
            } else if let Some(node) = self.future_node(&machine.group) {
                let name = format!("{PREFIX}{name}");
                expected.insert(name.clone(), nodes::named(&node, &name));
            }
        }
        self.coming.awaited = awaited;
        self.coming.overdue = overdue;
        self.coming.tallies = tallies;
        self.coming.until = until;
        self.expect_missing(policy, now, &mut expected);
        expected
    }

    /// Machines that are asked for, but that Cluster API has not made yet.
    fn expect_missing(
        &mut self,
        policy: &Policy,
        now: Timestamp,
        expected: &mut BTreeMap<String, Node>,
    ) {
        let mut short_since = BTreeMap::new();
        let mut stuck = BTreeMap::new();
        for (name, group) in self.groups.iter().filter(|(_, group)| !group.deleting) {
            let tally = self.coming.tallies.get(name).copied().unwrap_or_default();
            let missing = group.replicas.saturating_sub(tally.staying);
            if missing == 0 {
                continue;
            }
            let known = self.coming.short_since.get(name).copied();
            let begun = known.unwrap_or(now);
            short_since.insert(name.clone(), begun);
            let end = after(begun, policy.boot_deadline);
            if end <= now || group.paused {
                stuck.insert(name.clone(), missing);
                continue;
            }
            sooner(&mut self.coming.until, end);
            let Some(node) = self.future_node(name) else {
                continue;
            };
            for number in 0..missing {
                let name = format!("{PREFIX}{name}/{number}");
                expected.insert(name.clone(), nodes::named(&node, &name));
            }
        }
        self.coming.short_since = short_since;
        self.coming.stuck = stuck;
    }

    fn replace_expected(&mut self, expected: BTreeMap<String, Node>) {
        let before = std::mem::take(&mut self.coming.expected);
        for (name, _) in before
            .iter()
            .filter(|(name, _)| !expected.contains_key(*name))
        {
            self.forget_expected(name);
        }
        for (name, node) in &expected {
            if before.get(name) != Some(node) {
                self.forget_expected(name);
                self.state.set_node(node.clone());
            }
            self.place_daemons(name);
        }
        self.coming.expected = expected;
    }

    fn forget_expected(&mut self, name: &str) {
        let mut number = 0;
        while self.state.remove_pod(&daemon_key(name, number)) {
            number += 1;
        }
        self.state.remove_node(name);
    }

    fn place_daemons(&mut self, name: &str) {
        let Some(id) = self.state.node_id(name) else {
            return;
        };
        let Some(node) = self.state.node(id) else {
            return;
        };
        let daemons = self.daemons.on(&self.state, node);
        for (number, class) in daemons.into_iter().enumerate() {
            self.state.place(&daemon_key(name, number), class, id);
        }
    }

    /// Takes over how many volumes can be attached to a node, for machines of its kind that are still to come.
    pub(super) fn learn_attachable(&mut self, node: &str) {
        let machine = self.coming.machine_of.get(node);
        let machine = machine.and_then(|machine| self.machines.get(machine));
        let kind = machine.and_then(|machine| self.kind_of(machine));
        let template = kind.map(|(template, _)| template.to_owned());
        if let Some(learned) = template.and_then(|template| self.learned.get_mut(&template)) {
            learned.allocatable.extend(self.state.attachable(node));
        }
    }

    /// The node that the next machine of a group becomes.
    pub(super) fn future_node(&self, group: &str) -> Option<Node> {
        self.node_of_group(group).ok()
    }

    /// The error says why nobody knows.
    pub(super) fn node_of_group(&self, name: &str) -> Result<Node, String> {
        let group = self.groups.get(name).ok_or("it is gone")?;
        let template = self.templates.get(&group.template);
        let mut node = match self.learned.get(&group.template) {
            Some(learned) => learned.clone(),
            None => template::node(group, template, &self.prices)?,
        };
        for (driver, volumes) in template::attachable(group, template)? {
            let name = format!("{ATTACHABLE}{driver}");
            node.allocatable.entry(name).or_insert(volumes);
        }
        Ok(node)
    }

    /// What one machine more of a group would be.
    pub(super) fn offer(&self, name: &str, price: Price, limit: u32) -> Result<Offer, String> {
        let node = self.node_of_group(name)?;
        Ok(Offer {
            daemons: self.daemons.on(&self.state, &node),
            group: name.to_owned(),
            node,
            price,
            limit,
        })
    }

    /// Nodes that are not there yet, or not Ready yet: no pod can move to them.
    pub(super) fn unready_nodes(&self) -> Vec<NodeId> {
        let starting = self.nodes.iter().filter(|(_, known)| !known.joined);
        let names = starting
            .map(|(name, _)| name)
            .chain(self.coming.expected.keys());
        names.filter_map(|name| self.state.node_id(name)).collect()
    }
}

/// A pod that its DaemonSet will put on a node that is not there yet.
fn daemon_key(node: &str, number: usize) -> crate::scheduling::PodKey {
    pods::key("", &format!("{node}/{number}"))
}
