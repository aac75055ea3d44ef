//! The price of totals: items as if they could be poured. Pure.
//!
//! Items that may go into the same bins are poured together; each resource of them has a price of its own, and a bin is
//! worth what the dearest liquids for it would be. Items that exclude each other count as a resource too, of which every
//! bin has one.

use super::certificate::{Worth, proven};
use super::liquids::{Liquid, WHOLE, liquid_of, liquids, sets};
use super::reduced::{Reduced, Shape, Stock};
use super::simplex::Program;
use crate::resize::approximate::grains;

#[derive(Debug)]
pub(super) struct Totals {
    /// For sets of items that exclude each other: which part of a bin each shape takes up.
    sets: Vec<Vec<i64>>,
    liquids: Vec<Liquid>,
    /// What each bin has, sets of items that exclude each other included.
    bins: Vec<Vec<i64>>,
    worths: Vec<Worth>,
    /// The largest amount of each resource in any bin.
    scale: Vec<f64>,
    /// The price of the dearest bin.
    dearest: f64,
}

impl Totals {
    /// `together`: as if every item could go into every bin.
    pub(super) fn of(reduced: &Reduced, together: bool) -> Self {
        let sets = if together { Vec::new() } else { sets(reduced) };
        let amounts = |stock: &Stock| {
            let whole = sets.iter().map(|_| WHOLE);
            stock.amounts.iter().copied().chain(whole).collect()
        };
        let bins: Vec<Vec<i64>> = reduced.stocks.iter().map(amounts).collect();
        let width = bins.first().map_or(0, Vec::len);
        let largest = |r: usize| bins.iter().map(|bin| bin[r]).max().unwrap_or_default();
        Self {
            liquids: liquids(reduced, &sets, together),
            scale: (0..width)
                .map(|r| to_float(largest(r).max(1).into()))
                .collect(),
            dearest: reduced.dearest(),
            worths: reduced.worths(),
            bins,
            sets,
        }
    }

    /// What all items cost at least.
    pub(super) fn bound(&self) -> u64 {
        let prices = self.prices();
        let unit = self.grains(&prices);
        let most = |bin: usize| {
            let of = |r: usize| {
                let prices = self
                    .liquids
                    .iter()
                    .zip(&unit)
                    .filter(|(liquid, _)| liquid.fits[bin]);
                let dearest = prices.map(|(_, unit)| unit[r]).max().unwrap_or_default();
                dearest * i128::from(self.bins[bin][r])
            };
            (0..self.scale.len()).map(of).sum()
        };
        let worths = self.worths.iter().enumerate();
        let worths: Vec<Worth> = worths
            .map(|(bin, worth)| Worth {
                most: most(bin),
                ..*worth
            })
            .collect();
        let value = |(liquid, unit): (&Liquid, &Vec<i128>)| -> i128 {
            liquid
                .totals
                .iter()
                .zip(unit)
                .map(|(total, unit)| total * unit)
                .sum()
        };
        proven(self.liquids.iter().zip(&unit).map(value).sum(), &worths)
    }

    /// The price of a unit of each resource of each liquid.
    pub(super) fn prices(&self) -> Vec<Vec<f64>> {
        let width = self.scale.len();
        let right = self.liquids.iter().flat_map(|liquid| {
            let totals = liquid.totals.iter().zip(&self.scale);
            totals.map(|(total, scale)| to_float(*total) / scale)
        });
        let limited: Vec<usize> = (0..self.bins.len())
            .filter(|bin| self.binds(*bin))
            .collect();
        let limits = limited.iter().map(|bin| f64::from(self.worths[*bin].limit));
        let right: Vec<f64> = right.chain(limits).collect();
        let coverage = width * self.liquids.len();
        let dear = 1e4;
        let costs = (0..right.len()).map(|row| if row < coverage { dear } else { 0.0 });
        let mut program = Program::new(right.clone(), costs.collect());
        for row in 0..coverage {
            program.add(0.0, vec![(row, -1.0)], f64::INFINITY);
        }
        program.minimize(10_000);
        for _ in 0..200 {
            // What is worth a hair more than it costs is poured again and again, and changes nothing.
            if !self.pour(&mut program, &limited) || !program.minimize(10_000) {
                break;
            }
        }
        let prices = program.prices()[..coverage].chunks(width.max(1));
        let unscaled = |chunk: &[f64]| {
            chunk
                .iter()
                .zip(&self.scale)
                .map(|(price, scale)| price.max(0.0) * self.dearest / scale)
                .collect()
        };
        prices.map(unscaled).collect()
    }

