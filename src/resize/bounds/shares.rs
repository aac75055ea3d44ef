//! A choice for many different items: each bin gets its share of each group of items, and what room is left is filled up.
//! Pure.
//!
//! How many bins there are and which part of a group is in which kind of bin is the solution for items that can be divided.
//! Of each group a bin gets items in a random order, and so large and small ones as there are of them.

use super::divided::{Division, divide};
use super::knapsack::Content;
use super::pool::Pool;
use super::reduced::{Reduced, Shape};
use crate::resize::approximate::{float_price, whole_ones, worth};

/// How many items of a group are tried for a place, and how many for the last ones.
const TRIES: usize = 4;
const LAST_TRIES: usize = 10;
/// How many of so many items, of which more differ.
const MORE_TRIES: usize = 30;
const MANY: u64 = 20_000;
/// Of items that are such a part of the largest bin or less, size is not what keeps them out of others.
const SMALL: i64 = 64;
/// A bin of which a larger part is worth nothing is not taken.
const WASTE: f64 = 0.05;

pub(super) struct Shares<'a> {
    reduced: &'a Reduced,
    division: Division,
    /// By group.
    items: Pool<'a>,
    /// How many items of a group are tried for the last places.
    last_tries: usize,
}

impl Reduced {
    /// Whether there are small items that half of the kinds of bins do not take.
    pub(super) fn has_small_choosy(&self) -> bool {
        let largest = |r: usize| self.stocks.iter().map(|stock| stock.amounts[r]).max();
        let small = |shape: &&Shape| {
            let mut amounts = shape.amounts.iter().enumerate();
            amounts
                .all(|(r, amount)| amount.saturating_mul(SMALL) <= largest(r).unwrap_or_default())
        };
        let mut small = self.shapes.iter().filter(small);
        small.any(Shape::is_choosy)
    }
}

impl<'a> Shares<'a> {
    /// What is left of so many items. Nothing if there are too many kinds of bins.
    pub(super) fn of(reduced: &'a Reduced, all: u64) -> Option<Self> {
        let division = divide(reduced)?;
        let groups = division.groups.iter().map(|group| &group.shapes);
        Some(Self {
            items: Pool::of(reduced, groups),
            last_tries: if all > MANY { MORE_TRIES } else { LAST_TRIES },
            division,
            reduced,
        })
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
            let mut owed = vec![0.0; self.division.groups.len()];
            for _ in 0..whole_ones(self.division.bins[stock]) {
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
        let mut filling = self.items.fill(stock);
        self.owe(stock, owed);
        while !filling.is_ragged() {
            let next = (0..owed.len()).max_by(|a, b| owed[*a].total_cmp(&owed[*b]));
            let Some(group) = next.filter(|group| owed[*group] > 0.0) else {
                break;
            };
            if let Some(shape) = self.items.take(group, TRIES, &mut filling) {
                let amounts = &self.reduced.shapes[shape].amounts;
                owed[group] -= worth(&self.division.prices[stock], amounts);
            } else {
                // It has nothing for this bin, and will get its share in the next one.
                owed[group] = 0.0;
            }
        }
        let groups = 0..owed.len();
        let parts = &self.division.parts[stock];
        let planned = groups.clone().filter(|group| parts[*group] > 0.0);
        self.items.fill_up(planned, self.last_tries, &mut filling);
        self.items.fill_up(groups, self.last_tries, &mut filling);
        filling.content()
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
                self.items.put_back(group, shape, count);
            }
        }
    }
}
