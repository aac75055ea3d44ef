//! A problem made smaller without another price: what is equal is counted together, what cannot help is left out. Pure.

use std::collections::BTreeMap;

use super::{Item, KINDS, Problem};
use crate::resize::approximate::float_price;

#[derive(Debug, Default)]
pub(super) struct Reduced {
    pub shapes: Vec<Shape>,
    pub stocks: Vec<Stock>,
    /// Places of the resources that items ask for.
    pub resources: Vec<usize>,
    /// Some items fit nowhere; they are not among the shapes.
    pub homeless: bool,
}

/// Items that are alike.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shape {
    pub amounts: Vec<i64>,
    pub count: u32,
    /// At most so many in a bin, never more than there are.
    pub most: u32,
    pub apart: Option<u32>,
    /// Whether one of them alone goes into each bin, its size included.
    pub fits: Vec<bool>,
    /// Places and counts of the items.
    pub sources: Vec<(usize, u32)>,
}

/// Bins that are alike.
#[derive(Debug, Clone)]
pub(super) struct Stock {
    pub amounts: Vec<i64>,
    pub price: u64,
    pub limit: u32,
    /// Places and limits of the bins.
    pub sources: Vec<(usize, u32)>,
}

/// What makes items alike. Those that exclude others of their own kind are alike only if they exclude each other too.
type Likeness<'a> = (Vec<i64>, &'a [bool], u32, Option<u32>, Option<usize>);

/// One of them, and the places and counts of all.
type Alike<'a> = (&'a Item, Vec<(usize, u32)>);

impl Reduced {
    pub(super) fn of(problem: &Problem) -> Self {
        let resources = used(problem);
        let stocks = stocks(problem, &resources);
        let mut shapes = Vec::new();
        let mut homeless = false;
        for (item, sources) in alike(problem, &resources) {
            let shape = shape(item, sources, &stocks, &resources);
            let housed = shape.most > 0 && shape.fits.contains(&true);
            homeless |= !housed;
            shapes.extend(housed.then_some(shape));
        }
        let mut reduced = Self {
            shapes,
            stocks,
            resources,
            homeless,
        };
        reduced.leave_out_dear_stocks();
        reduced
    }

    /// The same without what is in bins that no items that go there add up to. Of very many kinds of bins, one is nearly full
    /// in any case.
    pub(super) fn within_reach(mut self) -> Self {
        if self.stocks.len() > KINDS {
            return self;
        }
        self.take_off_beyond_reach();
        self.leave_out_dear_stocks();
        self
    }

    /// How many items there are in all.
    pub(super) fn items(&self) -> u64 {
        self.shapes.iter().map(|shape| u64::from(shape.count)).sum()
    }

    /// How many of each shape there are.
    pub(super) fn counts(&self) -> Vec<u32> {
        self.shapes.iter().map(|shape| shape.count).collect()
    }

    /// The same for so many of each shape and of each bin; and which shapes those are that are left.
    pub(super) fn rest(&self, counts: &[u32], left: &[u32]) -> (Self, Vec<usize>) {
        let shapes = (0..counts.len()).filter(|shape| counts[*shape] > 0);
        let shapes: Vec<usize> = shapes.collect();
        let shape = |place: &usize| {
            let shape = &self.shapes[*place];
            Shape {
                amounts: shape.amounts.clone(),
                count: counts[*place],
                most: shape.most.min(counts[*place]),
                apart: shape.apart,
                fits: shape.fits.clone(),
                sources: Vec::new(),
            }
        };
        let stock = |(stock, left): (&Stock, &u32)| Stock {
            limit: *left,
            ..stock.clone()
        };
        let rest = Self {
            shapes: shapes.iter().map(shape).collect(),
            stocks: self.stocks.iter().zip(left).map(stock).collect(),
            resources: self.resources.clone(),
            homeless: false,
        };
        (rest, shapes)
    }

