//! Pods, as far as scheduling looks at them: two pods with the same content here belong to the same class, and what is
//! found out about one holds for the other.

use std::collections::{BTreeMap, BTreeSet};

use super::labels::{Labels, Requirement, Selector};
use super::node::{NodeTerm, NodeTerms, Taint};
use super::resources::Resources;

/// The content of a pod, without its name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Pod {
    pub namespace: String,
    pub labels: Labels,
    pub priority: i32,
    pub requests: Resources,
    pub node_selector: BTreeMap<String, String>,
    pub node_affinity: Option<NodeTerms>,
    pub preferred_nodes: Vec<(i32, NodeTerm)>,
    pub tolerations: Vec<Toleration>,
    pub host_ports: Vec<HostPort>,
    pub affinity: Vec<PodTerm>,
    pub anti_affinity: Vec<PodTerm>,
    /// Below zero: it would rather not.
    pub preferred_pods: Vec<(i32, PodTerm)>,
    pub spread: Vec<Spread>,
    pub claims: Vec<PodClaim>,
    pub disks: Vec<Disk>,
    /// It is not to be scheduled before these are gone.
    pub gates: Vec<String>,
    /// It never wants others to go for its sake.
    pub never_preempts: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Toleration {
    /// Empty: every key, and every effect.
    pub key: String,
    pub exists: bool,
    pub value: String,
    pub effect: String,
}

/// A port of the node itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HostPort {
    /// `0.0.0.0` for every address.
    pub ip: String,
    pub protocol: String,
    pub port: i32,
}

/// Pods that this one must be with, or must not be with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PodTerm {
    pub peers: Peers,
    pub topology_key: String,
}

/// Which pods are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Peers {
    pub namespaces: BTreeSet<String>,
    /// `None` adds no namespace.
    pub namespace_selector: Option<Selector>,
    /// `None` selects no pod.
    pub selector: Option<Selector>,
}

/// How evenly pods are to be spread.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Spread {
    pub topology_key: String,
    pub max_skew: i64,
    pub min_domains: usize,
    /// `DoNotSchedule`, as opposed to `ScheduleAnyway`.
    pub required: bool,
    pub selector: Option<Selector>,
    /// Nodes that the pod's node affinity excludes do not count.
    pub honors_affinity: bool,
    /// Nodes whose taints the pod does not tolerate do not count.
    pub honors_taints: bool,
}

/// A volume of a pod that is a claim.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PodClaim {
    pub name: String,
    /// For a claim that is made for the pod and goes with it: the pod.
    pub made_for: Option<PodIdentity>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct PodIdentity {
    pub name: String,
    pub uid: String,
}

/// A disk that is named in the pod itself and that not everybody can use at once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Disk {
    /// What it is and what it is called.
    pub name: String,
    /// Any of them leads to it; empty if there are no ways to tell apart.
    pub monitors: Vec<String>,
    /// Readers do not exclude each other.
    pub read_only: bool,
}

impl Pod {
    pub fn tolerates(&self, taint: &Taint) -> bool {
        self.tolerations.iter().any(|t| t.tolerates(taint))
    }

    /// The first taint that keeps the pod off.
    pub fn untolerated<'a>(&self, taints: &'a [Taint]) -> Option<&'a Taint> {
        taints.iter().find(|t| t.repels() && !self.tolerates(t))
    }

    /// Node selector and required node affinity.
    pub fn selects_node(&self, name: &str, labels: &Labels) -> bool {
        let mut pairs = self.node_selector.iter();
        pairs.all(|(key, value)| labels.get(key) == Some(value))
            && self
                .node_affinity
                .as_ref()
                .is_none_or(|terms| terms.match_node(name, labels))
    }

    /// The only nodes that come into question, if its node affinity names them.
    pub fn named_nodes(&self) -> Option<BTreeSet<&str>> {
        let terms = &self.node_affinity.as_ref()?.0;
        let named = terms.iter().map(NodeTerm::named_nodes);
        let named: Option<Vec<BTreeSet<&str>>> = named.collect();
        let named = named.filter(|named| !named.is_empty())?;
        Some(named.into_iter().flatten().collect())
    }
}

impl NodeTerm {
    fn named_nodes(&self) -> Option<BTreeSet<&str>> {
        let names = self.fields.iter().filter_map(Requirement::names);
        names.reduce(|left, right| left.intersection(&right).copied().collect())
    }
}

impl Requirement {
    fn names(&self) -> Option<BTreeSet<&str>> {
        match &self.test {
            super::labels::Test::In(values) if self.key == "metadata.name" => {
                Some(values.iter().map(String::as_str).collect())
            }
            _ => None,
        }
    }
}

impl Toleration {
    fn tolerates(&self, taint: &Taint) -> bool {
        (self.effect.is_empty() || self.effect == taint.effect)
            && (self.key.is_empty() || self.key == taint.key)
            && (self.exists || self.value == taint.value)
    }
}

impl HostPort {
    pub fn conflicts(&self, other: &Self) -> bool {
        let any = "0.0.0.0";
        (self.port, &self.protocol) == (other.port, &other.protocol)
            && (self.ip == other.ip || self.ip == any || other.ip == any)
    }
}

impl Disk {
    pub fn conflicts(&self, other: &Self) -> bool {
        self.name == other.name
            && !(self.read_only && other.read_only)
            && (self.monitors.is_empty()
                || self.monitors.iter().any(|m| other.monitors.contains(m)))
    }
}
