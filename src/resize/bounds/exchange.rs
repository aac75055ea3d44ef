//! Items put into given bins by exchanging them until no bin is overloaded. Pure.
//!
//! A local search: it soon finds places where there are some, and proves nothing where there are none. Exchanges that make
//! things worse are accepted too, at first more than later (threshold accepting: Dueck and Scheuer, J. Comput. Phys. 90,
//! 1990).

use std::collections::BTreeMap;
use std::ops::Range;

use super::choice::Filled;
use super::divided::{Division, Group, divide_beyond};
use super::range::NOISE;
use super::reduced::{Reduced, Shape};
use crate::random::Random;
use crate::resize::approximate::float;

/// How much of a usual bin an exchange may add to what is too much, at first.
const WORSE: f64 = 0.01;
/// How many items come back for one: now and then a large one has to take the place of some small ones.
const BACK: [usize; 8] = [0, 1, 1, 1, 1, 1, 2, 3];
/// More than this of a resource might not be counted in one bin.
const MUCH: i64 = i64::MAX / 4;

struct Seating<'a> {
    reduced: &'a Reduced,
    /// Parts of a usual bin in a unit of each resource.
    scale: Vec<f64>,
    bins: Vec<Bin>,
    /// Places of the bins of each kind.
    kinds: Vec<Vec<usize>>,
    /// Places of the bins that are overloaded.
    overloaded: Vec<usize>,
    /// What the exchange that is looked at moves of each resource.
    moved: Vec<i64>,
    random: Random,
}

struct Bin {
    stock: usize,
    /// Below zero where there is too much in it.
    free: Vec<i64>,
    /// The shape of each item in it.
    items: Vec<usize>,
    /// What is too much, in parts of a usual bin.
    overload: f64,
}

/// An item of one bin, for some of another one.
struct Exchange {
    from: usize,
    item: usize,
    to: usize,
    back: Range<usize>,
}

/// Contents for so many bins of each kind that hold all items, if any are found in so many steps. Items that exclude others
/// are not looked at.
pub(super) fn fit(reduced: &Reduced, bins: &[u32], steps: u32) -> Option<Vec<Filled>> {
    let alike = |shape: &Shape| shape.apart.is_none() && shape.most >= shape.count;
    if !reduced.shapes.iter().all(alike) || reduced.asks_too_much() {
        return None;
    }
    let division = divide_beyond(reduced, bins)?;
    if division.bins.iter().sum::<f64>() > NOISE {
        return None;
    }
    let mut seating = Seating::new(reduced, bins);
    seating.seat(division)?;
    seating.relieve(steps).then(|| {
        seating.gather();
        seating.filled()
    })
}

impl Reduced {
    fn asks_too_much(&self) -> bool {
        let total = |resource: usize| {
            let shapes = self.shapes.iter();
            let amounts =
                shapes.map(|shape| shape.amounts[resource].saturating_mul(shape.count.into()));
            amounts.fold(0_i64, i64::saturating_add)
        };
        (0..self.resources.len()).any(|resource| total(resource) > MUCH)
    }
}

impl<'a> Seating<'a> {
    fn new(reduced: &'a Reduced, bins: &[u32]) -> Self {
        let mut kinds = vec![Vec::new(); bins.len()];
        let mut all = Vec::new();
        for (stock, count) in bins.iter().enumerate() {
            for _ in 0..*count {
                kinds[stock].push(all.len());
                all.push(Bin {
                    stock,
                    free: reduced.stocks[stock].amounts.clone(),
                    items: Vec::new(),
                    overload: 0.0,
                });
            }
        }
        let scale = |resource: usize| {
            let total: f64 = all.iter().map(|bin| float(bin.free[resource])).sum();
            f64::from(bins.iter().sum::<u32>()) / total.max(1.0)
        };
        Self {
            scale: (0..reduced.resources.len()).map(scale).collect(),
            reduced,
            bins: all,
            kinds,
            overloaded: Vec::new(),
            moved: vec![0; reduced.resources.len()],
            random: Random::new(1),
        }
    }

