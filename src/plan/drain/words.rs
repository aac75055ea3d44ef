//! Why a pod has no place on the nodes that remain, with the figures that help.

use std::collections::BTreeSet;
use std::mem::discriminant;

use crate::quantity::Rounding;
use crate::scheduling::{ClassId, Node, NodeId, NodeRule, Pod, Refusal, State};

/// Nodes that go are cordoned.
pub(super) fn no_place(state: &State, class: ClassId) -> String {
    let inquiry = match state.ask(class) {
        Ok(inquiry) => inquiry,
        Err(refused) => return refused,
    };
    let open = state.nodes().filter(|(_, node)| !node.unschedulable);
    let refusals = open.filter_map(|(id, node)| Some((id, node, inquiry.fits(id).err()?)));
    let refusals: Vec<(NodeId, &Node, Refusal)> = refusals.collect();
    // The rule that left none: all others hold on these nodes, as far as the scheduler looks.
    let Some(last) = refusals.iter().map(|(.., refusal)| *refusal).max() else {
        return "no Ready and schedulable node remains".to_owned();
    };
    let nearest = refusals.iter().filter(|(.., refusal)| match refusal {
        Refusal::Node(_) => *refusal == last,
        _ => discriminant(refusal) == discriminant(&last),
    });
    let nearest: Vec<(NodeId, &Node)> = nearest.map(|(id, node, _)| (*id, *node)).collect();
    let pod = state.content(class);
    match last {
        Refusal::Node(NodeRule::Taint) => {
            format!("every remaining node is tainted: {}", taints(pod, &nearest))
        }
        Refusal::Node(_) => selection(pod, &nearest),
        Refusal::HostPorts => format!("host port {} is taken on every remaining node", ports(pod)),
        Refusal::Resources(_) => shortage(state, pod, &nearest),
        Refusal::Volumes(conflicts) if conflicts.affinity => format!(
            "no remaining node reaches the volume of its claim {}",
            claims(pod)
        ),
        Refusal::AntiAffinity | Refusal::OthersAntiAffinity => {
            "pod anti-affinity keeps it off every remaining node".to_owned()
        }
        other => inquiry.reasons(other).join(", "),
    }
}

fn selection(pod: &Pod, nodes: &[(NodeId, &Node)]) -> String {
    let mut pairs = pod.node_selector.iter();
    let selected = |node: &Node| pairs.all(|(key, value)| node.labels.get(key) == Some(value));
    if nodes.iter().map(|(_, node)| *node).any(selected) {
        return "its required node affinity matches no remaining node".to_owned();
    }
    let pairs = pod.node_selector.iter().map(|(k, v)| format!("{k}={v}"));
    let pairs = pairs.collect::<Vec<_>>().join(",");
    format!("node selector {pairs} matches no remaining node")
}

fn taints(pod: &Pod, nodes: &[(NodeId, &Node)]) -> String {
    let taints = nodes.iter().flat_map(|(_, node)| &node.taints);
    let repelling = taints.filter(|taint| taint.repels() && !pod.tolerates(taint));
    let texts = repelling.map(|taint| match taint.value.as_str() {
        "" => format!("{}:{}", taint.key, taint.effect),
        value => format!("{}={value}:{}", taint.key, taint.effect),
    });
    let texts: BTreeSet<String> = texts.collect();
    texts.into_iter().collect::<Vec<_>>().join(", ")
}

fn claims(pod: &Pod) -> String {
    let claims = pod.claims.iter().map(|claim| claim.name.as_str());
    claims.collect::<Vec<_>>().join(", ")
}

fn ports(pod: &Pod) -> String {
    let ports = pod.host_ports.iter();
    let ports = ports.map(|port| format!("{}/{}", port.port, port.protocol));
    ports.collect::<Vec<_>>().join(", ")
}

fn shortage(state: &State, pod: &Pod, nodes: &[(NodeId, &Node)]) -> String {
    let free = nodes.iter().map(|(id, _)| state.free(*id));
    let free: Vec<_> = free.collect();
    let freest = |name: &str| {
        let most = free.iter().filter_map(|free| free.get(name)).max();
        most.copied().unwrap_or_default().max(0)
    };
    if freest("pods") == 0 {
        return "every remaining node runs as many pods as it may".to_owned();
    }
    let mut requests = pod.requests.iter();
    if let Some((name, need)) = requests.find(|(name, need)| freest(name) < **need) {
        return format!(
            "needs {}; the freest remaining node has {}",
            amount(name, *need),
            quantity(name, freest(name), Rounding::Down)
        );
    }
    let needs = pod.requests.iter().filter(|(_, need)| **need > 0);
    let needs: Vec<String> = needs.map(|(name, need)| amount(name, *need)).collect();
    let needs = needs.join(" and ");
    format!("needs {needs}; no remaining node has all of that free")
}

/// `2 CPU`, `512 MiB of memory`, `1 nvidia.com/gpu`.
fn amount(resource: &str, amount: i64) -> String {
    let quantity = quantity(resource, amount, Rounding::Up);
    match resource {
        "cpu" => format!("{quantity} CPU"),
        "memory" | "ephemeral-storage" => format!("{quantity} of {resource}"),
        _ => format!("{quantity} {resource}"),
    }
}

/// Sizes in MiB; CPU in whole ones with as many decimals as it takes.
fn quantity(resource: &str, amount: i64, rounding: Rounding) -> String {
    const MEBI: u64 = 1 << 20;
    let size = amount.unsigned_abs();
    match (resource, rounding) {
        ("cpu", _) => {
            let text = format!("{}.{:03}", size / 1000, size % 1000);
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        ("memory" | "ephemeral-storage", Rounding::Up) => format!("{} MiB", size.div_ceil(MEBI)),
        ("memory" | "ephemeral-storage", Rounding::Down) => format!("{} MiB", size / MEBI),
        _ => size.to_string(),
    }
}
