//! How many pods of a kind there are in each zone, on each host, or by any other label of the nodes. Kept up to date
//! pod by pod, so that a rule about topology costs a look-up.

use std::collections::{BTreeMap, HashMap};

use super::labels::{Labels, Selector};
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
    /// By the number of the node.
    seats: Vec<Option<Seat>>,
    /// By the number of the label's value.
    domains: Vec<Domain>,
    /// How many domains have so many pods.
    levels: BTreeMap<u32, u32>,
    pods: u64,
}

/// The values that nodes have for a label that rules count by, numbered.
#[derive(Debug, Clone)]
pub(super) struct Topology {
    pub key: String,
    values: HashMap<String, usize>,
}

/// Where a node belongs.
#[derive(Debug, Clone, Copy)]
struct Seat {
    domain: usize,
    /// The rule looks at the node; otherwise only others can make its domain count.
    included: bool,
}

#[derive(Debug, Clone, Copy, Default)]
struct Domain {
    nodes: u32,
    pods: u32,
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

impl Rule {
    fn include(&self, node: &Node) -> bool {
        self.nodes.as_ref().is_none_or(|nodes| nodes.include(node))
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

    fn include(&self, node: &Node) -> bool {
        self.keys.iter().all(|key| node.labels.contains_key(key))
            && self.selection.selects_node(&node.name, &node.labels)
            && (!self.taints || self.selection.untolerated(&node.taints).is_none())
    }
}

impl Topology {
    pub(super) fn new(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            values: HashMap::new(),
        }
    }

    /// The number of the value that a node has; `None` if it has none.
    pub(super) fn domain(&mut self, node: &Node) -> Option<usize> {
        let value = node.labels.get(&self.key)?;
        let known = self.values.get(value).copied();
        Some(known.unwrap_or_else(|| {
            let domain = self.values.len();
            self.values.insert(value.clone(), domain);
            domain
        }))
    }
}

impl Tally {
    pub(super) fn new() -> Self {
        Self {
            seats: Vec::new(),
            domains: Vec::new(),
            levels: BTreeMap::new(),
            pods: 0,
        }
    }

    /// Puts a node without pods into its domain, or takes it out.
    pub(super) fn set_node(&mut self, number: usize, rule: &Rule, place: Option<(&Node, usize)>) {
        if self.seats.len() <= number {
            self.seats.resize(number + 1, None);
        }
        if let Some(seat) = self.seats[number].take().filter(|seat| seat.included) {
            self.change(seat.domain, |domain| domain.nodes -= 1);
        }
        let Some((node, domain)) = place else {
            return;
        };
        if self.domains.len() <= domain {
            self.domains.resize(domain + 1, Domain::default());
        }
        let included = rule.include(node);
        self.seats[number] = Some(Seat { domain, included });
        if included {
            self.change(domain, |domain| domain.nodes += 1);
        }
    }

    /// Counts `pods` more, or fewer, on a node.
    pub(super) fn add(&mut self, number: usize, pods: i32) {
        let seat = self.seat(number).filter(|seat| seat.included && pods != 0);
        if let Some(seat) = seat {
            self.pods = self.pods.saturating_add_signed(i64::from(pods));
            self.change(seat.domain, |d| d.pods = d.pods.saturating_add_signed(pods));
        }
    }

    /// How many there are in the node's domain; `None` if it is in none.
    pub(super) fn count_at(&self, number: usize) -> Option<u32> {
        self.seat(number).map(|seat| self.domains[seat.domain].pods)
    }

    /// The number of the node's domain.
    pub(super) fn domain_of(&self, number: usize) -> Option<usize> {
        self.seat(number).map(|seat| seat.domain)
    }

    /// How many there are in the emptiest domain; no domain is as good as endlessly many pods.
    pub(super) fn least(&self) -> u32 {
        self.levels
            .keys()
            .next()
            .copied()
            .unwrap_or(i32::MAX.unsigned_abs())
    }

    pub(super) fn most(&self) -> u32 {
        self.levels.keys().next_back().copied().unwrap_or_default()
    }

    pub(super) fn domains(&self) -> usize {
        self.levels.values().map(|domains| *domains as usize).sum()
    }

    /// Whether there is none in any domain.
    pub(super) fn is_empty(&self) -> bool {
        self.pods == 0
    }

    fn seat(&self, number: usize) -> Option<Seat> {
        self.seats.get(number).copied().flatten()
    }

    fn change(&mut self, domain: usize, change: impl FnOnce(&mut Domain)) {
        let before = self.domains[domain];
        change(&mut self.domains[domain]);
        let after = self.domains[domain];
        if before.nodes > 0 {
            self.lower_level(before.pods);
        }
        if after.nodes > 0 {
            *self.levels.entry(after.pods).or_default() += 1;
        }
    }

    fn lower_level(&mut self, pods: u32) {
        if let Some(domains) = self.levels.get_mut(&pods) {
            *domains -= 1;
            if *domains == 0 {
                self.levels.remove(&pods);
            }
        }
    }
}
