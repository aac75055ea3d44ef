//! Classes of pods with the same content, and the rules that are worked out once for all of a class.

use std::sync::Arc;

use foldhash::HashMap;

use super::layout::{Layout, Topology};
use super::node::Node;
use super::pod::{Pod, PodTerm, Spread};
use super::state::{ClassId, Slot, State};
use super::tally::{Counts, Inclusion, Members, Namespaces, Rule, Tally};

/// A class, and which tallies matter to it.
#[derive(Debug, Clone)]
pub(super) struct Class {
    pub pod: Arc<Pod>,
    /// How many of them are on nodes.
    pub placed: i32,
    /// Places of resources and amounts, in the order in which shortages are told.
    pub requests: Vec<(usize, i64)>,
    /// The number of its rule about nodes as such.
    pub fixed: usize,
    /// Tallies that its pods count in.
    pub counted_in: Vec<usize>,
    /// Tallies of pods that keep it away.
    pub repelled_by: Vec<usize>,
    pub affinity: Vec<usize>,
    /// Its pods are among those it wants to be with.
    pub likes_itself: bool,
    pub anti_affinity: Vec<usize>,
    pub spread: Vec<SpreadRule>,
    pub preferred_pods: Vec<(i32, usize)>,
    /// Rules that may be broken.
    pub even: Vec<usize>,
}

impl Class {
    /// Whether pods on other nodes, or their claims, matter to it.
    pub(super) fn looks_at_others(&self) -> bool {
        !(self.spread.is_empty()
            && self.affinity.is_empty()
            && self.anti_affinity.is_empty()
            && self.repelled_by.is_empty()
            && self.pod.claims.is_empty())
    }
}

#[derive(Debug, Clone)]
pub(super) struct SpreadRule {
    pub tally: usize,
    pub max_skew: i64,
    pub min_domains: usize,
    /// One if a pod of the class itself counts.
    pub own: i64,
}

impl State {
    /// The class of pods with this content.
    pub fn class(&mut self, pod: Pod) -> ClassId {
        if let Some(number) = self.class_numbers.get(&pod) {
            return ClassId(*number);
        }
        let pod = Arc::new(pod);
        let requests = pod.requests.iter();
        let requests = requests.map(|(name, amount)| (self.resource(name), *amount));
        let mut requests: Vec<(usize, i64)> = requests.collect();
        requests.sort_by_key(|(resource, _)| rank(&self.resources[*resource]));
        let class = Class {
            requests,
            placed: 0,
            fixed: self.fixed.rule(&pod, &self.slots),
            counted_in: self.tallies.counting(&pod, &self.namespaces),
            repelled_by: self.tallies.repelling(&pod, &self.namespaces),
            likes_itself: self.likes_itself(&pod),
            affinity: Vec::new(),
            anti_affinity: Vec::new(),
            spread: Vec::new(),
            preferred_pods: Vec::new(),
            even: Vec::new(),
            pod: Arc::clone(&pod),
        };
        let number = self.unused_classes.pop().unwrap_or(self.classes.len());
        if number == self.classes.len() {
            self.classes.push(class);
        } else {
            self.classes[number] = class;
        }
        self.claim_users.add(&pod, number);
        self.class_numbers.insert(Arc::clone(&pod), number);
        self.add_rules(&pod, number);
        ClassId(number)
    }

    /// Forgets classes without pods, so that the names of jobs long gone do not pile up. Numbers that are kept somewhere
    /// have to be among those that are `held`.
    pub fn forget_unused_classes(&mut self, held: impl Fn(ClassId) -> bool) {
        for number in 0..self.classes.len() {
            let class = &mut self.classes[number];
            let used = class.placed > 0 || self.pods.is_promised(number) || held(ClassId(number));
            if !used && self.class_numbers.remove(&class.pod).is_some() {
                let pod = std::mem::take(&mut class.pod);
                class.counted_in.clear();
                self.unused_classes.push(number);
                self.claim_users.remove(&pod, number);
            }
        }
    }

    /// How many classes are known.
    pub fn classes(&self) -> usize {
        self.class_numbers.len()
    }

    pub fn content(&self, class: ClassId) -> &Pod {
        &self.classes[class.0].pod
    }

    fn likes_itself(&self, pod: &Pod) -> bool {
        let mut terms = pod.affinity.iter();
        terms.all(|term| term.peers.mean(pod, &self.namespaces))
    }

