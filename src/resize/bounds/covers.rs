//! The cheapest choice by way of what is bought: sets of bins in the order of their prices, until the items fit into one.
//! Pure.
//!
//! With few items and bins that hold many, sets that have enough of everything in all and cost little more than the bound
//! are few, and the first one into which the items fit is a cheapest choice. Items that only some bins take need enough
//! in those alone.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::fitting::{Answer, Fitting};
use super::knapsack::Content;
use super::reduced::Reduced;
use super::simplex::Program;
use super::totals::Totals;
use crate::resize::approximate::{float, float_price};

/// So many groups of bins are looked at for items that go nowhere else.
const GROUPS: usize = 12;
/// What a need costs that is not met, in prices of the dearest bin.
const DEAR: f64 = 1e4;
/// Steps of the search into one set before a set was undecided, and afterwards, when nothing can be proven any more.
const CAREFUL: u32 = 60_000;
const QUICK: u32 = 12_000;

/// Bins that are bought. Very many wait for their turn, and so what is still missing is worked out anew.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Cover {
    /// What it costs at least, with all that is still to be bought.
    bound: u64,
    complete: Reverse<bool>,
    price: u64,
    /// How many of each kind.
    counts: Vec<u32>,
    /// Kinds before this one are not added any more, so that each set comes up once.
    from: usize,
}

/// What was found out.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// A choice below the known price.
    pub chosen: Option<Vec<(usize, Content)>>,
    /// No choice costs less.
    pub bound: u64,
}

struct Search<'a> {
    reduced: &'a Reduced,
    /// How much of what has to be in some bins together.
    needs: Vec<i64>,
    /// By kind of bin: what it has for each need.
    gives: Vec<Vec<i64>>,
    /// Of a unit of each need; no bin is worth more than its price and its scarcity.
    prices: Vec<f64>,
    scarcity: Vec<f64>,
    limits: Vec<u32>,
}

/// Looks at sets that cost less than the known price, and into them, for so many steps.
pub(super) fn cheapest(reduced: &Reduced, known: u64, steps: &mut u32) -> Found {
    let search = Search::new(reduced);
    let fitting = Fitting::new(reduced, &unit_prices(reduced));
    let mut covers = BinaryHeap::from([Reverse(search.nothing())]);
    let mut undecided: Option<u64> = None;
    while let Some(Reverse(cover)) = covers.pop().filter(|Reverse(cover)| cover.bound < known) {
        if *steps == 0 {
            let bound = undecided.unwrap_or(cover.bound);
            return Found {
                chosen: None,
                bound,
            };
        }
        *steps = steps.saturating_sub(search.breadth(&cover));
        if cover.complete.0 {
            let most = if undecided.is_none() { CAREFUL } else { QUICK };
            match fitting.fit(&cover.counts, most, steps) {
                Answer::Fits(chosen) => {
                    return Found {
                        chosen: Some(chosen),
                        bound: undecided.unwrap_or(cover.price),
                    };
                }
                Answer::Unknown => undecided = undecided.or(Some(cover.price)),
                Answer::Impossible => {}
            }
        }
        let larger = search.larger(&cover);
        covers.extend(larger.filter(|larger| larger.bound < known).map(Reverse));
    }
    Found {
        chosen: None,
        bound: undecided.unwrap_or(known),
    }
}

/// What whole bins cost at least that have enough of everything, as far as that comes out in so many steps.
pub(super) fn bound(reduced: &Reduced, steps: u32) -> u64 {
    let search = Search::new(reduced);
    let mut covers = BinaryHeap::from([Reverse(search.nothing())]);
    let (mut best, mut left) = (0, steps);
    while let Some(Reverse(cover)) = covers.pop().filter(|_| left > 0) {
        best = cover.bound;
        if cover.complete.0 {
            break;
        }
        left = left.saturating_sub(search.breadth(&cover));
        covers.extend(search.larger(&cover).map(Reverse));
    }
    best
}

