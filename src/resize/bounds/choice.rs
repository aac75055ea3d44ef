//! A good choice for many items: the relaxation rounded down, a greedy choice for the rest, and improvement. Pure.
//!
//! The relaxation over contents is rounded as Wäscher and Gau do (OR Spektrum 18, 1996). The greedy choice takes the
//! content that is worth the most for its price, by the values of the relaxation.

use std::collections::BTreeMap;

use super::configurations::{self, Mixture};
use super::knapsack::{Content, Knapsack, Offered, RoomPrices, offered};
use super::many;
use super::reduced::{Reduced, Stock};
use crate::random::Random;
use crate::resize::approximate::{float, float_price, whole_ones};

/// With more shapes than this, contents are too many.
pub(super) const MANY: usize = 100;
/// Steps for one content.
const STEPS: u32 = 150;
/// How often the relaxation is asked about what is left.
const ROUNDS: u32 = 60;
/// Contents that may be generated for what is left.
const COLUMNS: u32 = 100;
/// What makes up for so much is counted as a whole bin of what is left.
const UP: f64 = 0.3;
/// A kind of bin is not looked at if another one is worth so much more for its price than it can be.
const SPARED: f64 = 1.05;
/// A choice is good enough if it is so close to the bound.
const GOOD: f64 = 1.002;
/// One for so many items that is further from it than that is improved in so many times as many steps. Of fewer, the bound
/// is too low to say how good a choice is.
const FAR: f64 = 1.01;
const LARGE: u64 = 2_000;
const LONGER: u64 = 16;
/// A part of so many of a content's worth is not looked for.
const GRAIN: i64 = 1_000;

/// A bin and what is in it.
pub(super) type Filled = (usize, Content);

/// What contents are worth, and how a bin's room limits that.
pub(super) struct Worths {
    pub values: Vec<i64>,
    rooms: Vec<RoomPrices>,
    /// Kinds of bins and what one is worth for its price if no room is wasted, the best in front.
    order: Vec<(usize, f64)>,
}

/// Bins for all items, by the relaxation with so many contents and so many steps of improvement; and what they cost at
/// least. Nothing if there are too few bins.
pub(super) fn choose(reduced: &Reduced, columns: u32, steps: u64) -> Option<(Vec<Filled>, u64)> {
    if reduced.shapes.len() > MANY {
        return many::choose(reduced, steps);
    }
    let (mixture, proof) = configurations::mixture(reduced, columns);
    let worths = Worths::of(reduced, proof.values);
    let mut choice = Choice::new(reduced, &worths, steps / 2);
    let complete = choice.dive(reduced.counts(), mixture.clone());
    choice.improve(proof.price);
    let in_turn = Some(choice).filter(|_| complete);
    let price = in_turn.as_ref().map_or(u64::MAX, Choice::price);
    if is_good(price, proof.price) {
        return Some((in_turn?.bins(), proof.price));
    }
    let mut choice = Choice::new(reduced, &worths, steps / 2);
    let complete = choice.round(rounded(mixture));
    choice.improve(proof.price);
    let at_once = Some(choice).filter(|_| complete);
    let both = in_turn.into_iter().chain(at_once);
    let mut cheapest = both.min_by_key(Choice::price)?;
    let far = float_price(cheapest.price()) > float_price(proof.price) * FAR;
    if far && reduced.items() > LARGE {
        cheapest.steps = steps.saturating_mul(LONGER);
        cheapest.improve(proof.price);
    }
    Some((cheapest.bins(), proof.price))
}

