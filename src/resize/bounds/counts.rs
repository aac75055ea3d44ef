//! A cheapest choice by how many bins there are of each kind, and the proof that it is one: branch and bound over these
//! numbers by the relaxation over contents. Pure.
//!
//! Prices of whole bins add up to few sums near the bound. Once it is settled how many there are of each kind, the
//! relaxation is seldom cheaper than a choice.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::configurations;
use super::covers::Found;
use super::fitting::{Answer, Fitting};
use super::knapsack::Content;
use super::range::{Range, parted};
use super::reduced::{Reduced, Stock};

/// Branches that are looked at, and contents that may be generated for one.
const BRANCHES: u32 = 120;
const COLUMNS: u32 = 300;
/// Steps of the search into one set of bins.
const STEPS: u32 = 60_000;

/// Choices with so many bins of each kind.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Branch {
    /// No such choice costs less.
    bound: u64,
    range: Range,
    /// Whole bins of each kind in the cheapest mixture, and a kind of which it has a part of a bin besides.
    whole: Vec<u32>,
    parted: Option<usize>,
}

struct Search<'a> {
    reduced: &'a Reduced,
    fitting: Fitting<'a>,
    chosen: Option<Vec<(usize, Content)>>,
    /// What a choice has to cost less than.
    known: u64,
}

/// A choice below the known price, if any is found, and what every choice costs at least, as far as that is below it.
/// `bound` holds anyway.
pub(super) fn cheapest(reduced: &Reduced, known: u64, bound: u64) -> Found {
    let mut search = Search {
        fitting: Fitting::of(reduced),
        reduced,
        chosen: None,
        known,
    };
    let mut branches = BinaryHeap::new();
    branches.extend(search.branch(Range::of(reduced), bound).map(Reverse));
    let mut bound = known;
    for _ in 0..BRANCHES {
        let Some(Reverse(cheapest)) = branches.pop() else {
            bound = search.known;
            break;
        };
        bound = cheapest.bound.min(search.known);
        if bound == search.known {
            break;
        }
        let Some(ranges) = search.divided(cheapest) else {
            break;
        };
        let next = ranges
            .into_iter()
            .filter_map(|range| search.branch(range, bound));
        branches.extend(next.map(Reverse));
    }
    Found {
        chosen: search.chosen,
        bound,
    }
}

impl Search<'_> {
    /// The parts of a branch; none where it is known what is in it, nothing where that is not found out.
    fn divided(&mut self, branch: Branch) -> Option<Vec<Range>> {
        let Branch { range, whole, .. } = branch;
        if let Some(kind) = branch.parted {
            return Some(range.split(kind, whole[kind]).into());
        }
        let mut steps = STEPS;
        if let Some(chosen) = self.fitting.exchange(&whole, &mut steps) {
            self.take(chosen);
            if branch.bound >= self.known {
                return Some(Vec::new());
            }
        }
        let open = (0..whole.len()).find(|kind| range.least[*kind] < range.most[*kind]);
        if let Some(kind) = open {
            let at = whole[kind].min(range.most[kind] - 1);
            return Some(range.split(kind, at).into());
        }
        match self.fitting.fit(&whole, STEPS, &mut steps) {
            Answer::Fits(chosen) => self.take(chosen),
            Answer::Impossible => {}
            Answer::Unknown => return None,
        }
        Some(Vec::new())
    }

    fn take(&mut self, chosen: Vec<(usize, Content)>) {
        let price = self.reduced.price(&chosen);
        if price < self.known {
            self.known = price;
            self.chosen = Some(chosen);
        }
    }

    /// Nothing if no choice in the range is below the known price. `bound` holds anyway. The least bins of each kind are
    /// bought in any case, and so the relaxation has them for nothing.
    fn branch(&self, range: Range, bound: u64) -> Option<Branch> {
        let had = self.stocks(&range.least, Some(0));
        let first_paid = had.len();
        let paid = self.stocks(&range.more(), None);
        let stocks: Vec<(usize, Stock)> = had.into_iter().chain(paid).collect();
        let kinds: Vec<usize> = stocks.iter().map(|(kind, _)| *kind).collect();
        let reduced = self.reduced.with_stocks(stocks);
        if !reduced
            .shapes
            .iter()
            .all(|shape| shape.fits.contains(&true))
        {
            return None;
        }
        let (mixture, proof) = configurations::mixture(&reduced, COLUMNS);
        let mut counts: Vec<f64> = range.least.iter().copied().map(f64::from).collect();
        for (stock, _, times) in mixture.iter().filter(|(stock, ..)| *stock >= first_paid) {
            counts[kinds[*stock]] += times;
        }
        let bought = self.reduced.price_of(&range.least);
        let (whole, parted) = parted(self.reduced, &counts);
        let branch = Branch {
            bound: bound.max(bought.saturating_add(proof.price)),
            range,
            whole,
            parted,
        };
        Some(branch).filter(|branch| branch.bound < self.known)
    }

    /// So many of each kind, at their price if at no other one.
    fn stocks(&self, counts: &[u32], price: Option<u64>) -> Vec<(usize, Stock)> {
        let kinds = self.reduced.stocks.iter().zip(counts).enumerate();
        let some = kinds.filter(|(_, (_, count))| **count > 0);
        let stocks = some.map(|(kind, (stock, count))| {
            let stock = Stock {
                price: price.unwrap_or(stock.price),
                limit: *count,
                ..stock.clone()
            };
            (kind, stock)
        });
        stocks.collect()
    }
}
