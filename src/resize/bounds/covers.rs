//! The cheapest choice by way of what is bought: sets of bins in the order of their prices, until the items fit into one.
//! Pure.
//!
//! With few items and bins that hold many, sets that have enough of everything in all and cost little more than the bound
//! are few, and the first one into which the items fit is a cheapest choice. Items that only some bins take need enough
//! in those alone.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::KINDS;
use super::fitting::{Answer, Fitting};
use super::knapsack::Content;
use super::needs::{Needs, worth};
use super::reduced::Reduced;

/// Steps of the search into one set before a set was undecided, and afterwards, when nothing can be proven any more.
const CAREFUL: u32 = 60_000;
const QUICK: u32 = 12_000;

/// Bins that are bought. Very many wait for their turn, and so what is still missing is worked out anew.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Cover {
    /// What it costs at least, with all that is still to be bought.
    bound: u64,
    complete: Reverse<bool>,
    price: u64,
    /// How many of each kind.
    counts: Vec<u32>,
    /// Kinds before this one are not added any more, so that each set comes up once.
    from: usize,
}

/// What was found out.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// A choice below the known price.
    pub chosen: Option<Vec<(usize, Content)>>,
    /// No choice costs less.
    pub bound: u64,
}

struct Search<'a> {
    reduced: &'a Reduced,
    needs: Needs,
    /// Of a unit of each need; no bin is worth more than its price and its scarcity.
    prices: Vec<f64>,
    scarcity: Vec<f64>,
    limits: Vec<u32>,
}

/// Looks at sets that cost less than the known price, and into them, for so many steps.
pub(super) fn cheapest(reduced: &Reduced, known: u64, steps: &mut u32) -> Found {
    let search = Search::new(reduced);
    let fitting = Fitting::of(reduced);
    let mut covers = BinaryHeap::from([Reverse(search.nothing())]);
    let mut undecided: Option<u64> = None;
    while let Some(Reverse(cover)) = covers.pop().filter(|Reverse(cover)| cover.bound < known) {
        if *steps == 0 {
            let bound = undecided.unwrap_or(cover.bound);
            return Found {
                chosen: None,
                bound,
            };
        }
        *steps = steps.saturating_sub(search.breadth(&cover));
        if cover.complete.0 {
            let most = if undecided.is_none() { CAREFUL } else { QUICK };
            let exchanged = fitting.exchange(&cover.counts, steps);
            let fit = || fitting.fit(&cover.counts, most, steps);
            match exchanged.map_or_else(fit, Answer::Fits) {
                Answer::Fits(chosen) => {
                    return Found {
                        chosen: Some(chosen),
                        bound: undecided.unwrap_or(cover.price),
                    };
                }
                Answer::Unknown => undecided = undecided.or(Some(cover.price)),
                Answer::Impossible => {}
            }
        }
        let larger = search.larger(&cover);
        covers.extend(larger.filter(|larger| larger.bound < known).map(Reverse));
    }
    Found {
        chosen: None,
        bound: undecided.unwrap_or(known),
    }
}

impl<'a> Search<'a> {
    fn new(reduced: &'a Reduced) -> Self {
        let limits: Vec<u32> = reduced.worths().iter().map(|worth| worth.limit).collect();
        let needs = Needs::of(reduced);
        let (prices, _) = needs.solve(reduced, &needs.totals, &limits);
        Self {
            scarcity: needs.scarcity(reduced, &prices),
            prices,
            limits,
            needs,
            reduced,
        }
    }

    fn nothing(&self) -> Cover {
        let nothing = Cover {
            bound: 0,
            complete: Reverse(false),
            price: 0,
            counts: vec![0; self.reduced.stocks.len()],
            from: 0,
        };
        self.priced(nothing, &self.needs.totals)
    }

    /// Steps for the sets that come of this one: the more kinds there are, the longer each takes, and the more room.
    fn breadth(&self, cover: &Cover) -> u32 {
        let kinds = self.limits.len();
        let steps = (kinds - cover.from) * kinds.div_ceil(KINDS);
        u32::try_from(steps).unwrap_or(u32::MAX)
    }

    /// One bin more, of each kind that is still added.
    fn larger<'b>(&'b self, cover: &'b Cover) -> impl Iterator<Item = Cover> + 'b {
        let missing = self.needs.missing(&cover.counts);
        let mut rest = missing.clone();
        let kinds = cover.from..self.reduced.stocks.len();
        let had = kinds.filter(|kind| cover.counts[*kind] < self.limits[*kind]);
        had.map(move |kind| {
            let mut larger = cover.clone();
            larger.from = kind;
            larger.counts[kind] += 1;
            larger.price = larger.price.saturating_add(self.reduced.stocks[kind].price);
            let amounts = missing.iter().zip(&self.needs.gives[kind]);
            for (rest, (missing, gives)) in rest.iter_mut().zip(amounts) {
                *rest = missing.saturating_sub(*gives);
            }
            self.priced(larger, &rest)
        })
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative; a part of a millionth less is a bound too"
    )]
    fn priced(&self, mut cover: Cover, missing: &[i64]) -> Cover {
        let left = self
            .limits
            .iter()
            .zip(&cover.counts)
            .map(|(limit, count)| f64::from(limit - count));
        let scarce: f64 = left
            .zip(&self.scarcity)
            .map(|(left, scarcity)| left * scarcity)
            .sum();
        let rest = worth(missing, &self.prices) * (1.0 - 1e-9) - scarce;
        cover.bound = cover.price.saturating_add(rest.max(0.0) as u64);
        cover.complete = Reverse(missing.iter().all(|missing| *missing <= 0));
        cover
    }
}
