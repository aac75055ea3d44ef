//! What everything that has replicas says about them: counts, scaling, health and rollout of its machines.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Scope;
use super::conditions::{
    AVAILABLE, Condition, Conditions, DELETING, MACHINES_READY, MACHINES_UP_TO_DATE, Merge,
    OWNER_REMEDIATED, READY, REMEDIATING, ROLLING_OUT, SCALING_DOWN, SCALING_UP, Truth, UP_TO_DATE,
};
use super::machines::Machine;
use super::objects::MACHINE;

/// A new machine may lack the condition for so long before that counts as a problem.
const UP_TO_DATE_WITHIN: Duration = Duration::from_secs(10);

/// A deletion that takes longer is worth mentioning.
const LONG: Duration = Duration::from_mins(15);

/// Counts in a status.
pub(super) fn count(status: &mut Value, machines: &[Machine]) {
    let with = |of: &str| {
        machines
            .iter()
            .filter(|machine| machine.is_true(of))
            .count()
    };
    status["replicas"] = json!(machines.len());
    status["readyReplicas"] = json!(with(READY));
    status["availableReplicas"] = json!(with(AVAILABLE));
    status["upToDateReplicas"] = json!(with(UP_TO_DATE));
}

/// `ScalingUp` and `ScalingDown`. What holds a change up is named in `blocked`.
pub(super) fn scaling(
    conditions: &mut Conditions,
    now: Timestamp,
    machines: &[Machine],
    wanted: usize,
    blocked: &[String],
) {
    let current = machines.len();
    let mut held_up = String::new();
    if !blocked.is_empty() {
        let lines: Vec<String> = blocked.iter().map(|why| format!("* {why}")).collect();
        held_up = format!(" is blocked because:\n{}", lines.join("\n"));
    }
    conditions.set(if current < wanted {
        let message = format!("Scaling up from {current} to {wanted} replicas{held_up}");
        Condition::yes(SCALING_UP, "ScalingUp").message(message)
    } else {
        Condition::no(SCALING_UP, "NotScalingUp")
    });
    conditions.set(if current > wanted {
        let mut message = format!("Scaling down from {current} to {wanted} replicas{held_up}");
        if let Some(stale) = stale(machines, now) {
            message = format!("{message}\n* {stale}");
        }
        Condition::yes(SCALING_DOWN, "ScalingDown").message(message)
    } else {
        Condition::no(SCALING_DOWN, "NotScalingDown")
    });
}

/// Machines on their way out for longer than one would expect.
fn stale(machines: &[Machine], now: Timestamp) -> Option<String> {
    let is_stale = |machine: &&Machine| {
        let deleted = machine.metadata.deletion_timestamp.as_ref();
        let deleted = deleted.and_then(|time| time.parse::<Timestamp>().ok());
        deleted.is_some_and(|deleted| now > deleted + LONG)
    };
    let names = machines.iter().filter(is_stale).map(Machine::name);
    named(names.collect()).map(|machines| format!("{machines} in deletion since more than 15m"))
}

/// `Machine a is`, `Machines a, b are`.
fn named(mut names: Vec<&str>) -> Option<String> {
    names.sort_unstable();
    let first = names.get(..3).unwrap_or(&names).join(", ");
    match names.len() {
        0 => None,
        1 => Some(format!("Machine {first} is")),
        2..=3 => Some(format!("Machines {first} are")),
        all => Some(format!("Machines {first}, ... ({} more) are", all - 3)),
    }
}

/// `MachinesReady` and `MachinesUpToDate`.
pub(super) fn health(conditions: &mut Conditions, machines: &[Machine], now: Timestamp) {
    let ready = Merge::positive(MACHINES_READY, ["NotReady", "ReadyUnknown", "Ready"]);
    conditions.set(all_machines(ready, READY, machines.iter()));
    let current = Merge::positive(
        MACHINES_UP_TO_DATE,
        ["NotUpToDate", "UpToDateUnknown", "UpToDate"],
    );
    conditions.set(all_machines(current, UP_TO_DATE, settled(machines, now)));
}

/// Machines that must say by now whether they are up to date.
pub(super) fn settled(machines: &[Machine], now: Timestamp) -> impl Iterator<Item = &Machine> {
    machines.iter().filter(move |machine| {
        let created = machine.metadata.creation_timestamp.parse::<Timestamp>();
        let old = created.is_ok_and(|created| now > created + UP_TO_DATE_WITHIN);
        old || machine.condition(UP_TO_DATE).is_some()
    })
}

/// What a condition says of all machines; of none it is True.
pub(super) fn all_machines<'a>(
    merge: Merge,
    of: &str,
    machines: impl Iterator<Item = &'a Machine>,
) -> Condition {
    let sources: Vec<_> = machines.map(|machine| machine.source(of)).collect();
    if sources.is_empty() {
        return Condition::yes(merge.target, "NoReplicas");
    }
    merge.aggregate(of, sources)
}

