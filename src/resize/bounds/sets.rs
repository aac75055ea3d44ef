//! Choices from whole bins that have enough for items that can be divided, and a little to spare. Pure.

use super::choice::{Filled, is_good};
use super::exchange;
use super::reduced::{Reduced, Stock};
use super::whole;

/// So much of each bin is spared, in thousandths: the less, the cheaper, but the longer it takes to find a place for
/// everything.
const SPARED: [i64; 7] = [1, 2, 4, 6, 8, 11, 16];
/// Exchanges for one set of bins.
const EXCHANGES: u32 = 1_000_000;
/// Bins for more items are not looked into: contents of the relaxation are as good.
const MANY: u64 = 10_000;

/// A choice that costs less than this one. `bins` have enough for items that can be divided, and no choice costs less than
/// the bound.
pub(super) fn cheaper(
    reduced: &Reduced,
    price: u64,
    bins: &[u32],
    bound: u64,
) -> Option<Vec<Filled>> {
    if reduced.items() > MANY || is_good(price, bound) {
        return None;
    }
    let fit = |bins: &[u32]| {
        let cheaper = reduced.price_of(bins) < price;
        cheaper.then(|| exchange::fit(reduced, bins, EXCHANGES))?
    };
    if let Some(found) = fit(bins) {
        return Some(found);
    }
    for spared in SPARED {
        let (_, bins) = whole::bound(&reduced.with_less_room(spared), price);
        if let Some(found) = fit(&bins) {
            return Some(found);
        }
    }
    None
}

impl Reduced {
    /// The same items, and so many thousandths less in each bin.
    fn with_less_room(&self, thousandths: i64) -> Self {
        let less = |amount: &i64| amount - amount.saturating_mul(thousandths) / 1_000;
        let stocks = self.stocks.iter().map(|stock| Stock {
            amounts: stock.amounts.iter().map(less).collect(),
            ..stock.clone()
        });
        self.with_stocks(stocks.enumerate().collect())
    }
}
