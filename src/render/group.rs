//! What tells the groups of workers apart: sizes, machine types, places.

use std::collections::BTreeMap;

use crate::names::{
    CAPACITY_ANNOTATION, INSTANCE_TYPE, LOCATION_ANNOTATION, MACHINE_TYPE_ANNOTATION,
    MAX_SIZE_ANNOTATION, MIN_SIZE_ANNOTATION, POOL_ANNOTATION, RUNG_ANNOTATION,
};
use crate::spec::{Group, Pool, Rung, Substrate};

/// Most pods on a node: the kubelet's default.
const MAX_PODS: u32 = 110;

/// A Cluster API annotation: which checks a MachineSet leaves out before it makes a Machine. A Machine may well exist before
/// its control plane answers: it gets its server when that can be joined. If the check held it up, it would come up to 15
/// seconds later, and no worker could be added as long as a control plane is upgraded. That kubeadm's versions agree is
/// checked apart from this.
const SKIPPED_CHECKS: (&str, &str) = (
    "machineset.cluster.x-k8s.io/skip-preflight-checks",
    "ControlPlaneIsStable",
);

type Texts = BTreeMap<String, String>;

/// What a machine template says of its machines, in the words in which Cluster API tells the autoscaler.
pub(super) struct Machine {
    /// Labels that its node will have.
    pub(super) labels: Texts,
    pub(super) capacity: Texts,
}

/// A machine of that rung, or the usual one.
pub(super) fn machine(rung: Option<&Rung>) -> Machine {
    let usual = Rung::usual();
    let Rung {
        machine_type,
        location,
        size,
    } = rung.unwrap_or(&usual);
    let labels = Texts::from([
        text(INSTANCE_TYPE, machine_type),
        text("topology.kubernetes.io/region", location),
        text("topology.kubernetes.io/zone", location),
    ]);
    let memory = match size.memory_mib {
        whole if whole % 1024 == 0 => format!("{}Gi", whole / 1024),
        odd => format!("{odd}Mi"),
    };
    let capacity = Texts::from([
        capacity("cpu", &size.cpus),
        capacity("memory", &memory),
        capacity("ephemeral-disk", &format!("{}Gi", size.disk_gib)),
        capacity("maxPods", &MAX_PODS),
    ]);
    Machine { labels, capacity }
}

/// Annotations of a group's MachineDeployment, by which the resize loop knows it.
pub(super) fn annotations(substrate: Substrate, pool: &Pool, group: &Group<'_>) -> Texts {
    let (skipped, checks) = SKIPPED_CHECKS;
    let mut annotations = Texts::from([text(POOL_ANNOTATION, &pool.name), text(skipped, checks)]);
    if let Some(sizes) = group.sizes {
        annotations.extend([
            text(MIN_SIZE_ANNOTATION, &sizes.min),
            text(MAX_SIZE_ANNOTATION, &sizes.max),
        ]);
    }
    if let Some(rung) = group.rung {
        annotations.extend([
            text(MACHINE_TYPE_ANNOTATION, &rung.machine_type),
            text(LOCATION_ANNOTATION, &rung.location),
            text(RUNG_ANNOTATION, &group.place),
        ]);
    }
    if substrate == Substrate::Sim {
        annotations.extend(foreseen(machine(group.rung)));
    }
    annotations
}

/// What the first node of the group will be, so that it need not be there to be known.
fn foreseen(machine: Machine) -> Texts {
    let labels = machine.labels.iter();
    let labels: Vec<String> = labels
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let mut foreseen = machine.capacity;
    foreseen.extend([capacity("labels", &labels.join(","))]);
    foreseen
}

fn capacity(what: &str, amount: &impl ToString) -> (String, String) {
    text(&format!("{CAPACITY_ANNOTATION}/{what}"), amount)
}

fn text(key: &str, value: &(impl ToString + ?Sized)) -> (String, String) {
    (key.to_owned(), value.to_string())
}
