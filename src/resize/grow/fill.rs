//! What to put into a machine: contents that are worth the most.

use crate::resize::approximate::{float, worth};

use super::kinds::Kind;
use super::wish;

/// Kinds by place, and how many of each.
pub(super) type Content = Vec<(usize, u32)>;

/// Of more kinds than these, some of every size are looked at.
const LOOKED_AT: usize = 48;

/// Kinds that may go into a machine, by place.
#[derive(Debug)]
pub(super) struct Order {
    /// The most worthwhile first.
    pub kinds: Vec<usize>,
    /// The least of each amount that any of them takes: where there is less, nobody has room.
    pub least: Vec<i64>,
}

impl Order {
    pub(super) fn of(all: &[Kind], kinds: Vec<usize>) -> Self {
        let mut order = Self {
            kinds,
            least: Vec::new(),
        };
        order.tidy(all);
        order
    }

    /// Forgets kinds that are used up; whether there were any.
    pub(super) fn tidy(&mut self, all: &[Kind]) -> bool {
        let before = self.kinds.len();
        self.kinds.retain(|kind| all[*kind].pods > 0);
        let mut amounts = self.kinds.iter().map(|kind| &all[*kind].amounts);
        self.least = amounts.next().cloned().unwrap_or_default();
        for amounts in amounts {
            for (least, amount) in self.least.iter_mut().zip(amounts) {
                *least = (*least).min(*amount);
            }
        }
        self.kinds.len() < before
    }

    /// Whether any of the kinds may go in.
    fn has_room(&self, room: &[i64]) -> bool {
        !self.kinds.is_empty() && wish::holds(room, &self.least)
    }
}

/// What of the kinds goes into the room: the lead in front, then what leaves the amounts that are left in balance.
pub(super) fn fill(kinds: &[Kind], order: &Order, room: &[i64]) -> (Content, Vec<i64>) {
    if !order.has_room(room) {
        return (Content::new(), room.to_vec());
    }
    let mut filling = Filling {
        kinds,
        whole: room
            .iter()
            .map(|room| 1.0 / float((*room).max(1)))
            .collect(),
        left: vec![0.0; room.len()],
        room: room.to_vec(),
        content: Content::new(),
    };
    let step = order.kinds.len().div_ceil(LOOKED_AT).max(1);
    let mut open: Vec<usize> = order.kinds.iter().copied().step_by(step).collect();
    open.retain(|kind| filling.most(*kind) > 0);
    if let Some(lead) = open.first().copied() {
        filling.take_of(&mut open, lead, |_| 1);
    }
    while let Some(best) = filling.best(&mut open) {
        filling.take_of(&mut open, best, |most| (most / 8).max(1));
    }
    // Those that were not looked at fill what is left.
    let mut rest = order.kinds.iter();
    while order.has_room(&filling.room)
        && let Some((kind, pods)) = filling.next_of(&mut rest)
    {
        filling.take(kind, pods);
    }
    filling.content.sort_unstable();
    (filling.content, filling.room)
}

struct Filling<'k> {
    kinds: &'k [Kind],
    /// By amount: one part of the whole room.
    whole: Vec<f64>,
    /// By amount: how much of it is left, in shares of the whole room, for one part of it.
    left: Vec<f64>,
    room: Vec<i64>,
    content: Content,
}

impl Filling<'_> {
    /// How many more of a kind go in.
    fn most(&self, kind: usize) -> u32 {
        let amounts = &self.kinds[kind].amounts;
        // Most do not fit, which is seen without a division.
        if !wish::holds(&self.room, amounts) {
            return 0;
        }
        // A machine holds few kinds: looking through them is faster than a map.
        let taken = self.content.iter().find(|(taken, _)| *taken == kind);
        let taken = taken.map_or(0, |(_, pods)| *pods);
        wish::times(&self.room, amounts).min(self.kinds[kind].pods - taken)
    }

    /// The next of the kinds of which any more go in, and how many.
    fn next_of<'o>(&self, kinds: &mut impl Iterator<Item = &'o usize>) -> Option<(usize, u32)> {
        kinds.find_map(|kind| {
            let most = self.most(*kind);
            (most > 0).then_some((*kind, most))
        })
    }

    fn take(&mut self, kind: usize, pods: u32) {
        if pods > 0 {
            let amounts = &self.kinds[kind].amounts;
            wish::add(&mut self.room, amounts, -i64::from(pods));
            match self.content.iter_mut().find(|(taken, _)| *taken == kind) {
                Some((_, before)) => *before += pods,
                None => self.content.push((kind, pods)),
            }
        }
    }

    /// Takes some of a kind; it is open no more if those were the last.
    fn take_of(&mut self, open: &mut Vec<usize>, kind: usize, pods: impl FnOnce(u32) -> u32) {
        let most = self.most(kind);
        let pods = pods(most);
        self.take(kind, pods);
        if pods == most {
            open.retain(|other| *other != kind);
        }
    }

    /// The kind that asks most for what there is most of. Those for which there is no room are open no more.
    fn best(&mut self, open: &mut Vec<usize>) -> Option<usize> {
        let shares = self.room.iter().zip(&self.whole);
        for (left, (room, whole)) in self.left.iter_mut().zip(shares) {
            *left = float(*room) * whole * whole;
        }
        let mut best: Option<(usize, f64)> = None;
        open.retain(|kind| {
            let amounts = &self.kinds[*kind].amounts;
            if !wish::holds(&self.room, amounts) {
                return false;
            }
            let suits = worth(&self.left, amounts);
            let better = |(other, most): (usize, f64)| {
                suits > most || suits.total_cmp(&most).is_eq() && *kind < other
            };
            if best.is_none_or(better) {
                best = Some((*kind, suits));
            }
            true
        });
        best.map(|(kind, _)| kind)
    }
}
