//! Items as if they could be poured, grouped by the bins that they may go into. Pure.

use std::collections::BTreeMap;

use super::reduced::{Reduced, Shape};

/// Groups beyond this are poured together; that only makes the bound lower.
const GROUPS: usize = 24;
/// So many sets of items that exclude each other are looked at, those that need the most bins.
const SETS: usize = 4;
/// What a bin has for items that exclude each other.
pub(super) const WHOLE: i64 = 1 << 20;

/// Items that may go into the same bins.
#[derive(Debug)]
pub(super) struct Liquid {
    pub fits: Vec<bool>,
    pub totals: Vec<i128>,
}

/// Which part of a bin each shape takes up, for the sets that need the most bins.
pub(super) fn sets(reduced: &Reduced) -> Vec<Vec<i64>> {
    let mut sets: BTreeMap<(Option<u32>, usize), Vec<i64>> = BTreeMap::new();
    for (place, shape) in reduced.shapes.iter().enumerate() {
        if shape.apart.is_none() && shape.most >= shape.count {
            continue;
        }
        let own = if shape.apart.is_some() { 0 } else { place };
        let set = sets.entry((shape.apart, own));
        let set = set.or_insert_with(|| vec![0; reduced.shapes.len()]);
        set[place] = WHOLE / i64::from(shape.most);
    }
    let mut sets: Vec<Vec<i64>> = sets.into_values().collect();
    let bins = |set: &Vec<i64>| -> i128 {
        let parts = set.iter().zip(&reduced.shapes);
        parts
            .map(|(part, shape)| i128::from(*part) * i128::from(shape.count))
            .sum()
    };
    sets.sort_by_cached_key(|set| std::cmp::Reverse(bins(set)));
    sets.truncate(SETS);
    sets
}

pub(super) fn liquids(reduced: &Reduced, sets: &[Vec<i64>], together: bool) -> Vec<Liquid> {
    let mut groups: BTreeMap<Vec<bool>, Vec<i128>> = BTreeMap::new();
    for (place, shape) in reduced.shapes.iter().enumerate() {
        let fits = if together {
            vec![true; shape.fits.len()]
        } else {
            shape.fits.clone()
        };
        let parts = sets.iter().map(|set| set[place]);
        let amounts = shape.amounts.iter().copied().chain(parts);
        let totals = groups
            .entry(fits)
            .or_insert_with(|| vec![0; shape.amounts.len() + sets.len()]);
        for (total, amount) in totals.iter_mut().zip(amounts) {
            *total += i128::from(amount) * i128::from(shape.count);
        }
    }
    let mut liquids: Vec<Liquid> = groups
        .into_iter()
        .map(|(fits, totals)| Liquid { fits, totals })
        .collect();
    while liquids.len() > GROUPS {
        pour_together(&mut liquids);
    }
    liquids
}

impl Liquid {
    /// Whether a shape may be part of it; the group that fits most closely is the one that it is in.
    fn holds(&self, shape: &Shape) -> bool {
        let mut bins = self.fits.iter().zip(&shape.fits);
        bins.all(|(liquid, shape)| *liquid || !shape)
    }
}

/// The group of a shape.
pub(super) fn liquid_of(liquids: &[Liquid], shape: &Shape) -> Option<usize> {
    let holding = (0..liquids.len()).filter(|liquid| liquids[*liquid].holds(shape));
    holding.min_by_key(|liquid| liquids[*liquid].fits.iter().filter(|fits| **fits).count())
}

/// Mixes the last group with the one that may go into the most bins that it may go into too.
fn pour_together(liquids: &mut Vec<Liquid>) {
    let Some(last) = liquids.pop() else { return };
    let shared = |other: &&mut Liquid| {
        let differ = other.fits.iter().zip(&last.fits).filter(|(a, b)| a != b);
        differ.count()
    };
    let Some(other) = liquids.iter_mut().min_by_key(shared) else {
        return;
    };
    for (fits, more) in other.fits.iter_mut().zip(&last.fits) {
        *fits |= more;
    }
    for (total, more) in other.totals.iter_mut().zip(&last.totals) {
        *total += more;
    }
}
