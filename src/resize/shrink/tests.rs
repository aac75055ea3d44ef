mod optimum;
mod random;
mod replay;
mod rules;
mod size;

use std::collections::BTreeMap;

use super::*;
use crate::scheduling::labels::{Labels, Requirement};
use crate::scheduling::node::Taint;
use crate::scheduling::pod::{Peers, PodTerm, Spread};
use crate::scheduling::{Node, Pod, PodKey};

const HOST: &str = "kubernetes.io/hostname";
const ZONE: &str = "topology.kubernetes.io/zone";

/// Nodes and pods; every node is a candidate in the order of their numbers unless a test says otherwise.
#[derive(Default)]
struct Cluster {
    state: State,
    question: Question,
    pods: usize,
}

impl Cluster {
    /// Nodes `n0`, `n1`, ... with 1000 millicores each.
    fn of(nodes: usize) -> Self {
        let mut cluster = Self::default();
        for number in 0..nodes {
            cluster.node(node(number));
        }
        cluster
    }

    fn node(&mut self, node: Node) -> NodeId {
        let name = node.name.clone();
        self.state.set_node(node);
        let id = self.state.node_id(&name).unwrap();
        self.question.candidates.push(Candidate {
            node: id,
            group: 0,
            price: Price(10),
            pods: Vec::new(),
        });
        self.question.may_go = vec![u32::MAX];
        self.question.limit = usize::MAX;
        id
    }

    fn id(&self, number: usize) -> NodeId {
        self.state.node_id(&format!("n{number}")).unwrap()
    }

    /// Runs a pod that can be moved.
    fn run(&mut self, number: usize, pod: Pod) -> ClassId {
        self.run_as(number, pod, &Leave::Moves)
    }

    fn run_as(&mut self, number: usize, pod: Pod, leave: &Leave) -> ClassId {
        self.pods += 1;
        let class = self.state.class(pod);
        let node = self.id(number);
        let key = PodKey {
            namespace: "default".into(),
            name: format!("p{}", self.pods).into(),
        };
        self.state.place(&key, class, node);
        let candidates = self.question.candidates.iter_mut();
        for candidate in candidates.filter(|candidate| candidate.node == node) {
            let same = |it: &&mut Occupants| it.class == class && it.leave == *leave;
            match candidate.pods.iter_mut().find(same) {
                Some(known) => known.pods += 1,
                None => candidate.pods.push(Occupants {
                    class,
                    pods: 1,
                    leave: leave.clone(),
                }),
            }
        }
        class
    }

    fn change(&mut self, number: usize, change: impl FnOnce(&mut Node)) {
        let mut node = self.state.node(self.id(number)).unwrap().clone();
        change(&mut node);
        self.state.set_node(node);
    }

    fn budget(&mut self, name: &str, app: &str, allowed: u32) {
        self.question.budgets.push(Budget {
            namespace: "default".to_owned(),
            name: name.to_owned(),
            selector: selector(app),
            allowed,
        });
    }

    /// Only these may go.
    fn candidates(&mut self, numbers: &[usize]) {
        let all = std::mem::take(&mut self.question.candidates);
        let ids = numbers.iter().map(|number| self.id(*number));
        let find = |id| all.iter().find(|it: &&Candidate| it.node == id).cloned();
        self.question.candidates = ids.filter_map(find).collect();
    }

    fn shrink(&mut self) -> Shrinkage {
        let generation = self.state.generation();
        let shrinkage = shrink(&mut self.state, &self.question);
        assert_eq!(self.state.generation(), generation);
        let wrong = replay::faults(&self.state, &self.question, &shrinkage);
        assert_eq!(wrong, Vec::<String>::new());
        shrinkage
    }

    /// Numbers of the candidates that go, smallest first.
    fn gone(&mut self) -> Vec<usize> {
        let gone = self.shrink().gone;
        let mut gone: Vec<usize> = gone.into_iter().map(|gone| gone.candidate).collect();
        gone.sort_unstable();
        gone
    }

    /// Why a candidate stays.
    fn why(&mut self, candidate: usize) -> Option<Why> {
        let kept = self.shrink().kept;
        let mut kept = kept.into_iter();
        kept.find_map(|kept| (kept.candidate == candidate).then_some(kept.why))
    }
}

fn node(number: usize) -> Node {
    let name = format!("n{number}");
    Node {
        labels: labels(&[(HOST, &name)]),
        allocatable: amounts(&[("cpu", 1000), ("pods", 110)]),
        name,
        ..Node::default()
    }
}

/// A pod of the app `web` that asks for so many millicores.
fn asks(cpu: i64) -> Pod {
    Pod {
        namespace: "default".to_owned(),
        labels: labels(&[("app", "web")]),
        requests: amounts(&[("cpu", cpu)]),
        ..Pod::default()
    }
}

fn labels(pairs: &[(&str, &str)]) -> Labels {
    let pairs = pairs.iter();
    pairs
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect()
}

fn amounts(amounts: &[(&str, i64)]) -> BTreeMap<String, i64> {
    let amounts = amounts.iter();
    amounts
        .map(|(name, it)| ((*name).to_owned(), *it))
        .collect()
}

fn selector(app: &str) -> Selector {
    Selector(vec![Requirement::equals("app", app)])
}

/// Whoever is meant by `app`, by this label of nodes.
fn term(app: &str, key: &str) -> PodTerm {
    PodTerm {
        peers: Peers {
            namespaces: ["default".to_owned()].into(),
            namespace_selector: None,
            selector: Some(selector(app)),
        },
        topology_key: key.to_owned(),
    }
}

fn evenly(key: &str) -> Spread {
    Spread {
        topology_key: key.to_owned(),
        max_skew: 1,
        min_domains: 1,
        required: true,
        selector: Some(selector("web")),
        honors_affinity: true,
        honors_taints: false,
    }
}
