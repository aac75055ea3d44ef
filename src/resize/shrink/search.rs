//! Which order of candidates lets the most go.

use std::collections::BTreeMap;

use crate::scheduling::State;

use super::Why;
use super::drain::{Drain, Plan};
use super::replay;
use super::survey::Survey;

/// Candidates tried in all orders together; more orders are looked at where there are few candidates.
const ATTEMPTS: usize = 1500;

/// The plan that saves most; of equal ones that which keeps closest to the order of the question.
pub(super) fn best(state: &mut State, survey: &Survey) -> Plan {
    let (order, bound): (Vec<usize>, Vec<usize>) =
        (0..survey.loads.len()).partition(|candidate| survey.loads[*candidate].stays.is_none());
    let mut best = drain(state, survey, &order);
    let mut worth = order.clone();
    worth.sort_by_key(|candidate| survey.loads[*candidate].effort());
    if worth != order && !is_perfect(&best, &order) {
        best = better(best, drain(state, survey, &worth));
    }
    best = swaps(state, survey, best, &worth);
    let stays = |candidate: &usize| survey.loads[*candidate].stays.clone();
    let bound = bound.iter().filter_map(|it| Some((*it, stays(it)?)));
    best.kept.extend(bound);
    best.kept.sort_by_key(|(candidate, _)| *candidate);
    best
}

/// Puts each candidate that stayed to the front in turn, as long as that helps.
fn swaps(state: &mut State, survey: &Survey, mut best: Plan, order: &[usize]) -> Plan {
    let mut attempts = ATTEMPTS;
    let mut fronts: Vec<usize> = best.kept.iter().map(|(kept, _)| *kept).collect();
    while let Some(front) = fronts.pop() {
        if attempts < order.len() || is_perfect(&best, order) {
            break;
        }
        attempts -= order.len();
        let rest = order.iter().copied().filter(|it| *it != front);
        let order: Vec<usize> = std::iter::once(front).chain(rest).collect();
        best = better(best, drain(state, survey, &order));
    }
    best
}

/// Nothing can be better: all go, or as many as may.
fn is_perfect(plan: &Plan, order: &[usize]) -> bool {
    let enough = |(_, why): &(usize, Why)| matches!(why, Why::Minimum | Why::Limit);
    plan.gone.len() == order.len() || plan.kept.iter().all(enough)
}

fn better(best: Plan, other: Plan) -> Plan {
    let value = |plan: &Plan| (plan.saved, plan.gone.len());
    if value(&other) > value(&best) {
        other
    } else {
        best
    }
}

/// Empties candidates in this order, and again without those that turn out to be stuck when all leave at once.
fn drain(state: &mut State, survey: &Survey, order: &[usize]) -> Plan {
    let mut order = order.to_vec();
    let mut stuck = BTreeMap::new();
    loop {
        let mut plan = Drain::new(state, survey, &order).run(&order);
        let more = replay::stuck(state, survey, &plan);
        if more.is_empty() {
            plan.kept.extend(stuck);
            return plan;
        }
        order.retain(|candidate| !more.contains_key(candidate));
        stuck.extend(more);
    }
}
