//! How many bins of each kind a choice has, at least and at most: what branch and bound divides. Pure.

use super::reduced::Reduced;
use crate::resize::approximate::{float_price, whole_ones};

/// A part of a bin, or of an item, that is none.
pub(super) const NOISE: f64 = 1e-6;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Range {
    pub least: Vec<u32>,
    pub most: Vec<u32>,
}

impl Range {
    /// That of all choices.
    pub(super) fn of(reduced: &Reduced) -> Self {
        let most: Vec<u32> = reduced.worths().iter().map(|worth| worth.limit).collect();
        Self {
            least: vec![0; most.len()],
            most,
        }
    }

    /// So many of a kind at most, or more.
    pub(super) fn split(self, kind: usize, at: u32) -> [Self; 2] {
        let mut more = self.clone();
        more.least[kind] = at + 1;
        let mut no_more = self;
        no_more.most[kind] = at;
        [no_more, more]
    }

    /// How many there may be beyond the least.
    pub(super) fn more(&self) -> Vec<u32> {
        let both = self.most.iter().zip(&self.least);
        both.map(|(most, least)| most - least).collect()
    }
}

/// Bins of each kind, of which there may be parts: how many whole ones, and the kind whose part is the dearest to do without
/// or to complete.
pub(super) fn parted(reduced: &Reduced, counts: &[f64]) -> (Vec<u32>, Option<usize>) {
    let part = |kind: &usize| {
        let part = counts[*kind].fract();
        part.min(1.0 - part)
    };
    let cost = |kind: &usize| part(kind) * float_price(reduced.stocks[*kind].price);
    let parts = (0..counts.len()).filter(|kind| part(kind) > NOISE);
    let dearest = parts.max_by(|a, b| cost(a).total_cmp(&cost(b)));
    let whole = counts.iter().map(|count| whole_ones(*count));
    (whole.collect(), dearest)
}
