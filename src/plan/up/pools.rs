//! The pools' sizes, and the loop that keeps some of them.

use std::collections::BTreeMap;

use super::super::drain::Removal;
use super::super::scale::{self, Goal};
use super::super::{Action, Plan};
use super::{Wanted, missing};
use crate::failure::Failure;
use crate::observe::{App, Group, Infra, Pool};
use crate::spec::{self, Platform};

/// The loop is installed, given another policy, or removed. It needs the way to the app cluster, which is there with
/// its control plane.
pub(super) fn resize(
    plan: &mut Plan,
    platform: &Platform,
    wanted: &Wanted,
    seen: &Infra,
    after: &[Option<usize>],
) {
    if !platform.resize.enabled {
        return remove_resize(plan, wanted, seen);
    }
    if wanted.resize.is_empty() {
        return;
    }
    let objects = missing(&wanted.resize, &seen.resize.applied);
    let installed = if objects.is_empty() {
        None
    } else {
        let reason = why_install(&objects, seen);
        plan.add(Action::InstallResize { objects }, reason, after)
    };
    if installed.is_some() || !seen.resize.runs {
        let mut after = after.to_vec();
        after.push(installed);
        let reason = if seen.resize.runs {
            "it begins anew"
        } else {
            "nobody holds its Lease"
        };
        plan.add(Action::WaitForResize, reason, &after);
    }
}

/// The policy is in a `ConfigMap`; where that changes, whatever runs it begins anew.
fn why_install(objects: &[String], seen: &Infra) -> &'static str {
    let applied = &seen.resize.applied;
    let policy = objects.iter().find(|key| key.starts_with("ConfigMap/"));
    match policy {
        _ if applied.is_empty() => "a pool has a maximum",
        Some(policy) if applied.contains_key(policy) => "its policy changes",
        _ => "it is not as this program would install it",
    }
}

fn remove_resize(plan: &mut Plan, wanted: &Wanted, seen: &Infra) {
    let objects = wanted.resize.iter().map(|(key, _)| key);
    let objects = objects.filter(|key| seen.resize.applied.contains_key(*key));
    let objects: Vec<String> = objects.cloned().collect();
    if !objects.is_empty() {
        plan.add(Action::RemoveResize { objects }, "it is not wanted", &[]);
    }
}

pub(super) fn pools(
    plan: &mut Plan,
    platform: &Platform,
    app: &App,
    removals: &BTreeMap<String, Removal>,
    after: &[Option<usize>],
) -> Result<(), Failure> {
    let none = Removal::default();
    for pool in &platform.pools {
        let new = new(pool);
        let seen = app.pools.get(&pool.name).unwrap_or(&new);
        let goal = match pool.sizes {
            // Between its sizes the resize loop decides.
            Some(sizes) => Goal {
                replicas: sizes.min,
                or_more: true,
            },
            None => Goal {
                replicas: pool.replicas.unwrap_or(seen.replicas),
                or_more: false,
            },
        };
        let removal = removals.get(&pool.name).unwrap_or(&none);
        scale::resize(plan, app, (&pool.name, seen), goal, removal, after)?;
    }
    Ok(())
}

/// A pool as Cluster API makes it: with the fewest machines that it may have, or one, none of which is there yet.
fn new(pool: &spec::Pool) -> Pool {
    let groups = pool.groups().into_iter().map(|group| Group {
        name: group.name,
        replicas: group.sizes.map_or(1, |sizes| sizes.min),
    });
    let groups: Vec<Group> = groups.collect();
    Pool {
        replicas: groups.iter().map(|group| group.replicas).sum(),
        sizes: pool.sizes,
        groups,
        machines: 0,
        ready: 0,
    }
}
