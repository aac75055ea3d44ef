//! Items in groups, each group in a random order, from which bins are filled. Pure.

use std::collections::BTreeMap;

use super::knapsack::Content;
use super::reduced::{Reduced, room_for};
use crate::random::Random;
use crate::resize::approximate::{float, worth};

/// The last such part of a bin is filled without a plan.
const RAGGED: i64 = 12;

pub(super) struct Pool<'a> {
    all: &'a Reduced,
    /// By group: the items that are left, each by the place of its shape.
    groups: Vec<Vec<usize>>,
}

/// A bin, and what is in it so far.
pub(super) struct Filling<'a> {
    stock: usize,
    whole: &'a [i64],
    free: Vec<i64>,
    counts: BTreeMap<usize, u32>,
}

impl<'a> Pool<'a> {
    /// All items of these groups of shapes.
    pub(super) fn of<'g>(all: &'a Reduced, groups: impl Iterator<Item = &'g Vec<usize>>) -> Self {
        let mut random = Random::new(1);
        let items = |shapes: &Vec<usize>| {
            let each = shapes.iter().map(|it| (*it, all.shapes[*it].count));
            let each = each.flat_map(|(shape, count)| (0..count).map(move |_| shape));
            let mut items: Vec<usize> = each.collect();
            random.shuffle(&mut items);
            items
        };
        Self {
            groups: groups.map(items).collect(),
            all,
        }
    }

    pub(super) fn fill(&self, stock: usize) -> Filling<'a> {
        let whole = &self.all.stocks[stock].amounts;
        Filling {
            free: whole.clone(),
            counts: BTreeMap::new(),
            whole,
            stock,
        }
    }

    /// Puts an item of the group into the bin, if one of so many fits; its shape.
    pub(super) fn take(
        &mut self,
        group: usize,
        tries: usize,
        filling: &mut Filling,
    ) -> Option<usize> {
        let place = self.candidates(group, tries, filling).next()?;
        Some(self.take_at(group, place, filling))
    }

    /// Fills the bin up from these groups, with what asks most for what there is most of.
    pub(super) fn fill_up(
        &mut self,
        groups: impl Iterator<Item = usize>,
        tries: usize,
        filling: &mut Filling,
    ) {
        let mut open: Vec<usize> = groups.collect();
        while let Some((group, place)) = self.best(&mut open, tries, filling) {
            self.take_at(group, place, filling);
        }
    }

    pub(super) fn put_back(&mut self, group: usize, shape: usize, count: u32) {
        self.groups[group].extend((0..count).map(|_| shape));
    }

    /// How many of each shape are left.
    pub(super) fn left(&self) -> Vec<u32> {
        let mut counts = vec![0; self.all.shapes.len()];
        for shape in self.groups.iter().flatten() {
            counts[*shape] += 1;
        }
        counts
    }

    /// Places of items that fit, among so many of the group.
    fn candidates<'b>(
        &'b self,
        group: usize,
        tries: usize,
        filling: &'b Filling,
    ) -> impl Iterator<Item = usize> + 'b {
        let items = &self.groups[group];
        let last = (0..items.len()).rev().take(tries);
        last.filter(move |place| {
            let shape = &self.all.shapes[items[*place]];
            shape.fits[filling.stock] && room_for(&filling.free, &shape.amounts) > 0
        })
    }

    fn take_at(&mut self, group: usize, place: usize, filling: &mut Filling) -> usize {
        let shape = self.groups[group].swap_remove(place);
        for (free, amount) in filling.free.iter_mut().zip(&self.all.shapes[shape].amounts) {
            *free -= amount;
        }
        *filling.counts.entry(shape).or_default() += 1;
        shape
    }

    /// Groups without an item that fits are open no more.
    fn best(
        &self,
        open: &mut Vec<usize>,
        tries: usize,
        filling: &Filling,
    ) -> Option<(usize, usize)> {
        let share = |(free, whole): (&i64, &i64)| float(*free) / float((*whole).max(1)).powi(2);
        let left: Vec<f64> = filling.free.iter().zip(filling.whole).map(share).collect();
        let mut best: Option<(f64, usize, usize)> = None;
        open.retain(|group| {
            let mut any = false;
            for place in self.candidates(*group, tries, filling) {
                let amounts = &self.all.shapes[self.groups[*group][place]].amounts;
                let suits = worth(&left, amounts);
                if best.is_none_or(|(most, ..)| suits > most) {
                    best = Some((suits, *group, place));
                }
                any = true;
            }
            any
        });
        best.map(|(_, group, place)| (group, place))
    }
}

impl Filling<'_> {
    /// Whether so little of something is left that a plan is no good any more.
    pub(super) fn is_ragged(&self) -> bool {
        let mut amounts = self.free.iter().zip(self.whole);
        amounts.any(|(free, whole)| *free < whole / RAGGED)
    }

    pub(super) fn content(self) -> Content {
        self.counts.into_iter().collect()
    }
}
