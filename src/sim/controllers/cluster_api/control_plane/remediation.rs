//! Replacing an unhealthy machine of a control plane, if etcd survives it.

use anyhow::Result;

use super::super::conditions::{Condition, HEALTH_CHECK_SUCCEEDED, OWNER_REMEDIATED, Truth};
use super::super::machines::Machine;
use super::super::{Scope, replicas};
use super::View;

/// Whether it deals with one, so that nothing else changes meanwhile.
pub(super) fn step(scope: &mut Scope, view: &View) -> Result<bool> {
    let machines = view.machines(scope);
    for machine in machines.iter().filter(|machine| !machine.is_deleting()) {
        if machine.is_true(HEALTH_CHECK_SUCCEEDED) && machine.is(OWNER_REMEDIATED, Truth::False) {
            replicas::mark(scope, machine, Err(OWNER_REMEDIATED))?;
        }
    }
    let wanting = machines
        .iter()
        .filter(|machine| machine.wants_remediation() && !machine.is_deleting());
    let first = wanting.min_by_key(|machine| {
        let created = machine.metadata.creation_timestamp.clone();
        (machine.has_node(), created)
    });
    let Some(machine) = first else {
        return Ok(false);
    };
    if let Some((reason, message)) = refusal(view, &machines, machine) {
        let condition = Condition::no(OWNER_REMEDIATED, reason).message(message);
        replicas::mark(scope, machine, Ok(condition))?;
        return Ok(false);
    }
    let going = Condition::no(OWNER_REMEDIATED, "MachineDeleting").message("Machine is deleting");
    replicas::mark(scope, machine, Ok(going))?;
    replicas::delete(scope, machine)?;
    Ok(true)
}

/// Why it must stay for now. As long as there is no cluster yet, nothing can be lost.
fn refusal(
    view: &View,
    machines: &[Machine],
    machine: &Machine,
) -> Option<(&'static str, &'static str)> {
    let others = || machines.iter().filter(|other| other.id() != machine.id());
    if !view.is_initialized() {
        return None;
    }
    if machines.len() <= 1 {
        return Some((
            "CannotBeRemediated",
            "KubeadmControlPlane can't remediate if current replicas are less or equal to 1",
        ));
    }
    if others().any(|other| !other.has_node() && !other.is_unhealthy()) {
        return Some((
            "RemediationDeferred",
            "KubeadmControlPlane waiting for control plane Machine provisioning to complete before triggering remediation",
        ));
    }
    if others().any(Machine::is_deleting) {
        return Some((
            "RemediationDeferred",
            "KubeadmControlPlane waiting for control plane Machine deletion to complete before triggering remediation",
        ));
    }
    let members = others().filter(|other| other.has_node()).count();
    let healthy = others()
        .filter(|other| other.is_true("EtcdMemberHealthy"))
        .count();
    (healthy < members / 2 + 1).then_some(("CannotBeRemediated", "KubeadmControlPlane can't remediate this Machine because this could result in loosing Kubernetes control plane components or in etcd quorum loss"))
}