    fn add_rules(&mut self, pod: &Pod, number: usize) {
        let all: Vec<_> = pod.affinity.iter().map(|term| term.peers.clone()).collect();
        let with = pod.affinity.iter().map(|term| meant(all.clone(), term));
        let with: Vec<usize> = with.map(|rule| self.tally(rule)).collect();
        let apart = pod
            .anti_affinity
            .iter()
            .map(|term| meant(vec![term.peers.clone()], term));
        let apart: Vec<usize> = apart.map(|rule| self.tally(rule)).collect();
        for term in &pod.anti_affinity {
            self.tally(holding(term));
        }
        let preferred = pod
            .preferred_pods
            .iter()
            .map(|(weight, term)| (*weight, self.tally(meant(vec![term.peers.clone()], term))));
        let preferred = preferred.collect();
        let spread = self.spread_rules(pod);
        let soft = pod.spread.iter().filter(|spread| !spread.required);
        let even = soft
            .map(|spread| self.tally(spreading(pod, spread, &[])))
            .collect();
        let class = &mut self.classes[number];
        class.affinity = with;
        class.anti_affinity = apart;
        class.preferred_pods = preferred;
        class.spread = spread;
        class.even = even;
    }

    fn spread_rules(&mut self, pod: &Pod) -> Vec<SpreadRule> {
        let required: Vec<&Spread> = pod.spread.iter().filter(|s| s.required).collect();
        let keys: Vec<String> = required.iter().map(|s| s.topology_key.clone()).collect();
        let rules = required.into_iter().map(|spread| {
            let covers = spread
                .selector
                .as_ref()
                .is_some_and(|s| s.matches(&pod.labels));
            SpreadRule {
                tally: self.tally(spreading(pod, spread, &keys)),
                max_skew: spread.max_skew,
                min_domains: spread.min_domains,
                own: i64::from(covers),
            }
        });
        rules.collect()
    }

    fn tally(&mut self, rule: Rule) -> usize {
        if let Some(number) = self.tallies.numbers.get(&rule) {
            return *number;
        }
        let number = self.tallies.add(rule, &self.slots);
        self.enlist(number);
        number
    }

    /// Finds out which classes a tally counts and keeps away, and counts their pods.
    fn enlist(&mut self, number: usize) {
        let Tallies { all, layouts, .. } = &mut self.tallies;
        let (rule, tally) = &mut all[number];
        for class in &mut self.classes {
            if rule.members.include(&class.pod, &self.namespaces) {
                class.counted_in.push(number);
            }
            if rule.repels(&class.pod, &self.namespaces) {
                class.repelled_by.push(number);
            }
        }
        for (place, slot) in self.slots.iter().enumerate() {
            for (class, present) in &slot.present {
                if self.classes[*class].counted_in.contains(&number) {
                    let all = rule.members.include_terminating();
                    tally.add(
                        &layouts[tally.layout],
                        place,
                        present.live + if all { present.terminating } else { 0 },
                    );
                }
            }
        }
    }

    /// Does all counting again: the namespaces have changed their labels.
    pub(super) fn recount(&mut self) {
        for number in 0..self.classes.len() {
            let pod = Arc::clone(&self.classes[number].pod);
            self.classes[number].likes_itself = self.likes_itself(&pod);
            self.classes[number].counted_in.clear();
            self.classes[number].repelled_by.clear();
        }
        for number in 0..self.tallies.all.len() {
            self.tallies.clear(number);
            self.enlist(number);
        }
    }
}

/// All tallies with their rules.
#[derive(Debug, Clone, Default)]
pub(super) struct Tallies {
    pub all: Vec<(Arc<Rule>, Tally)>,
    numbers: HashMap<Arc<Rule>, usize>,
    /// Labels that rules count by.
    topologies: Vec<Topology>,
    layouts: Vec<Layout>,
}

