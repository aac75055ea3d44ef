//! A choice for many different items: each bin gets its share of each group of items, and what room is left is filled up.
//! Pure.
//!
//! How many bins there are and which part of a group is in which kind of bin is the solution for items that can be divided.
//! Of each group a bin gets items in a random order, and so large and small ones as there are of them.

use std::collections::BTreeMap;

use super::approximate::{float, float_price};
use super::divided::{Division, divide};
use super::knapsack::Content;
use super::reduced::{Reduced, Shape, room_for};
use crate::random::Random;

/// How many items of a group are tried for a place, and how many for the last ones.
const TRIES: usize = 4;
const LAST_TRIES: usize = 10;
/// Of items that are such a part of the largest bin or less, size is not what keeps them out of others.
const SMALL: i64 = 64;
/// The last such part of a bin is filled without a plan.
const RAGGED: i64 = 12;
/// A bin of which a larger part is worth nothing is not taken.
const WASTE: f64 = 0.05;

pub(super) struct Shares<'a> {
    reduced: &'a Reduced,
    division: Division,
    /// By group: the items that are left, each by the place of its shape, in a random order.
    items: Vec<Vec<usize>>,
}

impl Reduced {
    /// Whether there are small items that half of the kinds of bins do not take.
    pub(super) fn is_choosy(&self) -> bool {
        let most = |shape: &Shape| shape.fits.iter().filter(|fits| **fits).count();
        let largest = |r: usize| self.stocks.iter().map(|stock| stock.amounts[r]).max();
        let small = |shape: &&Shape| {
            let mut amounts = shape.amounts.iter().enumerate();
            amounts
                .all(|(r, amount)| amount.saturating_mul(SMALL) <= largest(r).unwrap_or_default())
        };
        let mut small = self.shapes.iter().filter(small);
        small.any(|shape| most(shape) * 2 <= shape.fits.len())
    }
}

impl<'a> Shares<'a> {
    /// Nothing if there are too many kinds of bins.
    pub(super) fn of(reduced: &'a Reduced) -> Option<Self> {
        let division = divide(reduced)?;
        let mut random = Random::new(1);
        let items = |shapes: &Vec<usize>| {
            let each = shapes
                .iter()
                .map(|shape| (*shape, reduced.shapes[*shape].count));
            let mut items: Vec<usize> = each
                .flat_map(|(shape, count)| (0..count).map(move |_| shape))
                .collect();
            random.shuffle(&mut items);
            items
        };
        let groups = division.groups.iter().map(|group| &group.shapes);
        Some(Self {
            items: groups.map(items).collect(),
            division,
            reduced,
        })
    }

    /// What items are worth by the division, in its prices.
    pub(super) fn values(&self) -> Vec<f64> {
        let value = |shape: &Shape| {
            let bins = self.division.prices.iter().zip(&shape.fits);
            let bins = bins.filter(|(_, fits)| **fits);
            bins.map(|(prices, _)| worth(prices, &shape.amounts))
                .fold(f64::INFINITY, f64::min)
        };
        self.reduced.shapes.iter().map(value).collect()
    }

    /// Whole bins with what is in them, those that fewer items may go into in front.
    pub(super) fn bins(&mut self) -> Vec<(usize, Content)> {
        let mut kinds: Vec<usize> = (0..self.reduced.stocks.len()).collect();
        let takes = |stock: usize| {
            let shapes = self.reduced.shapes.iter().filter(|shape| shape.fits[stock]);
            shapes.map(|shape| u64::from(shape.count)).sum::<u64>()
        };
        kinds.sort_by_key(|stock| std::cmp::Reverse(takes(*stock)));
        let mut bins = Vec::new();
        for stock in kinds {
            let mut owed = vec![0.0; self.items.len()];
            for _ in 0..whole(self.division.bins[stock]) {
                let content = self.fill(stock, &mut owed);
                let stays = self.wasted(stock, &content) <= WASTE;
                if stays {
                    bins.push((stock, content));
                } else {
                    self.put_back(content);
                }
            }
        }
        bins
    }

