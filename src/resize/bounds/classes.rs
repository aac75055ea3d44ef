//! Many different items as fewer: those of about the same size count as their mean. Pure.
//!
//! A content of means is a plan for a bin; real items fill it in a random order, and what room is left is filled up.

use std::collections::BTreeMap;

use super::approximate::float;
use super::knapsack::Content;
use super::reduced::{Reduced, Shape, room_for};
use crate::random::Random;

/// The most classes there should be.
const CLASSES: usize = 60;
/// How many items of a class are tried for a place.
const TRIES: usize = 4;
/// The last such part of a bin is filled without a plan.
const RAGGED: i64 = 12;

pub(super) struct Classes<'a> {
    all: &'a Reduced,
    /// The classes in place of the shapes.
    pub reduced: Reduced,
    /// By class: the items that are left, each by the place of its shape, in a random order.
    items: Vec<Vec<usize>>,
}

/// Where items may go, and the magnitude of each amount.
type Key<'a> = (&'a [bool], Vec<u32>);

impl<'a> Classes<'a> {
    /// As many classes as there may be.
    pub(super) fn of(all: &'a Reduced) -> Self {
        let sorted = [4, 2, 1, 0].map(|grades| sort(all, grades));
        let few = sorted.iter().find(|classes| classes.len() <= CLASSES);
        let members: Vec<&Vec<usize>> = few.unwrap_or(&sorted[3]).values().collect();
        let shapes = members.iter().map(|members| mean(all, members)).collect();
        let mut random = Random::new(1);
        let items = members
            .iter()
            .map(|members| shuffled(all, members, &mut random));
        Self {
            items: items.collect(),
            reduced: Reduced {
                shapes,
                stocks: all.stocks.clone(),
                resources: all.resources.clone(),
                homeless: false,
            },
            all,
        }
    }

    /// Real items for a content of classes, and then what leaves the amounts that are left in balance. They are taken.
    pub(super) fn fill(&mut self, stock: usize, plan: &Content) -> Content {
        let whole = &self.all.stocks[stock].amounts;
        let mut free = whole.clone();
        let mut counts: BTreeMap<usize, u32> = BTreeMap::new();
        let mut planned: Vec<(bool, usize)> = plan
            .iter()
            .flat_map(|(class, count)| (0..*count).map(|_| (!self.is_choosy(*class), *class)))
            .collect();
        planned.sort_by_key(|(easy, _)| *easy);
        for (easy, class) in planned {
            let ragged = free
                .iter()
                .zip(whole)
                .any(|(free, whole)| *free < whole / RAGGED);
            let next = self
                .candidates(class, &free)
                .next()
                .filter(|_| !(easy && ragged));
            let Some(place) = next else { continue };
            self.take(class, place, &mut free, &mut counts);
        }
        let mut open: Vec<usize> = (0..self.items.len()).collect();
        open.retain(|class| self.reduced.shapes[*class].fits[stock]);
        while let Some((class, place)) = self.best(&mut open, &free, whole) {
            self.take(class, place, &mut free, &mut counts);
        }
        counts.into_iter().collect()
    }

    /// How many of each shape are left.
    pub(super) fn left(&self) -> Vec<u32> {
        let mut counts = vec![0; self.all.shapes.len()];
        for shape in self.items.iter().flatten() {
            counts[*shape] += 1;
        }
        counts
    }

    /// Whether there are items in a plan that have less choice than most.
    pub(super) fn has_choosy(&self, plan: &Content) -> bool {
        plan.iter().any(|(class, _)| self.is_choosy(*class))
    }

    /// Half of the kinds of bins do not take them.
    fn is_choosy(&self, class: usize) -> bool {
        let fits = &self.reduced.shapes[class].fits;
        fits.iter().filter(|fits| **fits).count() * 2 <= fits.len()
    }

