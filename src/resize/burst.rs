//! Pods that come one after the other though they belong together, and how long a decision waits for more of them. Pure.
//!
//! The pods of a Deployment are made one by one, within milliseconds or within seconds, as fast as its controller may
//! write. Machines for the first ones alone would be small, and small machines cost the most for what they hold. So while
//! pods keep coming, machines that are as good as any ([`Bought::sure`](super::grow::Bought)) wait a moment, because
//! pods of other sizes may fill them better; the others wait until no more pods come, but no pod waits for long.

use std::time::Duration;

/// A pod that comes alone is helped when the scheduler has found no place for it, or after this.
const ALONE: Duration = Duration::from_millis(20);

/// Pods within this time of each other come together.
const TOGETHER: Duration = Duration::from_millis(100);

/// A burst is over when nothing came for so many of its usual pauses,
const PAUSES: u32 = 12;
/// and for so long at least
const QUIET: Duration = Duration::from_millis(100);
/// and at most.
pub(crate) const LONG_QUIET: Duration = Duration::from_secs(1);

/// How much the last pause counts in the usual one: one part of so many.
const MEMORY: u32 = 32;

/// No pod waits longer for others to come,
const PATIENCE: Duration = Duration::from_secs(5);
/// and none whose machine is sure: of a stream of pods, those that come within less do not make good mixtures.
const LITTLE_PATIENCE: Duration = Duration::from_secs(2);

/// Pods that came together, the last ones of all; times are counted from any one point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Burst {
    last: Duration,
    alone: bool,
    /// What usually is between two of them.
    pause: Duration,
}

impl Burst {
    /// With the pod that comes now. `before`: the last pods that came, if any ever did.
    pub(crate) fn with(before: Option<Self>, now: Duration) -> Self {
        let together = before.filter(|burst| now < burst.last + burst.quiet());
        let Some(burst) = together else {
            return Self {
                last: now,
                alone: true,
                pause: Duration::ZERO,
            };
        };
        let pause = now.saturating_sub(burst.last);
        Self {
            last: now,
            alone: false,
            pause: if burst.alone {
                pause
            } else {
                (burst.pause * (MEMORY - 1) + pause) / MEMORY
            },
        }
    }

    /// Others are known to come.
    pub(crate) fn with_others_to_come(self) -> Self {
        Self {
            alone: false,
            ..self
        }
    }

    /// Whether the last pod came alone so far.
    pub(crate) fn is_alone(&self) -> bool {
        self.alone
    }

    /// Whether these are several and more may come.
    pub(crate) fn goes_on(&self, now: Duration) -> bool {
        !self.alone && now < self.until()
    }

    /// Until when a machine waits for more pods, if it does. `oldest`: when the first of its own came; `unschedulable`: the
    /// scheduler has said so of all of them.
    pub(crate) fn hold(
        &self,
        sure: bool,
        oldest: Duration,
        unschedulable: bool,
        now: Duration,
    ) -> Option<Duration> {
        let patience = if sure { LITTLE_PATIENCE } else { PATIENCE };
        let until = self.until().min(oldest + patience);
        // Where clocks step back, nobody waits.
        let holds = (oldest..until).contains(&now) && !(self.alone && unschedulable);
        holds.then_some(until)
    }

    /// Until when more may come.
    fn until(&self) -> Duration {
        if self.alone {
            self.last + ALONE
        } else {
            self.last + self.quiet()
        }
    }

    /// The pause after which whoever comes does not belong to them.
    fn quiet(&self) -> Duration {
        if self.alone {
            TOGETHER
        } else {
            (self.pause * PAUSES).clamp(QUIET, LONG_QUIET)
        }
    }
}

#[cfg(test)]
mod tests;