/// Whole bins: of each kind as many as the mixture has, rounded down, those contents in front that it has most of.
pub(super) fn rounded(mut mixture: Mixture) -> Vec<Filled> {
    let mut whole_bins: BTreeMap<usize, f64> = BTreeMap::new();
    let mut rounded = Vec::new();
    for (stock, content, times) in &mut mixture {
        *whole_bins.entry(*stock).or_default() += *times;
        let many = whole_ones(*times);
        rounded.extend((0..many).map(|_| (*stock, content.clone())));
        *times -= f64::from(many);
    }
    let mut more: BTreeMap<usize, u32> = whole_bins
        .into_iter()
        .map(|(stock, times)| (stock, whole_ones(times)))
        .collect();
    for (stock, _) in &rounded {
        more.entry(*stock).and_modify(|more| *more -= 1);
    }
    mixture.sort_by(|a, b| b.2.total_cmp(&a.2));
    for (stock, content, _) in mixture {
        if let Some(more) = more.get_mut(&stock).filter(|more| **more > 0) {
            *more -= 1;
            rounded.push((stock, content));
        }
    }
    rounded
}

impl Worths {
    pub(super) fn of(reduced: &Reduced, mut values: Vec<i64>) -> Self {
        let counts = reduced.counts();
        for value in &mut values {
            *value = (*value).max(1);
        }
        let stocks = 0..reduced.stocks.len();
        let rooms = stocks.map(|stock| RoomPrices::of(reduced, stock, &values, &counts));
        let rooms: Vec<RoomPrices> = rooms.collect();
        let rate = |(room, stock): (&RoomPrices, &Stock)| {
            room.of_amounts(&stock.amounts) / float_price(stock.price).max(1.0)
        };
        let rates = rooms.iter().zip(&reduced.stocks).map(rate);
        let mut order: Vec<(usize, f64)> = rates.enumerate().collect();
        order.sort_by(|a, b| b.1.total_cmp(&a.1));
        Self {
            values,
            rooms,
            order,
        }
    }
}

/// Whether a choice at this price is so close to the bound that no other one is looked for.
pub(super) fn is_good(price: u64, bound: u64) -> bool {
    float_price(price) <= float_price(bound) * GOOD
}

pub(super) struct Choice<'a> {
    pub reduced: &'a Reduced,
    pub worths: &'a Worths,
    /// How many bins of each kind can still be had.
    pub left: Vec<u32>,
    /// With what each is worth for its price.
    pub filled: Vec<(f64, Filled)>,
    pub random: Random,
    /// What is left for improvement.
    pub steps: u64,
}

impl<'a> Choice<'a> {
    pub(super) fn new(reduced: &'a Reduced, worths: &'a Worths, steps: u64) -> Self {
        Self {
            left: reduced.stocks.iter().map(|stock| stock.limit).collect(),
            filled: Vec::new(),
            random: Random::new(1),
            steps,
            worths,
            reduced,
        }
    }

    /// Takes these bins, as far as there are items for them, and packs the rest. False if there are too few bins.
    fn round(&mut self, bins: Vec<Filled>) -> bool {
        let mut counts = self.reduced.counts();
        for (stock, content) in bins {
            self.take_of(&mut counts, stock, &content, false);
        }
        self.pack_rest(&counts)
    }

    /// Takes whole bins of the relaxation for what is left until all items are in bins. False if there are too few.
    pub(super) fn dive_for_rest(&mut self, counts: Vec<u32>) -> bool {
        match self.mixture(&counts) {
            Some(mixture) => self.dive(counts, mixture),
            None => true,
        }
    }

    /// Takes whole bins of the mixture, and then of the one for what is left, until all items are in bins. False if there
    /// are too few.
    fn dive(&mut self, mut counts: Vec<u32>, mut mixture: Mixture) -> bool {
        for _ in 0..ROUNDS {
            mixture.sort_by(|a, b| b.2.total_cmp(&a.2));
            for (place, (stock, content, times)) in mixture.iter().enumerate() {
                // At least one, so that there is an end.
                let many = whole_ones(*times + UP).max(u32::from(place == 0));
                for _ in 0..many {
                    self.take_of(&mut counts, *stock, content, place == 0);
                }
            }
            match self.mixture(&counts) {
                Some(next) => mixture = next,
                None => return true,
            }
        }
        self.pack_rest(&counts)
    }

