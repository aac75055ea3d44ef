//! An independent look at a result: everything that moves is evicted, and each move is asked for on its own.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// What is wrong with a result; nothing if it is right.
pub(super) fn faults(state: &State, question: &Question, shrinkage: &Shrinkage) -> Vec<String> {
    let gone: Vec<usize> = shrinkage.gone.iter().map(|gone| gone.candidate).collect();
    let mut faults = counts(question, shrinkage, &gone);
    faults.extend(budgets(state, question, &gone));
    faults.extend(places(state, question, shrinkage, &gone));
    faults
}

/// Everybody goes or stays, with no more than may go, and all pods that move are accounted for.
fn counts(question: &Question, shrinkage: &Shrinkage, gone: &[usize]) -> Vec<String> {
    let mut faults = Vec::new();
    let kept = shrinkage.kept.iter().map(|kept| kept.candidate);
    let all: BTreeSet<usize> = gone.iter().copied().chain(kept).collect();
    if all.len() != question.candidates.len()
        || gone.len() + shrinkage.kept.len() != question.candidates.len()
    {
        faults.push("not everybody either goes or stays".to_owned());
    }
    if gone.len() > question.limit {
        faults.push(format!("{} go, {} may", gone.len(), question.limit));
    }
    for (group, may_go) in question.may_go.iter().enumerate() {
        let go = gone
            .iter()
            .filter(|it| question.candidates[**it].group == group);
        if go.count() > *may_go as usize {
            faults.push(format!("too many of group {group}"));
        }
    }
    for it in &shrinkage.gone {
        let mut moved = BTreeMap::<ClassId, u32>::new();
        for (class, _, pods) in &it.moves {
            *moved.entry(*class).or_default() += pods;
        }
        if moved != leaving(&question.candidates[it.candidate]) {
            faults.push(format!("pods of candidate {} are lost", it.candidate));
        }
    }
    faults
}

fn leaving(candidate: &Candidate) -> BTreeMap<ClassId, u32> {
    let mut leaving = BTreeMap::new();
    for pods in &candidate.pods {
        if matches!(pods.leave, Leave::Moves | Leave::Starting) {
            *leaving.entry(pods.class).or_default() += pods.pods;
        }
    }
    leaving
}

fn budgets(state: &State, question: &Question, gone: &[usize]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut evicted = vec![0; question.budgets.len()];
    for pods in gone.iter().flat_map(|it| &question.candidates[*it].pods) {
        let pod = state.content(pods.class);
        let covers =
            |it: &Budget| it.namespace == pod.namespace && it.selector.matches(&pod.labels);
        let covering = question.budgets.iter().enumerate();
        let covering: Vec<usize> = covering
            .filter(|(_, it)| covers(it))
            .map(|(at, _)| at)
            .collect();
        match (&pods.leave, covering.as_slice()) {
            (Leave::Never(obstacle), _) => {
                faults.push(format!("a pod goes in spite of {obstacle:?}"));
            }
            (Leave::Moves, [_, _, ..]) => faults.push("a pod of several budgets goes".to_owned()),
            (Leave::Moves, [budget]) => evicted[*budget] += pods.pods,
            _ => {}
        }
    }
    for (budget, evicted) in question.budgets.iter().zip(evicted) {
        if evicted > budget.allowed {
            faults.push(format!("budget {}: {evicted} evictions", budget.name));
        }
    }
    faults
}

/// The state with all moves made, pod by pod, those that do not fit yet again after the others.
fn places(
    state: &State,
    question: &Question,
    shrinkage: &Shrinkage,
    gone: &[usize],
) -> Vec<String> {
    let mut state = state.clone();
    let mut trial = state.trial();
    let nodes: BTreeSet<NodeId> = gone
        .iter()
        .map(|it| question.candidates[*it].node)
        .collect();
    for candidate in gone.iter().map(|it| &question.candidates[*it]) {
        for (class, pods) in leaving(candidate) {
            (0..pods).for_each(|_| trial.take(class, candidate.node));
        }
        let mut ghost = trial.node(candidate.node).unwrap().clone();
        ghost.unschedulable = true;
        ghost.taints.push(Taint::unschedulable());
        trial.set_node(ghost);
    }
    let all = shrinkage.gone.iter().flat_map(|gone| &gone.moves);
    let each = all.flat_map(|(class, to, pods)| (0..*pods).map(|_| (*class, *to)));
    let mut left: Vec<(ClassId, NodeId)> = each.collect();
    let mut faults = Vec::new();
    for (_, to) in &left {
        let closed = nodes.contains(to) || trial.node(*to).is_none_or(|node| node.unschedulable);
        if closed {
            faults.push(format!("a pod gets to {to:?}, which is closed"));
        }
    }
    loop {
        let before = left.len();
        left.retain(|(class, to)| {
            let fits = trial
                .ask(*class)
                .is_ok_and(|inquiry| inquiry.fits(*to).is_ok());
            if fits {
                trial.place(*class, *to);
            }
            !fits
        });
        if left.len() == before {
            break;
        }
    }
    faults.extend(left.iter().map(|it| format!("{it:?} does not fit")));
    faults
}
