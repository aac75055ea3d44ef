//! A cheapest choice for few items, and the proof that it is one. Pure.

use super::choice;
use super::counts;
use super::covers;
use super::knapsack::Content;
use super::reduced::Reduced;
use super::{KINDS, Packing};

/// Such a part of the steps is enough for most.
const QUICK: u32 = 16;
/// Contents that may come up where a first choice is looked for.
const COLUMNS: u32 = 600;
/// With more shapes than this, contents take long and prove little more than items that can be divided.
const SHAPES: usize = 32;

/// Bins with what is in them, if any were found.
type Chosen = Option<Vec<(usize, Content)>>;

/// A choice, and what every choice costs at least: as much, where that is proven within the steps. Nothing if no choice for
/// all items is found.
pub(super) fn cheapest(reduced: &Reduced, steps: u32) -> Option<(Vec<(usize, Content)>, u64)> {
    if reduced.shapes.is_empty() {
        return Some((Vec::new(), 0));
    }
    let price = |chosen: &Chosen| match chosen {
        Some(chosen) => reduced.price(chosen),
        None => u64::MAX,
    };
    let mut left = steps / QUICK;
    let found = covers::cheapest(reduced, u64::MAX, &mut left);
    let (mut best, mut bound) = (found.chosen, found.bound);
    if bound < price(&best) {
        best = cheaper(reduced, best, first(reduced, steps / 4));
    }
    let few = reduced.shapes.len() <= SHAPES && reduced.stocks.len() <= KINDS;
    if few && bound < price(&best) {
        let found = counts::cheapest(reduced, price(&best), bound);
        (best, bound) = (found.chosen.or(best), found.bound);
    }
    if bound < price(&best) {
        let mut left = steps / 2;
        let found = covers::cheapest(reduced, price(&best), &mut left);
        (best, bound) = (found.chosen.or(best), bound.max(found.bound));
    }
    Some((best?, bound))
}

/// The cheaper one of two choices.
fn cheaper(reduced: &Reduced, a: Chosen, b: Chosen) -> Chosen {
    let both = a.into_iter().chain(b);
    both.min_by_key(|chosen| reduced.price(chosen))
}

/// A choice that need not be the cheapest.
fn first(reduced: &Reduced, steps: u32) -> Chosen {
    let (few, kinds) = reduced.thinned(KINDS);
    let (chosen, _) = choice::choose(&few, COLUMNS, steps.into())?;
    let same = |(stock, content): (usize, Content)| (kinds[stock], content);
    Some(chosen.into_iter().map(same).collect())
}

impl Reduced {
    pub(super) fn price(&self, chosen: &[(usize, Content)]) -> u64 {
        let prices = chosen.iter().map(|(stock, _)| self.stocks[*stock].price);
        prices.fold(0, u64::saturating_add)
    }

    /// The same choice for the items and bins that the shapes and kinds of bins stand for.
    pub(super) fn packing(&self, chosen: &[(usize, Content)]) -> Packing {
        let mut bins: Vec<_> = self
            .stocks
            .iter()
            .map(|stock| stock.sources.clone())
            .collect();
        let mut items: Vec<_> = self
            .shapes
            .iter()
            .map(|shape| shape.sources.clone())
            .collect();
        let one = |(stock, content): &(usize, Content)| {
            let bin = take(&mut bins[*stock], 1);
            let content = content
                .iter()
                .flat_map(|(shape, count)| take(&mut items[*shape], *count));
            (bin.first().map_or(0, |(bin, _)| *bin), content.collect())
        };
        chosen.iter().map(one).collect()
    }
}

/// Takes so many from what is there, the last in front.
fn take(sources: &mut Vec<(usize, u32)>, mut count: u32) -> Vec<(usize, u32)> {
    let mut taken = Vec::new();
    while let Some((place, there)) = sources.last_mut().filter(|_| count > 0) {
        let some = count.min(*there);
        taken.push((*place, some));
        *there -= some;
        count -= some;
        if *there == 0 {
            sources.pop();
        }
    }
    taken
}
