//! A good choice for many items: the relaxation rounded down, a greedy choice for the rest, and improvement. Pure.
//!
//! The relaxation over contents is rounded as Wäscher and Gau do (OR Spektrum 18, 1996). The greedy choice takes the
//! content that is worth the most for its price, by the values of the relaxation.

use std::collections::BTreeMap;

use super::classes::Classes;
use super::configurations;
use super::knapsack::{Content, Knapsack, RoomPrices};
use super::random::Random;
use super::reduced::{Reduced, Shape};

/// With more shapes than this, contents are too many.
const MANY: usize = 100;
/// Contents of classes that are generated at most.
const COLUMNS: u32 = 600;
/// Steps for one content.
const STEPS: u32 = 150;
/// A part of so many of a content's worth is not looked for.
const GRAIN: i64 = 1_000;

/// A bin and what is in it.
pub(super) type Filled = (usize, Content);

/// What contents are worth, and how a bin's room limits that.
pub(super) struct Worths {
    pub values: Vec<i64>,
    pub rooms: Vec<RoomPrices>,
}

/// Bins for all items, by the relaxation with so many contents and so many rounds of improvement; and what they cost at
/// least. Nothing if there are too few bins.
pub(super) fn choose(reduced: &Reduced, columns: u32, steps: u64) -> Option<(Vec<Filled>, u64)> {
    if reduced.shapes.len() > MANY {
        return choose_by_classes(reduced, columns, steps);
    }
    let (mixture, proof) = configurations::mixture(reduced, columns);
    let worths = Worths::of(reduced, proof.values);
    let mut choice = Choice::new(reduced, &worths, steps);
    let mut counts: Vec<u32> = reduced.shapes.iter().map(|shape| shape.count).collect();
    for (stock, content) in rounded(mixture) {
        let there = content
            .iter()
            .all(|(shape, count)| counts[*shape] >= *count);
        if there && choice.take(stock, content.clone()) {
            for (shape, count) in content {
                counts[shape] -= count;
            }
        }
    }
    let complete = choice.pack_rest(counts);
    choice.improve(proof.price);
    complete.then_some((choice.filled, proof.price))
}

/// The same for many different items: their classes are chosen for, and real items fill what that gives.
fn choose_by_classes(reduced: &Reduced, columns: u32, steps: u64) -> Option<(Vec<Filled>, u64)> {
    let alike = |shape: &Shape| shape.apart.is_none() && shape.most >= shape.count;
    if !reduced.shapes.iter().all(alike) {
        return None;
    }
    let mut classes = Classes::of(reduced);
    // Where all bins hold much the same, greedy contents of real items are as good.
    if !classes.are_choosy() {
        return None;
    }
    let (mixture, proof) = configurations::mixture(&classes.reduced, columns.min(COLUMNS));
    let worths = Worths {
        rooms: Worths::of(&classes.reduced, proof.values).rooms,
        values: configurations::simple_values(reduced),
    };
    let mut choice = Choice::new(reduced, &worths, steps);
    let mut plans = rounded(mixture);
    plans.sort_by_key(|(_, plan)| !classes.has_choosy(plan));
    for (stock, plan) in plans {
        let content = classes.fill(stock, &plan);
        if !content.is_empty() && !choice.take(stock, content) {
            return None;
        }
    }
    let complete = choice.pack_rest(classes.left());
    choice.improve(0);
    complete.then_some((choice.filled, 0))
}

/// Whole bins: of each kind as many as the mixture has, rounded down, those contents in front that it has most of.
fn rounded(mut mixture: Vec<(usize, Content, f64)>) -> Vec<Filled> {
    let mut whole_bins: BTreeMap<usize, f64> = BTreeMap::new();
    let mut rounded = Vec::new();
    for (stock, content, times) in &mut mixture {
        *whole_bins.entry(*stock).or_default() += *times;
        let many = whole(*times);
        rounded.extend((0..many).map(|_| (*stock, content.clone())));
        *times -= f64::from(many);
    }
    let mut more: BTreeMap<usize, u32> = whole_bins
        .into_iter()
        .map(|(stock, times)| (stock, whole(times)))
        .collect();
    for (stock, _) in &rounded {
        more.entry(*stock).and_modify(|more| *more -= 1);
    }
    mixture.sort_by(|a, b| b.2.total_cmp(&a.2));
    for (stock, content, _) in mixture {
        if let Some(more) = more.get_mut(&stock).filter(|more| **more > 0) {
            *more -= 1;
            rounded.push((stock, content));
        }
    }
    rounded
}

impl Worths {
    fn of(reduced: &Reduced, mut values: Vec<i64>) -> Self {
        let counts: Vec<u32> = reduced.shapes.iter().map(|shape| shape.count).collect();
        for value in &mut values {
            *value = (*value).max(1);
        }
        let rooms =
            (0..reduced.stocks.len()).map(|stock| RoomPrices::of(reduced, stock, &values, &counts));
        Self {
            rooms: rooms.collect(),
            values,
        }
    }
}

pub(super) struct Choice<'a> {
    pub reduced: &'a Reduced,
    pub worths: &'a Worths,
    /// How many bins of each kind can still be had.
    pub left: Vec<u32>,
    pub filled: Vec<Filled>,
    pub random: Random,
    /// What is left for improvement.
    pub steps: u64,
}

impl<'a> Choice<'a> {
    pub(super) fn new(reduced: &'a Reduced, worths: &'a Worths, steps: u64) -> Self {
        Self {
            left: reduced.stocks.iter().map(|stock| stock.limit).collect(),
            filled: Vec::new(),
            random: Random(1),
            steps,
            worths,
            reduced,
        }
    }

