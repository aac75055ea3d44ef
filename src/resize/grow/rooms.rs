//! What is free on the nodes that are there, searched in blocks. A block is looked at when the search reaches it.

use crate::scheduling::{NodeId, State};

use super::wish::{self, Measure};

/// Nodes of a block are passed over together if none of them has enough of something.
const BLOCK: usize = 64;

#[derive(Debug)]
pub(super) struct Rooms {
    measure: Measure,
    blocks: Vec<Option<Block>>,
}

#[derive(Debug)]
struct Block {
    ids: Vec<NodeId>,
    /// As many amounts for each node as are measured.
    free: Vec<i64>,
    /// The most of each amount. Room that is taken is noticed when the block is searched in vain.
    most: Vec<i64>,
}

impl Rooms {
    pub(super) fn new(state: &State, measure: &Measure) -> Self {
        let blocks = state.node_numbers().div_ceil(BLOCK);
        Self {
            measure: measure.clone(),
            blocks: (0..blocks).map(|_| None).collect(),
        }
    }

    /// What is free on a node that was found.
    pub(super) fn of(&self, node: NodeId) -> &[i64] {
        let (block, place) = self.find(node);
        block.map_or(&[], |block| block.room(place))
    }

    pub(super) fn take(&mut self, node: NodeId, amounts: &[i64], pods: u32) {
        let (_, place) = self.find(node);
        if let Some(block) = &mut self.blocks[node.number() / BLOCK] {
            let width = block.most.len();
            let room = &mut block.free[place * width..][..width];
            wish::add(room, amounts, -i64::from(pods));
        }
    }

    /// The first node from this number on that has enough of everything.
    pub(super) fn next(&mut self, state: &State, from: usize, amounts: &[i64]) -> Option<NodeId> {
        let first = from / BLOCK;
        for number in first..self.blocks.len() {
            let measure = &self.measure;
            let block = self.blocks[number]
                .get_or_insert_with(|| Block::new(state, measure, number * BLOCK));
            if !wish::holds(&block.most, amounts) {
                continue;
            }
            let found = block.next(from, amounts);
            if found.is_some() {
                return found;
            }
            if from <= number * BLOCK {
                block.most = most(&block.free, self.measure.width());
            }
        }
        None
    }

    fn find(&self, node: NodeId) -> (Option<&Block>, usize) {
        let block = self.blocks[node.number() / BLOCK].as_ref();
        let place = block.and_then(|block| block.ids.binary_search(&node).ok());
        (block, place.unwrap_or_default())
    }
}

impl Block {
    fn new(state: &State, measure: &Measure, from: usize) -> Self {
        let numbers = from..(from + BLOCK).min(state.node_numbers());
        let ids: Vec<NodeId> = numbers.filter_map(|n| state.numbered(n)).collect();
        let mut free = Vec::with_capacity(ids.len() * measure.width());
        for id in &ids {
            measure.push_room(state, *id, &mut free);
        }
        Self {
            most: most(&free, measure.width()),
            ids,
            free,
        }
    }

    fn room(&self, place: usize) -> &[i64] {
        &self.free[place * self.most.len()..][..self.most.len()]
    }

    fn next(&self, from: usize, amounts: &[i64]) -> Option<NodeId> {
        let begin = self.ids.partition_point(|id| id.number() < from);
        let mut places = begin..self.ids.len();
        let found = places.find(|place| wish::holds(self.room(*place), amounts));
        found.map(|place| self.ids[place])
    }
}

fn most(free: &[i64], width: usize) -> Vec<i64> {
    let mut most = vec![i64::MIN; width];
    for node in free.chunks(width) {
        for (most, free) in most.iter_mut().zip(node) {
            *most = (*most).max(*free);
        }
    }
    most
}
