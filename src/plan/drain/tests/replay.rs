//! Whatever is decided, an independent look at where the pods went finds nothing wrong.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::RngSeed;
use serde_json::json;

use super::*;

const NODES: [&str; 5] = ["w0", "w1", "w2", "w3", "w4"];

fn any_node(name: &'static str) -> impl Strategy<Value = Node> {
    let sizes = (500_u64..4000, 512_u64..4096, 1_u64..8);
    (sizes, any::<[bool; 4]>()).prop_map(move |((cpu, memory, pods), [ssd, tainted, off, up])| {
        let mut node = node(name);
        node.allocatable = amounts(cpu, memory, pods);
        if ssd {
            node.labels.insert("disk".to_owned(), "ssd".to_owned());
        }
        if tainted {
            node.taints = read(json!([{"key": "team", "effect": "NoSchedule"}]));
        }
        node.unschedulable = off && !up;
        node
    })
}

fn any_pod(index: usize) -> impl Strategy<Value = Pod> {
    let place = select(&NODES[..]);
    let sizes = (0_u64..1500, 0_u64..1500);
    (place, sizes, any::<[bool; 6]>()).prop_map(move |(place, (cpu, memory), traits)| {
        let [ssd, tolerant, host_port, strict, daemon, done] = traits;
        let mut pod = pod(&format!("p{index}"), place);
        pod.requests = amounts(cpu, memory, 1);
        if ssd && tolerant {
            pod.node_selector = pairs(&[("disk", "ssd")]);
        }
        if tolerant {
            pod.tolerations = read(json!([{"key": "team", "operator": "Exists"}]));
        }
        if host_port && ssd {
            let ip = "0.0.0.0".to_owned();
            pod.host_ports = vec![HostPort {
                ip,
                port: 80,
                protocol: "TCP".to_owned(),
            }];
        }
        if strict && host_port {
            pod.labels = pairs(&[("app", "strict")]);
            pod.anti_affinity = read(json!([{
                "topologyKey": "kubernetes.io/hostname",
                "labelSelector": {"matchLabels": {"app": "strict"}},
            }]));
        }
        if daemon && done {
            pod.controller = Some("DaemonSet".to_owned());
        }
        pod
    })
}

prop_compose! {
    fn any_workload()(
        nodes in Vec::from(NODES.map(any_node)),
        pods in (0_usize..14).prop_flat_map(|n| (0..n).map(any_pod).collect::<Vec<_>>()),
        allowed in 0_u32..12,
    ) -> Given {
        Given { nodes, pods, budgets: vec![budget("web", allowed)] }
    }
}

prop_compose! {
    fn any_machines()(
        nodes in subsequence(&NODES[..], 1..=5),
        states in any::<[[bool; 4]; 5]>(),
    ) -> Vec<Candidate> {
        let machines = nodes.iter().zip(states).enumerate();
        machines.map(|(age, (node, [ready, steady, leaving, really]))| Candidate {
            ready: ready || steady,
            deleting: leaving && really,
            ..machine(node, u32::try_from(age).unwrap())
        }).collect()
    }
}

/// A node that stays, and who is on it afterwards.
struct Room<'a> {
    node: &'a Node,
    pods: Vec<&'a Pod>,
}

fn rooms<'a>(seen: &'a Given, machines: &[Candidate], count: usize) -> (Removal, Vec<Room<'a>>) {
    let (removal, after) = decide(&seen.workload(), machines, count).unwrap();
    let gone = |node: &Node| {
        let of = |m: &&Candidate| m.node.as_deref() == Some(node.name.as_str());
        let mut machines = machines.iter().filter(of);
        machines.any(|m| m.deleting || removal.machines.contains(&m.machine))
    };
    let is_at = |pod: &Pod, node: &Node| {
        let name = format!("{}/{}", pod.namespace, pod.name);
        let mut residents = after.residents.iter();
        match residents.find(|resident| resident.name == name) {
            Some(resident) => resident.node == after.state.node_id(&node.name),
            None => pod.node.as_deref() == Some(node.name.as_str()),
        }
    };
    let stay = seen.nodes.iter().filter(|node| !gone(node));
    let rooms = stay.map(|node| Room {
        node,
        pods: seen.pods.iter().filter(|pod| is_at(pod, node)).collect(),
    });
    let rooms = rooms.collect();
    (removal, rooms)
}

