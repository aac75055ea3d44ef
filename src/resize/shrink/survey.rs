//! What a candidate's going takes, whatever else goes: worked out once for all attempts.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use crate::resize::offer::Price;
use crate::scheduling::{ClassId, NodeId, Pod, State};

use super::rank::{Rank, Sizes};
use super::{Candidate, Leave, Occupants, Question, Why};

#[derive(Debug)]
pub(super) struct Survey<'a> {
    pub question: &'a Question,
    /// By the place of the candidate.
    pub loads: Vec<Load>,
    profiles: HashMap<ClassId, Profile>,
    /// How many different [`Profile::likeness`] there are.
    pub likenesses: usize,
    /// Nodes that take pods and stay for sure, the fullest first.
    pub fixed: Vec<NodeId>,
    /// The highest number of a node, and one.
    pub numbers: usize,
}

/// What leaves with a candidate.
#[derive(Debug)]
pub(super) struct Load {
    pub node: NodeId,
    pub group: usize,
    pub price: Price,
    /// Pods that need another place.
    pub moving: Vec<(ClassId, u32)>,
    /// Evictions that a budget is asked for, by its place.
    pub evictions: Vec<(usize, ClassId, u32)>,
    /// Why it stays in any case.
    pub stays: Option<Why>,
    /// It takes pods as long as it has not gone.
    pub takes: bool,
    /// How much room its pods need, in billionths of the cluster.
    pub weight: u64,
}

/// What matters about a class.
#[derive(Debug)]
pub(super) struct Profile {
    /// Who chooses first.
    pub rank: Rank,
    /// Classes of the same likeness ask the same of a node as such.
    pub likeness: usize,
    /// Pods on other nodes matter to it.
    pub social: bool,
    /// In billionths of the cluster.
    share: u64,
    cover: Cover,
}

/// Budgets that cover a class.
#[derive(Debug, Clone, Copy)]
enum Cover {
    None,
    One(usize),
    Several,
}

impl<'a> Survey<'a> {
    pub(super) fn new(state: &State, question: &'a Question) -> Self {
        let mut survey = Self {
            question,
            loads: Vec::new(),
            profiles: HashMap::new(),
            likenesses: 0,
            fixed: Vec::new(),
            numbers: 1 + state.nodes().map(|(id, _)| id.number()).max().unwrap_or(0),
        };
        survey.profile_classes(state);
        let candidates = question.candidates.iter();
        survey.loads = candidates.map(|it| survey.load(state, it)).collect();
        survey.fixed = survey.fixed_nodes(state);
        survey
    }

    pub(super) fn profile(&self, class: ClassId) -> &Profile {
        &self.profiles[&class]
    }

    fn profile_classes(&mut self, state: &State) {
        let sizes = Sizes::of(state);
        let mut likenesses = HashMap::new();
        let pods = self.question.candidates.iter().flat_map(|c| &c.pods);
        for Occupants { class, .. } in pods {
            if self.profiles.contains_key(class) {
                continue;
            }
            let pod = state.content(*class);
            let next = likenesses.len();
            let likeness = *likenesses.entry(likeness(pod)).or_insert(next);
            let profile = Profile {
                rank: sizes.rank(pod),
                likeness,
                social: state.depends_on_others(*class),
                share: sizes.share(pod),
                cover: self.cover(pod),
            };
            self.profiles.insert(*class, profile);
        }
        self.likenesses = likenesses.len();
    }

    fn cover(&self, pod: &Pod) -> Cover {
        let budgets = self.question.budgets.iter().enumerate();
        let mut covering = budgets.filter(|(_, budget)| {
            budget.namespace == pod.namespace && budget.selector.matches(&pod.labels)
        });
        match (covering.next(), covering.next()) {
            (None, _) => Cover::None,
            (Some((budget, _)), None) => Cover::One(budget),
            (Some(_), Some(_)) => Cover::Several,
        }
    }

    fn load(&self, state: &State, candidate: &Candidate) -> Load {
        let node = state.node(candidate.node);
        let mut load = Load {
            node: candidate.node,
            group: candidate.group,
            price: candidate.price,
            moving: Vec::new(),
            evictions: Vec::new(),
            stays: None,
            takes: node.is_some_and(|node| !node.unschedulable),
            weight: 0,
        };
        for pods in candidate.pods.iter().filter(|pods| pods.pods > 0) {
            match &pods.leave {
                Leave::WithNode => {}
                Leave::Never(obstacle) => {
                    let why = Why::Obstacle(pods.class, obstacle.clone());
                    load.stays.get_or_insert(why);
                }
                Leave::Moves => self.evict(&mut load, pods),
                Leave::Starting => self.add(&mut load, pods),
            }
        }
        load.stays = load.stays.or_else(|| self.refused(&load.evictions));
        load
    }

    fn evict(&self, load: &mut Load, pods: &Occupants) {
        match self.profile(pods.class).cover {
            Cover::None => {}
            Cover::One(budget) => load.evictions.push((budget, pods.class, pods.pods)),
            Cover::Several => {
                load.stays.get_or_insert(Why::SeveralBudgets(pods.class));
            }
        }
        self.add(load, pods);
    }

    fn add(&self, load: &mut Load, pods: &Occupants) {
        match load.moving.iter_mut().find(|(it, _)| *it == pods.class) {
            Some((_, known)) => *known += pods.pods,
            None => load.moving.push((pods.class, pods.pods)),
        }
        let share = self.profile(pods.class).share;
        load.weight = load
            .weight
            .saturating_add(share.saturating_mul(pods.pods.into()));
    }

    /// A budget that does not even allow these alone.
    fn refused(&self, evictions: &[(usize, ClassId, u32)]) -> Option<Why> {
        let mut asked = BTreeMap::<usize, u32>::new();
        evictions.iter().find_map(|(place, class, pods)| {
            let asked = asked.entry(*place).or_default();
            *asked = asked.saturating_add(*pods);
            let budget = &self.question.budgets[*place];
            (*asked > budget.allowed).then(|| Why::Budget(*class, budget.full_name()))
        })
    }

    fn fixed_nodes(&self, state: &State) -> Vec<NodeId> {
        let mut may_go = vec![false; self.numbers];
        for load in self.loads.iter().filter(|load| load.stays.is_none()) {
            may_go[load.node.number()] = true;
        }
        let nodes = state.nodes();
        let nodes = nodes.filter(|(id, node)| !node.unschedulable && !may_go[id.number()]);
        let mut fixed: Vec<NodeId> = nodes.map(|(id, _)| id).collect();
        fixed.sort_by_cached_key(|id| Reverse(state.fullness(*id)));
        fixed
    }
}

impl Load {
    /// How much room has to be found for what is saved; least first.
    pub(super) fn effort(&self) -> u128 {
        let saved = u128::from(self.price.0).max(1);
        u128::from(self.weight) * 1_000_000 / saved
    }
}

/// What a pod asks of a node as such.
fn likeness(pod: &Pod) -> Pod {
    Pod {
        requests: pod.requests.clone(),
        node_selector: pod.node_selector.clone(),
        node_affinity: pod.node_affinity.clone(),
        tolerations: pod.tolerations.clone(),
        host_ports: pod.host_ports.clone(),
        disks: pod.disks.clone(),
        ..Pod::default()
    }
}
