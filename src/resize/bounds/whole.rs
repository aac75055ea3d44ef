//! What whole bins cost at least that hold all items as if these could be divided: branch and bound over how many bins
//! there are of each kind. Pure.
//!
//! At first bins only need enough of each resource. Where the cheapest ones do not hold the items, for what they have is not
//! the mixture that items ask for, the prices of what these need besides say what is wanting, in a way that holds for all
//! choices (Benders, Numerische Mathematik 4, 1962).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::divided;
use super::needs::{Needs, worth};
use super::reduced::Reduced;
use crate::resize::approximate::{float_price, whole_ones};

/// Branches that are looked at.
const STEPS: u32 = 600;
/// How often it is worked out what is wanting.
const CUTS: u32 = 12;
/// A bound so close to a choice is high enough.
const ENOUGH: f64 = 1.002;
/// A part of a bin that is none.
const NOISE: f64 = 1e-6;

/// Choices with so many bins of each kind at least and at most.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Branch {
    /// No such choice costs less.
    bound: u64,
    /// Its cheapest bins hold all items, or it is not known what is wanting.
    done: bool,
    /// How many needs there were when it was worked out.
    needs: usize,
    /// Whole bins of each kind in the cheapest mixture, and a kind of which it has a part of a bin besides.
    whole: Vec<u32>,
    parted: Option<usize>,
    least: Vec<u32>,
    most: Vec<u32>,
}

struct Search<'a> {
    reduced: &'a Reduced,
    needs: Needs,
    cuts: u32,
}

/// The highest bound that comes out in so many steps, as far as it is below the price of a choice; and how many bins of each
/// kind it is the price of, or hardly less.
pub(super) fn bound(reduced: &Reduced, price: u64) -> (u64, Vec<u32>) {
    let mut search = Search {
        needs: Needs::of(reduced),
        reduced,
        cuts: CUTS,
    };
    let most: Vec<u32> = reduced.worths().iter().map(|worth| worth.limit).collect();
    let all = search.branch(vec![0; most.len()], most, 0);
    let mut branches = BinaryHeap::from([Reverse(all)]);
    let open =
        |branch: &Branch| !branch.done && float_price(branch.bound) * ENOUGH < float_price(price);
    let mut best = (0, Vec::new());
    for _ in 0..STEPS {
        let Some(Reverse(cheapest)) = branches.pop() else {
            break;
        };
        best = (cheapest.bound.min(price), cheapest.bins());
        if !open(&cheapest) {
            break;
        }
        branches.extend(search.next(cheapest).into_iter().map(Reverse));
    }
    best
}

impl Branch {
    /// The cheapest mixture, with whole bins for parts.
    fn bins(&self) -> Vec<u32> {
        let mut bins = self.whole.clone();
        if let Some(kind) = self.parted {
            bins[kind] += 1;
        }
        bins
    }
}

impl Search<'_> {
    /// What comes of a branch.
    fn next(&mut self, mut branch: Branch) -> Vec<Branch> {
        if let Some(kind) = branch.parted {
            return self.split(branch, kind);
        }
        let known = self.needs.totals.len() > branch.needs;
        if known || self.cut(&branch.whole) {
            return vec![self.branch(branch.least, branch.most, branch.bound)];
        }
        branch.done = true;
        vec![branch]
    }

    /// No more than the whole ones of a kind, or one more at least.
    fn split(&self, branch: Branch, kind: usize) -> Vec<Branch> {
        let (mut most, mut least) = (branch.most.clone(), branch.least.clone());
        most[kind] = branch.whole[kind];
        least[kind] = branch.whole[kind] + 1;
        vec![
            self.branch(branch.least, most, branch.bound),
            self.branch(least, branch.most, branch.bound),
        ]
    }

    /// Adds what is wanting to these bins; false if nothing is.
    fn cut(&mut self, bins: &[u32]) -> bool {
        let left = self.cuts.checked_sub(1);
        let division = left.and_then(|_| divided::divide_beyond(self.reduced, bins));
        let Some(division) = division else {
            return false;
        };
        self.cuts -= 1;
        let (total, full) = division.worths(self.reduced);
        let had = full.iter().zip(bins);
        let had: f64 = had.map(|(full, count)| full * f64::from(*count)).sum();
        let wanting = total > had * (1.0 + NOISE);
        if wanting {
            self.needs.add_worth(total, &full);
        }
        wanting
    }

    /// The cheapest mixture, and what its prices prove: a bin that is worth more than its price is there as often as it may
    /// be. `known` is a bound that holds anyway.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative; a part of a millionth less is a bound too"
    )]
    fn branch(&self, least: Vec<u32>, most: Vec<u32>, known: u64) -> Branch {
        let missing = self.needs.missing(&least);
        let more = most.iter().zip(&least).map(|(most, least)| most - least);
        let more: Vec<u32> = more.collect();
        let (prices, counts) = self.needs.solve(self.reduced, &missing, &more);
        let scarcity = self.needs.scarcity(self.reduced, &prices);
        let scarcity = scarcity.iter().zip(&more);
        let scarce: f64 = scarcity.map(|(of, more)| of * f64::from(*more)).sum();
        let rest = worth(&missing, &prices) * (1.0 - 1e-9) - scarce;
        let bought = self.price(&least);
        let whole = least.iter().zip(&counts);
        Branch {
            bound: known.max(bought.saturating_add(rest.max(0.0) as u64)),
            done: false,
            needs: self.needs.totals.len(),
            whole: whole
                .map(|(least, more)| least + whole_ones(*more))
                .collect(),
            parted: self.parted(&counts),
            least,
            most,
        }
    }

    fn price(&self, bins: &[u32]) -> u64 {
        let bins = self.reduced.stocks.iter().zip(bins);
        let prices = bins.map(|(stock, count)| stock.price.saturating_mul((*count).into()));
        prices.fold(0, u64::saturating_add)
    }

    /// The kind whose part is the dearest to do without or to complete.
    fn parted(&self, counts: &[f64]) -> Option<usize> {
        let part = |kind: &usize| {
            let part = counts[*kind].fract();
            part.min(1.0 - part)
        };
        let cost = |kind: &usize| part(kind) * float_price(self.reduced.stocks[*kind].price);
        let parts = (0..counts.len()).filter(|kind| part(kind) > NOISE);
        parts.max_by(|a, b| cost(a).total_cmp(&cost(b)))
    }
}

#[cfg(test)]
mod tests;
