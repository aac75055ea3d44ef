//! How many pods each `ReplicaSet` of a Deployment is to have next. Pure.

use super::Look;
use super::object::{ReplicaSet, Strategy};

/// Names of `ReplicaSets` and their new sizes.
pub(super) type Sizes = Vec<(String, i64)>;

fn size(set: &ReplicaSet, replicas: i64) -> (String, i64) {
    (set.metadata.name.clone(), replicas)
}

/// The next step of a rolling update: first the new set grows, else old ones shrink.
pub(super) fn rolling(look: &Look) -> Sizes {
    let grown = grow_new(look);
    if grown.is_empty() {
        shrink_old(look)
    } else {
        grown
    }
}

/// The new set at its full size, if it is not.
pub(super) fn fill_new(look: &Look) -> Sizes {
    let set = look.new.iter();
    set.filter(|set| set.replicas() != look.replicas())
        .map(|set| size(set, look.replicas()))
        .collect()
}

pub(super) fn empty_old(look: &Look) -> Sizes {
    let full = look.old.iter().filter(|set| set.replicas() > 0);
    full.map(|set| size(set, 0)).collect()
}

fn grow_new(look: &Look) -> Sizes {
    let Some(new) = look.new.as_ref() else {
        return Sizes::new();
    };
    let wanted = if new.replicas() > look.replicas() {
        look.replicas()
    } else {
        new_size(look, new.replicas())
    };
    if wanted == new.replicas() {
        return Sizes::new();
    }
    vec![size(new, wanted)]
}

/// What the new set may have, given `current` pods of its own and those of all others.
pub(super) fn new_size(look: &Look, current: i64) -> i64 {
    if look.deployment.spec.strategy.of == Strategy::Recreate {
        return look.replicas();
    }
    let others: i64 = look.old.iter().map(ReplicaSet::replicas).sum();
    let room = look.replicas() + look.deployment.max_surge() - others - current;
    current + room.clamp(0, (look.replicas() - current).max(0))
}

/// Old sets give up first what is not available, then as much as availability permits.
fn shrink_old(look: &Look) -> Sizes {
    let least = look.replicas() - look.deployment.max_unavailable();
    let all: i64 = look.sets().map(ReplicaSet::replicas).sum();
    let missing_in_new = look
        .new
        .as_ref()
        .map_or(0, |new| new.replicas() - new.status.available_replicas);
    let most = all - least - missing_in_new;
    if most <= 0 || look.old.iter().all(|set| set.replicas() == 0) {
        return Sizes::new();
    }
    let mut left: Vec<i64> = look.old.iter().map(ReplicaSet::replicas).collect();
    let mut unhealthy = most;
    for (left, set) in left.iter_mut().zip(&look.old) {
        let gone = (*left - set.status.available_replicas).clamp(0, unhealthy);
        *left -= gone;
        unhealthy -= gone;
    }
    let available: i64 = look.sets().map(|set| set.status.available_replicas).sum();
    let mut healthy = (available - least).max(0);
    for left in &mut left {
        let gone = healthy.min(*left);
        *left -= gone;
        healthy -= gone;
    }
    let changed = look.old.iter().zip(left);
    changed
        .filter(|(set, left)| set.replicas() != *left)
        .map(|(set, left)| size(set, left))
        .collect()
}

/// After somebody changed `replicas` in the middle of a rollout (or while it is paused): all active sets grow or shrink
/// in proportion, so that the rollout is neither hastened nor undone.
pub(super) fn proportional(look: &Look) -> Sizes {
    let active: Vec<&ReplicaSet> = look.sets().filter(|set| set.replicas() > 0).collect();
    match active.as_slice() {
        [] => {
            let latest = look.new.as_ref().or(look.old.last());
            return latest
                .map(|set| size(set, look.replicas()))
                .into_iter()
                .collect();
        }
        [only] => return vec![size(only, look.replicas())],
        _ => {}
    }
    if look.new.as_ref().is_some_and(|new| is_saturated(look, new)) {
        return empty_old(look);
    }
    if look.deployment.spec.strategy.of == Strategy::Recreate {
        return Sizes::new();
    }
    in_proportion(look, active)
}

/// The new set has all that the Deployment wants.
fn is_saturated(look: &Look, new: &ReplicaSet) -> bool {
    let wanted = look.replicas();
    new.replicas() == wanted
        && new.desired() == Some(wanted)
        && new.status.available_replicas == wanted
}

fn in_proportion(look: &Look, mut active: Vec<&ReplicaSet>) -> Sizes {
    let surge = look.deployment.max_surge();
    let allowed = match look.replicas() {
        0 => 0,
        wanted => wanted + surge,
    };
    let change = allowed - active.iter().map(|set| set.replicas()).sum::<i64>();
    // Largest first; of equals the newest grows first and the oldest shrinks first.
    active.sort_by_key(|set| {
        let age = set.metadata.creation_timestamp.as_second();
        (-set.replicas(), if change > 0 { -age } else { age })
    });
    let mut left = change;
    let mut sizes: Sizes = Vec::new();
    for set in &active {
        let share = match change {
            0 => 0,
            1.. => fraction(look, set).clamp(0, left.max(0)),
            _ => fraction(look, set).clamp(left.min(0), 0),
        };
        left -= share;
        sizes.push(size(set, set.replicas() + share));
    }
    if let Some((_, largest)) = sizes.first_mut() {
        *largest = (*largest + left).max(0);
    }
    sizes
}

/// What a set would gain (or lose) if it kept its share of the whole.
fn fraction(look: &Look, set: &ReplicaSet) -> i64 {
    if look.replicas() == 0 {
        return -set.replicas();
    }
    let before = set.most().filter(|most| *most > 0);
    let before = before.unwrap_or(look.deployment.status.replicas);
    if before == 0 {
        return 0;
    }
    let now = look.replicas() + look.deployment.max_surge();
    // Rounded to the nearest.
    let share = (2 * set.replicas() * now + before) / (2 * before);
    share - set.replicas()
}