    /// The same items for these bins, with the kinds that they are of here.
    pub(super) fn with_stocks(&self, stocks: Vec<(usize, Stock)>) -> Self {
        let shape = |shape: &Shape| Shape {
            fits: stocks.iter().map(|(kind, _)| shape.fits[*kind]).collect(),
            ..shape.clone()
        };
        Self {
            shapes: self.shapes.iter().map(shape).collect(),
            stocks: stocks.into_iter().map(|(_, stock)| stock).collect(),
            resources: self.resources.clone(),
            homeless: self.homeless,
        }
    }

    /// The same with no more kinds of bins than these, or hardly more: some of every size, and such that each shape has one.
    /// Which kinds they are comes with it.
    pub(super) fn thinned(&self, most: usize) -> (Self, Vec<usize>) {
        let all = self.stocks.len();
        let mut stay = vec![false; all];
        for stock in (0..all).rev().step_by(all.div_ceil(most).max(1)) {
            stay[stock] = true;
        }
        for shape in &self.shapes {
            let kept = shape
                .fits
                .iter()
                .zip(&stay)
                .any(|(fits, stay)| *fits && *stay);
            let largest = shape.fits.iter().rposition(|fits| *fits);
            if let Some(largest) = largest.filter(|_| !kept) {
                stay[largest] = true;
            }
        }
        let kinds: Vec<usize> = (0..all).filter(|stock| stay[*stock]).collect();
        let stocks = kinds.iter().map(|kind| (*kind, self.stocks[*kind].clone()));
        let thinned = self.with_stocks(stocks.collect());
        (thinned, kinds)
    }

    /// Bins of which there may be too few.
    pub(super) fn scarce(&self) -> Vec<usize> {
        let items = self.items();
        let stocks = 0..self.stocks.len();
        stocks
            .filter(|stock| u64::from(self.stocks[*stock].limit) < items)
            .collect()
    }

    /// What so many bins of each kind cost.
    pub(super) fn price_of(&self, bins: &[u32]) -> u64 {
        let bins = self.stocks.iter().zip(bins);
        let prices = bins.map(|(stock, count)| stock.price.saturating_mul((*count).into()));
        prices.fold(0, u64::saturating_add)
    }

    /// The price of the dearest bin, 1 at least.
    pub(super) fn dearest(&self) -> f64 {
        let prices = self.stocks.iter().map(|stock| float_price(stock.price));
        prices.fold(1.0, f64::max)
    }

    /// How many of a shape go into an empty bin.
    pub(super) fn room_for(&self, stock: usize, shape: usize) -> u32 {
        room_for(&self.stocks[stock].amounts, &self.shapes[shape].amounts)
    }

    /// No choice needs a bin that another one replaces at no higher price.
    fn leave_out_dear_stocks(&mut self) {
        let items = self.items();
        let mut stay = vec![true; self.stocks.len()];
        for dear in 0..self.stocks.len() {
            let replaces = |other: &usize| {
                *other != dear && stay[*other] && self.replaces(*other, dear, items)
            };
            let useless = !self.shapes.iter().any(|shape| shape.fits[dear]);
            stay[dear] = !useless && !(0..self.stocks.len()).any(|other| replaces(&other));
        }
        for shape in &mut self.shapes {
            let mut kept = stay.iter();
            shape.fits.retain(|_| kept.next() == Some(&true));
        }
        let mut kept = stay.iter();
        self.stocks.retain(|_| kept.next() == Some(&true));
    }

    fn replaces(&self, other: usize, dear: usize, items: u64) -> bool {
        let (a, b) = (&self.stocks[other], &self.stocks[dear]);
        a.price <= b.price
            && u64::from(a.limit) >= items
            && a.amounts.iter().zip(&b.amounts).all(|(a, b)| a >= b)
            && self
                .shapes
                .iter()
                .all(|shape| shape.fits[other] || !shape.fits[dear])
    }
}

impl Shape {
    /// Half of the kinds of bins do not take it.
    pub(super) fn is_choosy(&self) -> bool {
        let takers = self.fits.iter().filter(|fits| **fits);
        takers.count() * 2 <= self.fits.len()
    }
}

