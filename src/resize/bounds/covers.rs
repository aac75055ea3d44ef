//! The cheapest choice by way of what is bought: sets of bins in the order of their prices, until the items fit into one.
//! Pure.
//!
//! With few items and bins that hold many, sets that have enough of everything in all and cost little more than the bound
//! are few, and the first one into which the items fit is a cheapest choice.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::fitting::{Answer, Fitting};
use super::knapsack::Content;
use super::reduced::Reduced;
use super::totals::Totals;

/// Bins that are bought, and what is still missing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Cover {
    /// What it costs at least, with all that is still to be bought.
    bound: u64,
    complete: Reverse<bool>,
    price: u64,
    /// How many of each kind.
    counts: Vec<u32>,
    missing: Vec<i64>,
    /// Kinds before this one are not added any more, so that each set comes up once.
    from: usize,
}

/// What was found out.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    Cheapest(Vec<(usize, Content)>),
    /// No set of bins holds the items.
    Nothing,
    /// A set could not be decided within the steps.
    Unknown,
}

struct Search<'a> {
    reduced: &'a Reduced,
    /// Of a unit of each resource; no bin is worth more than its price and its scarcity.
    prices: Vec<f64>,
    scarcity: Vec<f64>,
    limits: Vec<u32>,
}

/// Looks at sets and into them for so many steps.
pub(super) fn cheapest(reduced: &Reduced, steps: &mut u32) -> Found {
    let search = Search::new(reduced);
    let fitting = Fitting::new(reduced, &search.prices);
    let mut covers = BinaryHeap::from([Reverse(search.nothing())]);
    let mut undecided = None;
    while let Some(Reverse(cover)) = covers.pop() {
        if *steps == 0 || undecided.is_some_and(|price| cover.bound > price) {
            return Found::Unknown;
        }
        *steps -= 1;
        if cover.is_complete() {
            match fitting.fit(&cover.counts, steps) {
                Answer::Fits(chosen) => return Found::Cheapest(chosen),
                Answer::Unknown => undecided = undecided.or(Some(cover.price)),
                Answer::Impossible => {}
            }
        }
        covers.extend(search.larger(&cover).map(Reverse));
    }
    if undecided.is_some() {
        Found::Unknown
    } else {
        Found::Nothing
    }
}

/// What whole bins cost at least that have enough of everything, as far as that comes out in so many steps.
pub(super) fn bound(reduced: &Reduced, steps: u32) -> u64 {
    let search = Search::new(reduced);
    let mut covers = BinaryHeap::from([Reverse(search.nothing())]);
    let mut best = 0;
    for _ in 0..steps {
        let Some(Reverse(cover)) = covers.pop() else {
            break;
        };
        best = cover.bound;
        if cover.is_complete() {
            break;
        }
        covers.extend(search.larger(&cover).map(Reverse));
    }
    best
}

impl Cover {
    fn is_complete(&self) -> bool {
        self.missing.iter().all(|missing| *missing <= 0)
    }
}

impl<'a> Search<'a> {
    fn new(reduced: &'a Reduced) -> Self {
        let prices = Totals::of(reduced, true).prices();
        let prices = prices.into_iter().next().unwrap_or_default();
        let scarcity = reduced.stocks.iter().map(|stock| {
            let worth: f64 = stock
                .amounts
                .iter()
                .zip(&prices)
                .map(|(a, p)| float(*a) * p)
                .sum();
            (worth * (1.0 + 1e-9) - float_price(stock.price)).max(0.0)
        });
        Self {
            scarcity: scarcity.collect(),
            limits: reduced.worths().iter().map(|worth| worth.limit).collect(),
            reduced,
            prices,
        }
    }

    fn nothing(&self) -> Cover {
        let total = |r: usize| {
            let shapes = self.reduced.shapes.iter();
            let amounts = shapes.map(|shape| shape.amounts[r].saturating_mul(shape.count.into()));
            amounts.fold(0_i64, i64::saturating_add)
        };
        let missing = (0..self.reduced.resources.len()).map(total);
        self.priced(Cover {
            bound: 0,
            complete: Reverse(false),
            price: 0,
            counts: vec![0; self.reduced.stocks.len()],
            missing: missing.collect(),
            from: 0,
        })
    }

    /// One bin more, of each kind that is still added.
    fn larger<'b>(&'b self, cover: &'b Cover) -> impl Iterator<Item = Cover> + 'b {
        let kinds = cover.from..self.reduced.stocks.len();
        let had = kinds.filter(|kind| cover.counts[*kind] < self.limits[*kind]);
        had.map(|kind| {
            let mut larger = cover.clone();
            larger.from = kind;
            larger.counts[kind] += 1;
            larger.price = larger.price.saturating_add(self.reduced.stocks[kind].price);
            let amounts = self.reduced.stocks[kind].amounts.iter();
            for (missing, amount) in larger.missing.iter_mut().zip(amounts) {
                *missing = missing.saturating_sub(*amount);
            }
            self.priced(larger)
        })
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative; a part of a millionth less is a bound too"
    )]
    fn priced(&self, mut cover: Cover) -> Cover {
        let missing = cover.missing.iter().zip(&self.prices);
        let missing: f64 = missing
            .map(|(missing, price)| float((*missing).max(0)) * price)
            .sum();
        let left = self
            .limits
            .iter()
            .zip(&cover.counts)
            .map(|(limit, count)| f64::from(limit - count));
        let scarce: f64 = left
            .zip(&self.scarcity)
            .map(|(left, scarcity)| left * scarcity)
            .sum();
        let rest = missing * (1.0 - 1e-9) - scarce;
        cover.bound = cover.price.saturating_add(rest.max(0.0) as u64);
        cover.complete = Reverse(cover.is_complete());
        cover
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "bounds are widened by more than what is lost"
)]
fn float(amount: i64) -> f64 {
    amount as f64
}

#[expect(
    clippy::cast_precision_loss,
    reason = "bounds are widened by more than what is lost"
)]
fn float_price(price: u64) -> f64 {
    price as f64
}
