//! The loop: what happens in the world, and then the strategy.

use super::Strategy;
use super::cluster_autoscaler::ClusterAutoscaler;
use super::karpenter::Karpenter;
use super::ours::Ours;
use super::world::{Event, Time, World};

/// A strategy with what it remembers.
enum Policy {
    Ours(Ours),
    ClusterAutoscaler(ClusterAutoscaler),
    Karpenter(Karpenter),
}

impl Policy {
    fn of(strategy: Strategy) -> Self {
        match strategy {
            Strategy::BexInfra => Self::Ours(Ours::default()),
            Strategy::ClusterAutoscaler => Self::ClusterAutoscaler(ClusterAutoscaler::default()),
            Strategy::Karpenter => Self::Karpenter(Karpenter::default()),
        }
    }

    /// Buys and removes machines. Returns when to ask again though nothing happens.
    fn act(&mut self, world: &mut World) -> Option<Time> {
        match self {
            Self::Ours(ours) => ours.act(world),
            Self::ClusterAutoscaler(autoscaler) => autoscaler.act(world),
            Self::Karpenter(karpenter) => karpenter.act(world),
        }
    }
}

/// Plays until the end.
pub(super) fn play(world: &mut World, strategy: Strategy) {
    let mut policy = Policy::of(strategy);
    let mut wake = None;
    while world.advance() {
        let next = policy.act(world).map(|at| at.max(world.now + 1));
        let planned = wake.filter(|at| *at > world.now);
        if let Some(at) = next.filter(|at| planned.is_none_or(|planned| *at < planned)) {
            world.plan(at, Event::Wake);
            wake = Some(at);
        }
    }
}
