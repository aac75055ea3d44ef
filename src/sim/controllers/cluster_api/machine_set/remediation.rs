//! Replacing machines that a health check has found wanting: by deleting them, a few at a time.

use anyhow::Result;
use serde_json::Value;

use super::super::Scope;
use super::super::conditions::{Condition, HEALTH_CHECK_SUCCEEDED, OWNER_REMEDIATED, Truth};
use super::super::machine_deployment::{REVISION, share};
use super::super::machines::Machine;
use super::super::objects::annotation;
use super::super::replicas;
use super::{deployment, preflight};

const DELETING: &str = "MachineDeleting";

pub(super) fn step(scope: &mut Scope, set: &Value, machines: &[Machine]) -> Result<()> {
    forget(scope, machines)?;
    let mut wanting: Vec<&Machine> = machines
        .iter()
        .filter(|machine| machine.wants_remediation() && !machine.is_deleting())
        .collect();
    if wanting.is_empty() {
        return Ok(());
    }
    let deployment = deployment(scope, set)?;
    let outdated = deployment
        .as_ref()
        .is_some_and(|deployment| annotation(deployment, REVISION) != annotation(set, REVISION));
    if outdated {
        let message = "Machine won't be remediated because it is pending removal due to rollout";
        return tell(scope, &wanting, "CannotBeRemediated", message);
    }
    // Machines that never became nodes first, then the newest.
    wanting.sort_by(|a, b| {
        let order = |machine: &Machine| {
            (
                machine.has_node(),
                machine.metadata.creation_timestamp.clone(),
            )
        };
        order(a)
            .0
            .cmp(&order(b).0)
            .then_with(|| order(b).1.cmp(&order(a).1))
    });
    let limit = deployment
        .as_ref()
        .map(|deployment| &deployment["spec"]["remediation"]["maxInFlight"]);
    let limit = limit.filter(|limit| !limit.is_null());
    let now = match limit {
        Some(limit) => share(limit, super::wanted(set), true).saturating_sub(in_flight(machines)),
        None => wanting.len(),
    };
    let deferred = wanting.split_off(now.min(wanting.len()));
    let said = limit.map(|limit| {
        limit
            .as_str()
            .map_or_else(|| limit.to_string(), str::to_owned)
    });
    let message = format!(
        "Waiting because there are already too many remediations in progress (spec.strategy.remediation.maxInFlight is {})",
        said.unwrap_or_default()
    );
    tell(scope, &deferred, "RemediationDeferred", &message)?;
    replace(scope, set, &wanting)
}

fn replace(scope: &mut Scope, set: &Value, machines: &[&Machine]) -> Result<()> {
    let blocked = preflight::check(scope, set)?;
    if !blocked.is_empty() {
        let lines: Vec<String> = blocked.iter().map(|why| format!("* {why}")).collect();
        return tell(scope, machines, "RemediationDeferred", &lines.join("\n"));
    }
    for machine in machines {
        tell(scope, &[*machine], DELETING, "Machine is deleting")?;
        replicas::delete(scope, machine)?;
    }
    Ok(())
}

/// A machine that has recovered is not asked about any more.
fn forget(scope: &mut Scope, machines: &[Machine]) -> Result<()> {
    for machine in machines.iter().filter(|machine| !machine.is_deleting()) {
        if machine.is_true(HEALTH_CHECK_SUCCEEDED) && machine.is(OWNER_REMEDIATED, Truth::False) {
            replicas::mark(scope, machine, Err(OWNER_REMEDIATED))?;
        }
    }
    Ok(())
}

fn in_flight(machines: &[Machine]) -> usize {
    let is_going = |machine: &&Machine| {
        let condition = machine.condition(OWNER_REMEDIATED);
        machine.is_deleting() && condition.is_some_and(|condition| condition.reason == DELETING)
    };
    machines.iter().filter(is_going).count()
}

fn tell(scope: &mut Scope, machines: &[&Machine], reason: &str, message: &str) -> Result<()> {
    for machine in machines {
        let condition = Condition::no(OWNER_REMEDIATED, reason).message(message);
        replicas::mark(scope, machine, Ok(condition))?;
    }
    Ok(())
}
