//! Places on nodes that are there already, or on their way.

use std::collections::{BTreeMap, VecDeque};

use crate::scheduling::{Inquiry, NodeId, Refusal, State, Trial};

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
    nodes: VecDeque<NodeId>,
    /// All of them refused when the least counts of the spread rules were these.
    refused_at: Option<Vec<i64>>,
}

/// Nodes that were looked at for a class, by lane, and where to look on.
#[derive(Default)]
struct Lanes {
    all: Vec<(u64, Lane)>,
    next: usize,
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
            let Some(node) = self.rooms.next(self.trial, from, &wish.amounts) else {
                return;
            };
            from = node.number() + 1;
            if self.trial.is_open(node, wish.class) {
                let room = wish::times(self.rooms.of(node), &wish.amounts);
                self.put(wish, node, room.min(wish.pods));
            }
        }
    }

    fn settle_tied(&mut self, wish: &mut Wish) {
        // Whoever finds no room at all need not be asked about, which takes its time.
        if self.rooms.next(self.trial, 0, &wish.amounts).is_none() {
            return;
        }
        let mut lanes = Lanes::default();
        while wish.pods > 0 {
            let Ok(inquiry) = self.trial.ask(wish.class) else {
                return;
            };
            let rooms = &mut self.rooms;
            let found = if wish.ties.spreads {
                let new = lanes.look_on(&inquiry, self.trial, rooms, wish);
                new.or_else(|| lanes.look_back(&inquiry, rooms, wish))
            } else {
                let known = lanes.look_back(&inquiry, rooms, wish);
                known.or_else(|| lanes.look_on(&inquiry, self.trial, rooms, wish))
            };
            let Some(node) = found else {
                return;
            };
            self.put(wish, node, 1);
        }
    }

    fn put(&mut self, wish: &mut Wish, node: NodeId, pods: u32) {
        self.trial.place_many(wish.class, node, pods);
        self.rooms.take(node, &wish.amounts, pods);
        wish.pods -= pods;
        *self.placed.entry((node, wish.class)).or_default() += pods;
    }
}

impl Lanes {
    /// The first node that takes a pod among those that were not looked at yet; the others join their lanes.
    fn look_on(
        &mut self,
        inquiry: &Inquiry,
        state: &State,
        rooms: &mut Rooms,
        wish: &Wish,
    ) -> Option<NodeId> {
        while let Some(node) = rooms.next(state, self.next, &wish.amounts) {
            self.next = node.number() + 1;
            if !state.is_open(node, wish.class) {
                continue;
            }
            let lane = self.lane(inquiry.surroundings(node));
            let fits = inquiry
                .fits_beyond(node)
                .and_then(|()| inquiry.fits_near(node));
            match fits {
                Ok(()) if wish.ties.spreads => lane.nodes.push_back(node),
                Ok(()) => lane.nodes.push_front(node),
                Err(refusal) if may_change(refusal) => {
                    lane.nodes.push_back(node);
                    continue;
                }
                Err(_) => continue,
            }
            return Some(node);
        }
        None
    }

    /// A node for one more pod among those that were looked at.
    fn look_back(&mut self, inquiry: &Inquiry, rooms: &Rooms, wish: &Wish) -> Option<NodeId> {
        let mut lanes = self.all.iter_mut();
        lanes.find_map(|(_, lane)| lane.find(inquiry, rooms, wish))
    }

    fn lane(&mut self, around: u64) -> &mut Lane {
        let known = self.all.iter().position(|(number, _)| *number == around);
        let place = known.unwrap_or_else(|| {
            self.all.push((around, Lane::default()));
            self.all.len() - 1
        });
        &mut self.all[place].1
    }
}

impl Lane {
    /// A node of the lane for one more pod. Nodes that will never take one again are dropped.
    fn find(&mut self, inquiry: &Inquiry, rooms: &Rooms, wish: &Wish) -> Option<NodeId> {
        if self.refused_at.as_deref() == Some(inquiry.least_counts()) {
            return None;
        }
        let first = self.nodes.front()?;
        inquiry.fits_beyond(*first).ok()?;
        for _ in 0..self.nodes.len() {
            let node = self.nodes.pop_front()?;
            if !wish::holds(rooms.of(node), &wish.amounts) {
                continue;
            }
            match inquiry.fits_near(node) {
                Ok(()) if wish.ties.spreads => self.nodes.push_back(node),
                Ok(()) => self.nodes.push_front(node),
                Err(refusal) if may_change(refusal) => {
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

/// Whether pods elsewhere can make the node take one after all.
fn may_change(refusal: Refusal) -> bool {
    matches!(refusal, Refusal::Spread | Refusal::Affinity)
}
