//! Why a pod does not fit, in the scheduler's own words.

use std::collections::BTreeMap;
use std::fmt;

/// What about a node refuses a pod, however empty the cluster is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodeRule {
    /// Its affinity names other nodes.
    NotNamed,
    Unschedulable,
    Taint,
    Affinity,
    /// It takes no new pods in a simulation.
    Closed,
}

/// Why a node does not take a pod: the first rule that says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    Node(NodeRule),
    HostPorts,
    Resources(Shortage),
    Disk,
    ReadWriteOncePod,
    VolumeCount,
    Volumes(VolumeConflicts),
    VolumeZone,
    SpreadLabel,
    Spread,
    Affinity,
    AntiAffinity,
    OthersAntiAffinity,
}

/// Which resources are not enough.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shortage {
    pub pods: bool,
    /// One bit for each of the requests of the pod, in their order.
    pub requests: u64,
    /// Even an empty node would not have enough.
    pub hopeless: bool,
}

/// What is wrong with a pod's volumes on a node; it can be several things at once.
#[expect(clippy::struct_excessive_bools, reason = "each is a reason of its own")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VolumeConflicts {
    pub affinity: bool,
    pub nothing_to_bind: bool,
    pub no_space: bool,
    pub volume_missing: bool,
}

impl Shortage {
    pub fn is_none(self) -> bool {
        !self.pods && self.requests == 0
    }
}

impl VolumeConflicts {
    pub fn is_none(self) -> bool {
        self == Self::default()
    }

    fn reasons(self) -> Vec<&'static str> {
        let all = [
            (
                self.affinity,
                "node(s) didn't match PersistentVolume's node affinity",
            ),
            (
                self.nothing_to_bind,
                "node(s) didn't find available persistent volumes to bind",
            ),
            (self.no_space, "node(s) did not have enough free storage"),
            (
                self.volume_missing,
                "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)",
            ),
        ];
        let all = all.into_iter().filter(|(holds, _)| *holds);
        all.map(|(_, reason)| reason).collect()
    }
}

impl NodeRule {
    fn reason(self) -> &'static str {
        match self {
            Self::NotNamed => "node(s) didn't satisfy plugin(s) [NodeAffinity]",
            Self::Unschedulable | Self::Closed => "node(s) were unschedulable",
            Self::Taint => "node(s) had untolerated taint(s)",
            Self::Affinity => "node(s) didn't match Pod's node affinity/selector",
        }
    }
}

impl Refusal {
    /// Whether it would be the same without the other pods on the node.
    pub fn is_hopeless(self) -> bool {
        match self {
            Self::Resources(shortage) => shortage.hopeless,
            Self::Node(_) | Self::Volumes(_) | Self::VolumeZone | Self::SpreadLabel => true,
            other => other == Self::Affinity,
        }
    }

    /// Whether it depends on the node alone, and on nothing of the pod that labels, claims and rules about other pods say.
    pub fn is_local(self) -> bool {
        let local = matches!(self, Self::Node(_) | Self::HostPorts | Self::Resources(_));
        local || self == Self::Disk
    }

    /// `requests` are the names of what the pod asks for.
    pub fn reasons(self, requests: &[&str]) -> Vec<String> {
        let one = |reason: &str| vec![reason.to_owned()];
        match self {
            Self::Node(rule) => one(rule.reason()),
            Self::Resources(shortage) => shortage_reasons(shortage, requests),
            Self::Volumes(conflicts) => {
                let reasons = conflicts.reasons().into_iter();
                reasons.map(str::to_owned).collect()
            }
            Self::HostPorts => one("node(s) didn't have free ports for the requested pod ports"),
            Self::Disk => one("node(s) had no available disk"),
            Self::ReadWriteOncePod => one(
                "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by \
                 another pod",
            ),
            Self::VolumeCount => one("node(s) exceed max volume count"),
            Self::VolumeZone => one("node(s) had no available volume zone"),
            Self::SpreadLabel => {
                one("node(s) didn't match pod topology spread constraints (missing required label)")
            }
            Self::Spread => one("node(s) didn't match pod topology spread constraints"),
            Self::Affinity => one("node(s) didn't match pod affinity rules"),
            Self::AntiAffinity => one("node(s) didn't match pod anti-affinity rules"),
            Self::OthersAntiAffinity => {
                one("node(s) didn't satisfy existing pods anti-affinity rules")
            }
        }
    }
}

fn shortage_reasons(shortage: Shortage, requests: &[&str]) -> Vec<String> {
    let pods = shortage.pods.then(|| "Too many pods".to_owned());
    let short = requests.iter().enumerate();
    let short = short.filter(|(index, _)| shortage.requests & (1 << index.min(&63)) != 0);
    let short = short.map(|(_, name)| format!("Insufficient {name}"));
    pods.into_iter().chain(short).collect()
}

/// Why a pod fits nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    pub nodes: usize,
    /// It is refused before any node is looked at.
    pub refused: Option<String>,
    /// How many nodes say so, by reason.
    pub reasons: BTreeMap<String, usize>,
    /// On how many nodes the other pods are in the way.
    pub crowded: usize,
    pub never_preempts: bool,
}

impl Diagnosis {
    /// Why, without a word on preemption.
    pub fn summary(&self) -> String {
        let reasons = match &self.refused {
            Some(reason) => reason.clone(),
            None => histogram(&self.reasons),
        };
        format!("0/{} nodes are available: {reasons}", self.nodes)
    }
}

impl fmt::Display for Diagnosis {
    /// As in the event `FailedScheduling`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nodes == 0 && self.refused.is_none() {
            return f.write_str("no nodes available to schedule pods");
        }
        write!(f, "{}. preemption: ", self.summary())?;
        if self.never_preempts {
            return f.write_str("not eligible due to preemptionPolicy=Never.");
        }
        let preemption = [
            ("No preemption victims found for incoming pod", self.crowded),
            (
                "Preemption is not helpful for scheduling",
                self.nodes - self.crowded,
            ),
        ];
        let preemption = preemption.into_iter().filter(|(_, nodes)| *nodes > 0);
        let preemption = preemption.map(|(reason, nodes)| (reason.to_owned(), nodes));
        let preemption = histogram(&preemption.collect());
        write!(f, "0/{} nodes are available: {preemption}.", self.nodes)
    }
}

/// `1 Insufficient cpu, 2 node(s) were unschedulable`; in the order of the texts, numbers included.
fn histogram(reasons: &BTreeMap<String, usize>) -> String {
    let counted = reasons
        .iter()
        .map(|(reason, nodes)| format!("{nodes} {reason}"));
    let mut counted: Vec<String> = counted.collect();
    counted.sort();
    counted.join(", ")
}
