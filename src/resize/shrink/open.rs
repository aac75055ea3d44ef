//! Nodes that may still have room, for each likeness of pods, so that full ones are not asked again and again.

use crate::scheduling::NodeId;

#[derive(Debug)]
pub(super) struct Open {
    /// In the order in which they are filled.
    nodes: Vec<NodeId>,
    /// By the number of the node: it goes or is being emptied.
    going: Vec<bool>,
    /// By likeness; made when it is needed first.
    lists: Vec<Option<List>>,
    /// What was shut since the last [`Open::keep`].
    recent: Vec<(usize, usize)>,
}

#[derive(Debug, Default)]
struct List {
    nodes: Vec<NodeId>,
    /// By the same place: the node itself refuses.
    shut: Vec<bool>,
    closed: usize,
}

impl Open {
    /// `numbers` is above the numbers of all nodes.
    pub(super) fn new(nodes: Vec<NodeId>, numbers: usize, likenesses: usize) -> Self {
        Self {
            nodes,
            going: vec![false; numbers],
            lists: std::iter::repeat_with(|| None).take(likenesses).collect(),
            recent: Vec::new(),
        }
    }

    pub(super) fn set_going(&mut self, node: NodeId, going: bool) {
        self.going[node.number()] = going;
    }

    pub(super) fn is_going(&self, node: NodeId) -> bool {
        self.going[node.number()]
    }

    /// The first open node from a place in the list of a likeness on, with its place.
    pub(super) fn next(&mut self, likeness: usize, from: usize) -> Option<(usize, NodeId)> {
        let going = &self.going;
        let list = self.lists[likeness].get_or_insert_with(|| List::of(self.nodes.clone()));
        let shut = list.shut.get(from..)?;
        let rest = shut.iter().zip(&list.nodes[from..]).enumerate();
        let mut open = rest.filter(|(_, (shut, node))| !**shut && !going[node.number()]);
        open.next().map(|(place, (_, node))| (from + place, *node))
    }

    /// The node at this place refuses, and will do so until pods leave it.
    pub(super) fn shut(&mut self, likeness: usize, place: usize) {
        if let Some(list) = &mut self.lists[likeness] {
            list.shut[place] = true;
            list.closed += 1;
            self.recent.push((likeness, place));
        }
    }

    /// What was found out lasts.
    pub(super) fn keep(&mut self) {
        for (likeness, _) in self.recent.drain(..) {
            if let Some(list) = &mut self.lists[likeness] {
                list.tidy(&self.going);
            }
        }
    }

    /// Pods have left again since the last [`Self::keep`].
    pub(super) fn reopen(&mut self) {
        for (likeness, place) in self.recent.drain(..) {
            if let Some(list) = &mut self.lists[likeness] {
                list.shut[place] = false;
                list.closed -= 1;
            }
        }
    }
}

impl List {
    fn of(nodes: Vec<NodeId>) -> Self {
        Self {
            shut: vec![false; nodes.len()],
            nodes,
            closed: 0,
        }
    }

    /// Drops what is shut where it has become much.
    fn tidy(&mut self, going: &[bool]) {
        if self.closed * 16 <= self.nodes.len() {
            return;
        }
        let mut shut = std::mem::take(&mut self.shut).into_iter();
        self.nodes
            .retain(|node| !shut.next().unwrap_or_default() && !going[node.number()]);
        *self = Self::of(std::mem::take(&mut self.nodes));
    }
}