    /// The relaxation for what is left. Nothing if nothing is left.
    fn mixture(&self, counts: &[u32]) -> Option<Mixture> {
        let (rest, shapes) = self.reduced.rest(counts, &self.left);
        if rest.shapes.is_empty() {
            return None;
        }
        let (mut mixture, _) = configurations::mixture(&rest, COLUMNS);
        for (shape, _) in mixture.iter_mut().flat_map(|(_, content, _)| content) {
            *shape = shapes[*shape];
        }
        Some(mixture)
    }

    /// Takes a bin with this content if it can be had and so many items are left; or with some of it.
    pub(super) fn take_of(
        &mut self,
        counts: &mut [u32],
        stock: usize,
        content: &Content,
        some: bool,
    ) {
        let there = content
            .iter()
            .map(|(shape, count)| (*shape, counts[*shape].min(*count)));
        let there: Content = there.filter(|(_, count)| *count > 0).collect();
        let enough = there == *content || some && !there.is_empty();
        if enough && self.take((stock, there.clone())) {
            for (shape, count) in there {
                counts[shape] -= count;
            }
        }
    }

    pub(super) fn bins(self) -> Vec<Filled> {
        self.filled.into_iter().map(|(_, filled)| filled).collect()
    }

    pub(super) fn price(&self) -> u64 {
        let filled = self.filled.iter();
        let prices = filled.map(|(_, (stock, _))| self.reduced.stocks[*stock].price);
        prices.fold(0, u64::saturating_add)
    }

    /// What the bin is worth for its price.
    pub(super) fn rate(&self, (stock, content): &Filled) -> f64 {
        let worth = content
            .iter()
            .map(|(shape, count)| float(self.worths.values[*shape]) * f64::from(*count));
        worth.sum::<f64>() / float_price(self.reduced.stocks[*stock].price)
    }

    /// Takes a bin with this content, if it can be had.
    pub(super) fn take(&mut self, filled: Filled) -> bool {
        let had = self.left[filled.0] > 0;
        if had {
            self.left[filled.0] -= 1;
            self.filled.push((self.rate(&filled), filled));
        }
        had
    }

    /// Finds bins for so many of each shape. False if there are too few for all of them.
    pub(super) fn pack_rest(&mut self, counts: &[u32]) -> bool {
        let mut lots: Vec<Offered> = offered(&self.worths.values, counts).collect();
        lots.retain(|lot| lot.count > 0);
        let mut left = self.left.clone();
        let packed = self.pack(&mut lots, &mut left, u64::MAX);
        let complete = packed.is_some();
        for filled in packed.into_iter().flatten() {
            self.take(filled);
        }
        complete
    }

    /// Bins for all of the lots, which are in the order of their shapes, that cost no more than this. The most worthwhile
    /// contents first.
    pub(super) fn pack(
        &mut self,
        lots: &mut Vec<Offered>,
        left: &mut [u32],
        most: u64,
    ) -> Option<Vec<Filled>> {
        let mut packed: Vec<Filled> = Vec::new();
        let mut spent = 0_u64;
        let mut last: Option<(u64, usize, Filled)> = None;
        while !lots.is_empty() {
            if let Some(filled) = self.all_in_one(lots, left) {
                let price = spent.saturating_add(self.reduced.stocks[filled.0].price);
                if price <= most && last.as_ref().is_none_or(|(best, ..)| price < *best) {
                    last = Some((price, packed.len(), filled));
                }
            }
            let enough = last.as_ref().map_or(most, |(best, ..)| *best);
            let next = self.best(lots, left).filter(|_| spent < enough);
            let Some((stock, content)) = next else { break };
            let times = take_out(lots, &content, left[stock]);
            left[stock] -= times;
            let price = self.reduced.stocks[stock].price;
            spent = spent.saturating_add(price.saturating_mul(times.into()));
            packed.extend((0..times).map(|_| (stock, content.clone())));
        }
        let complete = lots.is_empty() && spent <= most;
        match last {
            Some((price, length, filled)) if !complete || price <= spent => {
                packed.truncate(length);
                packed.push(filled);
                Some(packed)
            }
            _ => complete.then_some(packed),
        }
    }

