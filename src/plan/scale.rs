//! A pool's size: which machines come, which go, and whether their pods have a place to go to.

use super::drain::Removal;
use super::{Action, Plan, workers};
use crate::failure::Failure;
use crate::observe::{App, Pool};
use crate::spec::Sizes;

/// What the user asked for: `3`, `+1` or `-2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resize {
    To(u32),
    By(i64),
}

impl Resize {
    /// The number of workers that it leads to from `current`.
    pub fn target(self, current: u32) -> Result<u32, Failure> {
        match self {
            Self::To(replicas) => Ok(replicas),
            Self::By(change) => u32::try_from(i64::from(current) + change).map_err(|_| {
                Failure::usage(format!(
                    "{change:+} from {} would be fewer than none",
                    workers(current)
                ))
            }),
        }
    }
}

/// The steps that make `pool` have `target` workers. `removal` says which machines go when it shrinks; without
/// `force` it is refused when one of their pods has no other place. A pool that the resize loop sizes stays within its
/// sizes.
pub fn scale(
    app: &App,
    pool: &str,
    target: u32,
    removal: &Removal,
    force: bool,
) -> Result<Plan, Failure> {
    let seen = app.pools.get(pool).ok_or_else(|| unknown_pool(app, pool))?;
    if let Some(sizes) = seen.sizes {
        refuse_outside(pool, sizes, target)?;
    }
    let mut plan = Plan::default();
    let accepted = Removal {
        homeless: Vec::new(),
        ..removal.clone()
    };
    let removal = if force { &accepted } else { removal };
    let goal = Goal {
        replicas: target,
        or_more: false,
    };
    resize(&mut plan, app, (pool, seen), goal, removal, &[])?;
    Ok(plan)
}

/// After the steps from the one of this number on, which change pools, an available cluster is waited for until it is so
/// again: Cluster API takes a moment to notice, and who looks then would take it for broken.
pub fn settle(plan: &mut Plan, app: &App, cluster: &str, from: usize) {
    let changes: Vec<Option<usize>> = (from..plan.steps.len()).map(Some).collect();
    if app.available && !changes.is_empty() {
        wait_until_available(plan, cluster, "its workers change", &changes);
    }
}

pub(super) fn wait_until_available(
    plan: &mut Plan,
    cluster: &str,
    reason: &str,
    after: &[Option<usize>],
) {
    let cluster = cluster.to_owned();
    plan.add(Action::WaitForAppCluster { cluster }, reason, after);
}

/// The steps that let the resize loop keep `pool` between these sizes.
pub fn size(app: &App, pool: &str, sizes: Sizes) -> Result<Plan, Failure> {
    let seen = app.pools.get(pool).ok_or_else(|| unknown_pool(app, pool))?;
    let Sizes { min, max } = sizes;
    if min > max {
        return Err(Failure::usage(format!(
            "--min {min} is more than --max {max}"
        )));
    }
    let mut plan = Plan::default();
    if seen.sizes == Some(sizes) {
        return Ok(plan);
    }
    let reason = match seen.sizes {
        Some(Sizes { min, max }) => format!("it may have {min} to {max}"),
        None => "the resize loop leaves it alone".to_owned(),
    };
    for (place, group) in seen.groups.iter().enumerate() {
        let action = Action::SizePool {
            group: group.name.clone(),
            min: if place == 0 { min } else { 0 },
            max,
        };
        plan.add(action, reason.clone(), &[]);
    }
    Ok(plan)
}

/// How many workers a pool is to have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Goal {
    pub(super) replicas: u32,
    /// More will do as well: somebody else decides about them.
    pub(super) or_more: bool,
}

impl Goal {
    fn is_met(self, seen: &Pool) -> bool {
        let Self { replicas, or_more } = self;
        if or_more {
            return seen.ready >= replicas;
        }
        seen.replicas == replicas && seen.ready == replicas && seen.machines == replicas
    }
}

