//! What a node must satisfy before a pod may run there, and how it is said when no node does.

use std::collections::BTreeSet;

use super::placement::Room;
use super::selectors::{node_matches, repels};
use crate::observe::workload::{HostPort, Node, Pod};
use crate::quantity::Rounding;

/// Pairs of a topology key and a value: `(kubernetes.io/hostname, worker-1)`.
pub(super) type Domains<'a> = BTreeSet<(&'a str, &'a str)>;

/// One rule of the scheduler.
pub(super) struct Rule {
    /// Whether the pod may run there; the domains are those that anti-affinity keeps it out of.
    pub(super) holds: fn(&Pod, &Room, &Domains) -> bool,
    /// Says why none of these nodes, which satisfied all rules before, satisfies this one.
    pub(super) why: fn(&Pod, &[&Room]) -> String,
}

/// From what can never change on a node to what depends on the moment.
pub(super) const RULES: [Rule; 7] = [
    Rule {
        holds: |pod, room, _| selected(pod, room.node),
        why: |pod, _| format!("node selector {} matches no remaining node", selector(pod)),
    },
    Rule {
        holds: |pod, room, _| pod.node_affinity.iter().all(|a| node_matches(a, room.node)),
        why: |_, _| "its required node affinity matches no remaining node".to_owned(),
    },
    Rule {
        holds: |pod, room, _| {
            pod.volumes
                .iter()
                .all(|v| node_matches(&v.nodes, room.node))
        },
        why: |pod, _| {
            format!(
                "no remaining node reaches the volume of its claim {}",
                claims(pod)
            )
        },
    },
    Rule {
        holds: |pod, room, _| !room.node.taints.iter().any(|t| repels(t, &pod.tolerations)),
        why: |pod, rooms| format!("every remaining node is tainted: {}", taints(pod, rooms)),
    },
    Rule {
        holds: |pod, room, _| !pod.host_ports.iter().any(|port| is_taken(port, room)),
        why: |pod, _| format!("host port {} is taken on every remaining node", ports(pod)),
    },
    Rule {
        holds: |_, room, taken| !taken.iter().any(|domain| is_in(room.node, domain)),
        why: |_, _| "pod anti-affinity keeps it off every remaining node".to_owned(),
    },
    Rule {
        holds: fits,
        why: shortage,
    },
];

fn selected(pod: &Pod, node: &Node) -> bool {
    let mut wanted = pod.node_selector.iter();
    wanted.all(|(key, value)| node.labels.get(key) == Some(value))
}

fn selector(pod: &Pod) -> String {
    let pairs = pod.node_selector.iter().map(|(k, v)| format!("{k}={v}"));
    pairs.collect::<Vec<_>>().join(",")
}

fn claims(pod: &Pod) -> String {
    let claims = pod.volumes.iter().map(|volume| volume.claim.as_str());
    claims.collect::<Vec<_>>().join(", ")
}

fn taints(pod: &Pod, rooms: &[&Room]) -> String {
    let taints = rooms.iter().flat_map(|room| &room.node.taints);
    let repelling: BTreeSet<String> = taints
        .filter(|taint| repels(taint, &pod.tolerations))
        .map(|taint| match &taint.value {
            Some(value) => format!("{}={value}:{}", taint.key, taint.effect),
            None => format!("{}:{}", taint.key, taint.effect),
        })
        .collect();
    repelling.into_iter().collect::<Vec<_>>().join(", ")
}

fn is_taken(port: &HostPort, room: &Room) -> bool {
    let any = "0.0.0.0";
    let mut others = room.pods.iter().flat_map(|other| &other.host_ports);
    others.any(|other| {
        (other.port, &other.protocol) == (port.port, &port.protocol)
            && (other.ip == port.ip || other.ip == any || port.ip == any)
    })
}

fn ports(pod: &Pod) -> String {
    let ports = pod.host_ports.iter();
    let ports = ports.map(|port| format!("{}/{}", port.port, port.protocol));
    ports.collect::<Vec<_>>().join(", ")
}

fn is_in(node: &Node, (key, value): &(&str, &str)) -> bool {
    node.labels.get(*key).is_some_and(|actual| actual == value)
}

fn fits(pod: &Pod, room: &Room, _: &Domains) -> bool {
    let mut requests = pod.requests.iter();
    requests.all(|(name, need)| free(room, name) >= *need)
}

fn free(room: &Room, resource: &str) -> u64 {
    room.free.get(resource).copied().unwrap_or_default()
}

fn shortage(pod: &Pod, rooms: &[&Room]) -> String {
    let freest = |name: &str| rooms.iter().map(|room| free(room, name)).max();
    let short = pod.requests.iter().find_map(|(name, need)| {
        let freest = freest(name).unwrap_or_default();
        (freest < *need).then_some((name.as_str(), *need, freest))
    });
    match short {
        Some(("pods", ..)) => "every remaining node runs as many pods as it may".to_owned(),
        Some((name, need, freest)) => format!(
            "needs {}; the freest remaining node has {}",
            amount(name, need),
            quantity(name, freest, Rounding::Down)
        ),
        None => {
            let needs = pod
                .requests
                .iter()
                .filter(|(name, need)| *name != "pods" && **need > 0);
            let needs: Vec<String> = needs.map(|(name, need)| amount(name, *need)).collect();
            format!(
                "needs {}; no remaining node has all of that free",
                needs.join(" and ")
            )
        }
    }
}

/// `2 CPU`, `512 MiB of memory`, `1 nvidia.com/gpu`.
fn amount(resource: &str, amount: u64) -> String {
    let quantity = quantity(resource, amount, Rounding::Up);
    match resource {
        "cpu" => format!("{quantity} CPU"),
        "memory" | "ephemeral-storage" => format!("{quantity} of {resource}"),
        _ => format!("{quantity} {resource}"),
    }
}

/// Sizes in MiB; CPU in whole ones with as many decimals as it takes.
fn quantity(resource: &str, amount: u64, rounding: Rounding) -> String {
    const MEBI: u64 = 1 << 20;
    match (resource, rounding) {
        ("cpu", _) => {
            let text = format!("{}.{:03}", amount / 1000, amount % 1000);
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        ("memory" | "ephemeral-storage", Rounding::Up) => format!("{} MiB", amount.div_ceil(MEBI)),
        ("memory" | "ephemeral-storage", Rounding::Down) => format!("{} MiB", amount / MEBI),
        _ => amount.to_string(),
    }
}
