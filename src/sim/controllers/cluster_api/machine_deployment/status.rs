//! What a MachineDeployment says about itself.

use anyhow::Result;
use serde_json::{Value, json};

use super::super::Scope;
use super::super::conditions::{AVAILABLE, Condition};
use super::super::machines::Machine;
use super::super::objects::{MACHINE_DEPLOYMENT, generation, is_deleting, name, namespace, uid};
use super::super::replicas;
use super::rollout::Rollout;
use super::{selector_text, sets_of};

const COUNTS: [&str; 4] = [
    "replicas",
    "readyReplicas",
    "availableReplicas",
    "upToDateReplicas",
];

pub(super) fn report(scope: &Scope, deployment: &Value) -> Result<()> {
    // Annotations may have been written since the object was read.
    let found = scope
        .infra
        .get(&MACHINE_DEPLOYMENT, namespace(deployment), name(deployment))?;
    let Some(deployment) = found else {
        return Ok(());
    };
    let sets = sets_of(scope, &deployment)?;
    let machines = sets
        .iter()
        .flat_map(|set| scope.machines.of_owner(uid(set)));
    let machines: Vec<Machine> = machines.cloned().collect();
    let mut status = deployment["status"].clone();
    for field in COUNTS {
        let counts = sets.iter().filter_map(|set| set["status"][field].as_u64());
        status[field] = json!(counts.sum::<u64>());
    }
    let rollout = Rollout::of(&deployment);
    let wanted = if is_deleting(&deployment) {
        0
    } else {
        rollout.replicas
    };
    status["phase"] = json!(phase(&status, wanted, is_deleting(&deployment)));
    status["selector"] = json!(selector_text(&deployment["spec"]["selector"]));
    status["observedGeneration"] = json!(generation(&deployment));
    let mut conditions = scope.conditions(&deployment);
    conditions.set(available(&deployment, &status, rollout));
    replicas::rolling_out(&mut conditions, &machines);
    replicas::scaling(&mut conditions, scope.now, &machines, wanted, &[]);
    replicas::health(&mut conditions, &machines, scope.now);
    replicas::remediating(
        &mut conditions,
        &machines,
        " by MachineDeployment/MachineSet",
    );
    replicas::deleting(&mut conditions, is_deleting(&deployment), machines.len());
    scope.save(&MACHINE_DEPLOYMENT, &deployment, status, conditions)?;
    Ok(())
}

fn phase(status: &Value, wanted: usize, deleting: bool) -> &'static str {
    let current = status["replicas"].as_u64().unwrap_or_default();
    match current.cmp(&(wanted as u64)) {
        _ if deleting => "ScalingDown",
        std::cmp::Ordering::Equal => "Running",
        std::cmp::Ordering::Greater => "ScalingDown",
        std::cmp::Ordering::Less => "ScalingUp",
    }
}

fn available(deployment: &Value, status: &Value, rollout: Rollout) -> Condition {
    let available = status["availableReplicas"].as_u64().unwrap_or_default();
    let least = rollout.least_available();
    if available >= least as u64 {
        return Condition::yes(AVAILABLE, "Available");
    }
    let mut message = format!("{available} available replicas, at least {least} required");
    if !rollout.on_delete {
        let unavailable =
            &deployment["spec"]["rollout"]["strategy"]["rollingUpdate"]["maxUnavailable"];
        let unavailable = unavailable
            .as_str()
            .map_or_else(|| unavailable.to_string(), str::to_owned);
        message = format!(
            "{message} (spec.strategy.rollout.maxUnavailable is {unavailable}, spec.replicas is {})",
            rollout.replicas
        );
    }
    if is_deleting(deployment) {
        message = "Deletion in progress".into();
    }
    Condition::no(AVAILABLE, "NotAvailable").message(message)
}
