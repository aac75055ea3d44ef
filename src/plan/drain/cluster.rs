//! The cluster as it becomes while machines go: where each pod is then.

use std::collections::{BTreeSet, HashMap};

use anyhow::{Context, Result};
use k8s_openapi::api::core::v1 as core;

use super::pods::{self, Leaving};
use super::{Candidate, Homeless, words};
use crate::observe::workload::Workload;
use crate::resize::offer::Price;
use crate::resize::shrink::rank::Sizes;
use crate::resize::shrink::{self, Budget, Occupants, Question, Shrinkage};
use crate::scheduling::{ClassId, Node, NodeId, PodKey, State, Trial};

#[derive(Debug)]
pub(super) struct Cluster {
    pub state: State,
    /// Pods that have to leave if their node goes, in the order of their names.
    pub residents: Vec<Resident>,
    budgets: Vec<Budget>,
    sizes: Sizes,
}

#[derive(Debug)]
pub(super) struct Resident {
    /// `namespace/name`.
    pub name: String,
    pub class: ClassId,
    /// Where it was found.
    pub home: NodeId,
    /// Where it is now; nowhere if there is no place for it.
    pub node: Option<NodeId>,
    pub leaving: Leaving,
    /// It has to leave whatever is decided here: that a place is missing is no news.
    unasked: bool,
}

/// How pods are told to leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Only to see what would happen.
    Trial,
    /// If they may be evicted.
    Asked,
    /// Whether they may or not.
    Unasked,
}

/// What became of pods that had to leave, by their places among the residents.
#[derive(Debug, Default)]
struct Outcome {
    placed: Vec<(usize, NodeId)>,
    homeless: Vec<(usize, String)>,
}

impl Cluster {
    /// Fails if an object cannot be read.
    pub(super) fn new(workload: &Workload) -> Result<Self> {
        let mut state = State::new();
        for other in &workload.others {
            let json = Some(other.json.as_bytes());
            state.apply(&other.resource, &other.namespace, &other.name, json)?;
        }
        let mut nodes: Vec<&core::Node> = workload.nodes.iter().collect();
        nodes.sort_by_key(|node| &node.metadata.name);
        for node in nodes {
            let mut seen = Node::of(node)?;
            seen.unschedulable |= !is_ready(node);
            state.set_node(seen);
        }
        let mut cluster = Self {
            sizes: Sizes::of(&state),
            state,
            residents: Vec::new(),
            budgets: workload.budgets.iter().filter_map(pods::budget).collect(),
        };
        let mut pods: Vec<&core::Pod> = workload.pods.iter().collect();
        pods.sort_by_key(|pod| (&pod.metadata.namespace, &pod.metadata.name));
        pods.into_iter().try_for_each(|pod| cluster.add(pod))?;
        Ok(cluster)
    }

    fn add(&mut self, pod: &core::Pod) -> Result<()> {
        let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
        let name = pod.metadata.name.as_deref().unwrap_or_default();
        let key = PodKey {
            namespace: namespace.into(),
            name: name.into(),
        };
        let reading = || format!("reading what pod {namespace}/{name} asks for");
        self.state.apply_pod(&key, pod).with_context(reading)?;
        let place = self.state.placement(&key);
        if let (Some((class, home)), Some(leaving)) = (place, Leaving::of(pod)) {
            self.residents.push(Resident {
                name: format!("{namespace}/{name}"),
                node: Some(home),
                home,
                class,
                leaving,
                unasked: false,
            });
        }
        Ok(())
    }

    /// The machine's node, if there is one.
    pub(super) fn node(&self, machine: &Candidate) -> Option<NodeId> {
        self.state.node_id(machine.node.as_deref()?)
    }

    /// Pods that were found on these machines.
    pub(super) fn pods(&self, machines: &[&Candidate]) -> Vec<&Resident> {
        let nodes = self.nodes(machines);
        let all = self.residents.iter();
        all.filter(|pod| nodes.contains(&pod.home)).collect()
    }

    fn nodes(&self, machines: &[&Candidate]) -> BTreeSet<NodeId> {
        let nodes = machines.iter().filter_map(|machine| self.node(machine));
        nodes.collect()
    }

    /// Lets machines go, and returns the pods that find no place.
    pub(super) fn remove(&mut self, machines: &[&Candidate]) -> Vec<Homeless> {
        let outcome = self.displace(machines, Mode::Asked);
        let homeless = self.reported(&outcome);
        let homeless = homeless.map(|(pod, why)| Homeless {
            pod: pod.name.clone(),
            why: why.to_owned(),
        });
        let homeless = homeless.collect();
        self.settle(&outcome);
        homeless
    }

    /// Lets machines go that do so anyway: whether their pods may be evicted is no question any more.
    pub(super) fn remove_unasked(&mut self, machines: &[&Candidate]) {
        let nodes = self.nodes(machines);
        for pod in &mut self.residents {
            pod.unasked |= nodes.contains(&pod.home);
        }
        let outcome = self.displace(machines, Mode::Unasked);
        self.settle(&outcome);
    }

    /// How many pods would find no place if this machine went.
    pub(super) fn lost(&mut self, machine: &Candidate) -> usize {
        let outcome = self.displace(&[machine], Mode::Trial);
        self.reported(&outcome).count()
    }