    /// Puts all items into bins of each kind as if they could be divided, the bulky ones first. Nothing if there is no bin for
    /// one of them.
    fn seat(&mut self, mut division: Division) -> Option<()> {
        let groups = division.groups.iter().enumerate();
        let shapes = groups.flat_map(|(group, it)| it.shapes.iter().map(move |it| (group, *it)));
        let mut shapes: Vec<(usize, usize)> = shapes.collect();
        shapes.sort_by(|a, b| self.size(b.1).total_cmp(&self.size(a.1)));
        for (group, shape) in shapes {
            let part = self.part(shape, &division.groups[group]);
            for _ in 0..self.reduced.shapes[shape].count {
                let kinds = (0..self.kinds.len()).filter(|kind| self.takes(*kind, shape));
                let owed = |kind: &usize| division.parts[*kind][group];
                let kind = kinds.max_by(|a, b| owed(a).total_cmp(&owed(b)))?;
                division.parts[kind][group] -= part;
                self.put(shape, kind)?;
            }
        }
        Some(())
    }

    /// How much of a usual bin an item takes up.
    fn size(&self, shape: usize) -> f64 {
        let amounts = self.reduced.shapes[shape].amounts.iter().zip(&self.scale);
        let parts = amounts.map(|(amount, scale)| float(*amount) * scale);
        parts.fold(0.0, f64::max)
    }

    /// Which part of its group an item is.
    fn part(&self, shape: usize, group: &Group) -> f64 {
        let amounts = self.reduced.shapes[shape].amounts.iter();
        let parts = amounts.zip(&group.amounts).filter(|(_, all)| **all > 0.0);
        let parts = parts.map(|(amount, all)| float(*amount) / all);
        parts.fold(0.0, f64::max)
    }

    fn takes(&self, kind: usize, shape: usize) -> bool {
        self.reduced.shapes[shape].fits[kind] && !self.kinds[kind].is_empty()
    }

    /// Puts an item into the bin of a kind that has the most left then.
    fn put(&mut self, shape: usize, kind: usize) -> Option<()> {
        let amounts = &self.reduced.shapes[shape].amounts;
        let left = |bin: &usize| {
            let free = self.bins[*bin].free.iter().zip(amounts).zip(&self.scale);
            let left = free.map(|((free, amount), scale)| float(free - amount) * scale);
            left.fold(f64::INFINITY, f64::min)
        };
        let bins = self.kinds[kind].iter().copied();
        let roomiest = bins.max_by(|a, b| left(a).total_cmp(&left(b)))?;
        let bin = &mut self.bins[roomiest];
        for (free, amount) in bin.free.iter_mut().zip(amounts) {
            *free -= amount;
        }
        bin.items.push(shape);
        Some(())
    }

    /// Exchanges items. False if some bins are overloaded in the end.
    fn relieve(&mut self, steps: u32) -> bool {
        for place in 0..self.bins.len() {
            let overload = self.overload(&self.bins[place], 0);
            self.set_overload(place, overload);
        }
        for step in 0..steps {
            if self.overloaded.is_empty() || self.bins.len() < 2 {
                break;
            }
            let exchange = self.any();
            let worse = WORSE * f64::from(steps - step) / f64::from(steps);
            if self.is_possible(&exchange) {
                self.attempt(&exchange, worse);
            }
        }
        self.overloaded.is_empty()
    }

    /// An item of an overloaded bin, and mostly one of another bin, at random.
    fn any(&mut self) -> Exchange {
        let from = self.random.pick(&self.overloaded);
        let to = self.random.place(self.bins.len());
        let items = self.bins[to].items.len();
        let many = self.random.pick(&BACK).min(items);
        let first = self.random.place(items - many + 1);
        Exchange {
            from,
            item: self.random.place(self.bins[from].items.len()),
            to,
            back: first..first + many,
        }
    }

    /// Whether it is one between different bins that take each other's items.
    fn is_possible(&self, exchange: &Exchange) -> bool {
        let (from, to) = (&self.bins[exchange.from], &self.bins[exchange.to]);
        let takes = |bin: &Bin, item: &usize| self.reduced.shapes[*item].fits[bin.stock];
        let mut back = to.items[exchange.back.clone()].iter();
        exchange.from != exchange.to
            && takes(to, &from.items[exchange.item])
            && back.all(|item| takes(from, item))
    }