impl Tallies {
    pub(super) fn get(&self, number: usize) -> Counts<'_> {
        let tally = &self.all[number].1;
        Counts {
            layout: &self.layouts[tally.layout],
            tally,
        }
    }

    /// Whether each node is a domain of its own.
    pub(super) fn is_near(&self, number: usize) -> bool {
        self.layouts[self.all[number].1.layout].is_near
    }

    fn add(&mut self, rule: Rule, slots: &[Slot]) -> usize {
        let number = self.all.len();
        let rule = Arc::new(rule);
        self.numbers.insert(Arc::clone(&rule), number);
        let layout = self.layout(&rule, slots);
        self.all.push((rule, Tally::new(layout)));
        number
    }

    /// The number of the layout of the nodes that a rule looks at.
    fn layout(&mut self, rule: &Rule, slots: &[Slot]) -> usize {
        let topology = self.topology(&rule.topology_key);
        let nodes = rule.nodes.as_ref();
        let mut known = self.layouts.iter();
        if let Some(known) = known.position(|known| known.is_of(topology, nodes)) {
            return known;
        }
        let mut layout = Layout::new(topology, &rule.topology_key, nodes.cloned());
        for (place, slot) in slots.iter().enumerate() {
            let node = slot.node.as_ref();
            let seat = node.and_then(|node| Some((node, self.topologies[topology].domain(node)?)));
            layout.set_node(place, seat);
        }
        self.layouts.push(layout);
        self.layouts.len() - 1
    }

    fn topology(&mut self, key: &str) -> usize {
        let known = self.topologies.iter().position(|known| known.key == key);
        known.unwrap_or_else(|| {
            self.topologies.push(Topology::new(key));
            self.topologies.len() - 1
        })
    }

    /// Starts a tally anew, without pods.
    fn clear(&mut self, number: usize) {
        let tally = &mut self.all[number].1;
        *tally = Tally::new(tally.layout);
    }

    /// Puts a node without pods into its domains, or takes it out.
    pub(super) fn set_node(&mut self, number: usize, node: Option<&Node>) {
        let topologies = self.topologies.iter_mut();
        let domains = topologies.map(|topology| topology.domain(node?));
        let domains: Vec<Option<usize>> = domains.collect();
        for layout in &mut self.layouts {
            layout.set_node(number, node.zip(domains[layout.topology]));
        }
    }

    pub(super) fn count(&mut self, class: &Class, number: usize, terminating: bool, pods: i32) {
        for tally in &class.counted_in {
            let (rule, tally) = &mut self.all[*tally];
            if !terminating || rule.members.include_terminating() {
                tally.add(&self.layouts[tally.layout], number, pods);
            }
        }
    }

    /// Counts everything that is on a node once more, or takes it out.
    pub(super) fn count_all(&mut self, slot: &Slot, number: usize, classes: &[Class], sign: i32) {
        for (class, present) in &slot.present {
            let class = &classes[*class];
            for (terminating, pods) in [(false, present.live), (true, present.terminating)] {
                if pods != 0 {
                    self.count(class, number, terminating, sign * pods);
                }
            }
        }
    }

    pub(super) fn select_namespaces(&self) -> bool {
        let by_label = |peers: &super::pod::Peers| peers.namespace_selector.is_some();
        self.all.iter().any(|(rule, _)| match &rule.members {
            Members::MeantBy(all) => all.iter().any(by_label),
            Members::Holding(term) => by_label(&term.peers),
            Members::Spreading { .. } => false,
        })
    }

    fn counting(&self, pod: &Pod, namespaces: &Namespaces) -> Vec<usize> {
        self.those(|rule| rule.members.include(pod, namespaces))
    }

    fn repelling(&self, pod: &Pod, namespaces: &Namespaces) -> Vec<usize> {
        self.those(|rule| rule.repels(pod, namespaces))
    }

    fn those(&self, holds: impl Fn(&Rule) -> bool) -> Vec<usize> {
        let all = self.all.iter().enumerate();
        let those = all.filter(|(_, (rule, _))| holds(rule));
        those.map(|(number, _)| number).collect()
    }
}

impl Rule {
    fn repels(&self, pod: &Pod, namespaces: &Namespaces) -> bool {
        match &self.members {
            Members::Holding(term) => term.peers.repel(pod, namespaces),
            _ => false,
        }
    }
}

fn meant(all: Vec<super::pod::Peers>, term: &PodTerm) -> Rule {
    Rule {
        members: Members::MeantBy(all),
        topology_key: term.topology_key.clone(),
        nodes: None,
    }
}

fn holding(term: &PodTerm) -> Rule {
    Rule {
        members: Members::Holding(term.clone()),
        topology_key: term.topology_key.clone(),
        nodes: None,
    }
}

/// A selector that selects nothing counts nothing, as an empty one does.
fn spreading(pod: &Pod, spread: &Spread, keys: &[String]) -> Rule {
    let selector = spread.selector.clone().unwrap_or_default();
    let affinity = spread.honors_affinity.then_some(pod);
    let taints = spread.honors_taints.then_some(&*pod.tolerations);
    Rule {
        members: Members::Spreading {
            namespace: pod.namespace.clone(),
            selector,
        },
        topology_key: spread.topology_key.clone(),
        nodes: Some(Inclusion {
            keys: keys.to_vec(),
            selection: Pod {
                node_selector: affinity
                    .map(|pod| pod.node_selector.clone())
                    .unwrap_or_default(),
                node_affinity: affinity.and_then(|pod| pod.node_affinity.clone()),
                tolerations: taints.map(<[_]>::to_vec).unwrap_or_default(),
                ..Pod::default()
            },
            taints: spread.honors_taints,
        }),
    }
}

/// Shortages are told in this order.
fn rank(resource: &str) -> usize {
    let first = ["cpu", "memory", "ephemeral-storage"];
    first
        .iter()
        .position(|name| *name == resource)
        .unwrap_or(first.len())
}
