//! Which addresses nodes have: each has a number of its own, the smallest that is free, and everything follows from it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use serde_json::Value;

use super::objects::text;

/// The network that nodes are in.
const NODES: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(172, 16, 0, 0), 12);

/// Network, gateway and the load balancer of the API come before the first node.
const FIRST: u32 = 10;

/// Prefix length of a node's own share of the pods' network.
const POD_PREFIX: u8 = 24;

/// The numbers that are in use.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    by_node: BTreeMap<String, u32>,
    used: BTreeSet<u32>,
}

impl Addresses {
    /// The number of a node; a new one if it has none yet.
    pub(super) fn of(&mut self, node: &str) -> u32 {
        if let Some(number) = self.by_node.get(node) {
            return *number;
        }
        let mut number = 0;
        for used in &self.used {
            if *used != number {
                break;
            }
            number += 1;
        }
        self.take(node, number);
        number
    }

    /// Learns of a node that exists.
    pub(super) fn seen(&mut self, node: &str, object: &Value) {
        if self.by_node.contains_key(node) {
            return;
        }
        let addresses = object["status"]["addresses"].as_array();
        let internal = addresses
            .into_iter()
            .flatten()
            .find(|address| address["type"] == "InternalIP");
        let address =
            internal.and_then(|address| text(&address["address"]).parse::<Ipv4Addr>().ok());
        let first = u32::from(NODES.network()) + FIRST;
        if let Some(number) = address.and_then(|address| u32::from(address).checked_sub(first)) {
            self.take(node, number);
        }
    }

    pub(super) fn knows(&self, node: &str) -> bool {
        self.by_node.contains_key(node)
    }

    pub(super) fn free(&mut self, node: &str) {
        if let Some(number) = self.by_node.remove(node) {
            self.used.remove(&number);
        }
    }

    fn take(&mut self, node: &str, number: u32) {
        self.by_node.insert(node.to_owned(), number);
        self.used.insert(number);
    }
}

/// Address of the node with that number.
pub(super) fn internal(number: u32) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(NODES.network()) + FIRST + number)
}

/// The node's share of the pods' network; nothing if all shares are taken, as with the real allocator.
pub(super) fn pods(number: u32, network: &str) -> Option<Ipv4Net> {
    let network: Ipv4Net = network.parse().ok()?;
    network
        .subnets(POD_PREFIX.max(network.prefix_len()))
        .ok()?
        .nth(usize::try_from(number).ok()?)
}