fn count<'a>(pods: &[&'a Pod], has: impl Fn(&'a Pod) -> bool) -> usize {
    pods.iter().filter(|pod| has(pod)).count()
}

proptest! {
    #![proptest_config(ProptestConfig {
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_pod_that_moved_is_on_a_node_that_can_have_it(
        seen in any_workload(),
        machines in any_machines(),
        count_to_go in 0_usize..6,
    ) {
        let (_, rooms) = rooms(&seen, &machines, count_to_go);
        for room in &rooms {
            let node = room.node;
            let came = |pod: &Pod| pod.node.as_deref() != Some(node.name.as_str());
            if !room.pods.iter().any(|pod| came(pod)) {
                continue;
            }
            prop_assert!(node.ready && !node.unschedulable);
            for resource in ["cpu", "memory", "pods"] {
                let sum = |pods: &[&Pod]| pods.iter().map(|pod| pod.requests[resource]).sum::<u64>();
                let before: Vec<&Pod> = room.pods.iter().copied().filter(|pod| !came(pod)).collect();
                // A node may have been over-committed all along; it only must not become so.
                let most = node.allocatable[resource].max(sum(&before));
                prop_assert!(sum(&room.pods) <= most, "{resource} of {}", node.name);
            }
            for pod in room.pods.iter().filter(|pod| came(pod)) {
                prop_assert!(pod.node_selector.is_empty() || node.labels.contains_key("disk"));
                prop_assert!(node.taints.is_null() || !pod.tolerations.is_null());
                let strict = |other: &Pod| other.labels["app"] == "strict";
                prop_assert!(!strict(pod) || count(&room.pods, strict) == 1);
                let open = |other: &Pod| !other.host_ports.is_empty();
                prop_assert!(!open(pod) || count(&room.pods, open) == 1);
            }
        }
    }

    #[test]
    fn every_pod_of_a_machine_that_goes_is_placed_or_reported(
        seen in any_workload(),
        machines in any_machines(),
        count_to_go in 0_usize..6,
    ) {
        let (removal, rooms) = rooms(&seen, &machines, count_to_go);
        let chosen = machines.iter().filter(|m| removal.machines.contains(&m.machine));
        let left: Vec<&str> = chosen.filter_map(|m| m.node.as_deref()).collect();
        let mut evicted = 0_u32;
        for pod in &seen.pods {
            let name = format!("{}/{}", pod.namespace, pod.name);
            let mover = left.contains(&pod.node.as_deref().unwrap())
                && pod.controller.as_deref() == Some("ReplicaSet");
            let places = rooms.iter().flat_map(|room| &room.pods);
            let placed = places.filter(|other| other.name == pod.name).count();
            let reported = removal.homeless.iter().filter(|h| h.pod == name).count();
            if mover {
                prop_assert_eq!(placed + reported, 1, "{}", name);
                evicted += u32::from(placed == 1 && pod.labels["app"] == "web");
            } else {
                prop_assert_eq!(reported, 0, "{}", name);
            }
        }
        prop_assert!(evicted == 0 || seen.budgets[0].disruptions_allowed > 0);
    }

    #[test]
    fn as_many_go_as_were_asked_for_whatever_the_order_of_the_lists(
        seen in any_workload(),
        machines in any_machines(),
        count_to_go in 0_usize..6,
    ) {
        let removal = remove(&seen, &machines, count_to_go);
        let deleting = machines.iter().filter(|m| m.deleting).count();
        let wanted = count_to_go.saturating_sub(deleting).min(machines.len() - deleting);
        let distinct: std::collections::BTreeSet<&String> = removal.machines.iter().collect();
        prop_assert_eq!(distinct.len(), wanted);
        prop_assert_eq!(removal.machines.len(), wanted);

        let (mut turned, mut reversed) = (seen.clone(), machines.clone());
        turned.nodes.reverse();
        turned.pods.reverse();
        reversed.reverse();
        prop_assert_eq!(remove(&turned, &reversed, count_to_go), removal);
    }
}
