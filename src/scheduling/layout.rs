//! Nodes in their zones, on their hosts, or by any other label: what all rules that look at the same nodes share.

use foldhash::HashMap;

use super::node::Node;
use super::tally::Inclusion;
use super::ties::HOSTNAME;

/// The values that nodes have for a label that rules count by, numbered.
#[derive(Debug, Clone)]
pub(super) struct Topology {
    pub key: String,
    values: HashMap<String, usize>,
}

/// Where a node belongs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seat {
    /// The number of the label's value.
    pub domain: usize,
    /// The rules look at the node; otherwise only others can make its domain count.
    pub included: bool,
}

/// The nodes that some rules look at, by the label that they count by.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    /// The number of the label among those that rules count by.
    pub topology: usize,
    /// Each node is a domain of its own.
    pub is_near: bool,
    /// Which nodes the rules look at.
    nodes: Option<Inclusion>,
    /// By the number of the node.
    seats: Vec<Option<Seat>>,
    /// By domain: how many nodes the rules look at.
    nodes_in: Vec<u32>,
    /// How many domains have such nodes.
    domains: usize,
}

impl Topology {
    pub(super) fn new(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            values: HashMap::default(),
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

impl Layout {
    pub(super) fn new(topology: usize, key: &str, nodes: Option<Inclusion>) -> Self {
        Self {
            topology,
            is_near: key == HOSTNAME,
            nodes,
            seats: Vec::new(),
            nodes_in: Vec::new(),
            domains: 0,
        }
    }

    /// Whether rules that count by this label and look at these nodes have it in common.
    pub(super) fn is_of(&self, topology: usize, nodes: Option<&Inclusion>) -> bool {
        self.topology == topology && self.nodes.as_ref() == nodes
    }

    /// Puts a node without pods into its domain, or takes it out.
    pub(super) fn set_node(&mut self, number: usize, place: Option<(&Node, usize)>) {
        if self.seats.len() <= number {
            self.seats.resize(number + 1, None);
        }
        if let Some(seat) = self.seats[number].take().filter(|seat| seat.included) {
            self.nodes_in[seat.domain] -= 1;
            self.domains -= usize::from(self.nodes_in[seat.domain] == 0);
        }
        let Some((node, domain)) = place else {
            return;
        };
        if self.nodes_in.len() <= domain {
            self.nodes_in.resize(domain + 1, 0);
        }
        let nodes = self.nodes.as_ref();
        let included = nodes.is_none_or(|nodes| nodes.include(node));
        self.seats[number] = Some(Seat { domain, included });
        if included {
            self.nodes_in[domain] += 1;
            self.domains += usize::from(self.nodes_in[domain] == 1);
        }
    }

    pub(super) fn seat(&self, number: usize) -> Option<Seat> {
        self.seats.get(number).copied().flatten()
    }

    /// How many domains there are.
    pub(super) fn domains(&self) -> usize {
        self.domains
    }
}