    fn reported<'a>(
        &'a self,
        outcome: &'a Outcome,
    ) -> impl Iterator<Item = (&'a Resident, &'a str)> {
        let homeless = outcome.homeless.iter();
        let homeless = homeless.map(|(place, why)| (&self.residents[*place], why.as_str()));
        homeless.filter(|(pod, _)| !pod.unasked)
    }

    /// Which of these machines, whose nodes are there, can go without any such loss.
    pub(super) fn question(&self, machines: &[&Candidate], limit: usize) -> Question {
        let census = self.census();
        let nodes = machines.iter().filter_map(|machine| self.node(machine));
        let candidates = nodes.map(|node| shrink::Candidate {
            node,
            group: 0,
            price: Price(0),
            pods: census
                .get(&node)
                .map_or_else(Vec::new, |pods| self.occupants(pods)),
        });
        Question {
            candidates: candidates.collect(),
            budgets: self.budgets.clone(),
            may_go: vec![u32::MAX],
            limit,
        }
    }

    fn occupants(&self, pods: &[usize]) -> Vec<Occupants> {
        let pods = pods.iter().map(|place| &self.residents[*place]);
        let occupants = pods.map(|pod| Occupants {
            class: pod.class,
            pods: 1,
            leave: pod.leaving.leave.clone(),
        });
        occupants.collect()
    }

    /// Who is where, by places among the residents.
    pub(super) fn census(&self) -> HashMap<NodeId, Vec<usize>> {
        let mut census = HashMap::<NodeId, Vec<usize>>::new();
        for (place, pod) in self.residents.iter().enumerate() {
            if let Some(node) = pod.node {
                census.entry(node).or_default().push(place);
            }
        }
        census
    }

    /// Lets machines go as was found possible.
    pub(super) fn follow(&mut self, question: &Question, shrinkage: &Shrinkage) {
        let census = self.census();
        let mut trial = self.state.trial();
        for gone in &shrinkage.gone {
            let node = question.candidates[gone.candidate].node;
            trial.cordon(node);
            let mut here = census.get(&node).cloned().unwrap_or_default();
            for (class, to, pods) in &gone.moves {
                for _ in 0..*pods {
                    let same = |place: &usize| self.residents[*place].class == *class;
                    let Some(next) = here.iter().position(same) else {
                        continue;
                    };
                    trial.take(*class, node);
                    trial.place(*class, *to);
                    self.residents[here.swap_remove(next)].node = Some(*to);
                }
            }
        }
        trial.keep();
    }

    /// Evicts all pods of the machines and finds another place for each.
    fn displace(&mut self, machines: &[&Candidate], mode: Mode) -> Outcome {
        let nodes = self.nodes(machines);
        let (refused, mut left) = self.leaving(&nodes, mode);
        let mut trial = self.state.trial();
        for node in &nodes {
            trial.cordon(*node);
        }
        for place in refused.iter().map(|(place, _)| place).chain(&left) {
            let pod = &self.residents[*place];
            pod.node.inspect(|node| trial.take(pod.class, *node));
        }
        let mut outcome = Outcome {
            placed: Vec::new(),
            homeless: refused,
        };
        // Some only find a place when others have theirs.
        loop {
            let before = left.len();
            left.retain(|place| {
                let found = place_pod(&mut trial, self.residents[*place].class);
                outcome.placed.extend(found.map(|node| (*place, node)));
                found.is_none()
            });
            if left.len() == before {
                break;
            }
        }
        let words = |place: usize| words::no_place(&trial, self.residents[place].class);
        let homeless = left.iter().map(|place| (*place, words(*place)));
        outcome.homeless.extend(homeless);
        if mode != Mode::Trial {
            trial.keep();
        }
        outcome
    }

    /// Pods that have to leave: those that must not, with the reason, and the others, who chooses first in front.
    fn leaving(&self, nodes: &BTreeSet<NodeId>, mode: Mode) -> (Vec<(usize, String)>, Vec<usize>) {
        let (mut refused, mut left) = (Vec::new(), Vec::new());
        for (place, pod) in self.residents.iter().enumerate() {
            if !pod.node.is_some_and(|node| nodes.contains(&node)) {
                continue;
            }
            let content = self.state.content(pod.class);
            let refusal = match mode {
                // It was evicted before.
                _ if pod.node != Some(pod.home) => None,
                Mode::Unasked => pod.leaving.is_orphan().then(String::new),
                _ => pod.leaving.refusal(content, &self.budgets),
            };
            match refusal {
                Some(why) => refused.push((place, why)),
                None => left.push(place),
            }
        }
        left.sort_by_cached_key(|place| {
            let content = self.state.content(self.residents[*place].class);
            self.sizes.rank(content)
        });
        (refused, left)
    }

    fn settle(&mut self, outcome: &Outcome) {
        for (place, node) in &outcome.placed {
            self.residents[*place].node = Some(*node);
        }
        for (place, _) in &outcome.homeless {
            self.residents[*place].node = None;
        }
    }
}

/// Puts a pod on the first node that takes it.
fn place_pod(trial: &mut Trial, class: ClassId) -> Option<NodeId> {
    let inquiry = trial.ask(class).ok()?;
    let mut nodes = trial.nodes();
    let (node, _) = nodes.find(|(id, node)| !node.unschedulable && inquiry.fits(*id).is_ok())?;
    drop(nodes);
    trial.place(class, node);
    Some(node)
}

fn is_ready(node: &core::Node) -> bool {
    let status = node.status.as_ref();
    let mut conditions = status.iter().flat_map(|s| s.conditions.iter().flatten());
    conditions.any(|condition| condition.type_ == "Ready" && condition.status == "True")
}
