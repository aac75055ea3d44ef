//! Removals and refusals by name, in words.

use std::collections::BTreeMap;

use super::super::super::decision::{Decision, Kept, Move};
use super::super::super::shrink::{Leave, Obstacle, Shrinkage, Why};
use super::super::Model;
use super::super::groups;
use super::super::pods::title;
use super::candidates::Field;
use crate::scheduling::{ClassId, NodeId};

/// A node of which a larger share is asked for is not expected to go.
const LITTLE_USED: i64 = 50;

/// Why a pod must not be moved; goes behind its name.
pub fn in_words(obstacle: &Obstacle) -> String {
    match obstacle {
        Obstacle::NoController => "no controller would make it again".to_owned(),
        Obstacle::LocalStorage(volume) => format!("what it keeps in volume {volume} would be lost"),
        Obstacle::Annotation(said) => format!("annotation {said}"),
        Obstacle::System => "no PodDisruptionBudget in kube-system covers it".to_owned(),
        Obstacle::Unreadable(what) => format!("it cannot be read: {what}"),
    }
}

impl Model {
    /// Why nodes stay that one might expect to go.
    pub(super) fn say_what_stays(
        &self,
        field: &Field,
        shrinkage: &Shrinkage,
        decision: &mut Decision,
    ) {
        let leaving = self.leaving();
        for kept in &shrinkage.kept {
            let node = &field.names[kept.candidate];
            let full = matches!(kept.why, Why::NoPlace(..)) && self.used(node) >= LITTLE_USED;
            if !full {
                let group = field.candidates[kept.candidate].group;
                let gone = shrinkage.gone.iter();
                let others = gone.filter(|gone| field.candidates[gone.candidate].group == group);
                let others = u32::try_from(others.count()).unwrap_or(u32::MAX);
                decision.kept.push(Kept {
                    why: self.why(node, &kept.why, others, &leaving),
                    node: node.clone(),
                });
            }
        }
    }

    /// `others`: so many nodes of its pool go. `leaving`: so many of each group are on their way out already.
    fn why(&self, node: &str, why: &Why, others: u32, leaving: &BTreeMap<&str, u32>) -> String {
        match why {
            Why::Obstacle(class, obstacle) => {
                format!("{}: {}", self.pod(node, *class), in_words(obstacle))
            }
            Why::Budget(class, budget) => {
                let pod = self.pod(node, *class);
                let allows = match self.allowed_by(budget) {
                    0 => "allows no further eviction".to_owned(),
                    1 => "allows one eviction now, and more are needed".to_owned(),
                    some => format!("allows {some} evictions now, and more are needed"),
                };
                format!("{pod}: PodDisruptionBudget {budget} {allows}")
            }
            Why::SeveralBudgets(class) => {
                let pod = self.pod(node, *class);
                format!("{pod}: several PodDisruptionBudgets cover it, so nobody can evict it")
            }
            Why::NoPlace(class, words) => {
                let pod = self.pod(node, *class);
                format!("{pod} fits nowhere else: {words}")
            }
            Why::Minimum => self.at_minimum(node, others, leaving),
            Why::Limit => "as many nodes go already as maxRemovals lets go at once".to_owned(),
        }
    }

    /// How many evictions a budget allows now: `namespace/name`.
    fn allowed_by(&self, budget: &str) -> u32 {
        let id = budget.split_once('/').unwrap_or_default();
        let budget = self.budgets.get(&(id.0.to_owned(), id.1.to_owned()));
        budget.map_or(0, |budget| budget.allowed)
    }

    fn at_minimum(&self, node: &str, others: u32, leaving: &BTreeMap<&str, u32>) -> String {
        let pools = groups::pools(&self.groups);
        let group = self.group_of_node(node);
        let rungs = group.and_then(|(name, group)| pools.get(&group.key(name)));
        let minimum = rungs.map_or(0, |rungs| groups::minimum(rungs));
        let left = rungs.map_or(0, |rungs| self.left(rungs, leaving));
        let mut names = rungs.into_iter().flatten().map(|(name, _)| name);
        match left.saturating_sub(others) {
            left if left > minimum => {
                "removalBudget lets no more nodes of its pool go for now".to_owned()
            }
            _ if others > 0 || names.any(|name| leaving.contains_key(name)) => {
                format!("others of its pool go, which leaves its minimum of {minimum}")
            }
            _ => format!("its pool is at its minimum of {minimum}"),
        }
    }

    /// A pod of the class on the node; the first one that has to leave.
    fn pod(&self, node: &str, class: ClassId) -> String {
        let mut pods = self.pods.on(node);
        let found = pods.find(|(_, resident)| resident.class == class);
        found.map_or_else(|| "a pod".to_owned(), |(key, _)| title(key))
    }

    pub(super) fn moves(&self, node: &str, moves: &[(ClassId, NodeId, u32)]) -> Vec<Move> {
        let mut pods: BTreeMap<ClassId, Vec<String>> = BTreeMap::new();
        for (key, resident) in self.pods.on(node) {
            if resident.stay.leave != Leave::WithNode {
                pods.entry(resident.class).or_default().push(title(key));
            }
        }
        let mut named = Vec::new();
        for (class, to, count) in moves {
            let to = self.state.node(*to).map_or("", |node| node.name.as_str());
            let Some(left) = pods.get_mut(class) else {
                continue;
            };
            let count = left.len().min(*count as usize);
            named.extend(left.drain(..count).map(|pod| Move {
                pod,
                to: to.to_owned(),
            }));
        }
        named
    }

    pub(super) fn share(&self, node: &str) -> String {
        let moves = |leave: &Leave| *leave != Leave::WithNode;
        if !self.pods.on(node).any(|(_, pod)| moves(&pod.stay.leave)) {
            return "empty".to_owned();
        }
        format!("{} % of it is asked for", self.used(node))
    }

    /// How much of its CPU or memory is asked for, in percent; the larger one counts.
    pub(super) fn used(&self, node: &str) -> i64 {
        let Some(known) = self.nodes.get(node) else {
            return 0;
        };
        let share = |resource: &str| {
            let all = known
                .node
                .allocatable
                .get(resource)
                .copied()
                .unwrap_or_default();
            let asked = self.pods.on(node).map(|(_, resident)| {
                let requests = &self.state.content(resident.class).requests;
                requests.get(resource).copied().unwrap_or_default()
            });
            let asked = asked.fold(0_i64, i64::saturating_add);
            asked.saturating_mul(100) / all.max(1)
        };
        share("cpu").max(share("memory"))
    }
}
