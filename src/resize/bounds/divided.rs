//! Items as if they could be cut into parts, each of which takes some of everything that the item asks for. Pure.
//!
//! A unit of each resource has a price of its own in each kind of bin, such that a full bin is worth what it costs. An item
//! is worth what it takes up where that is least; so no content is worth more than its bin, and what all items are worth
//! is a bound. The prices come from a linear program over groups of items that ask for about the same mixture; what they
//! prove is checked for the items themselves, in whole numbers.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::KINDS;
use super::certificate::{Worth, proven};
use super::liquids::{liquid_of, liquids};
use super::reduced::{Reduced, Shape, Stock};
use super::simplex::Program;
use crate::resize::approximate::{self, float, float_price, worth};

/// Groups of items there are at most,
const GROUPS: RangeInclusive<u64> = 100..=200;
/// between these one for so many items: finer ones are worth their time where items are many.
const ITEMS_OF_A_GROUP: u64 = 250;
/// Into how many grades a doubling of a ratio is divided, if that makes few enough groups.
const GRADES: [f64; 6] = [4.0, 2.0, 1.0, 0.5, 0.25, 0.0];
/// A resource of which an item asks so many times less than of another one does not tell groups apart.
const NEGLIGIBLE: f64 = 16.0;
/// What leaving out a group costs, in prices of the dearest bin.
const DEAR: f64 = 1e4;

/// By kind of bin: the price of a unit of each resource.
pub(super) type Prices = Vec<Vec<f64>>;

/// Items that may go into about the same bins and ask for about the same mixture.
pub(super) struct Group {
    pub shapes: Vec<usize>,
    fits: Vec<bool>,
    pub amounts: Vec<f64>,
}

/// The cheapest bins for items that can be divided.
pub(super) struct Division {
    pub prices: Prices,
    pub groups: Vec<Group>,
    /// How many of each kind.
    pub bins: Vec<f64>,
    /// By kind of bin: which part of each group is in such bins.
    pub parts: Vec<Vec<f64>>,
}

impl Division {
    /// What each shape is worth: what it takes up where that is least.
    pub(super) fn values(&self, reduced: &Reduced) -> Vec<f64> {
        let value = |shape: &Shape| {
            let bins = self.prices.iter().zip(&shape.fits);
            let bins = bins.filter(|(_, fits)| **fits);
            bins.map(|(prices, _)| worth(prices, &shape.amounts))
                .fold(f64::INFINITY, f64::min)
        };
        reduced.shapes.iter().map(value).collect()
    }

    /// What all items are worth, and a full bin of each kind.
    pub(super) fn worths(&self, reduced: &Reduced) -> (f64, Vec<f64>) {
        let values = self.values(reduced).into_iter().zip(&reduced.shapes);
        let values = values.map(|(value, shape)| value * f64::from(shape.count));
        let full = self.prices.iter().zip(&reduced.stocks);
        let full = full.map(|(prices, stock)| worth(prices, &stock.amounts));
        (values.sum(), full.collect())
    }
}

impl Group {
    /// In the largest bins that there are: as many as it takes for what it asks most of.
    fn size(&self, scale: &[f64]) -> f64 {
        let shares = self
            .amounts
            .iter()
            .zip(scale)
            .map(|(amount, scale)| amount / scale);
        shares.fold(0.0, f64::max).max(f64::MIN_POSITIVE)
    }
}

/// What all items cost at least.
pub(super) fn bound(reduced: &Reduced) -> u64 {
    let Some(Division { prices, .. }) = divide(reduced) else {
        return 0;
    };
    let grains = grains(reduced, &prices);
    let of = |prices: &[i128], amounts: &[i64]| -> i128 {
        let parts = prices.iter().zip(amounts);
        parts
            .map(|(price, amount)| price * i128::from(*amount))
            .sum()
    };
    let worths = reduced.worths().into_iter().enumerate();
    let worths: Vec<Worth> = worths
        .map(|(bin, worth)| Worth {
            most: of(&grains[bin], &reduced.stocks[bin].amounts),
            ..worth
        })
        .collect();
    let value = |shape: &Shape| {
        let bins = grains.iter().zip(&shape.fits).filter(|(_, fits)| **fits);
        let least = bins.map(|(prices, _)| of(prices, &shape.amounts)).min();
        least.unwrap_or_default() * i128::from(shape.count)
    };
    proven(reduced.shapes.iter().map(value).sum(), &worths)
}

/// Nothing if there are too many kinds of bins.
pub(super) fn divide(reduced: &Reduced) -> Option<Division> {
    divide_beyond(reduced, &vec![0; reduced.stocks.len()])
}

/// What is cheapest besides so many bins of each kind that are had for nothing.
pub(super) fn divide_beyond(reduced: &Reduced, had: &[u32]) -> Option<Division> {
    if reduced.stocks.len() > KINDS || reduced.shapes.is_empty() {
        return None;
    }
    let scale = scale(reduced);
    let groups = groups(reduced, &scale);
    let mut program = program(reduced, &groups, &scale);
    let columns = add_columns(&mut program, reduced, &groups, &scale, had);
    program.minimize(20_000);
    let width = reduced.resources.len();
    let dearest = reduced.dearest();
    let price = |bin: usize, r: usize| {
        let all = float(reduced.stocks[bin].amounts[r]).max(1.0);
        (-program.prices()[groups.len() + bin * width + r]).max(0.0) * dearest / all
    };
    let of = |bin| (0..width).map(|r| price(bin, r)).collect();
    let prices = (0..reduced.stocks.len()).map(of).collect();
    let solution = program.solution();
    let first = solution.len() - columns.len();
    let mut bins = vec![0.0; reduced.stocks.len()];
    let mut parts = vec![vec![0.0; groups.len()]; bins.len()];
    for ((bin, group), amount) in columns.into_iter().zip(&solution[first..]) {
        match group {
            Some(group) => parts[bin][group] = amount / groups[group].size(&scale),
            None => bins[bin] = *amount,
        }
    }
    Some(Division {
        prices,
        groups,
        bins,
        parts,
    })
}

