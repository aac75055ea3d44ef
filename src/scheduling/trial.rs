//! What would happen if: changes that are taken back at the end.

use std::collections::BTreeMap;
use std::ops::Deref;

use foldhash::HashSet;

use super::node::Node;
use super::pods::PodKey;
use super::refusal::{Diagnosis, Refusal};
use super::state::{ClassId, NodeId, State};

/// A state with changes on trial. Dropped, it takes them back; the state is asked through it as ever.
#[derive(Debug)]
pub struct Trial<'a> {
    state: &'a mut State,
    done: Vec<Step>,
    /// Of the state without the changes.
    generation: u64,
}

#[derive(Debug)]
enum Step {
    /// So many pods of a class were put on a node.
    Pods(usize, usize, i32),
    /// In a box, for there are far more steps of the other kinds.
    Node(usize, Option<Box<Node>>),
    /// A node came where nobody was.
    New(usize),
}

/// Equal pods that are to get to the same node.
#[derive(Debug, Clone, Copy)]
pub struct Destination {
    pub class: ClassId,
    pub node: NodeId,
    pub pods: u32,
}

impl State {
    pub fn trial(&mut self) -> Trial<'_> {
        Trial {
            generation: self.generation,
            state: self,
            done: Vec::new(),
        }
    }

    /// Verdicts about a certain pod where room is kept for others: they may differ from those about its class.
    pub fn exceptions(&mut self, key: &PodKey, class: ClassId) -> BTreeMap<NodeId, Refusal> {
        let promised: Vec<NodeId> = self.promised().collect();
        let refusal = |id: NodeId| Some((id, self.refusal_with_nominees(id, key, class)?));
        promised.into_iter().filter_map(refusal).collect()
    }

    fn refusal_with_nominees(
        &mut self,
        id: NodeId,
        key: &PodKey,
        class: ClassId,
    ) -> Option<Refusal> {
        let nominees = self.nominees(id, key, class);
        let before = self.ask(class).ok()?.overlooks();
        let mut trial = self.trial();
        for nominee in nominees {
            trial.place(nominee, id);
        }
        let inquiry = trial.ask(class).ok()?.overlooking(before);
        inquiry.fits(id).err()
    }

    /// Why a certain pod fits nowhere, room that is kept for others included.
    pub fn diagnose_pod(&mut self, key: &PodKey, class: ClassId) -> Option<Diagnosis> {
        let exceptions = self.exceptions(key, class);
        let Ok(inquiry) = self.ask(class) else {
            return self.diagnose(class);
        };
        inquiry.diagnose(|id| match exceptions.get(&id) {
            Some(refusal) => Err(*refusal),
            None => inquiry.fits(id),
        })
    }
}

impl Trial<'_> {
    pub fn place(&mut self, class: ClassId, node: NodeId) {
        self.add(class, node, 1);
    }

    pub fn place_many(&mut self, class: ClassId, node: NodeId, pods: u32) {
        self.add(class, node, signed(pods));
    }

    /// As many of these pods as fit; how many those are.
    pub fn place_up_to(&mut self, class: ClassId, node: NodeId, pods: u32) -> u32 {
        let mut placed = 0;
        while placed < pods {
            let inquiry = self.ask(class).ok();
            let fitting = inquiry.and_then(|inquiry| inquiry.how_many(node, pods - placed).ok());
            let Some(more) = fitting.filter(|more| *more > 0) else {
                break;
            };
            self.place_many(class, node, more);
            placed += more;
        }
        placed
    }

    /// Places pods in any order in which that is possible. Those that find no place are left in `all`; true if there are none.
    pub fn place_in_any_order(&mut self, all: &mut [Destination]) -> bool {
        loop {
            let (mut any, mut left) = (false, false);
            for to in all.iter_mut().filter(|to| to.pods > 0) {
                let placed = self.place_up_to(to.class, to.node, to.pods);
                to.pods -= placed;
                any |= placed > 0;
                left |= to.pods > 0;
            }
            if !any || !left {
                return !left;
            }
        }
    }

    /// Takes a pod of the class, one that is not about to go anyway, off the node.
    pub fn take(&mut self, class: ClassId, node: NodeId) {
        self.add(class, node, -1);
    }

    /// Takes so many of them off the node.
    pub fn take_many(&mut self, class: ClassId, node: NodeId, pods: u32) {
        self.add(class, node, -signed(pods));
    }

    /// Adds a node, or changes it.
    pub fn set_node(&mut self, node: Node) -> NodeId {
        let number = self.state.number(&node.name);
        self.replace(number, Some(node));
        NodeId(number)
    }

    /// Keeps new pods off a node, as while it is drained; its pods stay.
    pub fn cordon(&mut self, node: NodeId) {
        if let Some(node) = self.node(node).map(Node::cordoned) {
            self.set_node(node);
        }
    }

    pub fn remove_node(&mut self, node: NodeId) {
        self.replace(node.0, None);
    }

    /// The state with the changes, for questions that take back what they try themselves.
    pub fn as_state(&mut self) -> &mut State {
        self.state
    }

    /// How many changes were made; see [`Self::back_to`].
    pub fn changes(&self) -> usize {
        self.done.len()
    }

    /// Takes all changes back but the first so many. Pods that went from node to node are taken off the last one alone,
    /// those on new nodes all at once, and before any node goes: that of an empty node costs the least.
    pub fn back_to(&mut self, changes: usize) {
        let (mut pods, mut nodes, mut new) = (Vec::new(), Vec::new(), HashSet::default());
        for step in self.done.drain(changes..) {
            match step {
                Step::Pods(_, number, _) if new.contains(&number) => {}
                Step::Pods(class, number, count) => pods.push((number, class, count)),
                Step::Node(number, node) => nodes.push((number, node)),
                Step::New(number) => {
                    new.insert(number);
                    nodes.push((number, None));
                }
            }
        }
        for number in new {
            self.state.vacate(number);
        }
        pods.sort_unstable();
        for same in pods.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let (number, class, _) = same[0];
            let count: i32 = same.iter().map(|(_, _, count)| count).sum();
            if count != 0 {
                self.state.add(class, number, false, -count);
            }
        }
        for (number, node) in nodes.into_iter().rev() {
            self.state.replace(number, node.map(|node| *node));
        }
    }

    /// Makes the changes last.
    pub fn keep(mut self) {
        self.done.clear();
        self.generation = self.state.generation;
    }

    fn add(&mut self, class: ClassId, node: NodeId, pods: i32) {
        self.state.add(class.0, node.0, false, pods);
        self.done.push(Step::Pods(class.0, node.0, pods));
    }

    fn replace(&mut self, number: usize, node: Option<Node>) {
        let nobody = self.state.slots[number].present.is_empty();
        self.done.push(match self.state.replace(number, node) {
            None if nobody => Step::New(number),
            before => Step::Node(number, before.map(Box::new)),
        });
    }
}

impl Deref for Trial<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        self.state
    }
}

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        self.back_to(0);
        self.state.generation = self.generation;
    }
}

/// Counts of pods on a node are far below the limit.
fn signed(pods: u32) -> i32 {
    i32::try_from(pods).unwrap_or(i32::MAX)
}
