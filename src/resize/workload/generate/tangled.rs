//! A cluster in which much stands in the way of whoever wants to remove nodes.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{EmptyDirVolumeSource, Pod, Volume};
use k8s_openapi::api::policy::v1::{
    PodDisruptionBudget, PodDisruptionBudgetSpec, PodDisruptionBudgetStatus,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use super::build::{self, Crowd, HOSTNAME, INSTANCE_TYPE, NAMESPACE, ZONE};
use super::diverse::owned;
use crate::random::Random;
use crate::resize::workload::{Group, Node, Type, Workload};

const ZONES: [&str; 3] = ["a", "b", "c"];
/// Name, millicores, MiB, price an hour.
const SIZES: [(&str, u32, u32, f64); 3] = [
    ("small", 4000, 8 * 1024, 0.02),
    ("medium", 8000, 16 * 1024, 0.038),
    ("large", 16_000, 32 * 1024, 0.072),
];
const APPS: u32 = 200;
const SYSTEM: &str = "kube-system";

/// What keeps a pod where it is.
const STUCK: [fn(&mut Pod); 4] = [bare, with_data, annotated, of_the_system];

/// So many nodes of nine types, a tenth to seven tenths full: apps that spread, that keep apart, and with budgets. On
/// every fifth node there is a pod that must not be moved: without a controller, with data, with an annotation that says
/// so, of the system.
pub fn tangled(nodes: u32, seed: u64) -> Workload {
    let mut random = Random::new(seed);
    let mut crowd = Crowd::default();
    let apps: Vec<(usize, u32)> = (0..APPS)
        .map(|app| make(&mut crowd, &mut random, app))
        .collect();
    let stuck: Vec<usize> = STUCK
        .iter()
        .map(|keep| {
            let mut pod = owned_by_app(build::pod(("app", "stuck"), 100, 128), "stuck");
            keep(&mut pod);
            crowd.class(pod)
        })
        .collect();
    let nodes = (0..nodes).map(|number| {
        let size = random.pick(&[0, 1, 2]);
        let (name, millicores, ..) = SIZES[size];
        let mut pods: BTreeMap<usize, u32> = BTreeMap::new();
        let mut left = millicores * (10 + random.below(60)) / 100;
        if random.chance(20) {
            pods.insert(random.pick(&stuck), 1);
            left = left.saturating_sub(100);
        }
        loop {
            let (class, millicores) = random.pick(&apps);
            if millicores > left || pods.insert(class, 1).is_some() {
                break;
            }
            left -= millicores;
        }
        Node {
            name: format!("n{number}"),
            machine_type: format!("{name}-{}", ZONES[number as usize % ZONES.len()]),
            pods: groups(&pods),
        }
    });
    let nodes = nodes.collect();
    let budgets = (0..APPS).flat_map(budgets).collect();
    let name = format!("tangled-{seed}");
    Workload {
        nodes,
        types: ZONES
            .iter()
            .flat_map(|zone| SIZES.map(|size| machine(size, zone)))
            .collect(),
        budgets,
        ..crowd.into_workload(name)
    }
}

/// The app's class and what its pods ask for.
fn make(crowd: &mut Crowd, random: &mut Random, app: u32) -> (usize, u32) {
    let name = format!("app-{app}");
    let label = ("app", name.as_str());
    let millicores = random.pick(&[100, 200, 300, 500, 800]);
    let pod = build::pod(label, millicores, millicores * 2);
    let pod = match app % 10 {
        1 => build::spread(pod, ZONE, label),
        2 => build::without(pod, HOSTNAME, label),
        _ => pod,
    };
    (crowd.class(owned_by_app(pod, &name)), millicores)
}

fn owned_by_app(mut pod: Pod, app: &str) -> Pod {
    pod.metadata.owner_references = Some(vec![OwnerReference {
        api_version: "apps/v1".to_owned(),
        kind: "ReplicaSet".to_owned(),
        name: app.to_owned(),
        uid: app.to_owned(),
        controller: Some(true),
        ..OwnerReference::default()
    }]);
    pod
}

fn bare(pod: &mut Pod) {
    pod.metadata.owner_references = None;
}

fn with_data(pod: &mut Pod) {
    build::spec(pod).volumes = Some(vec![Volume {
        name: "data".to_owned(),
        empty_dir: Some(EmptyDirVolumeSource::default()),
        ..Volume::default()
    }]);
}

fn annotated(pod: &mut Pod) {
    let said = build::labels(("karpenter.sh/do-not-disrupt", "true"));
    pod.metadata.annotations = Some(said);
}

fn of_the_system(pod: &mut Pod) {
    pod.metadata.namespace = Some(SYSTEM.to_owned());
}

/// Of ten apps one may lose nobody, three may lose some, and one is under two budgets.
fn budgets(app: u32) -> Vec<PodDisruptionBudget> {
    let name = format!("app-{app}");
    match app % 10 {
        3 => vec![budget(&name, &name, 0)],
        4..=6 => vec![budget(&name, &name, 10)],
        7 => ["one", "two"]
            .map(|which| budget(&format!("{name}-{which}"), &name, 10))
            .to_vec(),
        _ => Vec::new(),
    }
}

fn budget(name: &str, app: &str, allowed: i32) -> PodDisruptionBudget {
    PodDisruptionBudget {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            namespace: Some(NAMESPACE.to_owned()),
            generation: Some(1),
            ..ObjectMeta::default()
        },
        spec: Some(PodDisruptionBudgetSpec {
            selector: Some(build::selector(("app", app))),
            ..PodDisruptionBudgetSpec::default()
        }),
        status: Some(PodDisruptionBudgetStatus {
            observed_generation: Some(1),
            disruptions_allowed: allowed,
            ..PodDisruptionBudgetStatus::default()
        }),
    }
}

fn groups(pods: &BTreeMap<usize, u32>) -> Vec<Group> {
    let groups = pods.iter().map(|(class, pods)| Group {
        class: *class,
        pods: *pods,
    });
    groups.collect()
}

fn machine((size, millicores, mebibytes, hourly): (&str, u32, u32, f64), zone: &str) -> Type {
    let amounts = [
        ("cpu", format!("{millicores}m")),
        ("memory", format!("{mebibytes}Mi")),
        ("pods", "110".to_owned()),
    ];
    Type {
        name: format!("{size}-{zone}"),
        hourly,
        allocatable: amounts.map(|(name, text)| (name.to_owned(), text)).into(),
        labels: owned(&[
            (INSTANCE_TYPE, size),
            ("kubernetes.io/arch", "amd64"),
            ("kubernetes.io/os", "linux"),
            (ZONE, zone),
        ]),
        ..Type::default()
    }
}
