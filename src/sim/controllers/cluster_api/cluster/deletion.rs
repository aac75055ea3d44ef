//! The end of a Cluster: workers, then the control plane, then the infrastructure.

use anyhow::Result;
use serde_json::Value;

use super::super::Scope;
use super::super::machines::Machine;
use super::super::objects::{
    DEV_CLUSTER, KUBEADM_CONTROL_PLANE, Kind, MACHINE_DEPLOYMENT, MACHINE_SET, is_deleting, name,
    owner_of,
};
use super::View;

/// Most names that a message has.
const NAMED: usize = 5;

/// How far it has come.
pub(super) struct Deletion {
    pub reason: &'static str,
    pub message: String,
    pub is_done: bool,
}

pub(super) fn step(scope: &Scope, view: &View) -> Result<Deletion> {
    delete_all(scope, &MACHINE_DEPLOYMENT, &view.deployments)?;
    let standalone = view
        .sets
        .iter()
        .filter(|set| owner_of(set, &MACHINE_DEPLOYMENT).is_none());
    let standalone: Vec<Value> = standalone.cloned().collect();
    delete_all(scope, &MACHINE_SET, &standalone)?;
    let left = left(view);
    if !left.is_empty() {
        return Ok(waits("WaitingForWorkersDeletion", left.join("\n")));
    }
    if let Some(control_plane) = &view.control_plane {
        delete_all(
            scope,
            &KUBEADM_CONTROL_PLANE,
            std::slice::from_ref(control_plane),
        )?;
        let message = "Waiting for KubeadmControlPlane to be deleted";
        return Ok(waits("WaitingForControlPlaneDeletion", message));
    }
    if let Some(infrastructure) = &view.infrastructure {
        delete_all(scope, &DEV_CLUSTER, std::slice::from_ref(infrastructure))?;
        let message = "Waiting for DevCluster to be deleted";
        return Ok(waits("WaitingForInfrastructureDeletion", message));
    }
    Ok(Deletion {
        is_done: true,
        ..waits("DeletionCompleted", "Deletion completed")
    })
}

fn waits(reason: &'static str, message: impl Into<String>) -> Deletion {
    Deletion {
        reason,
        message: message.into(),
        is_done: false,
    }
}

fn delete_all(scope: &Scope, kind: &Kind, objects: &[Value]) -> Result<()> {
    for object in objects.iter().filter(|object| !is_deleting(object)) {
        scope.infra.delete(kind, object)?;
    }
    Ok(())
}

/// What has to go before the control plane, a line for each kind.
fn left(view: &View) -> Vec<String> {
    let names = |objects: &[Value]| {
        objects
            .iter()
            .map(|object| name(object).to_owned())
            .collect()
    };
    let machines = view
        .workers
        .iter()
        .map(Machine::name)
        .map(str::to_owned)
        .collect();
    let kinds: [(&str, Vec<String>); 3] = [
        ("MachineDeployments", names(&view.deployments)),
        ("MachineSets", names(&view.sets)),
        ("Worker Machines", machines),
    ];
    let lines = kinds.into_iter().filter(|(_, names)| !names.is_empty());
    lines
        .map(|(kind, mut names)| {
            names.sort();
            let first = names.get(..NAMED).unwrap_or(&names).join(", ");
            match names.len() {
                0..=NAMED => format!("* {kind}: {first}"),
                all => format!("* {kind}: {first}, ... ({} more)", all - NAMED),
            }
        })
        .collect()
}