/// What the columns stand for: a kind of bin, and the group that is in it. Bins that are had come before them.
type Column = (usize, Option<usize>);

fn add_columns(
    program: &mut Program,
    reduced: &Reduced,
    groups: &[Group],
    scale: &[f64],
    had: &[u32],
) -> Vec<Column> {
    let width = reduced.resources.len();
    let dearest = reduced.dearest();
    let row = |bin: usize, resource: usize| groups.len() + bin * width + resource;
    let all = |bin: usize| (0..width).map(|r| (row(bin, r), -1.0)).collect();
    for (bin, had) in had.iter().enumerate().filter(|(_, had)| **had > 0) {
        program.add(0.0, all(bin), f64::from(*had));
    }
    let mut columns = Vec::new();
    for (bin, stock) in reduced.stocks.iter().enumerate() {
        let price = float_price(stock.price) / dearest;
        let more = stock.limit.saturating_sub(had[bin]);
        program.add(price, all(bin), f64::from(more));
        columns.push((bin, None));
        for (number, group) in groups.iter().enumerate().filter(|(_, it)| it.fits[bin]) {
            let size = group.size(scale);
            let parts = group.amounts.iter().zip(&stock.amounts).enumerate();
            let part = |amount: &f64, all: &i64| amount / size / float(*all).max(1.0);
            let parts = parts.map(|(r, (amount, all))| (row(bin, r), part(amount, all)));
            let parts = parts.filter(|(_, part)| *part > 0.0);
            let entries = std::iter::once((number, 1.0)).chain(parts);
            program.add(0.0, entries.collect(), f64::INFINITY);
            columns.push((bin, Some(number)));
        }
    }
    columns
}

/// A row for each group, all of which goes somewhere; and one for each resource of each kind of bin, of which no more is
/// used than there is.
fn program(reduced: &Reduced, groups: &[Group], scale: &[f64]) -> Program {
    let rooms = reduced.stocks.len() * reduced.resources.len();
    let sizes = groups.iter().map(|group| group.size(scale));
    let right = sizes.chain((0..rooms).map(|_| 0.0));
    let costs = groups.iter().map(|_| DEAR).chain((0..rooms).map(|_| 0.0));
    Program::new(right.collect(), costs.collect())
}

/// The most of each resource that any bin has.
fn scale(reduced: &Reduced) -> Vec<f64> {
    let largest = |r: usize| reduced.stocks.iter().map(|stock| stock.amounts[r]).max();
    let scale = (0..reduced.resources.len()).map(|r| float(largest(r).unwrap_or(1).max(1)));
    scale.collect()
}

/// As fine as there are few enough.
fn groups(reduced: &Reduced, scale: &[f64]) -> Vec<Group> {
    let liquids = liquids(reduced, &[], false);
    let most = reduced.items() / ITEMS_OF_A_GROUP;
    let most = most.clamp(*GROUPS.start(), *GROUPS.end());
    let mut found = Vec::new();
    for grades in GRADES {
        let mut groups: BTreeMap<(Option<usize>, Vec<u32>), Group> = BTreeMap::new();
        for (place, shape) in reduced.shapes.iter().enumerate() {
            let liquid = liquid_of(&liquids, shape);
            let group = groups.entry((liquid, mixture(shape, scale, grades)));
            let group = group.or_insert_with(|| Group {
                fits: liquid.map_or_else(|| shape.fits.clone(), |l| liquids[l].fits.clone()),
                amounts: vec![0.0; scale.len()],
                shapes: Vec::new(),
            });
            group.shapes.push(place);
            for (total, amount) in group.amounts.iter_mut().zip(&shape.amounts) {
                *total += float(*amount) * f64::from(shape.count);
            }
        }
        found = groups.into_values().collect();
        if found.len() as u64 <= most {
            break;
        }
    }
    found
}

/// How much less of each resource than of the one that it asks most of, by magnitude.
fn mixture(shape: &Shape, scale: &[f64], grades: f64) -> Vec<u32> {
    let shares = shape
        .amounts
        .iter()
        .zip(scale)
        .map(|(a, scale)| float(*a) / scale);
    let shares: Vec<f64> = shares.collect();
    let most = shares.iter().copied().fold(0.0, f64::max);
    let less = shares.iter().map(|share| (most / share).min(NEGLIGIBLE));
    less.map(|less| magnitude(less.log2() * grades)).collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between nothing and a few dozen"
)]
fn magnitude(grade: f64) -> u32 {
    grade.round() as u32
}

/// Prices as whole numbers.
fn grains(reduced: &Reduced, prices: &Prices) -> Vec<Vec<i128>> {
    let full = |(prices, stock): (&Vec<f64>, &Stock)| worth(prices, &stock.amounts);
    let worths = prices.iter().zip(&reduced.stocks).map(full);
    approximate::grains(prices, worths.fold(0.0, f64::max))
}

#[cfg(test)]
mod tests;
