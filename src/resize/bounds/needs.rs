//! How much of everything bins need to have together. Pure.
//!
//! Items that only some bins take need enough in those alone.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::reduced::Reduced;
use super::simplex::Program;
use crate::resize::approximate::{float, float_price};

/// So many groups of bins are looked at for items that go nowhere else.
const GROUPS: usize = 100;
/// The largest worth in whole numbers.
const LARGEST: f64 = 1e12;
/// What a need costs that is not met, in prices of the dearest bin.
const DEAR: f64 = 1e4;

pub(super) struct Needs {
    /// How much of what has to be in some bins together.
    pub totals: Vec<i64>,
    /// By kind of bin: what it has for each need.
    pub gives: Vec<Vec<i64>>,
}

impl Needs {
    pub(super) fn of(reduced: &Reduced) -> Self {
        let mut needs = Self {
            totals: Vec::new(),
            gives: vec![Vec::new(); reduced.stocks.len()],
        };
        for group in groups(reduced) {
            needs.add(reduced, &group);
        }
        needs
    }

    /// What items ask for that go nowhere else.
    fn add(&mut self, reduced: &Reduced, group: &[bool]) {
        let bound = |fits: &[bool]| fits.iter().zip(group).all(|(fits, there)| *there || !fits);
        let shapes = reduced.shapes.iter();
        let shapes: Vec<_> = shapes.filter(|shape| bound(&shape.fits)).collect();
        for resource in 0..reduced.resources.len() {
            let amounts = shapes
                .iter()
                .map(|shape| shape.amounts[resource].saturating_mul(shape.count.into()));
            self.totals.push(amounts.fold(0_i64, i64::saturating_add));
            let bins = self.gives.iter_mut().zip(&reduced.stocks).zip(group);
            for ((gives, stock), there) in bins {
                gives.push(if *there { stock.amounts[resource] } else { 0 });
            }
        }
    }

    /// One more need: bins whose contents are worth as much as all items are. No content is worth more than its kind of bin
    /// gives.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "scaled so that it fits; a part of a millionth less or more proves less"
    )]
    pub(super) fn add_worth(&mut self, total: f64, gives: &[f64]) {
        let largest = gives.iter().copied().fold(total, f64::max);
        let scale = LARGEST / largest.max(f64::MIN_POSITIVE);
        self.totals.push((total * scale * (1.0 - 1e-9)) as i64);
        for (all, gives) in self.gives.iter_mut().zip(gives) {
            all.push((gives * scale * (1.0 + 1e-9)) as i64 + 1);
        }
    }

    /// What is not met by so many bins of each kind; below zero, if there is more than enough.
    pub(super) fn missing(&self, bins: &[u32]) -> Vec<i64> {
        let mut missing = self.totals.clone();
        let bins = bins.iter().zip(&self.gives);
        for (count, gives) in bins.filter(|(count, _)| **count > 0) {
            for (missing, gives) in missing.iter_mut().zip(gives) {
                *missing = missing.saturating_sub(gives.saturating_mul((*count).into()));
            }
        }
        missing
    }

    /// The cheapest mixture of bins that has what is missing, parts of bins included: the price of a unit of each need, and
    /// how many there are of each kind. What is below zero is not missing.
    pub(super) fn solve(
        &self,
        reduced: &Reduced,
        missing: &[i64],
        limits: &[u32],
    ) -> (Vec<f64>, Vec<f64>) {
        let largest = |need: usize| self.gives.iter().map(|gives| gives[need]).max();
        let scale = (0..missing.len()).map(|need| float(largest(need).unwrap_or(1).max(1)));
        let scale: Vec<f64> = scale.collect();
        let dearest = reduced.dearest();
        let right = missing.iter().zip(&scale);
        let right = right.map(|(missing, scale)| float((*missing).max(0)) / scale);
        let mut program = Program::new(right.collect(), vec![DEAR; scale.len()]);
        for row in 0..scale.len() {
            program.add(0.0, vec![(row, -1.0)], f64::INFINITY);
        }
        for ((stock, gives), limit) in reduced.stocks.iter().zip(&self.gives).zip(limits) {
            let entries = gives.iter().zip(&scale).enumerate();
            let entries = entries.map(|(row, (gives, scale))| (row, float(*gives) / scale));
            let entries = entries.filter(|(_, part)| *part > 0.0).collect();
            program.add(float_price(stock.price) / dearest, entries, (*limit).into());
        }
        program.minimize(10_000);
        let prices = program.prices().iter().zip(&scale);
        let prices = prices.map(|(price, scale)| price.max(0.0) * dearest / scale);
        let counts = program.solution().split_off(2 * scale.len());
        (prices.collect(), counts)
    }

    /// By kind of bin: what one is worth at these prices beyond its own.
    pub(super) fn scarcity(&self, reduced: &Reduced, prices: &[f64]) -> Vec<f64> {
        let stocks = reduced.stocks.iter().zip(&self.gives);
        let scarcity = stocks.map(|(stock, gives)| {
            (worth(gives, prices) * (1.0 + 1e-9) - float_price(stock.price)).max(0.0)
        });
        scarcity.collect()
    }
}

pub(super) fn worth(amounts: &[i64], prices: &[f64]) -> f64 {
    let parts = amounts.iter().zip(prices);
    let parts = parts.map(|(amount, price)| float((*amount).max(0)) * price);
    parts.sum()
}

/// Kinds of bins outside of which some items do not go: all of them, and those of the most items.
fn groups(reduced: &Reduced) -> Vec<Vec<bool>> {
    let mut items: BTreeMap<&Vec<bool>, u64> = BTreeMap::new();
    for shape in &reduced.shapes {
        *items.entry(&shape.fits).or_default() += u64::from(shape.count);
    }
    let mut groups: Vec<(&Vec<bool>, u64)> = items.into_iter().collect();
    groups.sort_by_key(|(_, items)| Reverse(*items));
    let everywhere = vec![true; reduced.stocks.len()];
    let some = groups.into_iter().map(|(group, _)| group.clone());
    let some = some.filter(|group| *group != everywhere).take(GROUPS);
    std::iter::once(everywhere.clone()).chain(some).collect()
}
