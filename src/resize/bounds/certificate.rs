//! What values of items prove about the price of all of them, in whole numbers: no rounding can make it too high. Pure.
//!
//! Let each item have a value, and let no content of a bin be worth more than the bin's `most`. Then all items together
//! cost at least their values times `price / most` of the bin where that is least: bins with a larger share of their price
//! would not be used. Where a bin can be had only so often, the others have to carry the rest, and the factor goes up as
//! long as that pays. This is the dual of the relaxation over contents of bins, and Farley's bound for values that are
//! not quite its solution.

/// A kind of bin, and what its content is worth at most.
#[derive(Debug, Clone, Copy)]
pub(super) struct Worth {
    pub price: u64,
    pub limit: u32,
    pub most: i128,
}

/// The factor by which values become prices: a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Factor {
    pub price: i128,
    pub most: i128,
}

/// Prices beyond this count as this much: what is proven only gets lower.
const DEAREST: u64 = 1 << 34;

/// What items of this value in all cost at least.
pub(super) fn proven(total: i128, worths: &[Worth]) -> u64 {
    let Some(factor) = best_factor(total, worths) else {
        return 0;
    };
    let beyond = worths.iter().map(|worth| {
        let excess = factor.price * worth.most - price(worth) * factor.most;
        i128::from(worth.limit).saturating_mul(excess.max(0))
    });
    let beyond = beyond.fold(0, i128::saturating_add);
    // So many items that this does not fit: nothing is said about them.
    let Some(value) = factor.price.checked_mul(total) else {
        return 0;
    };
    let proven = value.saturating_sub(beyond).max(0);
    // Prices are whole, and so is the sum of any choice.
    let rounded_up = proven / factor.most + i128::from(proven % factor.most > 0);
    u64::try_from(rounded_up).unwrap_or_default()
}

/// The factor that proves most. It grows until the bins that become too dear are as many as what they replace.
pub(super) fn best_factor(total: i128, worths: &[Worth]) -> Option<Factor> {
    let mut factors: Vec<&Worth> = worths.iter().filter(|worth| worth.most > 0).collect();
    factors.sort_by(|a, b| (price(a) * b.most).cmp(&(price(b) * a.most)));
    let mut carried = 0_i128;
    let mut best = None;
    for worth in factors {
        best = Some(Factor {
            price: price(worth),
            most: worth.most,
        });
        carried = carried.saturating_add(i128::from(worth.limit) * worth.most);
        if carried >= total {
            break;
        }
    }
    best
}

fn price(worth: &Worth) -> i128 {
    i128::from(worth.price.min(DEAREST))
}
