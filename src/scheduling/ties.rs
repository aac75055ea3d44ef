//! What a class has to do with other pods and with nodes as such, asked before any node is there.

use std::collections::BTreeSet;

use super::classes::Class;
use super::inquiry::{Inquiry, Scope};
use super::node::{Node, NodeTerms};
use super::pod::{HostPort, Pod};
use super::refusal::{NodeRule, Refusal};
use super::state::{ClassId, NodeId, State, at};
use super::tally::{Inclusion, Rule};

/// The label whose value no two nodes share.
pub const HOSTNAME: &str = "kubernetes.io/hostname";

/// Which rules of a class look at other pods, and how far.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a question of its own"
)]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ties {
    /// At pods in the same zone or any other group of nodes, or at where its volumes can be.
    pub beyond: bool,
    /// At pods on the same node, or at what they use up there besides resources and volumes: ports and disks.
    pub near: bool,
    /// It wants to be where others are.
    pub wants: bool,
    /// It wants to be on the same node as others.
    pub follows: bool,
    /// It is spread over single nodes.
    pub spreads: bool,
    /// No two of these share a node.
    pub apart: Option<Apart>,
}

/// What only one pod of a node can have.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Apart {
    /// The place among those that an anti-affinity term means, by the number of its tally.
    Term(usize),
    Port(HostPort),
    Disk(String),
}

impl Ties {
    pub fn is_free(&self) -> bool {
        !self.beyond && !self.near
    }
}

impl State {
    pub fn ties(&self, class: ClassId) -> Ties {
        let class = &self.classes[class.0];
        let pod = &class.pod;
        let near = |tally: &usize| self.tallies.is_near(*tally);
        let spread: Vec<usize> = class.spread.iter().map(|rule| rule.tally).collect();
        let rules = [
            &spread,
            &class.affinity,
            &class.anti_affinity,
            &class.repelled_by,
        ];
        let mut all = rules.iter().flat_map(|tallies| tallies.iter());
        let uses_up = !(pod.host_ports.is_empty() && pod.disks.is_empty());
        Ties {
            near: uses_up || all.clone().any(near),
            beyond: !pod.claims.is_empty() || all.any(|tally| !near(tally)),
            wants: !class.affinity.is_empty(),
            follows: class.affinity.iter().any(near),
            spreads: spread.iter().any(near),
            apart: self.apart(class),
        }
    }

    fn apart(&self, class: &Class) -> Option<Apart> {
        let own =
            |tally: &&usize| self.tallies.is_near(**tally) && class.counted_in.contains(tally);
        let term = class.anti_affinity.iter().find(own);
        let port = class.pod.host_ports.first();
        let mut disks = class.pod.disks.iter();
        let disk = disks.find(|disk| disk.conflicts(disk));
        term.map(|tally| Apart::Term(*tally))
            .or_else(|| port.cloned().map(Apart::Port))
            .or_else(|| disk.map(|disk| Apart::Disk(disk.name.clone())))
    }

    /// Numbers of the groups of pods that a class wants to be on the same node with.
    pub fn followed(&self, class: ClassId) -> impl Iterator<Item = usize> {
        let all = self.classes[class.0].affinity.iter().copied();
        all.filter(|tally| self.tallies.is_near(*tally))
    }

    /// Numbers of the groups of pods that a class is spread by over single nodes.
    pub fn spread_over_nodes(&self, class: ClassId) -> impl Iterator<Item = usize> {
        let all = self.classes[class.0].spread.iter().map(|rule| rule.tally);
        all.filter(|tally| self.tallies.is_near(*tally))
    }

    /// Whether the class is spread over groups of nodes by a rule that counts its own pods.
    pub fn spreads_itself(&self, class: ClassId) -> bool {
        let mut spread = self.classes[class.0].spread.iter();
        spread.any(|rule| rule.own > 0 && !self.tallies.is_near(rule.tally))
    }

    /// How many pods of the groups that a class belongs to are around a node, in the groups of nodes that rules look at.
    pub fn crowd(&self, class: ClassId, id: NodeId) -> u32 {
        let groups = self.classes[class.0].counted_in.iter();
        let beyond = groups.filter(|tally| !self.tallies.is_near(**tally));
        let counts = beyond.filter_map(|tally| self.tallies.get(*tally).count_at(id.0));
        counts.sum()
    }

    /// Whether any rule about groups of nodes counts pods of the class.
    pub fn counts_beyond(&self, class: ClassId) -> bool {
        let mut groups = self.classes[class.0].counted_in.iter();
        groups.any(|tally| !self.tallies.is_near(*tally))
    }

    /// Numbers of the groups of pods that a class belongs to.
    pub fn groups(&self, class: ClassId) -> &[usize] {
        &self.classes[class.0].counted_in
    }

    /// Classes with the same number select and tolerate the same nodes.
    pub fn selection(&self, class: ClassId) -> usize {
        self.classes[class.0].fixed
    }

