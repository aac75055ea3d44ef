//! Clusters that run already.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::build::{self, Crowd, HOSTNAME, INSTANCE_TYPE, NAMESPACE, ZONE};
use super::diverse::owned;
use crate::resize::workload::{Group, Node, Type, Workload};

const APPS: u32 = 500;
const BUDGETS: u32 = 200;
/// On each node.
const PODS: u32 = 10;
/// What a node has, and what a pod asks for.
const CPU_M: u32 = 8000;
const POD_CPU_M: u32 = 200;
const ZONES: [&str; 3] = ["a", "b", "c"];

/// Nodes in three zones with ten pods each, of 500 apps: of ten apps two are spread over the zones and one has its pods
/// on different hosts. One pod waits. The number of nodes is a multiple of 50.
pub fn steady(nodes: u32) -> Workload {
    let mut crowd = Crowd::default();
    let classes: Vec<usize> = (0..APPS).map(|app| crowd.class(usual(app))).collect();
    crowd.wait(usual(1), 1);
    let mut on_node = vec![BTreeMap::new(); nodes as usize];
    for app in 0..APPS {
        for replica in 0..nodes * PODS / APPS {
            // Every app is on every fiftieth node, and so on different hosts and evenly in the zones.
            let node = (app * 101 + replica * 50) % nodes;
            let pods: &mut u32 = on_node[node as usize]
                .entry(classes[app as usize])
                .or_default();
            *pods += 1;
        }
    }
    let nodes = on_node.iter().zip(0..).map(|(pods, number)| Node {
        name: format!("n{number}"),
        machine_type: format!("bench-{}", ZONES[number % ZONES.len()]),
        pods: groups(pods),
    });
    Workload {
        nodes: nodes.collect(),
        types: ZONES
            .map(|zone| machine(zone, CPU_M, 32 * 1024, 110))
            .to_vec(),
        budgets: (0..BUDGETS).map(budget).collect(),
        ..crowd.into_workload("steady".to_owned())
    }
}

/// The same when so many pods come at once, of all apps but those whose pods must not share a host. The nodes have room for
/// just as many, so that each of them is needed.
pub fn wave(nodes: u32, pods: u32) -> Workload {
    let mut workload = steady(nodes);
    fill_up(&mut workload, pods.div_ceil(nodes));
    let apps: Vec<u32> = (0..APPS).filter(|app| app % 10 != 3).collect();
    let count = u32::try_from(apps.len()).unwrap_or(1);
    let share = |place: u32| pods / count + u32::from(place < pods % count);
    workload.pending = apps
        .iter()
        .zip(0..)
        .map(|(app, place)| Group {
            class: *app as usize,
            pods: share(place),
        })
        .collect();
    workload.name = format!("wave-{pods}");
    workload
}

/// Leaves room for so many more pods on each node.
fn fill_up(workload: &mut Workload, room: u32) {
    let free = CPU_M - PODS * POD_CPU_M;
    let Some(filler) = free.checked_sub(room * POD_CPU_M).filter(|cpu| *cpu > 0) else {
        return;
    };
    let class = workload.classes.len();
    let filler = build::pod(("app", "filler"), filler, 0);
    workload.classes.push(filler);
    for node in &mut workload.nodes {
        node.pods.push(Group { class, pods: 1 });
    }
}

/// Nodes with 40 pods each, of a hundredth of the node each: three fifths of the nodes are one too many. The Cluster
/// Autoscaler's own benchmark is this with 2,000 nodes.
pub fn removable(nodes: u32) -> Workload {
    let mut crowd = Crowd::default();
    let pod = build::pod(("app", "small"), 100, 100);
    let class = crowd.class(pod);
    let node = |number: u32| Node {
        name: format!("n{number}"),
        machine_type: "bench-a".to_owned(),
        pods: vec![Group { class, pods: 40 }],
    };
    Workload {
        nodes: (0..nodes).map(node).collect(),
        types: vec![machine("a", 10_000, 10_000, 110)],
        ..crowd.into_workload(format!("removable-{nodes}"))
    }
}

fn groups(pods: &BTreeMap<usize, u32>) -> Vec<Group> {
    let groups = pods.iter().map(|(class, pods)| Group {
        class: *class,
        pods: *pods,
    });
    groups.collect()
}

fn usual(app: u32) -> Pod {
    let name = format!("app-{app}");
    let label = ("app", name.as_str());
    let pod = build::pod(label, POD_CPU_M, 512);
    match app % 10 {
        1 | 6 => build::spread(pod, ZONE, label),
        3 => build::without(pod, HOSTNAME, label),
        _ => pod,
    }
}

fn machine(zone: &str, cpu_m: u32, memory_mi: u32, pods: u32) -> Type {
    let amounts = [
        ("cpu", format!("{cpu_m}m")),
        ("memory", format!("{memory_mi}Mi")),
        ("pods", format!("{pods}")),
    ];
    Type {
        name: format!("bench-{zone}"),
        hourly: 0.05,
        allocatable: amounts.map(|(name, text)| (name.to_owned(), text)).into(),
        labels: owned(&[
            (INSTANCE_TYPE, "bench"),
            ("kubernetes.io/arch", "amd64"),
            ("kubernetes.io/os", "linux"),
            (ZONE, zone),
        ]),
        ..Type::default()
    }
}

fn budget(app: u32) -> PodDisruptionBudget {
    let name = format!("app-{app}");
    PodDisruptionBudget {
        spec: Some(PodDisruptionBudgetSpec {
            max_unavailable: Some(IntOrString::Int(1)),
            selector: Some(build::selector(("app", &name))),
            ..PodDisruptionBudgetSpec::default()
        }),
        metadata: ObjectMeta {
            name: Some(name),
            namespace: Some(NAMESPACE.to_owned()),
            ..ObjectMeta::default()
        },
        status: None,
    }
}