/// Of each resource, as if every item could go into every bin.
fn unit_prices(reduced: &Reduced) -> Vec<f64> {
    let prices = Totals::of(reduced, true).prices();
    prices.into_iter().next().unwrap_or_default()
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

impl<'a> Search<'a> {
    fn new(reduced: &'a Reduced) -> Self {
        let mut search = Self {
            needs: Vec::new(),
            gives: vec![Vec::new(); reduced.stocks.len()],
            prices: Vec::new(),
            scarcity: Vec::new(),
            limits: reduced.worths().iter().map(|worth| worth.limit).collect(),
            reduced,
        };
        for group in groups(reduced) {
            search.add_needs(&group);
        }
        search.price();
        search
    }

    /// What items ask for that go nowhere else.
    fn add_needs(&mut self, group: &[bool]) {
        let bound = |fits: &[bool]| fits.iter().zip(group).all(|(fits, there)| *there || !fits);
        let shapes = self.reduced.shapes.iter();
        let shapes: Vec<_> = shapes.filter(|shape| bound(&shape.fits)).collect();
        for resource in 0..self.reduced.resources.len() {
            let amounts = shapes
                .iter()
                .map(|shape| shape.amounts[resource].saturating_mul(shape.count.into()));
            self.needs.push(amounts.fold(0_i64, i64::saturating_add));
            for ((gives, stock), there) in
                self.gives.iter_mut().zip(&self.reduced.stocks).zip(group)
            {
                gives.push(if *there { stock.amounts[resource] } else { 0 });
            }
        }
    }

    /// The prices of needs in the cheapest mixture of bins.
    fn price(&mut self) {
        let largest = |need: usize| self.gives.iter().map(|gives| gives[need]).max();
        let scale = (0..self.needs.len()).map(|need| float(largest(need).unwrap_or(1).max(1)));
        let scale: Vec<f64> = scale.collect();
        let dearest = self.reduced.dearest();
        let right = self
            .needs
            .iter()
            .zip(&scale)
            .map(|(need, s)| float(*need) / s);
        let mut program = Program::new(right.collect(), vec![DEAR; scale.len()]);
        for row in 0..scale.len() {
            program.add(0.0, vec![(row, -1.0)], f64::INFINITY);
        }
        for ((stock, gives), limit) in self
            .reduced
            .stocks
            .iter()
            .zip(&self.gives)
            .zip(&self.limits)
        {
            let entries = gives.iter().zip(&scale).enumerate();
            let entries = entries.map(|(row, (gives, scale))| (row, float(*gives) / scale));
            let entries = entries.filter(|(_, part)| *part > 0.0).collect();
            program.add(float_price(stock.price) / dearest, entries, (*limit).into());
        }
        program.minimize(10_000);
        let prices = program.prices().iter().zip(&scale);
        self.prices = prices
            .map(|(price, scale)| price.max(0.0) * dearest / scale)
            .collect();
        let scarcity = self.reduced.stocks.iter().zip(&self.gives);
        let scarcity = scarcity.map(|(stock, gives)| {
            (self.worth(gives) * (1.0 + 1e-9) - float_price(stock.price)).max(0.0)
        });
        self.scarcity = scarcity.collect();
    }

    fn worth(&self, amounts: &[i64]) -> f64 {
        let parts = amounts.iter().zip(&self.prices);
        parts
            .map(|(amount, price)| float((*amount).max(0)) * price)
            .sum()
    }

    fn nothing(&self) -> Cover {
        let nothing = Cover {
            bound: 0,
            complete: Reverse(false),
            price: 0,
            counts: vec![0; self.reduced.stocks.len()],
            from: 0,
        };
        self.priced(nothing, &self.needs)
    }

    /// What is not met yet; below zero, if there is more than enough.
    fn missing(&self, cover: &Cover) -> Vec<i64> {
        let mut missing = self.needs.clone();
        let bought = cover.counts.iter().zip(&self.gives);
        for (count, gives) in bought.filter(|(count, _)| **count > 0) {
            for (missing, gives) in missing.iter_mut().zip(gives) {
                *missing = missing.saturating_sub(gives.saturating_mul((*count).into()));
            }
        }
        missing
    }

    /// How many sets come of this one.
    fn breadth(&self, cover: &Cover) -> u32 {
        u32::try_from(self.limits.len() - cover.from).unwrap_or(u32::MAX)
    }

    /// One bin more, of each kind that is still added.
    fn larger<'b>(&'b self, cover: &'b Cover) -> impl Iterator<Item = Cover> + 'b {
        let missing = self.missing(cover);
        let mut rest = missing.clone();
        let kinds = cover.from..self.reduced.stocks.len();
        let had = kinds.filter(|kind| cover.counts[*kind] < self.limits[*kind]);
        had.map(move |kind| {
            let mut larger = cover.clone();
            larger.from = kind;
            larger.counts[kind] += 1;
            larger.price = larger.price.saturating_add(self.reduced.stocks[kind].price);
            let amounts = missing.iter().zip(&self.gives[kind]);
            for (rest, (missing, gives)) in rest.iter_mut().zip(amounts) {
                *rest = missing.saturating_sub(*gives);
            }
            self.priced(larger, &rest)
        })
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative; a part of a millionth less is a bound too"
    )]
    fn priced(&self, mut cover: Cover, missing: &[i64]) -> Cover {
        let left = self
            .limits
            .iter()
            .zip(&cover.counts)
            .map(|(limit, count)| f64::from(limit - count));
        let scarce: f64 = left
            .zip(&self.scarcity)
            .map(|(left, scarcity)| left * scarcity)
            .sum();
        let rest = self.worth(missing) * (1.0 - 1e-9) - scarce;
        cover.bound = cover.price.saturating_add(rest.max(0.0) as u64);
        cover.complete = Reverse(missing.iter().all(|missing| *missing <= 0));
        cover
    }
}

#[cfg(test)]
mod tests;
