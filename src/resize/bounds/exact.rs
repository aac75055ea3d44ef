//! A cheapest choice, and the proof that it is one. Pure.
//!
//! The values of the relaxation say how much dearer than the bound a choice becomes by each bin: by what its content is
//! worth less than it costs. So the search only looks at contents for which the sum of that stays within a margin,
//! which grows until a choice is found. One that is found within an exhausted margin is a cheapest one.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::configurations::{Care, Exact, prove};
use super::covers::{self, Found};
use super::knapsack::{Content, Knapsack, RoomPrices};
use super::reduced::Reduced;
use super::{Packing, Problem};

/// Of a millionth: what values are rounded to.
const PARTS: i64 = 1 << 16;
const CARE: Care = Care {
    columns: 3_000,
    steps: 3_000,
    grain: 1 << 20,
};

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
    best: Option<(i64, Vec<(usize, Content)>)>,
    /// What bins may cost beyond the worth of their contents, all together.
    margin: i64,
    /// What was spent when the same items were left.
    seen: HashMap<(Vec<u32>, Vec<u32>), i64>,
    steps: u32,
}

/// A bin that may be next.
struct Next {
    spent: i64,
    stock: usize,
    content: Content,
}

pub(super) fn cheapest(problem: &Problem, steps: u32) -> Option<Packing> {
    let reduced = Reduced::of(problem);
    if reduced.homeless || reduced.shapes.is_empty() {
        return (!reduced.homeless).then(Packing::new);
    }
    let mut left = steps / 2;
    match covers::cheapest(&reduced, &mut left) {
        Found::Cheapest(chosen) => return Some(reduced.packing(&chosen)),
        Found::Nothing => return None,
        Found::Unknown => {}
    }
    let proof = prove(&reduced, CARE, 0);
    let exact = proof.in_parts(&reduced, PARTS)?;
    let mut search = Search::new(&reduced, exact, steps / 2);
    search.deepen(i64::try_from(proof.price).ok()?.checked_mul(PARTS)?)?;
    let (_, chosen) = search.best?;
    Some(reduced.packing(&chosen))
}

impl<'a> Search<'a> {
    fn new(reduced: &'a Reduced, exact: Exact, steps: u32) -> Self {
        let counts: Vec<u32> = reduced.shapes.iter().map(|shape| shape.count).collect();
        let prices = |stock| RoomPrices::of(reduced, stock, &exact.values, &counts);
        let mut order: Vec<usize> = (0..counts.len()).collect();
        order.sort_by_key(|shape| std::cmp::Reverse(exact.values[*shape]));
        let items = u32::try_from(reduced.items()).unwrap_or(u32::MAX);
        Self {
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
            margin: 0,
            seen: HashMap::new(),
            steps,
        }
    }

    /// Widens the margin until a choice is found and no better one is left; nothing if the steps run out.
    fn deepen(&mut self, bound: i64) -> Option<()> {
        let counts: Vec<u32> = self
            .reduced
            .shapes
            .iter()
            .map(|shape| shape.count)
            .collect();
        let mut margin = bound / 1024 + PARTS;
        while self.best.is_none() {
            self.margin = margin;
            self.seen.clear();
            self.descend(&counts, 0);
            if self.steps == 0 {
                return None;
            }
            margin = margin.checked_mul(2)?;
        }
        Some(())
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
                values,
                counts,
                &self.prices[stock],
                Some(first),
            );
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
        let price = |(stock, _): &(usize, Content)| {
            i64::try_from(self.reduced.stocks[*stock].price).unwrap_or(i64::MAX)
        };
        let price = self.chosen.iter().map(price).fold(0, i64::saturating_add);
        let better = self.best.as_ref().is_none_or(|(best, _)| price < *best);
        if better {
            self.best = Some((price, self.chosen.clone()));
            self.narrow(price);
        }
    }

    /// Only what is cheaper is of interest from here on.
    fn narrow(&mut self, price: i64) {
        let counts = self
            .reduced
            .shapes
            .iter()
            .map(|shape| i64::from(shape.count));
        let worth: i64 = counts
            .zip(&self.exact.values)
            .map(|(count, value)| count * value)
            .sum();
        let scarcity = self.reduced.worths().into_iter().zip(&self.exact.scarcity);
        let scarcity: i64 = scarcity
            .map(|(worth, scarcity)| i64::from(worth.limit) * scarcity)
            .sum();
        self.margin = self.margin.min((price - 1) * PARTS - worth + scarcity);
    }
}

impl Reduced {
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
