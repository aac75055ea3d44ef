//! What whole bins cost at least that hold all items as if these could be divided: branch and bound over how many bins
//! there are of each kind. Pure.
//!
//! At first bins only need enough of each resource. Where the cheapest ones do not hold the items, for what they have is not
//! the mixture that items ask for, the prices of what these need besides say what is wanting, in a way that holds for all
//! choices (Benders, Numerische Mathematik 4, 1962).

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::mem;

use super::choice::is_good;
use super::divided;
use super::needs::{Needs, worth};
use super::range::{NOISE, Range, parted};
use super::reduced::Reduced;

/// Branches that are looked at.
const STEPS: u32 = 600;
/// How often it is worked out what is wanting.
const CUTS: u32 = 12;

/// Choices with so many bins of each kind.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
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
    range: Range,
}

struct Search<'a> {
    reduced: &'a Reduced,
    needs: Needs,
    cuts: u32,
}

/// The highest bound that comes out in so many steps, as far as it is below the price of a choice; and how many bins of each
/// kind have enough of everything at that price, or at little more.
pub(super) fn bound(reduced: &Reduced, price: u64) -> (u64, Vec<u32>) {
    let mut search = Search {
        needs: Needs::of(reduced),
        reduced,
        cuts: CUTS,
    };
    let mut cheapest = search.branch(Range::of(reduced), 0);
    let mut others = BinaryHeap::new();
    for _ in 0..STEPS {
        if cheapest.done || is_good(price, cheapest.bound) {
            break;
        }
        let (next, other) = search.next(cheapest);
        others.extend(other.map(Reverse));
        cheapest = match others.peek_mut() {
            Some(mut other) if other.0 < next => mem::replace(&mut other.0, next),
            _ => next,
        };
    }
    let bound = cheapest.bound.min(price);
    (bound, search.completed(cheapest, price))
}

impl Search<'_> {
    /// Whole bins for the parts as well, as long as they cost less than this.
    fn completed(&mut self, mut branch: Branch, price: u64) -> Vec<u32> {
        for _ in 0..STEPS {
            if branch.done || branch.bound >= price {
                break;
            }
            let (next, other) = self.next(branch);
            branch = other.into_iter().fold(next, Branch::min);
        }
        branch.whole
    }

    /// What comes of a branch: one or two.
    fn next(&mut self, mut branch: Branch) -> (Branch, Option<Branch>) {
        if let Some(kind) = branch.parted {
            let parts = branch.range.split(kind, branch.whole[kind]);
            let [no_more, more] = parts.map(|range| self.branch(range, branch.bound));
            return (no_more, Some(more));
        }
        let known = self.needs.totals.len() > branch.needs;
        if known || self.cut(&branch.whole) {
            return (self.branch(branch.range, branch.bound), None);
        }
        branch.done = true;
        (branch, None)
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
    fn branch(&self, range: Range, known: u64) -> Branch {
        let missing = self.needs.missing(&range.least);
        let more = range.more();
        let (prices, counts) = self.needs.solve(self.reduced, &missing, &more);
        let scarcity = self.needs.scarcity(self.reduced, &prices);
        let scarcity = scarcity.iter().zip(&more);
        let scarce: f64 = scarcity.map(|(of, more)| of * f64::from(*more)).sum();
        let rest = worth(&missing, &prices) * (1.0 - 1e-9) - scarce;
        let bought = self.reduced.price_of(&range.least);
        let (mut whole, parted) = parted(self.reduced, &counts);
        for (whole, least) in whole.iter_mut().zip(&range.least) {
            *whole += least;
        }
        Branch {
            bound: known.max(bought.saturating_add(rest.max(0.0) as u64)),
            done: false,
            needs: self.needs.totals.len(),
            whole,
            parted,
            range,
        }
    }
}

#[cfg(test)]
mod tests;
