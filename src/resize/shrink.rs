//! Nodes that can go: every pod on them has another place after all of them have gone together. Pure.
//!
//! Candidates are emptied one after the other, each on trial: its pods, and those that came to it from nodes emptied
//! before, are put on nodes that stay. A node that goes is kept as a cordoned one without pods, as the scheduler sees it
//! while it is drained: its zone and its name still count for spread rules. At the end all moves are made once more from
//! the start, after all evictions at once; nodes whose pods find their place only while others still run stay.
//!
//! Pods that are not asked to move are not judged: they run.

mod drain;
pub(crate) mod foresight;
mod ledger;
mod open;
pub(crate) mod rank;
mod replay;
mod search;
mod survey;

use serde::{Deserialize, Serialize};

use crate::scheduling::labels::Selector;
use crate::scheduling::{ClassId, NodeId, State};

use super::offer::Price;
use drain::Plan;
use survey::Survey;

/// What is looked at.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// Nodes that may go if their pods can, the one to try first in front. Their order is the caller's business.
    pub candidates: Vec<Candidate>,
    pub budgets: Vec<Budget>,
    /// By the number of the group: how many of its machines may go.
    pub may_go: Vec<u32>,
    /// How many nodes may go in all.
    pub limit: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub node: NodeId,
    /// The place of its node group in [`Question::may_go`].
    pub group: usize,
    pub price: Price,
    /// Everything that runs on it.
    pub pods: Vec<Occupants>,
}

/// Equal pods on a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occupants {
    pub class: ClassId,
    pub pods: u32,
    pub leave: Leave,
}

/// What happens to a pod when its node goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leave {
    /// It is evicted and made again elsewhere.
    Moves,
    /// It moves, but it does not run yet: no budget is asked.
    Starting,
    /// It belongs to the node: of a DaemonSet, a mirror pod, finished.
    WithNode,
    /// It must not be moved, and so the node stays.
    Never(Obstacle),
}

/// Why a pod must not be moved.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Obstacle {
    /// No controller would make it again.
    NoController,
    /// It keeps data on the node: the volume's name.
    LocalStorage(String),
    /// An annotation forbids it: `key=value`.
    Annotation(String),
    /// It is in `kube-system` and no budget says how it may be moved.
    System,
    /// Its priority rule or something else that could not be read.
    Unreadable(String),
}

/// A `PodDisruptionBudget`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    pub namespace: String,
    pub name: String,
    pub selector: Selector,
    /// How many pods may be evicted now.
    pub allowed: u32,
}

/// Which nodes go, and why the others stay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shrinkage {
    pub gone: Vec<Gone>,
    pub kept: Vec<Kept>,
    /// Prices of the nodes that go, together.
    pub saved: Price,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone {
    /// The place of the candidate.
    pub candidate: usize,
    /// Where its pods fit.
    pub moves: Vec<(ClassId, NodeId, u32)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub candidate: usize,
    pub why: Why,
}

/// Why a node stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// A pod must not be moved.
    Obstacle(ClassId, Obstacle),
    /// A budget does not allow one more eviction: `namespace/name`.
    Budget(ClassId, String),
    /// Several budgets cover a pod: the eviction API refuses that.
    SeveralBudgets(ClassId),
    /// A pod fits nowhere else; the scheduler's words.
    NoPlace(ClassId, String),
    /// No more of its group may go.
    Minimum,
    /// As many nodes as may go at once go already.
    Limit,
}

/// The state is the same afterwards. The moves can be made when all nodes that go are cordoned and emptied: in the order
/// in which they are told, those that do not fit yet tried again after the others, as the scheduler does.
pub fn shrink(state: &mut State, question: &Question) -> Shrinkage {
    let survey = Survey::new(state, question);
    let plan = search::best(state, &survey);
    let kept = plan.kept.into_iter();
    let kept = kept.map(|(candidate, why)| Kept { candidate, why });
    Shrinkage {
        gone: plan.gone,
        kept: kept.collect(),
        saved: plan.saved,
    }
}

/// Whether the moves can be made in this state, too, and pods that wait for a node still get to theirs after them. The
/// nodes that go are candidates of the question.
pub fn holds(
    state: &mut State,
    question: &Question,
    shrinkage: &Shrinkage,
    waiting: &[(ClassId, NodeId)],
) -> bool {
    if waiting.is_empty() || shrinkage.gone.is_empty() {
        return true;
    }
    let survey = Survey::new(state, question);
    let plan = Plan {
        gone: shrinkage.gone.clone(),
        ..Plan::default()
    };
    replay::holds(state, &survey, &plan, waiting)
}

#[cfg(test)]
mod tests;
