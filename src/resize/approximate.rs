//! Amounts and prices as numbers with which one may divide, and back. Pure.

/// A large value in whole numbers: fine enough, and far from what an `i128` holds.
const GRAIN: f64 = 72_057_594_037_927_936.0;

/// Near enough for choices; bounds are widened by more than what is lost, or checked in whole numbers.
#[expect(clippy::cast_precision_loss, reason = "approximate on purpose")]
pub(super) fn float(amount: i64) -> f64 {
    amount as f64
}

/// As [`float`], of a price.
#[expect(clippy::cast_precision_loss, reason = "approximate on purpose")]
pub(super) fn float_price(price: u64) -> f64 {
    price as f64
}

/// What amounts are worth at these prices.
pub(super) fn worth(prices: &[f64], amounts: &[i64]) -> f64 {
    let parts = prices.iter().zip(amounts);
    parts.map(|(price, amount)| price * float(*amount)).sum()
}

/// Prices as whole numbers, the same part of a grain; `largest`: what is worth most at them.
pub(super) fn grains(prices: &[Vec<f64>], largest: f64) -> Vec<Vec<i128>> {
    let factor = if largest > 0.0 { GRAIN / largest } else { 0.0 };
    let grain = |price: &f64| whole(price * factor);
    let of = |prices: &Vec<f64>| prices.iter().map(grain).collect();
    prices.iter().map(of).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "scaled so that it fits")]
fn whole(value: f64) -> i128 {
    value as i128
}

/// How many whole ones that is; what is missing by no more than an error of calculation counts.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "positive, and no more than there are items"
)]
pub(super) fn whole_ones(times: f64) -> u32 {
    (times + 1e-6).floor() as u32
}
