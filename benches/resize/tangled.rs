//! S7 (b): clusters in which much stands in the way. The whole loop's model decides, and the validator, which shares
//! nothing with the engine, judges what it decides.

#[expect(dead_code, reason = "the fuzz test uses all of it")]
#[path = "../../tests/resize_fuzz/case.rs"]
mod case;
#[expect(dead_code, unused_imports, reason = "the fuzz test uses all of it")]
#[path = "../../tests/resize_validator/mod.rs"]
mod validator;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bex_infra::resize::decision::Decision;
use bex_infra::resize::offer::Price;
use bex_infra::resize::policy::Policy;
use bex_infra::resize::prices::{Location, MachineType, PriceList};
use bex_infra::resize::workload::generate::tangled;
use bex_infra::resize::workload::{Node, Type, Workload};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Node as KubeNode;
use serde_json::{Value, json};

use crate::measure::{RUNS, human, median, timed};
use case::Case;

const NODES: u32 = 1000;
const SEEDS: [u64; 3] = [1, 2, 3];
const SIZE: &str = "capacity.cluster-autoscaler.kubernetes.io";
/// The machines of this group are just being replaced.
const ROLLED_OUT: &str = "medium-b";

/// What decisions say of pods that must not be moved.
const STUCK: [&str; 4] = [
    "no controller would make it again",
    "would be lost",
    "annotation",
    "in kube-system covers it",
];

pub(crate) fn measure() {
    println!(
        "\n| nodes | pods | decided | go | evictions | stay: a pod must not be moved | a budget | no other place | rollout | violations |"
    );
    println!("|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    for seed in SEEDS {
        row(&tangled(NODES, seed));
    }
}

fn row(workload: &Workload) {
    let case = case(workload);
    let mut times = Vec::new();
    let mut decided = None;
    for _ in 0..RUNS {
        let mut model = case.model();
        let (time, decision) = timed(|| case.decide(&mut model));
        times.push(time);
        decided = Some(decision);
    }
    let (now, decision) = decided.unwrap();
    let world = case.world();
    let wrong = validator::check(&world, &case.policy, now, &decision);
    for what in wrong.iter().take(10) {
        eprintln!("{}: {what}", workload.name);
    }
    let rolled_out = workload
        .nodes
        .iter()
        .filter(|node| node.machine_type == ROLLED_OUT);
    println!(
        "| {NODES} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
        world.pods.len(),
        human(median(times)),
        decision.remove.len(),
        decision
            .remove
            .iter()
            .map(|remove| remove.moves.len())
            .sum::<usize>(),
        kept(&decision, &STUCK),
        kept(
            &decision,
            &["PodDisruptionBudget ", "several PodDisruptionBudgets"]
        ),
        kept(&decision, &["fits nowhere else"]),
        rolled_out.count(),
        wrong.len(),
    );
}

/// How many nodes stay for a reason with one of these words.
fn kept(decision: &Decision, words: &[&str]) -> usize {
    let kept = decision.kept.iter();
    let kept = kept.filter(|kept| words.iter().any(|word| kept.why.contains(word)));
    kept.map(|kept| &kept.node).collect::<BTreeSet<_>>().len()
}

/// Both clusters' objects.
fn case(workload: &Workload) -> Case {
    let now = Timestamp::from_second(1_800_000_000).unwrap();
    let mut case = Case {
        seed: 0,
        now,
        prices: prices(&workload.types),
        policy: Policy {
            unneeded_for: Duration::ZERO,
            settle: Duration::ZERO,
            max_removals: u32::MAX,
            ..Policy::default()
        },
        objects: Vec::new(),
        templates: BTreeMap::new(),
        hourly: BTreeMap::new(),
    };
    for of in &workload.types {
        add_group(&mut case, of, workload);
    }
    for node in &workload.nodes {
        add_node(&mut case, node, workload);
    }
    for budget in &workload.budgets {
        let budget = serde_json::to_value(budget).unwrap();
        case.add_app("poddisruptionbudgets.policy", budget);
    }
    case
}

