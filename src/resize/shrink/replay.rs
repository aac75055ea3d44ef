//! All moves once more, after all evictions at once: what was possible step by step may not be so then.

use std::collections::{BTreeMap, BTreeSet};

use crate::scheduling::{ClassId, NodeId, State, Trial};

use super::Why;
use super::drain::{Plan, refusals};
use super::survey::Survey;

/// Candidates that have to stay, with the reason: one of their pods finds its place only while others still run.
pub(super) fn stuck(state: &mut State, survey: &Survey, plan: &Plan) -> BTreeMap<usize, Why> {
    // All others only mind what is on a node in the end.
    let mut moves = plan.gone.iter().flat_map(|gone| &gone.moves);
    if !moves.any(|(class, ..)| survey.profile(*class).social) {
        return BTreeMap::new();
    }
    let mut stuck = emptied(state, survey, plan, true);
    stuck.extend(emptied(state, survey, plan, false));
    stuck
}

/// While the nodes are drained and still there, or when they are gone for good.
fn emptied(
    state: &mut State,
    survey: &Survey,
    plan: &Plan,
    still_there: bool,
) -> BTreeMap<usize, Why> {
    let mut trial = state.trial();
    for gone in &plan.gone {
        let load = &survey.loads[gone.candidate];
        for (class, pods) in &load.moving {
            trial.change(*class, load.node, -signed(*pods));
        }
        if still_there {
            trial.cordon(load.node);
        } else {
            trial.remove_node(load.node);
        }
    }
    let mut left = steps(plan);
    loop {
        let before: u32 = left.iter().map(|step| step.pods).sum();
        left.retain_mut(|step| {
            step.take(&mut trial);
            step.pods > 0
        });
        if left.iter().map(|step| step.pods).sum::<u32>() == before {
            break;
        }
    }
    let gone = plan.gone.iter();
    let gone = gone.map(|gone| survey.loads[gone.candidate].node);
    let gone: BTreeSet<NodeId> = gone.collect();
    let goes = |node: NodeId| gone.contains(&node);
    let stuck = left.iter().map(|step| {
        let words = refusals(&trial, step.class, goes);
        (step.from, Why::NoPlace(step.class, words))
    });
    stuck.collect()
}

/// Equal pods of a candidate that get to the same node.
struct Step {
    from: usize,
    class: ClassId,
    to: NodeId,
    pods: u32,
}

fn steps(plan: &Plan) -> Vec<Step> {
    let steps = plan.gone.iter().flat_map(|gone| {
        let from = gone.candidate;
        let moves = gone.moves.iter();
        moves.map(move |&(class, to, pods)| Step {
            from,
            class,
            to,
            pods,
        })
    });
    steps.collect()
}

impl Step {
    /// Places as many of the pods as it can.
    fn take(&mut self, trial: &mut Trial) {
        while self.pods > 0 {
            let inquiry = trial.ask(self.class).ok();
            let room = inquiry.map(|inquiry| inquiry.how_many(self.to, self.pods));
            let Some(Ok(pods)) = room else {
                return;
            };
            trial.change(self.class, self.to, signed(pods));
            self.pods -= pods;
        }
    }
}

fn signed(pods: u32) -> i32 {
    i32::try_from(pods).unwrap_or(i32::MAX)
}