    /// What keeps a class off a node that may not be there, whatever else is on it.
    pub fn node_rule(&self, class: ClassId, node: &Node) -> Option<NodeRule> {
        super::fixed::verdict(&self.classes[class.0].pod, Some(node))
    }

    /// The same of a node that is there.
    pub fn is_open(&self, id: NodeId, class: ClassId) -> bool {
        let rule = self.classes[class.0].fixed;
        self.fixed.verdict(rule, id.0).is_none()
    }

    /// Places of the resources that a class asks for, with the amounts. A place always stands for the same resource.
    pub fn requests(&self, class: ClassId) -> &[(usize, i64)] {
        &self.classes[class.0].requests
    }

    /// The name of a resource by its place.
    pub fn resource_name(&self, place: usize) -> &str {
        &self.resources[place]
    }

    /// Appends what is left of these resources on a node, and how many pods more it may run.
    pub fn push_room(&self, id: NodeId, places: &[usize], room: &mut Vec<i64>) {
        let slot = &self.slots[id.0];
        let left = |place: &usize| at(&slot.allocatable, *place) - at(&slot.requested, *place);
        room.extend(places.iter().map(left));
        room.push(slot.allowed_pods - slot.pods);
    }

    /// Labels of nodes that any rule looks at.
    pub fn labels_in_rules(&self) -> BTreeSet<&str> {
        let selections = self.fixed.pods().flat_map(labels_of_pod);
        let selections = selections.chain(self.storage.labels());
        let rules = self.tallies.all.iter();
        let rules = rules.flat_map(|(rule, _)| labels_of_rule(rule));
        selections.chain(rules).collect()
    }
}

impl Inquiry<'_> {
    /// What the node as such says, and the groups of nodes that it belongs to. Room is not asked for, nor are volumes.
    pub fn fits_beyond(&self, id: NodeId) -> Result<(), Refusal> {
        if let Some(rule) = self.state.fixed.verdict(self.class.fixed, id.0) {
            return Err(Refusal::Node(rule));
        }
        self.spread(id, Scope::Beyond)?;
        self.company(id, Scope::Beyond)
    }

    /// What the pods on the node itself say, and whether volumes can be there. Room is not asked for.
    pub fn fits_near(&self, id: NodeId) -> Result<(), Refusal> {
        self.ports(&self.state.slots[id.0])?;
        self.fits_volumes(id)?;
        self.spread(id, Scope::Near)?;
        self.company(id, Scope::Near)
    }

    pub fn fits_volumes(&self, id: NodeId) -> Result<(), Refusal> {
        let pod = &self.class.pod;
        if pod.claims.is_empty() && pod.disks.is_empty() {
            return Ok(());
        }
        self.volumes(&self.state.slots[id.0])
    }

    /// As if there were nodes still to come, which begin empty: what is spread over nodes stays at its skew.
    #[must_use]
    pub fn expecting_nodes(mut self) -> Self {
        for (rule, least) in self.class.spread.iter().zip(&mut self.least) {
            if self.state.tallies.is_near(rule.tally) {
                *least = 0;
            }
        }
        self
    }

    /// Nodes with the same number are in the same domains of all rules that look beyond single nodes.
    pub fn surroundings(&self, id: NodeId) -> u64 {
        let class = self.class;
        let spread = class.spread.iter().map(|rule| rule.tally);
        let terms = [&class.affinity, &class.anti_affinity, &class.repelled_by];
        let all = spread.chain(terms.into_iter().flatten().copied());
        let beyond = all.filter(|tally| !self.state.tallies.is_near(*tally));
        beyond.fold(0, |number, tally| {
            let domain = self.state.tallies.get(tally).domain_of(id.0);
            let domain = domain.map_or(0, |domain| domain as u64 + 1);
            (number ^ domain).wrapping_mul(0x9E37_79B9_7F4A_7C15)
        })
    }

    /// The least counts that spread rules compare with: while they stay, so does a refusal for their sake.
    pub fn least_counts(&self) -> &[i64] {
        &self.least
    }
}

fn labels_of_pod(pod: &Pod) -> Vec<&str> {
    let selector = pod.node_selector.keys().map(String::as_str);
    let terms = pod.node_affinity.iter().flat_map(labels_of_terms);
    selector.chain(terms).collect()
}

pub(super) fn labels_of_terms(terms: &NodeTerms) -> impl Iterator<Item = &str> {
    let requirements = terms.0.iter().flat_map(|term| &term.labels);
    requirements.map(|requirement| requirement.key.as_str())
}

fn labels_of_rule(rule: &Rule) -> Vec<&str> {
    let inclusion = rule.nodes.iter().flat_map(Inclusion::labels);
    std::iter::once(rule.topology_key.as_str())
        .chain(inclusion)
        .collect()
}
