//! A cheapest choice, and the proof that it is one. Pure.
//!
//! The values of the relaxation say how much dearer than the bound a choice becomes by each bin: by what its content is
//! worth less than it costs. So the search only looks at contents for which the sum of that stays within a margin,
//! which grows until nothing cheaper can be beyond it. Scarce bins cost their scarcity as well, and so a choice may cost
//! more than its margin says.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::choice;
use super::configurations::{Care, Exact, prove};
use super::covers;
use super::knapsack::{Content, Knapsack, RoomPrices, offered};
use super::reduced::Reduced;
use super::{KINDS, Packing};

/// Of a millionth: what values are rounded to.
const PARTS: i64 = 1 << 16;
const CARE: Care = Care {
    columns: 1_000,
    steps: 2_000,
    grain: 1 << 20,
};

/// Such a part of the steps is enough for most.
const QUICK: u32 = 16;
/// Contents that may come up where a first choice is looked for.
const COLUMNS: u32 = 600;

struct Search<'a> {
    reduced: &'a Reduced,
    exact: Exact,
    prices: Vec<RoomPrices>,
    /// Shapes in the order in which they get their bins.
    order: Vec<usize>,
    /// How many bins of each kind are left.
    left: Vec<u32>,
    /// Kinds of which there may be too few.
    scarce: Vec<usize>,
    chosen: Vec<(usize, Content)>,
    best: Chosen,
    /// What a choice has to cost less than.
    known: u64,
    /// Of all items, less what scarcity may add to the costs of bins.
    worth: i64,
    /// What bins may cost beyond the worth of their contents, all together.
    margin: i64,
    /// What was spent when the same items were left.
    seen: HashMap<(Vec<u32>, Vec<u32>), i64>,
    steps: u32,
}

/// Bins with what is in them, if any were found.
type Chosen = Option<Vec<(usize, Content)>>;

/// A bin that may be next.
struct Next {
    spent: i64,
    stock: usize,
    content: Content,
}

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
    let mut best = found.chosen;
    if price(&best) == found.bound {
        return best.map(|chosen| (chosen, found.bound));
    }
    best = cheaper(reduced, best, first(reduced, steps / 4));
    let mut left = steps / 2;
    let found = covers::cheapest(reduced, price(&best), &mut left);
    best = found.chosen.or(best);
    let mut bound = found.bound;
    if bound < price(&best) && reduced.stocks.len() <= KINDS {
        let (cheaper, proven) = below(reduced, price(&best), bound, steps / 4);
        best = cheaper.or(best);
        bound = proven.min(price(&best));
    }
    Some((best?, bound))
}

