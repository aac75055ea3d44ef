//! Whether items fit into given bins. Pure.
//!
//! The most valuable item that is left chooses its bin and what goes in with it. The whole set of bins has only so much to
//! spare, and so no content may waste more than that.

use std::cmp::Reverse;
use std::collections::HashSet;

use super::exchange;
use super::knapsack::{Content, Knapsack, RoomPrices, offered};
use super::reduced::Reduced;
use super::totals::Totals;
use crate::resize::approximate::float;

/// At most so many contents of a kind of bin are tried at each turn. If there are more, a failure proves nothing.
const CHOICES: usize = 24;
/// Steps of the search for the contents of one bin.
const STEPS: u32 = 4_000;
/// One order of the items gets such a part of the steps for a set of bins.
const PART: u32 = 6;
/// Exchanges for each item, and how many of them take about as long as a step.
const EXCHANGES_OF_AN_ITEM: u32 = 400;
const EXCHANGES_OF_A_STEP: u32 = 8;
/// To begin takes about as long as so many steps for each shape.
const STEPS_OF_A_SHAPE: u32 = 8;
/// How much more one resource counts in an order.
const WEIGHTS: [i128; 2] = [1, 10];
/// Of the value of a whole bin, in whole numbers.
const GRAIN: f64 = 1_099_511_627_776.0;

pub(super) enum Answer {
    Fits(Vec<(usize, Content)>),
    Impossible,
    Unknown,
}

pub(super) struct Fitting<'a> {
    reduced: &'a Reduced,
    /// Of a unit of each resource.
    prices: Vec<f64>,
    /// Shapes in orders in which they may get their bins.
    orders: Vec<Vec<usize>>,
}

/// One search, for one measure of waste and one order of the shapes.
struct Attempt<'a> {
    reduced: &'a Reduced,
    prices: &'a RoomPrices,
    values: Vec<i64>,
    /// What each kind of bin is worth if nothing of it is wasted.
    worths: Vec<i64>,
    order: &'a [usize],
    chosen: Vec<(usize, Content)>,
    /// What was left when it did not work out.
    failed: HashSet<(Vec<u32>, Vec<u32>)>,
    steps: u32,
    /// Something was not looked at.
    cut: bool,
}

/// A bin that may be next, and what it wastes.
struct Next {
    waste: i64,
    stock: usize,
    content: Content,
}

impl<'a> Fitting<'a> {
    pub(super) fn of(reduced: &'a Reduced) -> Self {
        // As if every item could go into every bin.
        let prices = Totals::of(reduced, true).prices();
        Self {
            orders: orders(reduced),
            prices: prices.into_iter().next().unwrap_or_default(),
            reduced,
        }
    }

    /// `bins`: how many of each kind; looked into for so many of the steps at most. Any prices of resources measure waste:
    /// all bins together waste what is left over.
    pub(super) fn fit(&self, bins: &[u32], most: u32, steps: &mut u32) -> Answer {
        let shapes = u32::try_from(self.reduced.shapes.len()).unwrap_or(u32::MAX);
        *steps = steps.saturating_sub(shapes.saturating_mul(STEPS_OF_A_SHAPE));
        let mut most = most.min(*steps);
        let measures = [
            self.tightness(bins, 1.0),
            self.tightness(bins, 0.02),
            self.prices.clone(),
        ];
        for prices in measures {
            let prices = self.scaled(&prices);
            for order in &self.orders {
                let part = (most / PART).max(1).min(most);
                let mut attempt = Attempt::new(self.reduced, &prices, order, part);
                let fits = attempt.start(bins);
                most -= part - attempt.steps;
                *steps -= part - attempt.steps;
                if fits {
                    return Answer::Fits(attempt.chosen);
                }
                if !attempt.cut {
                    return Answer::Impossible;
                }
            }
        }
        Answer::Unknown
    }

    /// Exchanges find places sooner than the search, where there are some.
    pub(super) fn exchange(&self, bins: &[u32], steps: &mut u32) -> Option<Vec<(usize, Content)>> {
        let items = u32::try_from(self.reduced.items()).unwrap_or(u32::MAX);
        let exchanges = items.saturating_mul(EXCHANGES_OF_AN_ITEM);
        *steps = steps.saturating_sub(exchanges / EXCHANGES_OF_A_STEP);
        exchange::fit(self.reduced, bins, exchanges)
    }

    /// Prices that are higher for resources of which less is left over; the larger `ease`, the less so.
    fn tightness(&self, bins: &[u32], ease: f64) -> Vec<f64> {
        let price = |r: usize| {
            let there = bins.iter().zip(&self.reduced.stocks);
            let there: f64 = there
                .map(|(bins, stock)| f64::from(*bins) * float(stock.amounts[r]))
                .sum();
            let asked = self.reduced.shapes.iter();
            let asked: f64 = asked
                .map(|shape| f64::from(shape.count) * float(shape.amounts[r]))
                .sum();
            let spare = (1.0 - asked / there.max(1.0)).max(0.0);
            1.0 / (there.max(1.0) * (spare + ease))
        };
        (0..self.reduced.resources.len()).map(price).collect()
    }

