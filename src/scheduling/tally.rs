//! How many pods of a kind there are in each zone, on each host, or by any other label of the nodes. Kept up to date
//! pod by pod, so that a rule about topology costs a look-up.

use foldhash::HashMap;

use super::labels::{Labels, Selector};
use super::layout::Layout;
use super::node::Node;
use super::pod::{Peers, Pod, PodTerm};

/// What is counted. Rules with the same content share one tally.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Rule {
    pub members: Members,
    pub topology_key: String,
    /// Nodes that do not belong are left out, with the pods on them.
    pub nodes: Option<Inclusion>,
}

/// Which pods are counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Members {
    /// Those that all of these mean.
    MeantBy(Vec<Peers>),
    /// Those that refuse to be with whom this term means.
    Holding(PodTerm),
    /// Those that a spread rule covers. Pods that are about to go do not count.
    Spreading {
        namespace: String,
        selector: Selector,
    },
}

/// Which nodes a spread rule looks at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Inclusion {
    /// They have all of these labels.
    pub keys: Vec<String>,
    /// A pod that selects and tolerates them, and has nothing else.
    pub selection: Pod,
    /// Taints matter.
    pub taints: bool,
}

/// Namespaces that exist, with their labels.
pub(super) type Namespaces = HashMap<String, Labels>;

/// Counts of one rule.
#[derive(Debug, Clone)]
pub(super) struct Tally {
    /// The number of the layout of its nodes.
    pub layout: usize,
    /// By the number of the label's value.
    pods_in: Vec<u32>,
    /// Numbers of pods, and how many domains have so many; the least first. They are few, however many nodes there are,
    /// and domains without pods are not among them.
    levels: Vec<(u32, u32)>,
    /// How many domains have pods.
    occupied: usize,
    pods: u64,
}

/// A tally with the nodes that it is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counts<'a> {
    pub tally: &'a Tally,
    pub layout: &'a Layout,
}

impl Members {
    pub(super) fn include(&self, pod: &Pod, namespaces: &Namespaces) -> bool {
        match self {
            Self::MeantBy(all) => !all.is_empty() && all.iter().all(|p| p.mean(pod, namespaces)),
            Self::Holding(term) => pod.anti_affinity.contains(term),
            // The scheduler's own rule: an empty selector counts no pods.
            Self::Spreading {
                namespace,
                selector,
            } => {
                !selector.0.is_empty()
                    && pod.namespace == *namespace
                    && selector.matches(&pod.labels)
            }
        }
    }

    pub(super) fn include_terminating(&self) -> bool {
        !matches!(self, Self::Spreading { .. })
    }
}

impl Peers {
    /// Whether the pod that has this term means `pod`. Only namespaces that exist are selected by their labels; besides,
    /// a selector that holds without any label selects every namespace, as in the real scheduler.
    pub fn mean(&self, pod: &Pod, namespaces: &Namespaces) -> bool {
        let by_label = |selector: &Selector| {
            let labels = namespaces.get(&pod.namespace);
            selector.matches(&Labels::new())
                || labels.is_some_and(|labels| selector.matches(labels))
        };
        self.means(pod, by_label)
    }

    /// The same from the other side: whether `pod` may not come to the one that has this term. A namespace that does
    /// not exist has no labels.
    pub fn repel(&self, pod: &Pod, namespaces: &Namespaces) -> bool {
        let by_label = |selector: &Selector| {
            let labels = namespaces.get(&pod.namespace);
            labels.map_or_else(|| selector.matches(&Labels::new()), |l| selector.matches(l))
        };
        self.means(pod, by_label)
    }

    fn means(&self, pod: &Pod, by_label: impl Fn(&Selector) -> bool) -> bool {
        let namespace = self.namespaces.contains(&pod.namespace)
            || self.namespace_selector.as_ref().is_some_and(by_label);
        namespace
            && self
                .selector
                .as_ref()
                .is_some_and(|s| s.matches(&pod.labels))
    }
}

impl Inclusion {
    /// Labels that it looks at.
    pub(super) fn labels(&self) -> impl Iterator<Item = &str> {
        let terms = self.selection.node_affinity.iter();
        let requirements = terms.flat_map(|terms| &terms.0).flat_map(|t| &t.labels);
        let selector = self.selection.node_selector.keys().chain(&self.keys);
        let terms = requirements.map(|requirement| requirement.key.as_str());
        selector.map(String::as_str).chain(terms)
    }

    pub(super) fn include(&self, node: &Node) -> bool {
        self.keys.iter().all(|key| node.labels.contains_key(key))
            && self.selection.selects_node(&node.name, &node.labels)
            && (!self.taints || self.selection.untolerated(&node.taints).is_none())
    }
}

impl Tally {
    pub(super) fn new(layout: usize) -> Self {
        Self {
            layout,
            pods_in: Vec::new(),
            levels: Vec::new(),
            occupied: 0,
            pods: 0,
        }
    }

    /// Counts `pods` more, or fewer, on a node.
    pub(super) fn add(&mut self, layout: &Layout, number: usize, pods: i32) {
        let seat = layout.seat(number);
        let Some(seat) = seat.filter(|seat| seat.included && pods != 0) else {
            return;
        };
        if self.pods_in.len() <= seat.domain {
            self.pods_in.resize(seat.domain + 1, 0);
        }
        let before = self.pods_in[seat.domain];
        let after = before.saturating_add_signed(pods);
        self.pods_in[seat.domain] = after;
        self.pods = self.pods.saturating_add_signed(i64::from(pods));
        if before > 0 {
            self.lower_level(before);
        }
        if after > 0 {
            self.raise_level(after);
        }
    }

    fn raise_level(&mut self, pods: u32) {
        self.occupied += 1;
        match self.levels.binary_search_by_key(&pods, |(pods, _)| *pods) {
            Ok(place) => self.levels[place].1 += 1,
            Err(place) => self.levels.insert(place, (pods, 1)),
        }
    }

    fn lower_level(&mut self, pods: u32) {
        self.occupied -= 1;
        if let Ok(place) = self.levels.binary_search_by_key(&pods, |(pods, _)| *pods) {
            self.levels[place].1 -= 1;
            if self.levels[place].1 == 0 {
                self.levels.remove(place);
            }
        }
    }
}

impl Counts<'_> {
    /// How many there are in the node's domain; `None` if it is in none.
    pub(super) fn count_at(self, number: usize) -> Option<u32> {
        let domain = self.domain_of(number)?;
        Some(self.tally.pods_in.get(domain).copied().unwrap_or_default())
    }

    /// The number of the node's domain.
    pub(super) fn domain_of(self, number: usize) -> Option<usize> {
        self.layout.seat(number).map(|seat| seat.domain)
    }

    /// How many there are in the emptiest domain; no domain is as good as endlessly many pods.
    pub(super) fn least(self) -> u32 {
        if self.tally.occupied < self.layout.domains() {
            return 0;
        }
        let least = self.tally.levels.first();
        least.map_or(i32::MAX.unsigned_abs(), |(pods, _)| *pods)
    }

    pub(super) fn most(self) -> u32 {
        self.tally.levels.last().map_or(0, |(pods, _)| *pods)
    }

    pub(super) fn domains(self) -> usize {
        self.layout.domains()
    }

    /// Whether there is none in any domain.
    pub(super) fn is_empty(self) -> bool {
        self.tally.pods == 0
    }
}