    /// Items for a bin; `owed`: what each group's share is still worth in bins of this kind.
    fn fill(&mut self, stock: usize, owed: &mut [f64]) -> Content {
        let reduced = self.reduced;
        let whole = &reduced.stocks[stock].amounts;
        let mut free = whole.clone();
        let mut counts: BTreeMap<usize, u32> = BTreeMap::new();
        self.owe(stock, owed);
        while !is_ragged(&free, whole) {
            let next = (0..owed.len()).max_by(|a, b| owed[*a].total_cmp(&owed[*b]));
            let Some(group) = next.filter(|group| owed[*group] > 0.0) else {
                break;
            };
            let Some(place) = self.candidates(stock, group, &free, TRIES).next() else {
                // It has nothing for this bin, and will get its share in the next one.
                owed[group] = 0.0;
                continue;
            };
            let shape = self.take(group, place, &mut free, &mut counts);
            let amounts = &reduced.shapes[shape].amounts;
            owed[group] -= worth(&self.division.prices[stock], amounts);
        }
        let mut open: Vec<usize> = (0..self.items.len()).collect();
        open.retain(|group| self.division.parts[stock][*group] > 0.0);
        while let Some((group, place)) = self.best(stock, &mut open, &free, whole) {
            self.take(group, place, &mut free, &mut counts);
        }
        let mut open: Vec<usize> = (0..self.items.len()).collect();
        while let Some((group, place)) = self.best(stock, &mut open, &free, whole) {
            self.take(group, place, &mut free, &mut counts);
        }
        counts.into_iter().collect()
    }

    /// One more bin's share of each group.
    fn owe(&self, stock: usize, owed: &mut [f64]) {
        let bins = self.division.bins[stock].max(1.0);
        let parts = self.division.parts[stock].iter();
        for ((owed, part), group) in owed.iter_mut().zip(parts).zip(&self.division.groups) {
            let amounts = group.amounts.iter().zip(&self.division.prices[stock]);
            let all: f64 = amounts.map(|(amount, price)| amount * price).sum();
            *owed += all * part / bins;
        }
    }

    /// Places of some items of a group for which there is room.
    fn candidates<'b>(
        &'b self,
        stock: usize,
        group: usize,
        free: &'b [i64],
        most: usize,
    ) -> impl Iterator<Item = usize> + 'b {
        let items = &self.items[group];
        let tried = (0..items.len()).rev().take(most);
        tried.filter(move |place| {
            let shape = &self.reduced.shapes[items[*place]];
            shape.fits[stock] && room_for(free, &shape.amounts) > 0
        })
    }

    fn take(
        &mut self,
        group: usize,
        place: usize,
        free: &mut [i64],
        counts: &mut BTreeMap<usize, u32>,
    ) -> usize {
        let shape = self.items[group].swap_remove(place);
        for (free, amount) in free.iter_mut().zip(&self.reduced.shapes[shape].amounts) {
            *free -= amount;
        }
        *counts.entry(shape).or_default() += 1;
        shape
    }

    /// The item that asks most for what there is most of. Groups without one are open no more.
    fn best(
        &self,
        stock: usize,
        open: &mut Vec<usize>,
        free: &[i64],
        whole: &[i64],
    ) -> Option<(usize, usize)> {
        let share = |(free, whole): (&i64, &i64)| float(*free) / float((*whole).max(1)).powi(2);
        let left: Vec<f64> = free.iter().zip(whole).map(share).collect();
        let mut best: Option<(f64, usize, usize)> = None;
        open.retain(|group| {
            let mut any = false;
            for place in self.candidates(stock, *group, free, LAST_TRIES) {
                let amounts = &self.reduced.shapes[self.items[*group][place]].amounts;
                let suits = worth(&left, amounts);
                if best.is_none_or(|(most, ..)| suits > most) {
                    best = Some((suits, *group, place));
                }
                any = true;
            }
            any
        });
        best.map(|(_, group, place)| (group, place))
    }

    /// Which part of the bin's price its content is not worth.
    fn wasted(&self, stock: usize, content: &Content) -> f64 {
        let prices = &self.division.prices[stock];
        let used = content.iter().map(|(shape, count)| {
            worth(prices, &self.reduced.shapes[*shape].amounts) * f64::from(*count)
        });
        1.0 - used.sum::<f64>() / float_price(self.reduced.stocks[stock].price)
    }

    fn put_back(&mut self, content: Content) {
        for (shape, count) in content {
            let mut groups = self.division.groups.iter();
            if let Some(group) = groups.position(|group| group.shapes.contains(&shape)) {
                self.items[group].extend((0..count).map(|_| shape));
            }
        }
    }
}

fn worth(prices: &[f64], amounts: &[i64]) -> f64 {
    let parts = prices.iter().zip(amounts);
    parts.map(|(price, amount)| price * float(*amount)).sum()
}

fn is_ragged(free: &[i64], whole: &[i64]) -> bool {
    let mut amounts = free.iter().zip(whole);
    amounts.any(|(free, whole)| *free < whole / RAGGED)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "positive, and no more than there are items"
)]
fn whole(times: f64) -> u32 {
    (times + 1e-6).floor() as u32
}