/// A choice that costs less than the known price, if any is found by the values of the relaxation, and what every choice
/// costs at least, as far as that is below the known price.
pub(super) fn below(reduced: &Reduced, known: u64, bound: u64, steps: u32) -> (Chosen, u64) {
    let proof = prove(reduced, CARE, bound);
    let bound = bound.max(proof.price);
    let Some(exact) = proof.in_parts(reduced, PARTS) else {
        return (None, bound);
    };
    let mut search = Search::new(reduced, exact, known, steps);
    let proven = search.deepen();
    (search.best, proven.max(bound))
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

impl<'a> Search<'a> {
    fn new(reduced: &'a Reduced, exact: Exact, known: u64, steps: u32) -> Self {
        let counts = reduced.counts();
        let prices = |stock| RoomPrices::of(reduced, stock, &exact.values, &counts);
        let mut order: Vec<usize> = (0..counts.len()).collect();
        order.sort_by_key(|shape| std::cmp::Reverse(exact.values[*shape]));
        let items = u32::try_from(reduced.items()).unwrap_or(u32::MAX);
        let worth = counts.iter().zip(&exact.values);
        let worth = worth.map(|(count, value)| i64::from(*count) * value);
        let scarcity = reduced.worths().into_iter().zip(&exact.scarcity);
        let scarcity = scarcity.map(|(bin, scarcity)| i64::from(bin.limit) * scarcity);
        Self {
            worth: worth.sum::<i64>() - scarcity.sum::<i64>(),
            prices: (0..reduced.stocks.len()).map(prices).collect(),
            left: reduced
                .stocks
                .iter()
                .map(|stock| stock.limit.min(items))
                .collect(),
            scarce: reduced.scarce(),
            reduced,
            exact,
            order,
            chosen: Vec::new(),
            best: None,
            known,
            margin: 0,
            seen: HashMap::new(),
            steps,
        }
    }

    /// Widens the margin until nothing cheaper can be beyond it. Returns what every choice costs at least.
    fn deepen(&mut self) -> u64 {
        let counts = self.reduced.counts();
        let mut margin = (self.worth / 1024).max(0) + PARTS;
        let mut proven = 0;
        loop {
            self.margin = margin.min(self.margin_below(self.known));
            self.seen.clear();
            self.descend(&counts, 0);
            if self.steps == 0 {
                return proven;
            }
            if margin >= self.margin_below(self.known) {
                return self.known;
            }
            // All that spend no more are excluded.
            let least = (self.worth + margin) / PARTS + 1;
            proven = u64::try_from(least).unwrap_or_default();
            margin = margin.saturating_mul(2);
        }
    }

    /// What choices spend at most that cost less than this.
    fn margin_below(&self, price: u64) -> i64 {
        let price = i64::try_from(price).unwrap_or(i64::MAX);
        let parts = (price - 1).saturating_mul(PARTS);
        parts.saturating_sub(self.worth)
    }

    fn descend(&mut self, counts: &[u32], spent: i64) {
        let first = self.order.iter().find(|shape| counts[**shape] > 0);
        let Some(first) = first.copied() else {
            self.finish();
            return;
        };
        if self.was_here(counts, spent) {
            return;
        }
        for next in self.nexts(counts, first, spent) {
            if self.steps == 0 {
                return;
            }
            if next.spent > self.margin {
                break;
            }
            let mut rest = counts.to_vec();
            for (shape, count) in &next.content {
                rest[*shape] -= count;
            }
            self.left[next.stock] -= 1;
            self.chosen.push((next.stock, next.content));
            self.descend(&rest, next.spent);
            self.chosen.pop();
            self.left[next.stock] += 1;
        }
    }

    /// Whether the same items and bins were left before, with no less of the margin.
    fn was_here(&mut self, counts: &[u32], spent: i64) -> bool {
        let left = self.scarce.iter().map(|stock| self.left[*stock]).collect();
        match self.seen.entry((counts.to_vec(), left)) {
            Entry::Occupied(before) if *before.get() <= spent => true,
            Entry::Occupied(mut before) => {
                before.insert(spent);
                false
            }
            Entry::Vacant(new) => {
                new.insert(spent);
                false
            }
        }
    }

    /// Bins with the first shape in them, those that spend the least in front.
    fn nexts(&mut self, counts: &[u32], first: usize, spent: i64) -> Vec<Next> {
        let mut nexts = Vec::new();
        for stock in 0..self.reduced.stocks.len() {
            if self.left[stock] == 0 || !self.reduced.shapes[first].fits[stock] {
                continue;
            }
            let cost = self.exact.costs[stock];
            let wanted = cost - (self.margin - spent);
            let values = &self.exact.values;
            let knapsack = Knapsack::new(
                self.reduced,
                stock,
                offered(values, counts),
                &self.prices[stock],
                Some(first),
            );
            // Sorting the items counts, too.
            let sorted = u32::try_from(counts.len()).unwrap_or(u32::MAX);
            self.steps = self.steps.saturating_sub(sorted);
            self.steps = knapsack.full(wanted, self.steps, |value, content| {
                let spent = spent + cost - value;
                nexts.push(Next {
                    spent,
                    stock,
                    content,
                });
            });
        }
        nexts.sort_by_key(|next| next.spent);
        nexts
    }

    fn finish(&mut self) {
        let price = self.reduced.price(&self.chosen);
        if price < self.known {
            self.known = price;
            self.best = Some(self.chosen.clone());
            // Only what is cheaper is of interest from here on.
            self.margin = self.margin.min(self.margin_below(price));
        }
    }
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
