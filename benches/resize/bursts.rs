//! Pods that come one after the other, in virtual time: what the loop asks for while they still come, and what one
//! decision about all of them asks for. Deciding and writing take no time here, so that every pod is a decision of its
//! own; a real loop sees several at once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bex_infra::resize::decision::{Decision, Grow};
use bex_infra::resize::model::{Cluster, Model};
use bex_infra::resize::policy::Policy;
use bex_infra::resize::prices::PriceList;
use bex_infra::resize::workload::Workload;
use bex_infra::resize::workload::generate::{Arrival, arriving};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::measure::{hourly, human, median, of, permille};

pub(crate) const LOCATION: &str = "fsn1";

const SEED: u64 = 42;
const BURSTS: u64 = 20;

/// When the scheduler has found no place for a pod, after it was created.
const MARKED: Duration = Duration::from_millis(8);

/// Nothing more comes of a burst after this.
const OVER: Duration = Duration::from_secs(10);

/// What groups there are, and the types of their machines.
const CATALOGS: [(&str, &[&str]); 2] = [
    ("CPX", &["cpx22", "cpx32", "cpx42", "cpx52"]),
    (
        "CPX + CCX",
        &[
            "cpx22", "cpx32", "cpx42", "cpx52", "ccx13", "ccx23", "ccx33", "ccx43",
        ],
    ),
];

/// What came of some bursts.
#[derive(Default)]
struct Sums {
    machines: u32,
    price: f64,
    least: f64,
    /// From the first pod to the first request.
    first: Vec<Duration>,
    /// From the last pod to the last request.
    last: Vec<Duration>,
    /// From a pod to the request that is for it.
    waits: Vec<Duration>,
}

pub(crate) fn measure() {
    println!("\n### S6 in virtual time: bursts, and one decision about all of their pods\n");
    println!(
        "| types | pods come | bursts | machines asked for | dearer than one decision | the worst of them | first request after the first pod, median | last request after the last pod, median | worst | a pod's wait for its request, p50 | p99 |"
    );
    println!("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    for (name, types) in CATALOGS {
        for arrival in Arrival::ALL {
            row(name, types, arrival);
        }
    }
}

fn row(name: &str, types: &[&str], arrival: Arrival) {
    let bursts = if arrival == Arrival::Stream || arrival == Arrival::Second {
        5
    } else {
        BURSTS
    };
    let mut sums = Sums::default();
    let mut worst = 0.0_f64;
    for seed in SEED..SEED + bursts {
        let workload = arriving(arrival, seed);
        let loops = || Loop::new(types, arrival, &workload);
        let least = at_once(loops(), &workload);
        let price = sums.price;
        play(loops(), &workload, &mut sums);
        sums.least += least;
        worst = worst.max((sums.price - price) / least);
    }
    println!(
        "| {name} | {} | {bursts} | {} | {} | {} | {} | {} | {} | {} | {} |",
        arrival.name(),
        sums.machines,
        of(sums.price, sums.least),
        of(worst, 1.0),
        human(median(sums.first)),
        human(median(sums.last.clone())),
        human(permille(&mut sums.last, 1000)),
        human(median(sums.waits.clone())),
        human(permille(&mut sums.waits, 990)),
    );
}

/// The price of one decision about all pods.
fn at_once(mut loops: Loop, workload: &Workload) -> f64 {
    for number in 0..workload.events.len() {
        loops.pod(workload, number, false);
    }
    loops.now += OVER;
    let decision = loops.model.decide(&loops.policy, loops.now);
    decision.grow.iter().map(price).sum()
}

/// Lets the pods come, each when it is time, and does what is decided.
fn play(mut loops: Loop, workload: &Workload, sums: &mut Sums) {
    let begun = loops.now;
    let times = workload.events.iter().map(|event| event.at_seconds);
    let times: Vec<Timestamp> = times
        .map(|at| begun + Duration::from_secs_f64(at))
        .collect();
    let end = times[times.len() - 1] + OVER;
    let mut helped: BTreeSet<String> = BTreeSet::new();
    let (mut number, mut marked, mut again) = (0, 0, None);
    let (mut first, mut last) = (None, begun);
    loop {
        let next = times.get(number).copied();
        let mark = times.get(marked).map(|at| *at + MARKED);
        let next = next.into_iter().chain(mark).chain(again).min();
        let Some(at) = next.filter(|at| *at <= end) else {
            break;
        };
        loops.now = at;
        let mut changed = again.is_some_and(|again| again <= at);
        while times.get(number) == Some(&at) {
            changed |= loops.pod(workload, number, false);
            number += 1;
        }
        while times.get(marked).is_some_and(|come| *come + MARKED == at) {
            changed |= loops.pod(workload, marked, true);
            marked += 1;
        }
        if !changed {
            continue;
        }
        let decision = loops.decide();
        again = decision.again.filter(|again| *again > at);
        for grow in &decision.grow {
            sums.machines += grow.to - grow.from;
            sums.price += price(grow);
            first.get_or_insert(at);
            last = at;
            for pod in grow.pods.iter().filter(|pod| helped.insert((*pod).clone())) {
                let pod: usize = pod.rsplit('-').next().unwrap().parse().unwrap();
                sums.waits
                    .push(Duration::try_from(at.duration_since(times[pod])).unwrap());
            }
        }
    }
    sums.first
        .push(Duration::try_from(first.unwrap().duration_since(begun)).unwrap());
    let late = last.duration_since(times[times.len() - 1]);
    sums.last.push(Duration::try_from(late).unwrap_or_default());
}

