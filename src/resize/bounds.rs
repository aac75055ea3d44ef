//! What machines for given pods cost at least, and the best choice where there are few. Pure.
//!
//! Variable-size vector bin packing: items with amounts, bins with capacities and prices. The highest of several bounds
//! counts: the dual of the linear relaxation over totals, that of items that can be divided, whole bins for such items, the
//! configuration relaxation by column generation, and counts of items of which no two share a bin.

mod certificate;
mod choice;
mod classes;
mod cliques;
mod configurations;
mod counts;
mod covers;
mod divided;
mod exact;
mod exchange;
mod fitting;
mod knapsack;
mod liquids;
mod many;
mod needs;
mod pool;
mod profile;
mod range;
mod reach;
mod reduced;
mod ruin;
mod sets;
mod shares;
mod simplex;
mod totals;
mod whole;

#[cfg(test)]
mod tests;

use choice::is_good;
use reduced::Reduced;
use totals::Totals;

/// Items to pack, and what can be bought for them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problem {
    pub items: Vec<Item>,
    pub bins: Vec<Bin>,
}

/// So many equal items.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Item {
    /// By resource, in an order that all items and bins share. One of them may count pods.
    pub amounts: Vec<i64>,
    pub count: u32,
    /// Whether it may go into each bin, by the bin's place.
    pub fits: Vec<bool>,
    /// At most so many of it in one bin; items with the same number of `apart` exclude each other altogether.
    pub per_bin: u32,
    pub apart: Option<u32>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bin {
    /// What is free in it for items, daemons taken off; below zero where these ask for more than there is.
    pub amounts: Vec<i64>,
    /// Millionths an hour.
    pub price: u64,
    pub limit: u32,
}

/// A price that no choice can undercut, in millionths, rounded up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bound {
    pub price: u64,
    pub kind: Kind,
}

/// Which argument gave the bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kind {
    /// Totals of each resource against the best price for it.
    #[default]
    Totals,
    /// Items that can be cut into parts, each with some of everything.
    Divided,
    /// Whole bins for items that can be cut.
    Whole,
    /// The relaxation over whole contents of bins.
    Configurations,
    /// Items that exclude each other.
    Cliques,
    /// Sets of whole bins that cost less, gone through.
    Exact,
}

/// What to buy and what to put in: bins by place, with the items in them by place and count.
pub type Packing = Vec<(usize, Vec<(usize, u32)>)>;

/// With more kinds of bins, one of so many is nearly full in any case: greedy choices are as good, and contents prove hardly
/// more than totals.
const KINDS: usize = 24;

/// What every choice costs at least; items that fit nowhere do not count. `columns`: how many contents of bins may be
/// generated for the relaxation over configurations; 0 leaves it at the simple bounds.
pub fn bound(problem: &Problem, columns: u32) -> Bound {
    let reduced = Reduced::of(problem).within_reach();
    let mut best = simple_bound(&reduced);
    if columns > 0 && reduced.stocks.len() <= KINDS {
        best.raise_by_parts(&reduced, u64::MAX);
        let contents = configurations::bound(&reduced, columns, best.price);
        best.raise(contents, Kind::Configurations);
    }
    best
}

fn simple_bound(reduced: &Reduced) -> Bound {
    let mut best = Bound::default();
    best.raise(Totals::of(reduced, false).bound(), Kind::Totals);
    best.raise(cliques::bound(reduced), Kind::Cliques);
    best
}

impl Bound {
    fn raise(&mut self, price: u64, kind: Kind) {
        if price > self.price {
            *self = Self { price, kind };
        }
    }

    /// By items that can be divided, and by whole bins for these, if that is of interest at the price of some choice. How many
    /// bins of each kind that are.
    fn raise_by_parts(&mut self, reduced: &Reduced, price: u64) -> Vec<u32> {
        self.raise(divided::bound(reduced), Kind::Divided);
        if is_good(price, self.price) {
            return Vec::new();
        }
        let (proven, bins) = whole::bound(reduced, price);
        self.raise(proven, Kind::Whole);
        bins
    }
}

/// The price of one unit of each resource in the cheapest mixture of bins: the dual solution of the totals, as if every
/// item could go into every bin. It ranks bins for greedy choices.
pub fn unit_prices(problem: &Problem) -> Vec<f64> {
    let reduced = Reduced::of(problem);
    let prices = Totals::of(&reduced, true).prices();
    let mut prices = prices.into_iter().next().unwrap_or_default().into_iter();
    let width = problem.items.iter().map(|item| item.amounts.len()).max();
    let mut all = vec![0.0; width.unwrap_or_default()];
    for resource in &reduced.resources {
        all[*resource] = prices.next().unwrap_or_default();
    }
    all
}

/// A cheap choice for many items, from so many contents and with so many steps of improvement. Nothing if there are too
/// few bins, items that fit nowhere, or so many kinds of bins that it is not worth its while.
pub fn choice(problem: &Problem, columns: u32, steps: u64) -> Option<(Packing, Bound)> {
    let reduced = Reduced::of(problem).within_reach();
    if reduced.homeless || reduced.stocks.len() > KINDS {
        return None;
    }
    let (mut filled, proven) = choice::choose(&reduced, columns, steps)?;
    let mut bound = simple_bound(&reduced);
    bound.raise(proven, Kind::Configurations);
    let price = reduced.price(&filled);
    let bins = bound.raise_by_parts(&reduced, price);
    if let Some(cheaper) = sets::cheaper(&reduced, price, &bins, bound.price) {
        filled = cheaper;
    }
    Some((reduced.packing(&filled), bound))
}

/// A choice for few items, and what every choice costs at least: as much, if so many steps suffice to prove it. Nothing if
/// no choice for all items is found.
pub fn cheapest(problem: &Problem, steps: u32) -> Option<(Packing, Bound)> {
    let reduced = Reduced::of(problem).within_reach();
    if reduced.homeless {
        return None;
    }
    let mut bound = simple_bound(&reduced);
    let (chosen, price) = exact::cheapest(&reduced, steps)?;
    bound.raise(price, Kind::Exact);
    Some((reduced.packing(&chosen), bound))
}
