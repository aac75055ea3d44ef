//! I1, I3 and I4: what goes can go, and takes nothing with it that somebody misses.

use std::collections::BTreeSet;

use bex_infra::resize::decision::{Decision, Move, Remove};
use serde_json::Value;

use super::leave::{goes_along, obstacle};
use super::place::Places;
use super::world::{World, id, is_ready, node_name};

pub(crate) fn check(world: &World, decision: &Decision) -> Vec<String> {
    let mut wrong = Vec::new();
    for remove in &decision.remove {
        wrong.extend(machine(world, remove));
        wrong.extend(everybody_moves(world, remove));
    }
    wrong.extend(everybody_fits(world, decision));
    wrong
}

/// I4: the machine is the node's, of that group, and its group is at rest.
fn machine(world: &World, remove: &Remove) -> Vec<String> {
    let Remove {
        node,
        machine: name,
        group,
        ..
    } = remove;
    let (Some(machine), Some(of)) = (world.machine(name), world.group(group)) else {
        return vec![format!(
            "I4: {node}: machine {name} or its group {group} is not there"
        )];
    };
    let labels = &machine["metadata"]["labels"];
    let status = &of["status"];
    let rolling_out = status["conditions"].as_array().is_some_and(|conditions| {
        let mut conditions = conditions.iter();
        conditions.any(|c| c["type"] == "RollingOut" && c["status"] == "True")
    });
    let seen = status["observedGeneration"].as_i64() >= of["metadata"]["generation"].as_i64();
    let unready = world
        .nodes
        .iter()
        .any(|it| node_name(it) == node && !is_ready(it));
    let faults = [
        (
            machine["status"]["nodeRef"]["name"] != node.as_str(),
            "the machine is of another node",
        ),
        (
            labels["cluster.x-k8s.io/deployment-name"] != group.as_str(),
            "the machine is of another group",
        ),
        (
            !machine["metadata"]["deletionTimestamp"].is_null(),
            "the machine is going already",
        ),
        (rolling_out, "a rollout is under way"),
        (!seen, "the group's last change was not looked at yet"),
        (
            of["spec"]["paused"] == Value::Bool(true),
            "the group is paused",
        ),
        (
            !of["metadata"]["deletionTimestamp"].is_null(),
            "the group is being deleted",
        ),
        (unready, "the node is not Ready"),
    ];
    let faults = faults.iter().filter(|(is, _)| *is);
    faults
        .map(|(_, what)| format!("I4: {node} goes: {what}"))
        .collect()
}

/// I3: each pod on the node has a place or belongs to the node, and may be moved at all.
fn everybody_moves(world: &World, remove: &Remove) -> Vec<String> {
    let moved: BTreeSet<&str> = remove.moves.iter().map(|step| step.pod.as_str()).collect();
    let mut wrong = Vec::new();
    for pod in world.pods_on(&remove.node) {
        if goes_along(pod) {
            continue;
        }
        if let Some(why) = obstacle(world, pod) {
            wrong.push(format!("I3: {} would lose {}: {why}", remove.node, id(pod)));
        }
        if !moved.contains(id(pod).as_str()) {
            wrong.push(format!(
                "I1: {}: no place is named for {}",
                remove.node,
                id(pod)
            ));
        }
    }
    wrong
}

/// I1: all that move fit where they are said to fit, in some order, after all removals together.
fn everybody_fits(world: &World, decision: &Decision) -> Vec<String> {
    let mut places = Places::of(world);
    let mut left: Vec<&Move> = decision
        .remove
        .iter()
        .flat_map(|remove| &remove.moves)
        .collect();
    for remove in &decision.remove {
        places.close(&remove.node);
    }
    for step in &left {
        places.take(&step.pod);
    }
    let mut why = String::new();
    loop {
        let before = left.len();
        left.retain(|step| {
            let Some(pod) = world.pod(&step.pod) else {
                return true;
            };
            let verdict = places.fits(pod, &step.to);
            if verdict.is_ok() {
                places.put(pod, &step.to);
            }
            why = verdict.clone().err().unwrap_or_else(|| why.clone());
            verdict.is_err()
        });
        if left.is_empty() || left.len() == before {
            break;
        }
    }
    let stuck = left.iter();
    stuck
        .map(|step| format!("I1: {} does not fit on {}: {why}", step.pod, step.to))
        .collect()
}
