//! Karpenter's own benchmark (`scheduling_benchmark_test.go`, v1.14.0): a fifth each of pods without rules, spread over
//! zones, spread over hosts, together in a zone, and alone on a host; 400 machine types in up to three zones.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    NodeAffinity, NodeSelectorRequirement, NodeSelectorTerm, Pod, PodAntiAffinity,
    PreferredSchedulingTerm, WeightedPodAffinityTerm,
};

use super::build::{self, Crowd, HOSTNAME, INSTANCE_TYPE, ZONE};
use crate::random::Random;
use crate::resize::workload::{Type, Workload};

pub(super) const CPU_M: [u32; 5] = [100, 250, 500, 1000, 1500];
pub(super) const MEMORY_MI: [u32; 6] = [100, 256, 512, 1024, 2048, 4096];
const LABELS: [&str; 7] = ["a", "b", "c", "d", "e", "f", "g"];
const CAPACITY_TYPE: &str = "karpenter.sh/capacity-type";
const OFFERED: [(&str, &str); 5] = [
    ("spot", "test-zone-1"),
    ("spot", "test-zone-2"),
    ("on-demand", "test-zone-1"),
    ("on-demand", "test-zone-2"),
    ("on-demand", "test-zone-3"),
];

/// So many of the benchmark's pods. Those that must be alone make a fifth as many nodes the fewest there can be.
pub fn diverse(pods: u32, seed: u64) -> Workload {
    let mut random = Random::new(seed);
    let mut crowd = Crowd::default();
    let fifth = pods / 5;
    for make in [generic, over_zones, over_hosts, together, alone] {
        for _ in 0..fifth {
            crowd.wait(make(&mut random), 1);
        }
    }
    for _ in fifth * 5..pods {
        crowd.wait(generic(&mut random), 1);
    }
    Workload {
        types: types(400),
        ..crowd.into_workload(format!("diverse-{pods}"))
    }
}

/// Equal pods that would like to be in one zone, and elsewhere than each other, which cannot be.
pub fn preferring(pods: u32, seed: u64) -> Workload {
    let mut random = Random::new(seed);
    let nginx = ("app", "nginx");
    let mut pod = sized(&mut random, nginx);
    let affinity = build::affinity(&mut pod);
    affinity.node_affinity = Some(likes_first_zone());
    let dislikes = |weight, key| WeightedPodAffinityTerm {
        weight,
        pod_affinity_term: build::term(key, nginx),
    };
    affinity.pod_anti_affinity = Some(PodAntiAffinity {
        preferred_during_scheduling_ignored_during_execution: Some(vec![
            dislikes(10, ZONE),
            dislikes(1, HOSTNAME),
        ]),
        ..PodAntiAffinity::default()
    });
    let mut crowd = Crowd::default();
    crowd.wait(pod, pods);
    Workload {
        types: types(400),
        ..crowd.into_workload(format!("preferring-{pods}"))
    }
}

fn generic(random: &mut Random) -> Pod {
    let label = random.pick(&LABELS);
    sized(random, ("my-label", label))
}

fn over_zones(random: &mut Random) -> Pod {
    spread(random, ZONE)
}

fn over_hosts(random: &mut Random) -> Pod {
    spread(random, HOSTNAME)
}

/// Its own label and the one it is spread by are drawn one by one: a seventh counts itself.
fn spread(random: &mut Random, key: &str) -> Pod {
    let own = random.pick(&LABELS);
    let counted = random.pick(&LABELS);
    let pod = sized(random, ("my-label", own));
    build::spread(pod, key, ("my-label", counted))
}

fn together(random: &mut Random) -> Pod {
    // The label is spelled like this upstream.
    let label = ("my-affininity", random.pick(&LABELS));
    let pod = sized(random, label);
    build::with(pod, ZONE, label)
}

fn alone(random: &mut Random) -> Pod {
    let label = ("app", "nginx");
    let pod = sized(random, label);
    build::without(pod, HOSTNAME, label)
}

pub(super) fn sized(random: &mut Random, label: (&str, &str)) -> Pod {
    let cpu = random.pick(&CPU_M);
    let memory = random.pick(&MEMORY_MI);
    build::pod(label, cpu, memory)
}

fn likes_first_zone() -> NodeAffinity {
    let preference = NodeSelectorTerm {
        match_expressions: Some(vec![NodeSelectorRequirement {
            key: ZONE.to_owned(),
            operator: "In".to_owned(),
            values: Some(vec!["test-zone-1".to_owned()]),
        }]),
        ..NodeSelectorTerm::default()
    };
    NodeAffinity {
        preferred_during_scheduling_ignored_during_execution: Some(vec![PreferredSchedulingTerm {
            weight: 1,
            preference,
        }]),
        ..NodeAffinity::default()
    }
}

/// The benchmark's machines: the n-th has n CPUs, 2 n GiB and room for 10 n pods, less what the kubelet keeps.
pub(super) fn types(sizes: u32) -> Vec<Type> {
    let each = (1..=sizes).flat_map(|size| OFFERED.map(|offered| (size, offered)));
    each.map(|(size, (capacity, zone))| machine(size, capacity, zone))
        .collect()
}

fn machine(size: u32, capacity: &str, zone: &str) -> Type {
    let name = format!("fake-it-{}", size - 1);
    let amounts = [
        ("cpu", format!("{}m", size * 1000 - 100)),
        ("memory", format!("{}Mi", size * 2048 - 10)),
        ("pods", format!("{}", size * 10)),
    ];
    let labels = [
        (INSTANCE_TYPE, name.as_str()),
        ("kubernetes.io/arch", "amd64"),
        ("kubernetes.io/os", "linux"),
        (CAPACITY_TYPE, capacity),
        (ZONE, zone),
    ];
    // A tenth for each CPU and each gigabyte, in whole millionths.
    let hourly = (f64::from(size) * (1.0 + 2.0 * 1.073_741_824) * 1e5).round() / 1e6;
    Type {
        name: format!("{name}-{capacity}-{zone}"),
        hourly,
        allocatable: amounts.map(|(name, text)| (name.to_owned(), text)).into(),
        labels: owned(&labels),
        ..Type::default()
    }
}

pub(super) fn owned(labels: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = labels
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    owned.collect()
}
