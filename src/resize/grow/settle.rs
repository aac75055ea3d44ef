//! Places on nodes that are there already, or on their way.

use std::collections::{BTreeMap, VecDeque};

use crate::scheduling::{Inquiry, NodeId, Refusal, Trial};

use super::Placed;
use super::rooms::Rooms;
use super::wish::{self, Measure, Wish};

/// Takes pods that find a place off their wishes.
pub(super) fn settle(trial: &mut Trial, measure: &Measure, wishes: &mut [Wish]) -> Vec<Placed> {
    let mut settling = Settling {
        rooms: Rooms::new(trial, measure),
        placed: BTreeMap::new(),
        trial,
    };
    for wish in wishes.iter_mut() {
        settling.settle(wish);
    }
    // Those that want company may have it now.
    let anybody = !settling.placed.is_empty();
    for wish in wishes.iter_mut().filter(|wish| wish.ties.wants && anybody) {
        settling.settle(wish);
    }
    let placed = settling.placed.into_iter();
    let placed = placed.map(|((node, class), pods)| Placed { class, node, pods });
    placed.collect()
}

struct Settling<'t, 's> {
    trial: &'t mut Trial<'s>,
    rooms: Rooms,
    placed: BTreeMap<(NodeId, crate::scheduling::ClassId), u32>,
}

/// Nodes that are in the same zone, or whatever the rules of a class look at.
#[derive(Default)]
struct Lane {
    nodes: VecDeque<usize>,
    /// All of them refused when the least counts of the spread rules were these.
    refused_at: Option<Vec<i64>>,
}

impl Settling<'_, '_> {
    fn settle(&mut self, wish: &mut Wish) {
        if wish.ties.is_free() {
            self.settle_free(wish);
        } else {
            self.settle_tied(wish);
        }
    }

    fn settle_free(&mut self, wish: &mut Wish) {
        let mut from = 0;
        while wish.pods > 0 {
            let Some(node) = self.rooms.next(from, &wish.amounts) else {
                return;
            };
            from = node + 1;
            if self.trial.is_open(self.rooms.ids[node], wish.class) {
                let room = wish::times(self.rooms.of(node), &wish.amounts);
                self.put(wish, node, room.min(wish.pods));
            }
        }
    }

    fn settle_tied(&mut self, wish: &mut Wish) {
        let mut lanes = self.lanes(wish);
        while wish.pods > 0 {
            let Ok(inquiry) = self.trial.ask(wish.class) else {
                return;
            };
            let mut lanes = lanes.iter_mut();
            let found = lanes.find_map(|lane| lane.find(&inquiry, &self.rooms, wish));
            let Some(node) = found else {
                return;
            };
            self.put(wish, node, 1);
        }
    }

    fn lanes(&mut self, wish: &Wish) -> Vec<Lane> {
        let mut lanes: Vec<(u64, Lane)> = Vec::new();
        let Ok(inquiry) = self.trial.ask(wish.class) else {
            return Vec::new();
        };
        let mut from = 0;
        while let Some(node) = self.rooms.next(from, &wish.amounts) {
            from = node + 1;
            let id = self.rooms.ids[node];
            if !self.trial.is_open(id, wish.class) {
                continue;
            }
            let around = inquiry.surroundings(id);
            let known = lanes.iter().position(|(number, _)| *number == around);
            let place = known.unwrap_or_else(|| {
                lanes.push((around, Lane::default()));
                lanes.len() - 1
            });
            lanes[place].1.nodes.push_back(node);
        }
        lanes.into_iter().map(|(_, lane)| lane).collect()
    }

    fn put(&mut self, wish: &mut Wish, node: usize, pods: u32) {
        let id = self.rooms.ids[node];
        let signed = i32::try_from(pods).unwrap_or(i32::MAX);
        self.trial.change(wish.class, id, signed);
        self.rooms.take(node, &wish.amounts, pods);
        wish.pods -= pods;
        *self.placed.entry((id, wish.class)).or_default() += pods;
    }
}

impl Lane {
    /// A node of the lane for one more pod. Nodes that will never take one again are dropped.
    fn find(&mut self, inquiry: &Inquiry, rooms: &Rooms, wish: &Wish) -> Option<usize> {
        if self.refused_at.as_deref() == Some(inquiry.least_counts()) {
            return None;
        }
        let first = self.nodes.front()?;
        inquiry.fits_beyond(rooms.ids[*first]).ok()?;
        for _ in 0..self.nodes.len() {
            let node = self.nodes.pop_front()?;
            if !wish::holds(rooms.of(node), &wish.amounts) {
                continue;
            }
            match inquiry.fits_near(rooms.ids[node]) {
                Ok(()) if wish.ties.spreads => self.nodes.push_back(node),
                Ok(()) => self.nodes.push_front(node),
                Err(Refusal::Spread | Refusal::Affinity) => {
                    self.nodes.push_back(node);
                    continue;
                }
                Err(_) => continue,
            }
            return Some(node);
        }
        self.refused_at = Some(inquiry.least_counts().to_vec());
        None
    }
}
