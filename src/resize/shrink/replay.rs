//! All moves once more, after all evictions at once: what was possible step by step may not be so then.

use std::collections::{BTreeMap, BTreeSet};

use crate::scheduling::{ClassId, NodeId, State, Trial};

use super::Why;
use super::drain::{Plan, refusals};
use super::survey::Survey;

/// Candidates that have to stay, with the reason: one of their pods finds its place only while others still run.
pub(super) fn stuck(state: &mut State, survey: &Survey, plan: &Plan) -> BTreeMap<usize, Why> {
    // All others only mind what is on a node in the end.
    if !moves(plan).any(|class| survey.profile(class).social) {
        return BTreeMap::new();
    }
    let gone = plan.gone.iter();
    let gone = gone.map(|gone| survey.loads[gone.candidate].node);
    let gone: BTreeSet<NodeId> = gone.collect();
    let mut stuck = BTreeMap::new();
    for still_there in [true, false] {
        let mut trial = emptied(state, survey, plan, still_there);
        let left = take(&mut trial, steps(plan));
        stuck.extend(left.iter().filter_map(|step| {
            let words = refusals(&trial, step.class, |node| gone.contains(&node));
            Some((step.from?, Why::NoPlace(step.class, words)))
        }));
    }
    stuck
}

/// Whether all moves can be made, and these pods then get to their nodes, too.
pub(super) fn holds(
    state: &mut State,
    survey: &Survey,
    plan: &Plan,
    waiting: &[(ClassId, NodeId)],
) -> bool {
    let mut classes = moves(plan).chain(waiting.iter().map(|(class, _)| *class));
    if !classes.any(|class| state.depends_on_others(class)) {
        return true;
    }
    [true, false].into_iter().all(|still_there| {
        let mut trial = emptied(state, survey, plan, still_there);
        let waiting = waiting.iter().map(|(class, to)| Step {
            from: None,
            class: *class,
            to: *to,
            pods: 1,
        });
        take(&mut trial, steps(plan)).is_empty() && take(&mut trial, waiting.collect()).is_empty()
    })
}

fn moves(plan: &Plan) -> impl Iterator<Item = ClassId> {
    let moves = plan.gone.iter().flat_map(|gone| &gone.moves);
    moves.map(|(class, ..)| *class)
}

/// All evictions made, while the nodes are drained and still there, or when they are gone for good.
fn emptied<'s>(state: &'s mut State, survey: &Survey, plan: &Plan, still_there: bool) -> Trial<'s> {
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
    trial
}

/// Makes the steps in any order in which they can be made; returns the others.
fn take(trial: &mut Trial, mut left: Vec<Step>) -> Vec<Step> {
    loop {
        let before: u32 = left.iter().map(|step| step.pods).sum();
        left.retain_mut(|step| {
            step.take(trial);
            step.pods > 0
        });
        if left.iter().map(|step| step.pods).sum::<u32>() == before {
            return left;
        }
    }
}

/// Equal pods that get to the same node.
struct Step {
    /// The candidate that they leave, if they are not pods that wait.
    from: Option<usize>,
    class: ClassId,
    to: NodeId,
    pods: u32,
}

fn steps(plan: &Plan) -> Vec<Step> {
    let steps = plan.gone.iter().flat_map(|gone| {
        let from = Some(gone.candidate);
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
