//! All moves once more, after all evictions at once: what was possible step by step may not be so then.

use std::collections::{BTreeMap, BTreeSet};

use crate::scheduling::{ClassId, Destination, NodeId, State, Trial};

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
        let (from, mut to) = steps(plan);
        trial.place_in_any_order(&mut to);
        let left = from.into_iter().zip(to).filter(|(_, to)| to.pods > 0);
        stuck.extend(left.map(|(from, to)| {
            let words = refusals(&trial, to.class, |node| gone.contains(&node));
            (from, Why::NoPlace(to.class, words))
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
        let waiting = waiting.iter().map(|(class, node)| Destination {
            class: *class,
            node: *node,
            pods: 1,
        });
        let mut waiting: Vec<Destination> = waiting.collect();
        trial.place_in_any_order(&mut steps(plan).1) && trial.place_in_any_order(&mut waiting)
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
            trial.take_many(*class, load.node, *pods);
        }
        if still_there {
            trial.cordon(load.node);
        } else {
            trial.remove_node(load.node);
        }
    }
    trial
}

/// The candidates that pods leave, and where these go.
fn steps(plan: &Plan) -> (Vec<usize>, Vec<Destination>) {
    let steps = plan.gone.iter().flat_map(|gone| {
        let moves = gone.moves.iter();
        let to = |&(class, node, pods): &(ClassId, NodeId, u32)| Destination { class, node, pods };
        moves.map(move |it| (gone.candidate, to(it)))
    });
    steps.unzip()
}