    /// Takes a bin with this content, if it can be had.
    pub(super) fn take(&mut self, stock: usize, content: Content) -> bool {
        let had = self.left[stock] > 0;
        if had {
            self.left[stock] -= 1;
            self.filled.push((stock, content));
        }
        had
    }

    /// Finds bins for so many of each shape. False if there are too few for all of them.
    pub(super) fn pack_rest(&mut self, mut counts: Vec<u32>) -> bool {
        let worths = self.worths;
        let mut left = self.left.clone();
        let packed = self.pack(&worths.values, &mut counts, &mut left, u64::MAX);
        let complete = packed.is_some();
        for (stock, content) in packed.into_iter().flatten() {
            self.take(stock, content);
        }
        complete
    }

    /// Bins for all of the counts that cost no more than this, the most worthwhile contents first.
    pub(super) fn pack(
        &mut self,
        values: &[i64],
        counts: &mut [u32],
        left: &mut [u32],
        most: u64,
    ) -> Option<Vec<Filled>> {
        let mut packed: Vec<Filled> = Vec::new();
        let mut spent = 0_u64;
        let mut last: Option<(u64, usize, Filled)> = None;
        while counts.iter().any(|count| *count > 0) {
            if let Some((stock, content)) = self.all_in_one(counts, left) {
                let price = spent.saturating_add(self.reduced.stocks[stock].price);
                if price <= most && last.as_ref().is_none_or(|(best, ..)| price < *best) {
                    last = Some((price, packed.len(), (stock, content)));
                }
            }
            let enough = last.as_ref().map_or(most, |(best, ..)| *best);
            let next = self.best(values, counts, left).filter(|_| spent < enough);
            let Some((stock, content)) = next else { break };
            let times = content.iter().map(|(shape, count)| counts[*shape] / count);
            let times = times.min().unwrap_or_default().min(left[stock]);
            left[stock] -= times;
            spent = spent.saturating_add(
                self.reduced.stocks[stock]
                    .price
                    .saturating_mul(times.into()),
            );
            for (shape, count) in &content {
                counts[*shape] -= count * times;
            }
            packed.extend((0..times).map(|_| (stock, content.clone())));
        }
        let complete = counts.iter().all(|count| *count == 0) && spent <= most;
        match last {
            Some((price, length, filled)) if !complete || price <= spent => {
                packed.truncate(length);
                packed.push(filled);
                Some(packed)
            }
            _ => complete.then_some(packed),
        }
    }

    /// The content that is worth the most for its price.
    fn best(&mut self, values: &[i64], counts: &[u32], left: &[u32]) -> Option<Filled> {
        let mut best: Option<(f64, Filled)> = None;
        for (stock, kind) in self.reduced.stocks.iter().enumerate().rev() {
            if left[stock] == 0 {
                continue;
            }
            self.steps = self.steps.saturating_sub(counts.len() as u64);
            let knapsack = Knapsack::new(
                self.reduced,
                stock,
                values,
                counts,
                &self.worths.rooms[stock],
                None,
            );
            let price = float_price(kind.price).max(1.0);
            let rate = best.as_ref().map_or(0.0, |(rate, _)| *rate);
            if float(knapsack.limit()) <= rate * price {
                continue;
            }
            let found = knapsack.best(STEPS, GRAIN);
            self.steps = self.steps.saturating_sub(u64::from(found.steps));
            let found_rate = float(found.value) / price;
            if found_rate > rate {
                best = Some((found_rate, (stock, found.content)));
            }
        }
        best.map(|(_, filled)| filled)
    }

    /// The cheapest bin that holds everything.
    fn all_in_one(&self, counts: &[u32], left: &[u32]) -> Option<Filled> {
        let content: Content = counts
            .iter()
            .copied()
            .enumerate()
            .filter(|(_, count)| *count > 0)
            .collect();
        let holds = |stock: &usize| left[*stock] > 0 && self.reduced.holds(*stock, &content);
        let stocks = (0..self.reduced.stocks.len()).filter(holds);
        let cheapest = stocks.min_by_key(|stock| self.reduced.stocks[*stock].price)?;
        Some((cheapest, content))
    }
}

impl Reduced {
    /// Whether a bin has room for this content, and nothing in it stands against the rest.
    pub(super) fn holds(&self, stock: usize, content: &Content) -> bool {
        let bin = &self.stocks[stock].amounts;
        let fits = |r: usize| {
            let used = content.iter().map(|(shape, count)| {
                self.shapes[*shape].amounts[r].saturating_mul((*count).into())
            });
            used.fold(0, i64::saturating_add) <= bin[r]
        };
        let may = content.iter().all(|(shape, count)| {
            let shape = &self.shapes[*shape];
            shape.fits[stock] && *count <= shape.most
        });
        let mut sets: Vec<u32> = content
            .iter()
            .filter_map(|(shape, _)| self.shapes[*shape].apart)
            .collect();
        let before = sets.len();
        sets.sort_unstable();
        sets.dedup();
        may && sets.len() == before && (0..bin.len()).all(fits)
    }
}

#[expect(clippy::cast_precision_loss, reason = "approximate on purpose")]
fn float(value: i64) -> f64 {
    value as f64
}

#[expect(clippy::cast_precision_loss, reason = "approximate on purpose")]
fn float_price(price: u64) -> f64 {
    price as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "positive, and no more than there are items"
)]
fn whole(times: f64) -> u32 {
    (times + 1e-6).floor() as u32
}
