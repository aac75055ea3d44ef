//! How many replicas each MachineSet gets next. Pure.

use serde_json::Value;

use super::share;

/// What a MachineDeployment wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rollout {
    pub replicas: usize,
    pub max_surge: usize,
    pub max_unavailable: usize,
    /// Old machines go only when somebody deletes them.
    pub on_delete: bool,
}

/// A MachineSet in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub wanted: usize,
    pub actual: usize,
    pub available: usize,
}

/// Replicas of all sets after the next step; the old ones in the order in which they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Targets {
    pub current: usize,
    pub old: Vec<usize>,
}

impl Rollout {
    pub(super) fn of(deployment: &Value) -> Self {
        let spec = &deployment["spec"];
        let strategy = &spec["rollout"]["strategy"];
        let replicas = number(&spec["replicas"]).unwrap_or(1);
        let on_delete = strategy["type"] == "OnDelete";
        let rolling = &strategy["rollingUpdate"];
        let (mut max_surge, mut max_unavailable) = (0, 0);
        if !on_delete {
            let surge = rolling
                .get("maxSurge")
                .map(|surge| share(surge, replicas, true));
            max_surge = surge.unwrap_or(1);
            max_unavailable = share(&rolling["maxUnavailable"], replicas, false);
            if max_surge == 0 && max_unavailable == 0 {
                max_unavailable = 1;
            }
        }
        Self {
            replicas,
            max_surge,
            max_unavailable: max_unavailable.min(replicas),
            on_delete,
        }
    }

    /// Fewest machines that must be available at any time.
    pub(super) fn least_available(self) -> usize {
        self.replicas.saturating_sub(self.max_unavailable)
    }

    pub(super) fn plan(self, current: &Counts, old: &[Counts]) -> Targets {
        let mut targets = Targets {
            current: self.grow(current, old),
            old: old.iter().map(|set| set.wanted).collect(),
        };
        if self.on_delete {
            self.follow_deletions(old, &mut targets);
        } else {
            self.shrink(current, old, &mut targets);
            Self::unblock(current, old, &mut targets);
        }
        targets
    }

    /// As many of the current template as fit beside the old machines.
    fn grow(self, current: &Counts, old: &[Counts]) -> usize {
        if current.wanted >= self.replicas {
            return self.replicas;
        }
        let all = old.iter().chain([current]);
        let machines: usize = all.map(|set| set.wanted.max(set.actual)).sum();
        let room = (self.replicas + self.max_surge).saturating_sub(machines);
        current.wanted + room.min(self.replicas - current.wanted)
    }

    /// Takes old machines away as long as enough others are available; those that are not available first.
    fn shrink(self, current: &Counts, old: &[Counts], targets: &mut Targets) {
        let least = self.least_available();
        let sets = || old.iter().chain([current]);
        let wanted: usize = sets().map(|set| set.wanted).sum();
        let available: usize = sets().map(|set| set.available).sum();
        let going: usize = old
            .iter()
            .map(|set| set.actual.saturating_sub(set.wanted))
            .sum::<usize>()
            + current
                .actual
                .saturating_sub(current.wanted.min(targets.current));
        let coming = current.wanted.saturating_sub(current.available);
        let mut scale_down = Shrink {
            left: wanted.saturating_sub(going + least + coming),
            available,
            least,
        };
        scale_down.pass(old, targets, true);
        scale_down.pass(old, targets, false);
    }

    /// Old machines that never become available would hold up everything: one of them goes when nothing else moves.
    fn unblock(current: &Counts, old: &[Counts], targets: &mut Targets) {
        let is_settled = |set: &Counts| set.wanted == set.actual;
        let moves = targets.current != current.wanted
            || targets
                .old
                .iter()
                .zip(old)
                .any(|(target, set)| *target != set.wanted);
        let settled = old.iter().chain([current]).all(is_settled);
        if moves || !settled || current.available != current.actual {
            return;
        }
        let stuck = old
            .iter()
            .position(|set| set.wanted > 0 && set.available != set.actual);
        if let Some(place) = stuck {
            targets.old[place] -= 1;
        }
    }

    fn follow_deletions(self, old: &[Counts], targets: &mut Targets) {
        let total: usize = old.iter().map(|set| set.wanted).sum::<usize>() + targets.current;
        let mut left = total.saturating_sub(self.replicas);
        for (target, set) in targets.old.iter_mut().zip(old) {
            let gone = set.wanted.saturating_sub(set.actual);
            *target -= gone;
            left = left.saturating_sub(gone);
        }
        for target in &mut targets.old {
            let step = left.min(*target);
            *target -= step;
            left -= step;
        }
    }
}

/// How much may still be taken away.
struct Shrink {
    left: usize,
    available: usize,
    least: usize,
}

impl Shrink {
    fn pass(&mut self, old: &[Counts], targets: &mut Targets, only_unavailable: bool) {
        for (target, set) in targets.old.iter_mut().zip(old) {
            let most = if only_unavailable {
                target.saturating_sub(set.available)
            } else {
                *target
            };
            let mut step = most.min(self.left);
            if step == 0 {
                continue;
            }
            if set.available > 0 {
                step = self.keep_available(set, *target, step);
            }
            *target -= step;
            self.left = self.left.saturating_sub(step);
        }
    }

    /// As much of the step as leaves enough machines available; any of the set's machines may be the one that goes.
    fn keep_available(&mut self, set: &Counts, target: usize, step: usize) -> usize {
        let mut next = target - step;
        let spare = self.available.saturating_sub(self.least);
        if set.actual.saturating_sub(next) > spare {
            next = set.actual.saturating_sub(spare).min(target);
        }
        let deleted = set.actual.saturating_sub(next);
        self.available -= set.available.min(deleted).min(self.available);
        target - next
    }
}

impl Counts {
    pub(super) fn of(set: &Value) -> Self {
        let status = &set["status"];
        Self {
            wanted: number(&set["spec"]["replicas"]).unwrap_or(1),
            actual: number(&status["replicas"]).unwrap_or_default(),
            available: number(&status["availableReplicas"]).unwrap_or_default(),
        }
    }
}

fn number(value: &Value) -> Option<usize> {
    usize::try_from(value.as_u64()?).ok()
}

#[cfg(test)]
mod tests;