/// `Remediating`. Unhealthy machines that `by` does not replace are named as well.
pub(super) fn remediating(conditions: &mut Conditions, machines: &[Machine], by: &str) {
    let wanting: Vec<_> = machines
        .iter()
        .filter(|machine| machine.wants_remediation())
        .map(|machine| machine.source(OWNER_REMEDIATED))
        .collect();
    if !wanting.is_empty() {
        let merge = Merge::positive(REMEDIATING, ["", "", ""]);
        let message = merge.aggregate(OWNER_REMEDIATED, wanting).message;
        conditions.set(Condition::yes(REMEDIATING, "Remediating").message(message));
        return;
    }
    let unhealthy = machines.iter().filter(|machine| machine.is_unhealthy());
    let message = named(unhealthy.map(Machine::name).collect())
        .map(|machines| format!("{machines} not healthy (not to be remediated{by})"));
    let condition = Condition::no(REMEDIATING, "NotRemediating");
    conditions.set(condition.message(message.unwrap_or_default()));
}

/// `RollingOut`, with the reasons that machines give for being outdated; a new version first.
pub(super) fn rolling_out(conditions: &mut Conditions, machines: &[Machine]) {
    let outdated = machines.iter().filter_map(|machine| {
        let condition = machine.condition(UP_TO_DATE)?;
        (condition.status == Truth::False).then_some(condition)
    });
    let outdated: Vec<&Condition> = outdated.collect();
    if outdated.is_empty() {
        conditions.set(Condition::no(ROLLING_OUT, "NotRollingOut"));
        return;
    }
    let reasons: BTreeSet<(bool, &str)> = outdated
        .iter()
        .flat_map(|condition| condition.message.lines())
        .map(|reason| (!reason.starts_with("* Version"), reason))
        .collect();
    let first = format!("Rolling out {} not up-to-date replicas", outdated.len());
    let lines: Vec<&str> = std::iter::once(first.as_str())
        .chain(reasons.into_iter().map(|(_, reason)| reason))
        .collect();
    conditions.set(Condition::yes(ROLLING_OUT, "RollingOut").message(lines.join("\n")));
}

/// `Deleting` of something that waits for its machines.
pub(super) fn deleting(conditions: &mut Conditions, is_deleting: bool, machines: usize) {
    conditions.set(match (is_deleting, machines) {
        (false, _) => Condition::no(DELETING, "NotDeleting"),
        (true, 0) => Condition::yes(DELETING, "Deleting").message("Deletion completed"),
        (true, 1) => Condition::yes(DELETING, "Deleting").message("Deleting 1 Machine"),
        (true, all) => {
            Condition::yes(DELETING, "Deleting").message(format!("Deleting {all} Machines"))
        }
    });
}

/// Writes one condition of a Machine, or takes it away.
pub(super) fn mark(
    scope: &mut Scope,
    machine: &Machine,
    condition: Result<Condition, &str>,
) -> Result<()> {
    let (namespace, name) = (&machine.metadata.namespace, machine.name());
    let Some(object) = scope.infra.get(&MACHINE, namespace, name)? else {
        return Ok(());
    };
    let mut conditions = Conditions::of(&object, scope.now);
    match condition {
        Ok(condition) => conditions.set(condition),
        Err(of) => conditions.remove(of),
    }
    let status = object["status"].clone();
    if let Some(machine) = scope.save(&MACHINE, &object, status, conditions)? {
        scope.machines.wrote(&machine);
    }
    Ok(())
}

/// Deletes a Machine and notes that it is on its way.
pub(super) fn delete(scope: &mut Scope, machine: &Machine) -> Result<()> {
    let (namespace, name) = (&machine.metadata.namespace, machine.name());
    let Some(object) = scope.infra.get(&MACHINE, namespace, name)? else {
        return Ok(());
    };
    match scope.infra.delete(&MACHINE, &object)? {
        Some(machine) => scope.machines.wrote(&machine),
        None => scope.machines.remove(&machine.id()),
    }
    Ok(())
}

/// Takes an annotation from a Machine.
pub(super) fn remove_annotation(scope: &mut Scope, machine: &Machine, key: &str) -> Result<()> {
    let (namespace, name) = (&machine.metadata.namespace, machine.name());
    let Some(object) = scope.infra.get(&MACHINE, namespace, name)? else {
        return Ok(());
    };
    let edited = scope.infra.edit(&MACHINE, &object, |machine| {
        if let Some(annotations) = machine["metadata"]["annotations"].as_object_mut() {
            annotations.remove(key);
        }
    })?;
    if let Some(machine) = edited {
        scope.machines.wrote(&machine);
    }
    Ok(())
}
