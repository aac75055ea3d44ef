//! A choice made cheaper: some bins are packed anew as long as that pays. Pure.
//!
//! Ruin and recreate (Schrimpf and others, J. Comput. Phys. 159, 2000): bins whose contents are worth little for their price
//! are emptied with some others, and values that are shaken a little lead to other contents.

use super::choice::{Choice, Filled};

/// Bins that are packed anew together, and the items in them at most.
const RUINED: u32 = 5;
const ITEMS: u32 = 160;
/// Steps that one bin costs where they are sorted.
const SORTED: u64 = 10;
/// After so many rounds without a cheaper choice, none is expected.
const PATIENCE: u32 = 1_000;
/// In how many parts of itself a value may change where bins are packed anew.
const SHAKEN: i64 = 8;

impl Choice<'_> {
    /// Packs some bins anew, again and again, and keeps what is no dearer. No choice is cheaper than the bound.
    pub(super) fn improve(&mut self, bound: u64) {
        self.sort();
        let mut price = self.price();
        let mut idle = 0;
        while self.steps > 0 && self.filled.len() > 1 && price > bound && idle < PATIENCE {
            let ruined = self.ruined();
            idle += 1;
            if self.recreate(&ruined) {
                self.sort();
                let now = self.price();
                idle = if now < price { 0 } else { idle };
                price = now;
            }
        }
    }

    fn price(&self) -> u64 {
        let prices = self
            .filled
            .iter()
            .map(|(stock, _)| self.reduced.stocks[*stock].price);
        prices.fold(0, u64::saturating_add)
    }

    /// Bins whose contents are worth the least for their price in front.
    fn sort(&mut self) {
        self.steps = self.steps.saturating_sub(SORTED * self.filled.len() as u64);
        let rate = |(stock, content): &Filled| {
            let worth = content
                .iter()
                .map(|(shape, count)| float(self.worths.values[*shape]) * f64::from(*count));
            worth.sum::<f64>() / float_price(self.reduced.stocks[*stock].price)
        };
        let mut rated: Vec<(f64, Filled)> = std::mem::take(&mut self.filled)
            .into_iter()
            .map(|filled| (rate(&filled), filled))
            .collect();
        rated.sort_by(|a, b| a.0.total_cmp(&b.0));
        self.filled = rated.into_iter().map(|(_, filled)| filled).collect();
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
            let inside: u32 = self.filled[place].1.iter().map(|(_, count)| count).sum();
            if !places.contains(&place) && items + inside <= ITEMS {
                items += inside;
                places.push(place);
            }
        }
        places.sort_unstable_by(|a, b| b.cmp(a));
        places
    }

    fn recreate(&mut self, ruined: &[usize]) -> bool {
        let mut counts = vec![0; self.reduced.shapes.len()];
        let mut left = self.left.clone();
        let mut price = 0_u64;
        for place in ruined {
            let (stock, content) = &self.filled[*place];
            price = price.saturating_add(self.reduced.stocks[*stock].price);
            left[*stock] += 1;
            for (shape, count) in content {
                counts[*shape] += count;
            }
        }
        let values = self.shaken(&counts);
        let Some(packed) = self.pack(&values, &mut counts, &mut left, price) else {
            return false;
        };
        for place in ruined {
            let (stock, _) = self.filled.swap_remove(*place);
            self.left[stock] += 1;
        }
        for (stock, content) in packed {
            self.take(stock, content);
        }
        true
    }

    /// Values that differ a little, so that other contents come up.
    fn shaken(&mut self, counts: &[u32]) -> Vec<i64> {
        let mut values = self.worths.values.clone();
        for (value, _) in values
            .iter_mut()
            .zip(counts)
            .filter(|(_, count)| **count > 0)
        {
            let parts = i64::from(self.random.below(256)) - 128;
            *value += *value / (128 * SHAKEN) * parts;
        }
        values
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
