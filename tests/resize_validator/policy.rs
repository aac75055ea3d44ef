//! I5: sizes, prices and pace.

use bex_infra::resize::decision::Decision;
use bex_infra::resize::policy::Policy;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Node;
use serde_json::Value;

use super::world::{World, is_ready};

const MIN: &str = "cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size";
const MAX: &str = "cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size";

pub(crate) fn check(
    world: &World,
    policy: &Policy,
    now: Timestamp,
    decision: &Decision,
) -> Vec<String> {
    let mut wrong = groups(world, decision);
    wrong.extend(pool(world, decision));
    let added: u32 = decision
        .grow
        .iter()
        .map(|grow| grow.to.saturating_sub(grow.from))
        .sum();
    let for_pods = decision.grow.iter().any(|grow| !grow.pods.is_empty());
    let mut spent: u64 = 0;
    for group in &world.groups {
        let name = group["metadata"]["name"].as_str().unwrap_or_default();
        let replicas = group["spec"]["replicas"].as_u64().unwrap_or(1);
        let machines = replicas.max(world.staying(name) as u64);
        let added = decision.grow.iter().filter(|grow| grow.group == name);
        let added: u64 = added.map(|grow| u64::from(grow.to - grow.from)).sum();
        spent += (machines + added) * world.prices.get(name).copied().unwrap_or(1_000_000);
    }
    let caps = [
        policy.max_hourly_cost.map(|cost| cost.0),
        policy.max_monthly_cost.map(|cost| cost.0 / 730),
    ];
    let over = caps.into_iter().flatten().any(|cap| spent > cap);
    let acts = !decision.is_empty();
    let faults = [
        (
            added > policy.max_additions && for_pods,
            "more machines come than may come at once",
        ),
        (
            decision.remove.len() > policy.max_removals as usize,
            "more nodes go than may go at once",
        ),
        (for_pods && over, "the machines cost more than they may"),
        (
            !decision.remove.is_empty() && is_quiet(policy, now),
            "nodes go in quiet hours",
        ),
        (
            acts && is_frozen(world, policy, now),
            "something is done though too many nodes are lost",
        ),
    ];
    wrong.extend(
        faults
            .iter()
            .filter(|(is, _)| *is)
            .map(|(_, what)| format!("I5: {what}")),
    );
    wrong
}

fn groups(world: &World, decision: &Decision) -> Vec<String> {
    let mut wrong = Vec::new();
    for grow in &decision.grow {
        let name = &grow.group;
        let Some(group) = world.group(name) else {
            wrong.push(format!("I5: group {name} is not there"));
            continue;
        };
        let (Some((min, max)), true) = (sizes(group), may_change(group)) else {
            wrong.push(format!("I5: group {name} is not ours to resize, and grows"));
            continue;
        };
        let faults = [
            (
                u64::from(grow.from) != replicas(group),
                "does not have the replicas it grows from",
            ),
            (grow.to <= grow.from, "does not grow"),
            (
                u64::from(grow.to) > max.max(min),
                "grows beyond its maximum",
            ),
        ];
        let faults = faults.iter().filter(|(is, _)| *is);
        wrong.extend(faults.map(|(_, what)| format!("I5: group {name} {what}")));
    }
    for group in world.groups.iter().filter(|g| going(g, decision) > 0) {
        let name = group["metadata"]["name"].as_str().unwrap_or_default();
        if sizes(group).is_none() || !may_change(group) {
            wrong.push(format!(
                "I5: group {name} is not ours to resize, and shrinks"
            ));
        }
        // A minimum holds for all groups of a pool together.
        let pool = || {
            world
                .groups
                .iter()
                .filter(|other| pool_of(other) == pool_of(group))
        };
        let min: u64 = pool().filter_map(|g| Some(sizes(g)?.0)).sum();
        let going: u64 = pool().map(|g| going(g, decision)).sum();
        if pool().map(replicas).sum::<u64>() < min + going {
            wrong.push(format!(
                "I5: the pool of group {name} shrinks below its minimum of {min}"
            ));
        }
    }
    wrong
}

/// How many of its nodes go.
fn going(group: &Value, decision: &Decision) -> u64 {
    let gone = decision.remove.iter();
    gone.filter(|gone| group["metadata"]["name"] == gone.group.as_str())
        .count() as u64
}

/// A group that is in none is a pool of its own.
fn pool_of(group: &Value) -> (&Value, &Value) {
    match &group["metadata"]["annotations"]["infra.bex.co/pool"] {
        Value::Null => (&Value::Null, &group["metadata"]["name"]),
        pool => (pool, &Value::Null),
    }
}

/// All groups of a pool together have no more machines than the largest of them may have, or than they have to have.
fn pool(world: &World, decision: &Decision) -> Option<String> {
    let of_pool = |group: &&Value| !group["metadata"]["annotations"]["infra.bex.co/pool"].is_null();
    let rungs = || world.groups.iter().filter(of_pool);
    let most = rungs().filter_map(|rung| Some(sizes(rung)?.1)).max()?;
    let least: u64 = rungs().filter_map(|rung| Some(sizes(rung)?.0)).sum();
    let most = most.max(least);
    let now: u64 = rungs().map(replicas).sum();
    let grown = decision.grow.iter().filter(|grow| {
        !grow.pods.is_empty() && rungs().any(|rung| rung["metadata"]["name"] == grow.group.as_str())
    });
    let grown: u64 = grown.map(|grow| u64::from(grow.to - grow.from)).sum();
    (grown > 0 && now + grown > most)
        .then(|| format!("I5: the pool has {now} machines, may have {most}, and gets {grown} more"))
}

fn replicas(group: &Value) -> u64 {
    group["spec"]["replicas"].as_u64().unwrap_or(1)
}

/// Nothing if it does not have both, or they make no sense.
fn sizes(group: &Value) -> Option<(u64, u64)> {
    let annotation = |key: &str| group["metadata"]["annotations"][key].as_str()?.parse().ok();
    let (min, max) = (annotation(MIN)?, annotation(MAX)?);
    (min <= max).then_some((min, max))
}

/// Nobody else resizes it, and nobody stopped it.
fn may_change(group: &Value) -> bool {
    let annotations = &group["metadata"]["annotations"];
    let other = |key: &str| {
        annotations[key]
            .as_str()
            .is_some_and(|owner| owner != "bex-infra")
    };
    !other("infra.bex.co/scaler")
        && !other("cluster.x-k8s.io/replicas-managed-by")
        && group["spec"]["paused"] != Value::Bool(true)
        && group["metadata"]["deletionTimestamp"].is_null()
}

fn is_quiet(policy: &Policy, now: Timestamp) -> bool {
    let minute = now.as_second().div_euclid(60).rem_euclid(24 * 60);
    policy.quiet_hours.iter().any(|hours| {
        let (from, to) = (i64::from(hours.from), i64::from(hours.to));
        if from <= to {
            from <= minute && minute < to
        } else {
            from <= minute || minute < to
        }
    })
}

/// Nodes that are not Ready are lost, unless they are so young that they may still be starting.
fn is_frozen(world: &World, policy: &Policy, now: Timestamp) -> bool {
    let is_old = |node: &Node| {
        let created = node.metadata.creation_timestamp.as_ref();
        let age = created.map_or(0, |created| now.duration_since(created.0).as_secs());
        age >= i64::try_from(policy.boot_deadline.as_secs()).expect("a short time")
    };
    let lost = world.nodes.iter();
    let lost = lost.filter(|node| !is_ready(node) && is_old(node)).count();
    lost > 3 && lost * 100 > world.nodes.len() * usize::from(policy.max_unready_percent)
}