/// Adds the steps from `seen` to the goal, after the steps of `after`.
pub(super) fn resize(
    plan: &mut Plan,
    app: &App,
    (pool, seen): (&str, &Pool),
    goal: Goal,
    removal: &Removal,
    after: &[Option<usize>],
) -> Result<(), Failure> {
    let target = if goal.or_more {
        goal.replicas.max(seen.replicas)
    } else {
        goal.replicas
    };
    if !removal.homeless.is_empty() {
        return Err(homeless(pool, target, removal));
    }
    let mut after = after.to_vec();
    if !removal.machines.is_empty() {
        let machines = removal.machines.clone();
        after.push(plan.add(
            Action::MarkForDeletion { machines },
            removal.reason.clone(),
            &after,
        ));
    }
    let scaled: Vec<Option<usize>> = changes(app, seen, target, removal)
        .into_iter()
        .map(|action| plan.add(action, format!("wanted: {}", workers(target)), &after))
        .collect();
    after.extend(scaled);
    if !goal.is_met(seen) {
        let reason = format!("{} ready, {} wanted", seen.ready, goal.replicas);
        let action = Action::WaitForPool {
            pool: pool.to_owned(),
            groups: seen.groups.iter().map(|group| group.name.clone()).collect(),
            replicas: goal.replicas,
            or_more: goal.or_more,
        };
        plan.add(action, reason, &after);
    }
    Ok(())
}

/// Each group that loses machines becomes so much smaller; the preferred one takes up the rest of the difference.
fn changes(app: &App, seen: &Pool, target: u32, removal: &Removal) -> Vec<Action> {
    let mut sizes: Vec<u32> = seen.groups.iter().map(|group| group.replicas).collect();
    let mut surplus = seen.replicas.saturating_sub(target);
    for (size, group) in sizes.iter_mut().zip(&seen.groups) {
        let going = removed_from(app, &group.name, removal)
            .min(*size)
            .min(surplus);
        *size -= going;
        surplus -= going;
    }
    // Replicas that have no machine yet: those of the least preferred group first.
    for size in sizes.iter_mut().rev() {
        let going = surplus.min(*size);
        *size -= going;
        surplus -= going;
    }
    if let Some(first) = sizes.first_mut() {
        *first += target.saturating_sub(seen.replicas);
    }
    let changed = seen.groups.iter().zip(sizes);
    changed
        .filter(|(group, to)| group.replicas != *to)
        .map(|(group, to)| Action::ScalePool {
            group: group.name.clone(),
            from: group.replicas,
            to,
        })
        .collect()
}

fn removed_from(app: &App, group: &str, removal: &Removal) -> u32 {
    let machines = app.machines.iter();
    let going = machines
        .filter(|machine| machine.group == group && removal.machines.contains(&machine.name));
    u32::try_from(going.count()).unwrap_or(u32::MAX)
}

fn refuse_outside(pool: &str, sizes: Sizes, target: u32) -> Result<(), Failure> {
    let Sizes { min, max } = sizes;
    if (min..=max).contains(&target) {
        return Ok(());
    }
    let message = format!("the resize loop keeps pool {pool} between {min} and {max} workers");
    Err(Failure::refused(message).hint("change `min` or `max` in the spec, then run `up` again"))
}

fn unknown_pool(app: &App, pool: &str) -> Failure {
    let known: Vec<&str> = app.pools.keys().map(String::as_str).collect();
    Failure::usage(format!("no pool named {pool}"))
        .hint(format!("the pools are: {}", known.join(", ")))
}

fn homeless(pool: &str, target: u32, removal: &Removal) -> Failure {
    let pods: Vec<String> = removal
        .homeless
        .iter()
        .map(|pod| format!("  {}: {}", pod.pod, pod.why))
        .collect();
    Failure::refused(format!(
        "scaling {pool} to {target} would take nodes whose pods have nowhere to go:\n{}",
        pods.join("\n")
    ))
    .hint("scale those workloads down first, or keep the workers")
    .hint("--force takes the nodes all the same; pods without a place stay Pending")
}