fn prices(types: &[Type]) -> PriceList {
    let of = |of: &Type| MachineType {
        name: of.name.clone(),
        architecture: "amd64".to_owned(),
        cpus: 1,
        memory_gib: 1.0,
        disk_gb: 1,
        dedicated: false,
        locations: vec![Location {
            name: "here".to_owned(),
            hourly: price(of),
            available: true,
        }],
    };
    PriceList {
        currency: "EUR".to_owned(),
        billed_seconds: 0,
        types: types.iter().map(of).collect(),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a few cents"
)]
fn price(of: &Type) -> Price {
    Price((of.hourly * 1e6).round() as u64)
}

fn add_group(case: &mut Case, of: &Type, workload: &Workload) {
    let name = &of.name;
    let machines = workload
        .nodes
        .iter()
        .filter(|node| node.machine_type == *name);
    let machines = machines.count();
    let rolling = json!([{"type": "RollingOut", "status": "True"}]);
    let conditions = if name == ROLLED_OUT {
        rolling
    } else {
        json!([])
    };
    let group = json!({
        "metadata": {"name": name, "namespace": "default", "generation": 1, "annotations": {
            "cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size": "1",
            "cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size": "10000",
            "infra.bex.co/machine-type": name, "infra.bex.co/location": "here",
            format!("{SIZE}/cpu"): of.allocatable["cpu"], format!("{SIZE}/memory"): of.allocatable["memory"],
        }},
        "spec": {"replicas": machines, "template": {"spec": {"infrastructureRef": {"name": name}}}},
        "status": {"observedGeneration": 1, "replicas": machines, "conditions": conditions},
    });
    case.add_infra("machinedeployments.cluster.x-k8s.io", group);
    let set = json!({
        "metadata": {
            "name": format!("{name}-set"), "namespace": "default",
            "ownerReferences": [{"kind": "MachineDeployment", "name": name}],
        },
        "spec": {"replicas": machines, "template": {"spec": {"infrastructureRef": {"name": name}}}},
        "status": {"replicas": machines},
    });
    case.add_infra("machinesets.cluster.x-k8s.io", set);
    let template: KubeNode = serde_json::from_value(node(of, "", case.now)).unwrap();
    case.templates.insert(name.clone(), template);
    case.hourly.insert(name.clone(), price(of).0);
}

fn node(of: &Type, name: &str, now: Timestamp) -> Value {
    let mut labels = of.labels.clone();
    labels.insert("kubernetes.io/hostname".to_owned(), name.to_owned());
    json!({
        "metadata": {"name": name, "labels": labels, "creationTimestamp": created(now)},
        "status": {
            "allocatable": of.allocatable, "conditions": [{"type": "Ready", "status": "True"}],
        },
    })
}

fn created(now: Timestamp) -> String {
    (now - SignedDuration::from_hours(24)).to_string()
}

fn add_node(case: &mut Case, of: &Node, workload: &Workload) {
    let (name, group) = (&of.name, &of.machine_type);
    let mut types = workload.types.iter();
    let kind = types.find(|kind| kind.name == *group).unwrap();
    let created = created(case.now);
    case.add_app("nodes", node(kind, name, case.now));
    case.add_infra("machines.cluster.x-k8s.io", json!({
        "metadata": {
            "name": format!("machine-{name}"), "namespace": "default", "creationTimestamp": created,
            "labels": {"cluster.x-k8s.io/deployment-name": group},
            "ownerReferences": [{"kind": "MachineSet", "name": format!("{group}-set")}],
        },
        "spec": {}, "status": {"nodeRef": {"name": name}},
    }));
    for (place, pods) in of.pods.iter().enumerate() {
        for number in 0..pods.pods {
            let mut pod = serde_json::to_value(&workload.classes[pods.class]).unwrap();
            pod["metadata"]["name"] = json!(format!("{name}-{place}-{number}"));
            pod["metadata"]["creationTimestamp"] = json!(created);
            pod["spec"]["nodeName"] = json!(name);
            pod["status"] = json!({"phase": "Running"});
            case.add_app("pods", pod);
        }
    }
}