    /// What each shape is worth at these prices.
    pub(super) fn values(&self, reduced: &Reduced) -> Vec<f64> {
        let prices = self.prices();
        let value = |(place, shape): (usize, &Shape)| {
            // Items that ask for nothing have no prices.
            let prices = liquid_of(&self.liquids, shape).and_then(|liquid| prices.get(liquid));
            let parts = self.sets.iter().map(|set| set[place]);
            let amounts = shape.amounts.iter().copied().chain(parts);
            let worth = |(price, amount): (&f64, i64)| price * to_float(amount.into());
            prices.into_iter().flatten().zip(amounts).map(worth).sum()
        };
        reduced.shapes.iter().enumerate().map(value).collect()
    }

    /// Adds the best filling of each bin; false if none is worth more than it costs.
    fn pour(&self, program: &mut Program, limited: &[usize]) -> bool {
        let width = self.scale.len();
        let coverage = width * self.liquids.len();
        let prices = program.prices().to_vec();
        let mut any = false;
        for (bin, amounts) in self.bins.iter().enumerate() {
            let mut worth = 0.0;
            let mut entries = Vec::with_capacity(width + 1);
            for (r, amount) in amounts.iter().enumerate() {
                let fitting =
                    (0..self.liquids.len()).filter(|liquid| self.liquids[*liquid].fits[bin]);
                let rows = fitting.map(|liquid| liquid * width + r);
                let Some(row) = rows.max_by(|a, b| prices[*a].total_cmp(&prices[*b])) else {
                    continue;
                };
                let amount = to_float((*amount).into()) / self.scale[r];
                worth += prices[row] * amount;
                entries.push((row, amount));
            }
            let price = to_float(self.worths[bin].price.into()) / self.dearest;
            let mut cost = price;
            if let Some(place) = limited.iter().position(|limited| *limited == bin) {
                entries.push((coverage + place, 1.0));
                cost -= prices[coverage + place];
            }
            if worth > cost * (1.0 + 1e-9) {
                any = true;
                program.add(price, entries, f64::INFINITY);
            }
        }
        any
    }

    /// Whether so many of the bin as can be had are not enough for everything.
    fn binds(&self, bin: usize) -> bool {
        let limit = i128::from(self.worths[bin].limit);
        let mut amounts = self.bins[bin].iter().enumerate();
        amounts.any(|(r, amount)| {
            let total: i128 = self.liquids.iter().map(|liquid| liquid.totals[r]).sum();
            i128::from(*amount) * limit < total
        })
    }

    /// Prices as whole numbers of some grain, such that no bin is worth more than an `i128` can bear.
    fn grains(&self, prices: &[Vec<f64>]) -> Vec<Vec<i128>> {
        let worth = |prices: &Vec<f64>| {
            prices
                .iter()
                .zip(&self.scale)
                .map(|(p, s)| p * s)
                .fold(0.0, f64::max)
        };
        grains(prices, prices.iter().map(worth).fold(0.0, f64::max))
    }
}

impl Reduced {
    /// Prices and limits of the bins; their worth is not known yet. No choice takes more bins than there are items.
    pub(super) fn worths(&self) -> Vec<Worth> {
        let items = u32::try_from(self.items()).unwrap_or(u32::MAX);
        let worth = |stock: &Stock| Worth {
            price: stock.price,
            limit: stock.limit.min(items),
            most: 0,
        };
        self.stocks.iter().map(worth).collect()
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "approximate on purpose; what it proves is checked in whole numbers"
)]
fn to_float(amount: i128) -> f64 {
    amount as f64
}
