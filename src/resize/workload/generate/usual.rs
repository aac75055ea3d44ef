//! Pods as people run them, for the price of the machines that they need.

use k8s_openapi::api::apps::v1::{DaemonSet, DaemonSetSpec};
use k8s_openapi::api::core::v1::{Pod, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::build::{self, Crowd};
use super::catalog::{ARCHITECTURE, DEDICATED};
use super::diverse;
use crate::random::Random;
use crate::resize::workload::{Type, Workload};

/// What pods ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// The sizes of Karpenter's benchmark.
    Generic,
    /// Web services: log-normal around 300 millicores and 600 MiB.
    Web,
    /// A fit to a trace of machine learning jobs (Alibaba's openb, 2023), each at a quarter of its size.
    Trace,
}

/// Millicores, MiB, and how many of a hundred jobs ask for that.
const TRACE: [(u32, u32, u32); 13] = [
    (3925, 14592, 22),
    (2850, 12032, 18),
    (2000, 7630, 14),
    (8000, 12288, 12),
    (4000, 8192, 7),
    (1000, 5722, 6),
    (2975, 19456, 5),
    (1000, 7630, 4),
    (3000, 4096, 3),
    (3000, 6144, 3),
    (3850, 12800, 3),
    (4675, 16128, 2),
    (1500, 1536, 1),
];

/// What runs on each node: name, millicores, MiB.
const DAEMONS: [(&str, u32, u32); 6] = [
    ("cilium", 100, 128),
    ("csi-node", 30, 60),
    ("kube-proxy", 20, 40),
    ("log-agent", 50, 100),
    ("node-exporter", 20, 30),
    ("node-local-dns", 25, 20),
];

/// So many pods of a shape for these types. Where there are types of other kinds than the usual, a fifth of the pods may
/// run on either architecture, and a tenth needs CPUs of its own.
pub fn usual(shape: Shape, pods: u32, types: Vec<Type>, seed: u64) -> Workload {
    let mut random = Random::new(seed);
    let mut crowd = Crowd::default();
    let has = |key: &str, value: &str| {
        let mut labels = types.iter().map(|of| of.labels.get(key));
        labels.any(|found| found.is_some_and(|found| found == value))
    };
    let (arm, dedicated) = (has(ARCHITECTURE, "arm64"), has(DEDICATED, "true"));
    for _ in 0..pods {
        let mut pod = shape.pod(&mut random);
        let mut selector = Vec::new();
        if random.chance(80) && arm {
            selector.push((ARCHITECTURE, "amd64"));
        }
        if random.chance(10) && dedicated {
            selector.push((DEDICATED, "true"));
        }
        if !selector.is_empty() {
            build::spec(&mut pod).node_selector = Some(diverse::owned(&selector));
        }
        crowd.wait(pod, 1);
    }
    Workload {
        types,
        daemon_sets: DAEMONS.iter().map(daemon).collect(),
        ..crowd.into_workload(format!("{}-{pods}", shape.name()))
    }
}

impl Shape {
    fn name(self) -> &'static str {
        match self {
            Self::Generic => "generic",
            Self::Web => "web",
            Self::Trace => "trace",
        }
    }

    fn pod(self, random: &mut Random) -> Pod {
        let (cpu, memory) = match self {
            Self::Generic => (
                random.pick(&diverse::CPU_M),
                random.pick(&diverse::MEMORY_MI),
            ),
            Self::Web => (
                stepped(random.log_normal(5.7, 0.9), 50, 8000),
                stepped(random.log_normal(6.4, 1.0), 64, 16384),
            ),
            Self::Trace => of_trace(random.below(100)),
        };
        build::pod(("app", self.name()), cpu, memory)
    }
}

/// People ask for round amounts: the next multiple of `step`, and no more than `most`.
fn stepped(amount: f64, step: u32, most: u32) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a positive number that is clamped"
    )]
    let steps = (amount / f64::from(step)).ceil().min(1e6) as u32;
    (steps * step).clamp(step, most)
}

fn of_trace(mut number: u32) -> (u32, u32) {
    for (cpu, memory, share) in TRACE {
        if number < share {
            return (cpu, memory);
        }
        number -= share;
    }
    let (cpu, memory, _) = TRACE[0];
    (cpu, memory)
}

fn daemon((name, cpu, memory): &(&str, u32, u32)) -> DaemonSet {
    let pod = build::pod(("daemon", name), *cpu, *memory);
    DaemonSet {
        metadata: ObjectMeta {
            name: Some((*name).to_owned()),
            namespace: Some("kube-system".to_owned()),
            ..ObjectMeta::default()
        },
        spec: Some(DaemonSetSpec {
            selector: build::selector(("daemon", name)),
            template: PodTemplateSpec {
                metadata: Some(ObjectMeta {
                    namespace: None,
                    ..pod.metadata
                }),
                spec: pod.spec,
            },
            ..DaemonSetSpec::default()
        }),
        status: None,
    }
}