    /// The content that is worth the most for its price.
    fn best(&mut self, lots: &[Offered], left: &[u32]) -> Option<Filled> {
        let mut best: Option<(f64, Filled)> = None;
        for (stock, most) in &self.worths.order {
            let stock = *stock;
            let rate = best.as_ref().map_or(0.0, |(rate, _)| *rate);
            if left[stock] == 0 || most * SPARED < rate {
                continue;
            }
            self.steps = self.steps.saturating_sub(lots.len() as u64);
            let rooms = &self.worths.rooms[stock];
            let knapsack = Knapsack::new(self.reduced, stock, lots.iter().copied(), rooms, None);
            let price = float_price(self.reduced.stocks[stock].price).max(1.0);
            if float(knapsack.limit()) <= rate * price {
                continue;
            }
            let found = knapsack.best(STEPS, GRAIN);
            self.steps = self.steps.saturating_sub(u64::from(found.steps));
            let found_rate = float(found.value) / price;
            if found_rate > rate {
                best = Some((found_rate, (stock, found.content)));
            }
        }
        best.map(|(_, filled)| filled)
    }

    /// The cheapest bin that holds everything.
    fn all_in_one(&self, lots: &[Offered], left: &[u32]) -> Option<Filled> {
        let mut total = vec![0_i64; self.reduced.resources.len()];
        for lot in lots {
            let amounts = &self.reduced.shapes[lot.shape].amounts;
            for (total, amount) in total.iter_mut().zip(amounts) {
                *total = total.saturating_add(amount.saturating_mul(lot.count.into()));
            }
        }
        let enough = |stock: &usize| {
            let mut amounts = self.reduced.stocks[*stock].amounts.iter().zip(&total);
            left[*stock] > 0 && amounts.all(|(there, asked)| asked <= there)
        };
        let stocks = (0..left.len()).filter(enough);
        let stocks = stocks.filter(|stock| self.reduced.may_share(*stock, lots));
        let cheapest = stocks.min_by_key(|stock| self.reduced.stocks[*stock].price)?;
        let content = lots.iter().map(|lot| (lot.shape, lot.count));
        Some((cheapest, content.collect()))
    }
}

/// Takes a content out of the lots as often as they have it, at most so many times; how often that is.
fn take_out(lots: &mut Vec<Offered>, content: &Content, most: u32) -> u32 {
    let place = |lots: &[Offered], shape| lots.binary_search_by_key(&shape, |lot| lot.shape);
    let there = |shape| place(lots, shape).map_or(0, |place| lots[place].count);
    let times = content.iter().map(|(shape, count)| there(*shape) / count);
    let times = times.min().unwrap_or_default().min(most);
    for (shape, count) in content {
        if let Ok(place) = place(lots, *shape) {
            lots[place].count -= count * times;
        }
    }
    lots.retain(|lot| lot.count > 0);
    times
}

impl Reduced {
    /// Whether such a bin takes the lots and none of them stands against another, whatever their size.
    fn may_share(&self, stock: usize, lots: &[Offered]) -> bool {
        let may = lots.iter().all(|lot| {
            let shape = &self.shapes[lot.shape];
            shape.fits[stock] && lot.count <= shape.most
        });
        let sets = lots.iter().filter_map(|lot| self.shapes[lot.shape].apart);
        let mut sets: Vec<u32> = sets.collect();
        let before = sets.len();
        sets.sort_unstable();
        sets.dedup();
        may && sets.len() == before
    }
}
