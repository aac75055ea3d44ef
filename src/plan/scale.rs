//! A pool's size: which machines come, which go, and whether their pods have a place to go to.

use super::drain::Removal;
use super::{Action, Plan, workers};
use crate::failure::Failure;
use crate::observe::{App, Pool};

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
/// `force` it is refused when one of their pods has no other place.
pub fn scale(
    app: &App,
    pool: &str,
    target: u32,
    removal: &Removal,
    force: bool,
) -> Result<Plan, Failure> {
    let seen = app.pools.get(pool).ok_or_else(|| unknown_pool(app, pool))?;
    let mut plan = Plan::default();
    let accepted = Removal {
        homeless: Vec::new(),
        ..removal.clone()
    };
    let removal = if force { &accepted } else { removal };
    resize(&mut plan, pool, seen, target, removal, &[])?;
    Ok(plan)
}

/// Adds the steps from `seen` to `target` workers, after the steps of `after`.
pub(super) fn resize(
    plan: &mut Plan,
    pool: &str,
    seen: &Pool,
    target: u32,
    removal: &Removal,
    after: &[Option<usize>],
) -> Result<(), Failure> {
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
    if seen.replicas != target {
        let action = Action::ScalePool {
            pool: pool.to_owned(),
            from: seen.replicas,
            to: target,
        };
        after.push(plan.add(action, format!("wanted: {}", workers(target)), &after));
    }
    if seen.replicas != target || seen.ready != target || seen.machines != target {
        let reason = format!("{} of {target} ready", seen.ready);
        plan.add(
            Action::WaitForPool {
                pool: pool.to_owned(),
                replicas: target,
            },
            reason,
            &after,
        );
    }
    Ok(())
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