/// By class: how many pods of it come.
fn replicas(workload: &Workload) -> BTreeMap<usize, u32> {
    let mut replicas = BTreeMap::new();
    for event in &workload.events {
        *replicas.entry(event.class).or_default() += event.pods;
    }
    replicas
}

fn price(grow: &Grow) -> f64 {
    hourly(grow.price) * f64::from(grow.to - grow.from)
}

/// The resize loop with groups that have no machines, which nobody makes.
struct Loop {
    model: Model,
    policy: Policy,
    now: Timestamp,
    groups: BTreeMap<String, Value>,
    /// Pods are made by ReplicaSets.
    of_apps: bool,
}

impl Loop {
    fn new(types: &[&str], arrival: Arrival, workload: &Workload) -> Self {
        let mut loops = Self {
            model: Model::new(PriceList::named("hetzner").unwrap()),
            policy: Policy::default(),
            now: "2026-01-01T00:00:00Z".parse().unwrap(),
            groups: types
                .iter()
                .map(|of| ((*of).to_owned(), group(of)))
                .collect(),
            of_apps: arrival.is_of_apps(),
        };
        for group in loops.groups.clone().into_values() {
            loops.tell(
                Cluster::Infra,
                "machinedeployments.cluster.x-k8s.io",
                &group,
            );
        }
        if arrival.is_of_apps() {
            loops.make_sets(workload);
        }
        loops
    }

    fn tell(&mut self, cluster: Cluster, resource: &str, object: &Value) -> bool {
        let name = object["metadata"]["name"].as_str().unwrap();
        let json = object.to_string();
        let model = &mut self.model;
        model
            .apply(
                self.now,
                cluster,
                resource,
                "default",
                name,
                Some(json.as_bytes()),
            )
            .unwrap()
    }

    /// A ReplicaSet for each class.
    fn make_sets(&mut self, workload: &Workload) {
        for (class, replicas) in replicas(workload) {
            let set = json!({
                "metadata": {"name": format!("set-{class}"), "namespace": "default"},
                "spec": {"replicas": replicas},
            });
            self.tell(Cluster::App, "replicasets.apps", &set);
        }
    }

    /// A pod comes, or is marked. True if that may change a decision.
    fn pod(&mut self, workload: &Workload, number: usize, marked: bool) -> bool {
        let class = workload.events[number].class;
        let mut pod = serde_json::to_value(&workload.classes[class]).unwrap();
        pod["metadata"]["name"] = format!("burst-{number}").into();
        if self.of_apps {
            pod["metadata"]["ownerReferences"] = json!([{
                "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": format!("set-{class}"), "uid": "", "controller": true,
            }]);
        }
        if marked {
            let condition =
                json!({"type": "PodScheduled", "status": "False", "reason": "Unschedulable"});
            pod["status"] = json!({"conditions": [condition]});
        }
        self.tell(Cluster::App, "pods", &pod)
    }

    /// Decides, and writes what groups are to have.
    fn decide(&mut self) -> Decision {
        let decision = self.model.decide(&self.policy, self.now);
        for grow in &decision.grow {
            let group = self.groups.get_mut(&grow.group).unwrap();
            group["spec"]["replicas"] = grow.to.into();
            let group = group.clone();
            self.tell(
                Cluster::Infra,
                "machinedeployments.cluster.x-k8s.io",
                &group,
            );
        }
        decision
    }
}

/// A MachineDeployment without machines.
pub(crate) fn group(machine_type: &str) -> Value {
    json!({
        "apiVersion": "cluster.x-k8s.io/v1beta2",
        "kind": "MachineDeployment",
        "metadata": {
            "name": machine_type, "namespace": "default",
            "labels": {"cluster.x-k8s.io/cluster-name": "bex"},
            "annotations": {
                "cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size": "0",
                "cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size": "10000",
                "infra.bex.co/machine-type": machine_type,
                "infra.bex.co/location": LOCATION,
            },
        },
        "spec": {
            "clusterName": "bex",
            "replicas": 0,
            "selector": {"matchLabels": {"cluster.x-k8s.io/deployment-name": machine_type}},
            "template": {
                "metadata": {"labels": {
                    "cluster.x-k8s.io/cluster-name": "bex",
                    "cluster.x-k8s.io/deployment-name": machine_type,
                }},
                "spec": {
                    "clusterName": "bex",
                    "bootstrap": {"dataSecretName": "none"},
                    "infrastructureRef": {
                        "apiGroup": "infrastructure.cluster.x-k8s.io", "kind": "DevMachineTemplate", "name": machine_type,
                    },
                },
            },
        },
    })
}
