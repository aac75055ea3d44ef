//! Many different items as fewer: those of about the same size count as their mean. Pure.
//!
//! A content of means is a plan for a bin; real items fill it in a random order, and what room is left is filled up.

use std::collections::BTreeMap;

use super::knapsack::Content;
use super::pool::Pool;
use super::reduced::{Reduced, Shape};

/// The most classes there should be.
const CLASSES: usize = 60;
/// How many items of a class are tried for a place.
const TRIES: usize = 4;

pub(super) struct Classes<'a> {
    /// The classes in place of the shapes.
    pub reduced: Reduced,
    /// By class.
    pub items: Pool<'a>,
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
        Self {
            items: Pool::of(all, members.into_iter()),
            reduced: Reduced {
                shapes,
                stocks: all.stocks.clone(),
                resources: all.resources.clone(),
                homeless: false,
            },
        }
    }

    /// Real items for a content of classes, and then what leaves the amounts that are left in balance. They are taken.
    pub(super) fn fill(&mut self, stock: usize, plan: &Content) -> Content {
        let mut filling = self.items.fill(stock);
        let mut planned: Vec<(bool, usize)> = plan
            .iter()
            .flat_map(|(class, count)| (0..*count).map(|_| (!self.is_choosy(*class), *class)))
            .collect();
        planned.sort_by_key(|(easy, _)| *easy);
        for (easy, class) in planned {
            if !(easy && filling.is_ragged()) {
                self.items.take(class, TRIES, &mut filling);
            }
        }
        let all = 0..self.reduced.shapes.len();
        self.items.fill_up(all, TRIES, &mut filling);
        filling.content()
    }

    /// Whether there are items in a plan that have less choice than most.
    pub(super) fn has_choosy(&self, plan: &Content) -> bool {
        plan.iter().any(|(class, _)| self.is_choosy(*class))
    }

    fn is_choosy(&self, class: usize) -> bool {
        self.reduced.shapes[class].is_choosy()
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
