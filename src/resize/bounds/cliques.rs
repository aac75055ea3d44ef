//! Items that exclude each other: each needs a bin of its own. Pure.

use std::collections::BTreeMap;

use super::reduced::{Reduced, Shape};

/// What the dearest set of items that exclude each other costs at least.
pub(super) fn bound(reduced: &Reduced) -> u64 {
    let mut sets: BTreeMap<u32, u64> = BTreeMap::new();
    let mut dearest = 0;
    for shape in &reduced.shapes {
        let price =
            u64::from(shape.count.div_ceil(shape.most)).saturating_mul(cheapest(reduced, shape));
        dearest = dearest.max(price);
        if let Some(set) = shape.apart {
            let sum = sets.entry(set).or_default();
            *sum = sum.saturating_add(price);
        }
    }
    sets.into_values().fold(dearest, u64::max)
}

fn cheapest(reduced: &Reduced, shape: &Shape) -> u64 {
    let bins = reduced.stocks.iter().zip(&shape.fits);
    let prices = bins
        .filter(|(_, fits)| **fits)
        .map(|(stock, _)| stock.price);
    prices.min().unwrap_or_default()
}