/// Resources that any item asks for.
fn used(problem: &Problem) -> Vec<usize> {
    let width = problem.items.iter().map(|item| item.amounts.len()).max();
    let asked = |r: &usize| {
        problem
            .items
            .iter()
            .any(|item| item.count > 0 && at(&item.amounts, *r) > 0)
    };
    (0..width.unwrap_or_default()).filter(asked).collect()
}

fn at(amounts: &[i64], place: usize) -> i64 {
    amounts.get(place).copied().unwrap_or_default()
}

/// Less than nothing is nothing: whoever asks for none of it does not mind.
fn chosen(amounts: &[i64], resources: &[usize]) -> Vec<i64> {
    resources.iter().map(|r| at(amounts, *r).max(0)).collect()
}

fn stocks(problem: &Problem, resources: &[usize]) -> Vec<Stock> {
    let mut stocks: BTreeMap<(Vec<i64>, u64, Vec<bool>), Stock> = BTreeMap::new();
    for (place, bin) in problem.bins.iter().enumerate() {
        if bin.limit == 0 {
            continue;
        }
        let amounts = chosen(&bin.amounts, resources);
        let fits = problem.items.iter().map(|item| fits(item, place)).collect();
        let known = stocks.entry((amounts, bin.price, fits));
        let known = known.or_insert_with_key(|(amounts, price, _)| Stock {
            amounts: amounts.clone(),
            price: *price,
            limit: 0,
            sources: Vec::new(),
        });
        known.limit = known.limit.saturating_add(bin.limit);
        known.sources.push((place, bin.limit));
    }
    stocks.into_values().collect()
}

fn fits(item: &Item, bin: usize) -> bool {
    item.fits.get(bin).copied().unwrap_or_default()
}

/// One item of each kind, with the places and counts of all of them.
fn alike<'a>(problem: &'a Problem, resources: &[usize]) -> Vec<Alike<'a>> {
    let mut kinds: BTreeMap<Likeness, Alike> = BTreeMap::new();
    for (place, item) in problem
        .items
        .iter()
        .enumerate()
        .filter(|(_, item)| item.count > 0)
    {
        let free = item.apart.is_none() && item.per_bin >= item.count;
        let alone = item.apart.is_some() && item.per_bin == 1;
        let own = (!free && !alone).then_some(place);
        let most = if free { u32::MAX } else { item.per_bin };
        let likeness = (
            chosen(&item.amounts, resources),
            &*item.fits,
            most,
            item.apart,
            own,
        );
        let kind = kinds.entry(likeness).or_insert((item, Vec::new()));
        kind.1.push((place, item.count));
    }
    kinds.into_values().collect()
}

fn shape(item: &Item, sources: Vec<(usize, u32)>, stocks: &[Stock], resources: &[usize]) -> Shape {
    let amounts = chosen(&item.amounts, resources);
    let count = sources
        .iter()
        .fold(0_u32, |sum, (_, count)| sum.saturating_add(*count));
    let enough = |bin: &Stock| amounts.iter().zip(&bin.amounts).all(|(a, free)| a <= free);
    let goes = |bin: &Stock| fits(item, bin.sources[0].0) && enough(bin);
    let free = item.apart.is_none() && item.per_bin >= item.count;
    Shape {
        fits: stocks.iter().map(goes).collect(),
        most: if free { count } else { item.per_bin.min(count) },
        apart: item.apart,
        amounts,
        count,
        sources,
    }
}

/// How many of these amounts are in what is free.
pub(super) fn room_for(free: &[i64], amounts: &[i64]) -> u32 {
    let rooms = free.iter().zip(amounts).filter(|(_, amount)| **amount > 0);
    let least = rooms.map(|(free, amount)| free / amount).min();
    least.map_or(u32::MAX, |least| u32::try_from(least).unwrap_or(u32::MAX))
}
