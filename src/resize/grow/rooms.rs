//! What is free on the nodes that are there, searched in blocks.

use crate::scheduling::{NodeId, State};

use super::wish::{self, Measure};

/// Nodes of a block are passed over together if none of them has enough of something.
const BLOCK: usize = 64;

#[derive(Debug)]
pub(super) struct Rooms {
    pub ids: Vec<NodeId>,
    width: usize,
    /// `width` amounts for each node.
    free: Vec<i64>,
    /// The most of each amount in each block. Room that is taken is noticed when a block is searched in vain.
    most: Vec<i64>,
}

impl Rooms {
    pub(super) fn new(state: &State, measure: &Measure) -> Self {
        let width = measure.width();
        let ids: Vec<NodeId> = state.nodes().map(|(id, _)| id).collect();
        let mut free = Vec::with_capacity(ids.len() * width);
        for id in &ids {
            state.push_room(*id, &measure.places, &mut free);
        }
        let blocks = free.chunks(BLOCK * width);
        let most = blocks.flat_map(|block| most(block, width)).collect();
        Self {
            ids,
            width,
            free,
            most,
        }
    }

    pub(super) fn of(&self, node: usize) -> &[i64] {
        &self.free[node * self.width..][..self.width]
    }

    pub(super) fn take(&mut self, node: usize, amounts: &[i64], pods: u32) {
        let room = &mut self.free[node * self.width..][..self.width];
        wish::add(room, amounts, -i64::from(pods));
    }

    /// The first node from this one on that has enough of everything.
    pub(super) fn next(&mut self, from: usize, amounts: &[i64]) -> Option<usize> {
        let mut from = from;
        while from < self.ids.len() {
            let block = from / BLOCK;
            let end = ((block + 1) * BLOCK).min(self.ids.len());
            let most = &self.most[block * self.width..][..self.width];
            if wish::holds(most, amounts) {
                let found = (from..end).find(|node| wish::holds(self.of(*node), amounts));
                if found.is_some() {
                    return found;
                }
                if from.is_multiple_of(BLOCK) {
                    self.look_again(block);
                }
            }
            from = end;
        }
        None
    }

    fn look_again(&mut self, block: usize) {
        let all = self.free.chunks(BLOCK * self.width);
        let now = all.skip(block).map(|block| most(block, self.width)).next();
        let most = &mut self.most[block * self.width..][..self.width];
        most.copy_from_slice(&now.unwrap_or_default());
    }
}

fn most(block: &[i64], width: usize) -> Vec<i64> {
    let mut most = vec![i64::MIN; width];
    for node in block.chunks(width) {
        for (most, free) in most.iter_mut().zip(node) {
            *most = (*most).max(*free);
        }
    }
    most
}
