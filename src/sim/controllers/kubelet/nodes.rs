//! What kubelets know of their own nodes: whether they run, and which addresses their pods have.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use serde::Deserialize;
use serde_json::Value;

use crate::sim::controllers::conditions;
use crate::sim::controllers::objects::Object;
use crate::sim::engine::Item;
use crate::sim::pods::Pod;

/// A machine that hangs or is cut off.
pub(in crate::sim) const STOPPED: &str = "sim.infra.bex.co/stopped";

#[derive(Debug, Default)]
pub(super) struct Nodes(BTreeMap<Item, Node>);

#[derive(Debug)]
pub(super) struct Node {
    pub(super) uid: String,
    stopped: bool,
    /// It was never heard of, or not for long.
    unheard_of: bool,
    /// It joined, stopped or came back since its Lease was renewed.
    pub(super) changed_since_posted: bool,
    address: Option<String>,
    pod_range: Option<Ipv4Net>,
    used: BTreeSet<Ipv4Addr>,
}

/// The addresses of a pod that starts.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Network {
    pub(super) host: Option<String>,
    pub(super) pod: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    #[serde(rename = "podCIDR")]
    pod_cidr: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    addresses: Vec<Address>,
    conditions: Vec<Value>,
}

#[derive(Deserialize)]
struct Address {
    #[serde(rename = "type")]
    of: String,
    address: String,
}

impl Nodes {
    /// Takes in a node as it is now; `None`: it is gone.
    pub(super) fn note(&mut self, item: &Item, json: Option<&[u8]>) {
        let object = json.map(serde_json::from_slice::<Object<Spec, Status>>);
        let Some(Ok(object)) = object else {
            self.0.remove(item);
            return;
        };
        let known = self.0.remove(item);
        let node = Node::new(object, known);
        self.0.insert(item.clone(), node);
    }

    pub(super) fn get(&self, node: &Item) -> Option<&Node> {
        self.0.get(node)
    }

    pub(super) fn runs(&self, node: &Item) -> bool {
        self.0.get(node).is_some_and(Node::runs)
    }

    pub(super) fn is_unheard_of(&self, node: &Item) -> bool {
        self.0.get(node).is_some_and(|node| node.unheard_of)
    }

    pub(super) fn posted(&mut self, node: &Item) {
        if let Some(node) = self.0.get_mut(node) {
            node.changed_since_posted = false;
        }
    }

    /// Notes an address that a pod has already.
    pub(super) fn take_ip(&mut self, node: &Item, pod: Option<&Pod>) {
        if let Some((node, ip)) = self.of(node, pod) {
            node.used.insert(ip);
        }
    }

    pub(super) fn give_ip_back(&mut self, node: &Item, pod: &Pod) {
        if let Some((node, ip)) = self.of(node, Some(pod)) {
            node.used.remove(&ip);
        }
    }

    fn of(&mut self, node: &Item, pod: Option<&Pod>) -> Option<(&mut Node, Ipv4Addr)> {
        let ip: Ipv4Addr = pod?.ip.as_ref()?.parse().ok()?;
        let node = self.0.get_mut(node)?;
        node.pod_range?.contains(&ip).then_some((node, ip))
    }

    /// The addresses of the next pod: the first free one of the node's range. The very first is the node's own.
    pub(super) fn network(&mut self, node: &Item) -> Network {
        let Some(node) = self.0.get_mut(node) else {
            return Network::default();
        };
        let mut free = node.pod_range.iter().flat_map(Ipv4Net::hosts).skip(1);
        let pod = free.find(|ip| !node.used.contains(ip));
        node.used.extend(pod);
        Network {
            host: node.address.clone(),
            pod: pod.map(|ip| ip.to_string()),
        }
    }
}

impl Node {
    fn new(object: Object<Spec, Status>, known: Option<Self>) -> Self {
        let stopped = object.metadata.annotations.contains_key(STOPPED);
        let addresses = object.status.addresses.into_iter();
        let ready = conditions::find(&object.status.conditions, "Ready");
        let known = known.filter(|known| known.uid == object.metadata.uid);
        let changed = known
            .as_ref()
            .is_none_or(|known| known.changed_since_posted || known.stopped != stopped);
        Self {
            uid: object.metadata.uid,
            stopped,
            unheard_of: ready.is_none_or(|ready| ready["status"] == "Unknown"),
            changed_since_posted: changed,
            address: addresses
                .filter(|address| address.of == "InternalIP")
                .map(|address| address.address)
                .next(),
            pod_range: object.spec.pod_cidr.parse().ok(),
            used: known.map(|known| known.used).unwrap_or_default(),
        }
    }

    pub(super) fn runs(&self) -> bool {
        !self.stopped
    }
}