    /// Prices at which the largest bin is worth [`GRAIN`].
    fn scaled(&self, prices: &[f64]) -> RoomPrices {
        let raw = RoomPrices::new(prices.to_vec());
        let worths = self
            .reduced
            .stocks
            .iter()
            .map(|stock| raw.of_amounts(&stock.amounts));
        let largest = worths.fold(0.0, f64::max);
        let factor = if largest > 0.0 { GRAIN / largest } else { 0.0 };
        RoomPrices::new(prices.iter().map(|price| price * factor).collect())
    }
}

impl<'a> Attempt<'a> {
    fn new(reduced: &'a Reduced, prices: &'a RoomPrices, order: &'a [usize], steps: u32) -> Self {
        let down = |amounts: &[i64]| whole(prices.of_amounts(amounts));
        Self {
            values: reduced
                .shapes
                .iter()
                .map(|shape| down(&shape.amounts))
                .collect(),
            // More than what any content is worth, whatever was rounded.
            worths: reduced
                .stocks
                .iter()
                .map(|stock| down(&stock.amounts) + 1)
                .collect(),
            reduced,
            prices,
            order,
            chosen: Vec::new(),
            failed: HashSet::new(),
            steps,
            cut: false,
        }
    }

    fn start(&mut self, bins: &[u32]) -> bool {
        let counts = self.reduced.counts();
        let sum = |counts: &[u32], worths: &[i64]| -> i64 {
            let pairs = counts.iter().zip(worths);
            pairs.map(|(count, worth)| i64::from(*count) * worth).sum()
        };
        let spare = sum(bins, &self.worths) - sum(&counts, &self.values);
        self.descend(&counts, &mut bins.to_vec(), spare)
    }

    /// `spare`: what all bins that are left may waste together.
    fn descend(&mut self, counts: &[u32], bins: &mut Vec<u32>, spare: i64) -> bool {
        let Some(first) = self.order.iter().copied().find(|shape| counts[*shape] > 0) else {
            return true;
        };
        let here = (counts.to_vec(), bins.clone());
        if spare < 0 || self.failed.contains(&here) {
            return false;
        }
        if self.steps == 0 {
            self.cut = true;
            return false;
        }
        for next in self.nexts(counts, bins, first, spare) {
            let mut rest = counts.to_vec();
            for (shape, count) in &next.content {
                rest[*shape] -= count;
            }
            bins[next.stock] -= 1;
            self.chosen.push((next.stock, next.content));
            if self.descend(&rest, bins, spare - next.waste) {
                return true;
            }
            self.chosen.pop();
            bins[next.stock] += 1;
        }
        self.failed.insert(here);
        false
    }

    /// Contents with the first shape in them, those that waste the least in front.
    fn nexts(&mut self, counts: &[u32], bins: &[u32], first: usize, spare: i64) -> Vec<Next> {
        let mut nexts = Vec::new();
        for (stock, left) in bins.iter().enumerate() {
            if *left == 0 || !self.reduced.shapes[first].fits[stock] {
                continue;
            }
            let worth = self.worths[stock];
            let knapsack = Knapsack::new(
                self.reduced,
                stock,
                offered(&self.values, counts),
                self.prices,
                Some(first),
            );
            let steps = STEPS.min(self.steps);
            let (complete, used) =
                knapsack.some_full(worth - spare, steps, CHOICES, |value, it| {
                    nexts.push(Next {
                        waste: worth - value,
                        stock,
                        content: it,
                    });
                });
            self.cut |= !complete;
            // Sorting the items counts, too.
            let sorted = u32::try_from(counts.len()).unwrap_or(u32::MAX);
            self.steps = self.steps.saturating_sub(used.saturating_add(sorted));
        }
        nexts.sort_by_key(|next| next.waste);
        nexts
    }
}

/// The bulky shapes first: by their largest part of the largest bin, and by sums of these parts with one resource or
/// another counting for more.
fn orders(reduced: &Reduced) -> Vec<Vec<usize>> {
    let by = |key: &dyn Fn(&[i128]) -> i128| {
        let mut order: Vec<usize> = (0..reduced.shapes.len()).collect();
        order.sort_by_cached_key(|shape| Reverse(key(&shares(reduced, *shape))));
        order
    };
    let mut orders = vec![by(&|shares| {
        shares.iter().copied().max().unwrap_or_default()
    })];
    for weight in WEIGHTS {
        for heavy in 0..reduced.resources.len() {
            let weigh =
                |(r, share): (usize, &i128)| if r == heavy { weight * share } else { *share };
            orders.push(by(&|shares| shares.iter().enumerate().map(weigh).sum()));
        }
    }
    orders.dedup();
    orders
}

/// What part of the largest bin a shape takes up, by resource, in millionths.
fn shares(reduced: &Reduced, shape: usize) -> Vec<i128> {
    let amounts = reduced.shapes[shape].amounts.iter().enumerate();
    let parts = amounts.map(|(r, amount)| {
        let largest = reduced.stocks.iter().map(|stock| stock.amounts[r]).max();
        i128::from(*amount) * 1_000_000 / i128::from(largest.unwrap_or_default().max(1))
    });
    parts.collect()
}

#[expect(clippy::cast_possible_truncation, reason = "scaled so that it fits")]
fn whole(value: f64) -> i64 {
    value as i64
}
