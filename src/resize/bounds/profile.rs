//! What can still go into a bin is worth at most this, told by what is left of one resource. Pure.
//!
//! One resource is kept whole, by dynamic programming over its amounts; the others have prices (Lagrangian relaxation:
//! Martello and Toth, Knapsack Problems, 1990). Where a few large items fill a bin, that is much less than prices alone
//! tell.

use super::reach::gcd;
use super::reduced::room_for;
use crate::resize::approximate::float;

/// A resource is cut into so many cells at most. Amounts are rounded down to whole cells, and so nothing is left out.
const CELLS: i64 = 1024;

/// Something of which there is a number to put in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece<'a> {
    pub amounts: &'a [i64],
    pub value: f64,
    pub most: u32,
}

#[derive(Debug)]
pub(super) struct Profile {
    resource: usize,
    /// Amount of the resource in a cell.
    unit: i64,
    /// Prices of the resources; the one that is kept whole has none.
    prices: Vec<f64>,
    /// One more than there are cells.
    width: usize,
    /// For the pieces from each place on: what they are worth at most beyond the others' prices, by whole cells.
    worth: Vec<f64>,
}

impl Profile {
    /// `prices`: of a unit of each resource. Any are right; the better they are, the less the rest is worth.
    pub(super) fn new(resource: usize, free: &[i64], pieces: &[Piece], prices: &[f64]) -> Self {
        let unit = unit(resource, free, pieces);
        let cells = usize::try_from(free[resource].max(0) / unit).unwrap_or_default();
        let mut prices = prices.to_vec();
        prices[resource] = 0.0;
        let mut profile = Self {
            worth: vec![0.0; (cells + 1) * (pieces.len() + 1)],
            width: cells + 1,
            resource,
            unit,
            prices,
        };
        for (place, piece) in pieces.iter().enumerate().rev() {
            profile.add(place, piece, free);
        }
        profile
    }

    /// What the pieces from this place on add at most where so much is free.
    pub(super) fn limit(&self, from: usize, free: &[i64]) -> f64 {
        let cell = usize::try_from(free[self.resource] / self.unit).unwrap_or_default();
        let limit = self.priced(free) + self.worth[from * self.width + cell];
        // Sums of products of whole numbers may be wrong in their last digits.
        limit * (1.0 + 1e-11) + 1.0
    }

    fn priced(&self, amounts: &[i64]) -> f64 {
        let parts = amounts.iter().zip(&self.prices);
        parts.map(|(amount, price)| float(*amount) * price).sum()
    }

    fn add(&mut self, place: usize, piece: &Piece, free: &[i64]) {
        let (before, after) = self.worth.split_at_mut((place + 1) * self.width);
        let row = &mut before[place * self.width..];
        row.copy_from_slice(&after[..self.width]);
        let priced: f64 = (piece.amounts.iter().zip(&self.prices))
            .map(|(amount, price)| float(*amount) * price)
            .sum();
        let gain = piece.value - priced;
        let most = piece.most.min(room_for(free, piece.amounts));
        if gain <= 0.0 || most == 0 {
            return;
        }
        let cells = usize::try_from(piece.amounts[self.resource] / self.unit).unwrap_or(usize::MAX);
        if cells == 0 {
            for worth in row {
                *worth += gain * f64::from(most);
            }
        } else if u64::from(most) >= (row.len() / cells) as u64 {
            any_number(row, cells, gain);
        } else {
            so_many(row, cells, gain, most);
        }
    }
}

/// As many as there is room for.
fn any_number(row: &mut [f64], cells: usize, gain: f64) {
    for cell in cells..row.len() {
        row[cell] = row[cell].max(row[cell - cells] + gain);
    }
}

/// In bundles of one, two, four and so on: any number up to the most is a sum of some of them.
fn so_many(row: &mut [f64], cells: usize, gain: f64, most: u32) {
    let (mut left, mut bundle) = (most, 1);
    while left > 0 {
        let pieces = bundle.min(left);
        let (cells, gain) = (cells * pieces as usize, gain * f64::from(pieces));
        for cell in (cells..row.len()).rev() {
            row[cell] = row[cell].max(row[cell - cells] + gain);
        }
        left -= pieces;
        bundle *= 2;
    }
}

/// The greatest amount of which all are multiples; a part of the whole, if that gives too many cells.
fn unit(resource: usize, free: &[i64], pieces: &[Piece]) -> i64 {
    let amounts = pieces.iter().map(|piece| piece.amounts[resource]);
    let common = amounts.fold(0, gcd).max(1);
    let all = free[resource].max(0);
    if all / common <= CELLS {
        common
    } else {
        all / CELLS + 1
    }
}
