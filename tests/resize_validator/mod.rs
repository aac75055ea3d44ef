//! Checks decisions of the resize loop with rules of its own: short loops over Kubernetes' objects, slow and plain. It
//! shares nothing with the engine, so that the two can only agree by both being right.
//!
//! What is checked are the invariants of a safe autoscaler: every evicted pod has a place after all removals together
//! (I1), budgets hold (I2), nobody loses what cannot be made again (I3), the machine that goes is the drained one and no
//! rollout is under way (I4), bounds and pace hold (I5); and every machine that is bought holds the pods it is bought for.

mod budget;
mod fits;
mod growth;
mod labels;
mod leave;
mod place;
mod policy;
mod removal;
mod volumes;
mod world;

use bex_infra::resize::decision::Decision;
use bex_infra::resize::policy::Policy;
use jiff::Timestamp;

pub(crate) use growth::Verdict;
pub(crate) use place::Places;
pub(crate) use world::World;

/// What is wrong with a decision, a sentence for each. Nothing, if it is right as far as can be told.
pub(crate) fn check(
    world: &World,
    policy: &Policy,
    now: Timestamp,
    decision: &Decision,
) -> Vec<String> {
    let mut wrong = policy::check(world, policy, now, decision);
    wrong.extend(removal::check(world, decision));
    wrong.extend(budget::check(world, decision));
    wrong.extend(growth::nobody_loses_a_place(world, decision));
    if let Verdict::Wrong(why) = growth::check(world, decision) {
        wrong.push(why);
    }
    wrong
}

/// Whether places for all pods of bought machines were found, looked for or not.
pub(crate) fn growth(world: &World, decision: &Decision) -> Verdict {
    growth::check(world, decision)
}