    /// Places of some items of a class for which there is room.
    fn candidates<'b>(&'b self, class: usize, free: &'b [i64]) -> impl Iterator<Item = usize> + 'b {
        let items = &self.items[class];
        let tried = (0..items.len()).rev().take(TRIES);
        tried.filter(|place| room_for(free, &self.all.shapes[items[*place]].amounts) > 0)
    }

    fn take(
        &mut self,
        class: usize,
        place: usize,
        free: &mut [i64],
        counts: &mut BTreeMap<usize, u32>,
    ) {
        let shape = self.items[class].swap_remove(place);
        for (free, amount) in free.iter_mut().zip(&self.all.shapes[shape].amounts) {
            *free -= amount;
        }
        *counts.entry(shape).or_default() += 1;
    }

    /// The item that asks most for what there is most of. Classes without one are open no more.
    fn best(&self, open: &mut Vec<usize>, free: &[i64], whole: &[i64]) -> Option<(usize, usize)> {
        let share = |(free, whole): (&i64, &i64)| float(*free) / float((*whole).max(1)).powi(2);
        let left: Vec<f64> = free.iter().zip(whole).map(share).collect();
        let mut best: Option<(f64, usize, usize)> = None;
        open.retain(|class| {
            let mut any = false;
            for place in self.candidates(*class, free) {
                let amounts = &self.all.shapes[self.items[*class][place]].amounts;
                let suits: f64 = amounts
                    .iter()
                    .zip(&left)
                    .map(|(a, left)| float(*a) * left)
                    .sum();
                if best.is_none_or(|(most, ..)| suits > most) {
                    best = Some((suits, *class, place));
                }
                any = true;
            }
            any
        });
        best.map(|(_, class, place)| (class, place))
    }
}

/// Shapes by where they may go and by magnitude; `grades`: how many there are between an amount and its double.
fn sort(all: &Reduced, grades: u64) -> BTreeMap<Key<'_>, Vec<usize>> {
    let mut classes: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
    for (place, shape) in all.shapes.iter().enumerate() {
        let magnitudes = shape
            .amounts
            .iter()
            .map(|amount| magnitude(*amount, grades));
        let key = (&*shape.fits, magnitudes.collect());
        classes.entry(key).or_default().push(place);
    }
    classes
}

/// With no grades, four times an amount is the next magnitude.
fn magnitude(amount: i64, grades: u64) -> u32 {
    let amount = amount.max(0).unsigned_abs();
    let Some(log) = amount.checked_ilog2() else {
        return 0;
    };
    if grades == 0 {
        return 1 + log / 2;
    }
    let beyond = (u128::from(amount - (1 << log)) * u128::from(grades)) >> log;
    1 + log * u32::try_from(grades).unwrap_or(1) + u32::try_from(beyond).unwrap_or_default()
}

fn mean(all: &Reduced, members: &[usize]) -> Shape {
    let shapes = || members.iter().map(|member| &all.shapes[*member]);
    let count = shapes().fold(0_u32, |sum, shape| sum.saturating_add(shape.count));
    let mean = |r: usize| {
        let total = shapes().map(|shape| i128::from(shape.amounts[r]) * i128::from(shape.count));
        i64::try_from(total.sum::<i128>() / i128::from(count.max(1))).unwrap_or(i64::MAX)
    };
    Shape {
        amounts: (0..all.resources.len()).map(mean).collect(),
        most: count,
        apart: None,
        fits: all.shapes[members[0]].fits.clone(),
        sources: members
            .iter()
            .map(|member| (*member, all.shapes[*member].count))
            .collect(),
        count,
    }
}

fn shuffled(all: &Reduced, members: &[usize], random: &mut Random) -> Vec<usize> {
    let each = members
        .iter()
        .map(|member| (*member, all.shapes[*member].count));
    let mut items: Vec<usize> = each
        .flat_map(|(member, count)| (0..count).map(move |_| member))
        .collect();
    random.shuffle(&mut items);
    items
}
