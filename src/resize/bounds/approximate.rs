//! Amounts and prices as numbers with which one may divide. Pure.

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
