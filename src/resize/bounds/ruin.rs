//! A choice made cheaper: some bins are packed anew as long as that pays. Pure.
//!
//! Ruin and recreate (Schrimpf and others, J. Comput. Phys. 159, 2000): bins whose contents are worth little for their price
//! are emptied with some others, and values that are shaken a little lead to other contents.

use std::collections::BTreeMap;

use super::choice::{Choice, Filled};
use super::knapsack::Offered;
use crate::resize::approximate::float_price;

/// Bins that are packed anew together, and the items in them at most.
const RUINED: u32 = 5;
const ITEMS: u32 = 160;
/// After so many rounds without a cheaper choice, none is expected.
const PATIENCE: u32 = 4_000;
/// In how many parts of itself a value may change where bins are packed anew.
const SHAKEN: i64 = 8;

impl Choice<'_> {
    /// Packs some bins anew, again and again, and keeps what is no dearer. No choice is cheaper than the bound.
    pub(super) fn improve(&mut self, bound: u64) {
        // Bins whose contents are worth the least for their price in front.
        self.filled.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut price = self.price();
        let mut idle = 0;
        while self.steps > 0 && self.filled.len() > 1 && price > bound && idle < PATIENCE {
            let ruined = self.ruined();
            idle += 1;
            if let Some(saved) = self.recreate(&ruined).filter(|saved| *saved > 0) {
                price -= saved;
                idle = 0;
            }
        }
    }

    /// Places of some bins, those in front more often than others; the highest place first.
    fn ruined(&mut self) -> Vec<usize> {
        let many = 2 + self.random.below(RUINED - 1);
        let mut places = Vec::new();
        let mut items = 0;
        for _ in 0..many {
            let all = u32::try_from(self.filled.len()).unwrap_or(u32::MAX);
            let among = 1 + self.random.below(all);
            let among = 1 + self.random.below(among);
            let place = self.random.below(among) as usize;
            let (_, (_, content)) = &self.filled[place];
            let inside: u32 = content.iter().map(|(_, count)| count).sum();
            if !places.contains(&place) && items + inside <= ITEMS {
                items += inside;
                places.push(place);
            }
        }
        places.sort_unstable_by(|a, b| b.cmp(a));
        places
    }

    /// What packing these bins anew saves; nothing, if that is dearer.
    fn recreate(&mut self, ruined: &[usize]) -> Option<u64> {
        let mut counts: BTreeMap<usize, u32> = BTreeMap::new();
        let mut left = self.left.clone();
        let mut price = 0_u64;
        for place in ruined {
            let (_, (stock, content)) = &self.filled[*place];
            price = price.saturating_add(self.reduced.stocks[*stock].price);
            left[*stock] += 1;
            for (shape, count) in content {
                *counts.entry(*shape).or_default() += count;
            }
        }
        let mut lots = self.shaken(&counts);
        let packed = self.pack(&mut lots, &mut left, price)?;
        let packed: Vec<(f64, Filled)> = packed
            .into_iter()
            .map(|filled| (self.rate(&filled), filled))
            .collect();
        let saved = price
            - packed
                .iter()
                .map(|(_, filled)| self.price_of(filled))
                .sum::<u64>();
        let before = ruined.iter().map(|place| &self.filled[*place]);
        if saved == 0 && self.contrast(packed.iter()) < self.contrast(before) {
            return None;
        }
        for place in ruined {
            let (_, (stock, _)) = self.filled.remove(*place);
            self.left[stock] += 1;
        }
        for (rate, filled) in packed {
            self.left[filled.0] -= 1;
            let place = self.filled.partition_point(|(before, _)| *before < rate);
            self.filled.insert(place, (rate, filled));
        }
        Some(saved)
    }

    fn price_of(&self, (stock, _): &Filled) -> u64 {
        self.reduced.stocks[*stock].price
    }

    /// Higher if some bins are fuller and others emptier: what is hardly used may soon do with a cheaper bin, or none.
    fn contrast<'b>(&self, bins: impl Iterator<Item = &'b (f64, Filled)>) -> f64 {
        let squares = bins.map(|(rate, filled)| rate * rate * float_price(self.price_of(filled)));
        squares.sum()
    }

    /// Values that differ a little, so that other contents come up.
    fn shaken(&mut self, counts: &BTreeMap<usize, u32>) -> Vec<Offered> {
        let shaken = counts.iter().map(|(shape, count)| {
            let value = self.worths.values[*shape];
            let parts = i64::from(self.random.below(256)) - 128;
            Offered {
                shape: *shape,
                count: *count,
                value: value + value / (128 * SHAKEN) * parts,
            }
        });
        shaken.collect()
    }
}
