//! A choice for many different items: each bin gets its share of each group of items, and what room is left is filled up.
//! Pure.
//!
//! How many bins there are and which part of a group is in which kind of bin is the solution for items that can be divided.
//! Of each group a bin gets items in a random order, and so large and small ones as there are of them.

use std::cmp::Reverse;

use super::divided::{Division, divide};
use super::knapsack::Content;
use super::pool::Pool;
use super::reduced::{Reduced, Shape, Stock};
use crate::resize::approximate::{float_price, whole_ones, worth};

/// How many items of a group are tried for a place, and how many for the last ones.
const TRIES: usize = 4;
const LAST_TRIES: usize = 200;
/// Of items that are such a part of the largest bin or less, size is not what keeps them out of others.
const SMALL: i64 = 64;
/// A kind of bin is scarce if one is worth so many times its price.
const SCARCE: f64 = 1.01;
/// A bin of which a larger part is worth nothing is not taken.
const WASTE: f64 = 0.03;

pub(super) struct Shares<'a> {
    reduced: &'a Reduced,
    division: Division,
    /// By group.
    items: Pool<'a>,
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
    /// Nothing if there are too many kinds of bins.
    pub(super) fn of(reduced: &'a Reduced) -> Option<Self> {
        let division = divide(reduced)?;
        let groups = division.groups.iter().map(|group| &group.shapes);
        Some(Self {
            items: Pool::of(reduced, groups),
            division,
            reduced,
        })
    }

    /// Whole bins with what is in them: scarce ones in front, whose room is worth the most, then those that most items may
    /// go into.
    pub(super) fn bins(&mut self) -> Vec<(usize, Content)> {
        let mut kinds: Vec<usize> = (0..self.reduced.stocks.len()).collect();
        let takes = |stock: usize| {
            let shapes = self.reduced.shapes.iter().filter(|shape| shape.fits[stock]);
            shapes.map(|shape| u64::from(shape.count)).sum::<u64>()
        };
        kinds.sort_by_key(|stock| (!self.is_scarce(*stock), Reverse(takes(*stock))));
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

    /// Whether more bins of the kind would be bought if there were more.
    fn is_scarce(&self, stock: usize) -> bool {
        let Stock { amounts, price, .. } = &self.reduced.stocks[stock];
        worth(&self.division.prices[stock], amounts) > float_price(*price) * SCARCE
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
        self.items.fill_up(planned, LAST_TRIES, &mut filling);
        self.items.fill_up(groups, LAST_TRIES, &mut filling);
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