    /// Makes the exchange if it is not worse than it may be.
    fn attempt(&mut self, exchange: &Exchange, worse: f64) {
        self.weigh(exchange);
        let (from, to) = (&self.bins[exchange.from], &self.bins[exchange.to]);
        let without = self.overload(from, 1);
        let with = self.overload(to, -1);
        let change = without + with - from.overload - to.overload;
        if change > worse * self.random.fraction() {
            return;
        }
        let item = self.bins[exchange.from].items.swap_remove(exchange.item);
        let back = self.bins[exchange.to].items.drain(exchange.back.clone());
        let back: Vec<usize> = back.collect();
        self.bins[exchange.from].items.extend(back);
        self.bins[exchange.to].items.push(item);
        for (r, moved) in self.moved.iter().enumerate() {
            self.bins[exchange.from].free[r] += moved;
            self.bins[exchange.to].free[r] -= moved;
        }
        self.set_overload(exchange.from, without);
        self.set_overload(exchange.to, with);
    }

    /// What goes from one bin to the other one, of each resource.
    fn weigh(&mut self, exchange: &Exchange) {
        let amounts = |item: usize| &self.reduced.shapes[item].amounts;
        let (from, to) = (&self.bins[exchange.from], &self.bins[exchange.to]);
        self.moved.clone_from(amounts(from.items[exchange.item]));
        for item in &to.items[exchange.back.clone()] {
            for (moved, amount) in self.moved.iter_mut().zip(amounts(*item)) {
                *moved -= amount;
            }
        }
    }

    /// What is too much in a bin with so many times more free than now what is moved.
    fn overload(&self, bin: &Bin, times: i64) -> f64 {
        let free = bin.free.iter().zip(&self.moved).zip(&self.scale);
        let less = free.map(|((free, moved), scale)| float((free + times * moved).min(0)) * scale);
        -less.sum::<f64>()
    }

    fn set_overload(&mut self, bin: usize, overload: f64) {
        let before = std::mem::replace(&mut self.bins[bin].overload, overload);
        match (before > 0.0, overload > 0.0) {
            (true, false) => self.overloaded.retain(|other| *other != bin),
            (false, true) => self.overloaded.push(bin),
            _ => {}
        }
    }

    /// Moves items out of the emptiest bins into fuller ones, so that what is left is in few bins.
    fn gather(&mut self) {
        let left = |bin: &Bin| {
            let free = bin.free.iter().zip(&self.scale);
            let free = free.map(|(free, scale)| float(*free) * scale);
            free.fold(f64::INFINITY, f64::min)
        };
        let left: Vec<f64> = self.bins.iter().map(left).collect();
        let mut order: Vec<usize> = (0..left.len()).collect();
        order.sort_by(|a, b| left[*a].total_cmp(&left[*b]));
        while let Some(emptiest) = order.pop() {
            let mut stay = Vec::new();
            for item in std::mem::take(&mut self.bins[emptiest].items) {
                match order.iter().find(|bin| self.has_room(**bin, item)) {
                    Some(fuller) => self.transfer(item, emptiest, *fuller),
                    None => stay.push(item),
                }
            }
            self.bins[emptiest].items = stay;
        }
    }

    fn has_room(&self, bin: usize, item: usize) -> bool {
        let shape = &self.reduced.shapes[item];
        let mut room = self.bins[bin].free.iter().zip(&shape.amounts);
        shape.fits[self.bins[bin].stock] && room.all(|(free, amount)| amount <= free)
    }

    fn transfer(&mut self, item: usize, from: usize, to: usize) {
        for (r, amount) in self.reduced.shapes[item].amounts.iter().enumerate() {
            self.bins[from].free[r] += amount;
            self.bins[to].free[r] -= amount;
        }
        self.bins[to].items.push(item);
    }

    fn filled(self) -> Vec<Filled> {
        let content = |bin: Bin| {
            let mut content: BTreeMap<usize, u32> = BTreeMap::new();
            for shape in bin.items {
                *content.entry(shape).or_default() += 1;
            }
            (bin.stock, content.into_iter().collect())
        };
        let used = self.bins.into_iter().filter(|bin| !bin.items.is_empty());
        used.map(content).collect()
    }
}

#[cfg(test)]
mod tests;
