//! The relaxation over whole contents of bins, solved by generating contents. Pure.
//!
//! Items get values; the content of a bin that is worth more than the bin costs is a new column for the linear program,
//! whose solution gives new values. What each round's values prove is checked in whole numbers, so that the bound holds
//! wherever it stops.

use super::certificate::{Worth, proven};
use super::knapsack::{Best, Content, Knapsack, RoomPrices, offered};
use super::range::NOISE;
use super::reduced::Reduced;
use super::simplex::Program;
use super::totals::Totals;
use crate::resize::approximate::float_price;

/// The largest value of an item in whole numbers.
const GRAIN: f64 = 1_099_511_627_776.0;
/// The largest value of all items together.
const LARGEST: f64 = 4e18;
/// A bound is good enough if it is so close to what the relaxation costs.
const ENOUGH: f64 = 1.0 - 1e-3;
/// With more shapes than this, contents are too many to be generated one by one. Where shapes are as many, totals are
/// hardly worse.
const MANY: usize = 300;
/// After so many rounds that neither prove more nor find cheaper contents, the rest is left alone.
const PATIENCE: u32 = 20;
/// A part of the cost that is worth another round.
const CHEAPER: f64 = 1.0 - 1e-4;
/// Where no more contents are found though the bound is not so close yet,
const NEARLY_ENOUGH: f64 = 1.0 - 2e-3;
/// they are looked for with so many times the care,
const MORE_CARE: u32 = 8;
/// but not with more steps than these for one content,
const MOST_STEPS: u32 = 1_024_000;
/// and these for each content that may be generated, all together.
const CAREFUL: u64 = 10_000;
/// What leaving out an item costs, in prices of the dearest bin: little, so that values jump about less,
const LEFT_OUT: f64 = 4.0;
/// and very much where items are left out for that. Where bins are scarce, one item can take the place of many.
const DEAR: f64 = 1e4;
/// How much of the best values so far goes into those that are tried next: they jump about less.
const STEADY: f64 = 0.6;

/// Values that prove a bound.
#[derive(Debug, Clone, Default)]
pub(super) struct Proof {
    pub values: Vec<i64>,
    pub price: u64,
}

/// The linear program over the contents so far.
#[derive(Debug)]
struct Master<'a> {
    reduced: &'a Reduced,
    program: Program,
    /// Bins of which there may be too few: they have a row of their own behind those of the shapes.
    limited: Vec<usize>,
    /// The dearest bin: costs are in parts of it.
    dearest: f64,
    /// The contents so far with their bins, in the order of their columns.
    contents: Vec<(usize, Content)>,
}

/// Effort of a search for the best content.
#[derive(Debug, Clone, Copy)]
pub(super) struct Care {
    /// Contents that may be generated.
    pub columns: u32,
    /// Steps for each content.
    pub steps: u32,
    /// One part of so many is not looked for.
    pub grain: i64,
}

/// What all items cost at least; a bound that is not above the known one is of no interest.
pub(super) fn bound(reduced: &Reduced, columns: u32, known: u64) -> u64 {
    if reduced.shapes.len() > MANY {
        return 0;
    }
    prove(reduced, care(columns), known).price
}

fn care(columns: u32) -> Care {
    Care {
        columns,
        steps: 2_000,
        grain: 1_000,
    }
}

/// The best values that were found.
pub(super) fn prove(reduced: &Reduced, care: Care, known: u64) -> Proof {
    solve(reduced, care, known).1
}

/// Kinds of bins with what is in them, and how many of each; parts of bins count.
pub(super) type Mixture = Vec<(usize, Content, f64)>;

/// Contents with their bins and how often the relaxation has each, the cheapest mixture if parts of bins could be had; and
/// what its values prove.
pub(super) fn mixture(reduced: &Reduced, columns: u32) -> (Mixture, Proof) {
    let (mut master, proof) = solve(reduced, care(columns), 0);
    master.program.minimize(2_000);
    let solution = master.program.solution();
    let times = &solution[solution.len() - master.contents.len()..];
    let contents = master.contents.into_iter().zip(times);
    let some = contents.filter(|(_, times)| **times > 0.0);
    let mixture = some.map(|((stock, content), times)| (stock, content, *times));
    (mixture.collect(), proof)
}

fn solve(reduced: &Reduced, care: Care, known: u64) -> (Master<'_>, Proof) {
    let solved = solve_at(reduced, care, known, LEFT_OUT);
    if solved.0.leaves_out() {
        return solve_at(reduced, care, known, DEAR);
    }
    solved
}

/// At this cost of leaving out an item.
fn solve_at(reduced: &Reduced, mut care: Care, known: u64, left_out: f64) -> (Master<'_>, Proof) {
    let mut master = Master::new(reduced, left_out);
    let mut center = Totals::of(reduced, false).values(reduced);
    let (mut proof, ..) = master.round(&center, care);
    let mut steady = STEADY;
    let mut left = care.columns;
    let mut careful = u64::from(care.columns) * CAREFUL;
    let usual = care.steps;
    let mut idle = 0;
    let mut before = f64::INFINITY;
    while left > 0 && careful > 0 {
        // Unless items are left out, no values prove more than what the contents so far cost.
        let cost = master.cost();
        if float_price(proof.price) >= cost * ENOUGH || float_price(known) >= cost {
            break;
        }
        if cost < before * CHEAPER {
            (before, idle) = (cost, 0);
        }
        master.program.minimize(2_000);
        let mixed = mix(&center, &master.values(), steady);
        let (next, added, steps) = master.round(&mixed, care);
        if care.steps > usual {
            careful = careful.saturating_sub(steps);
        }
        if next.price > proof.price {
            (proof, center) = (next, mixed);
            idle = 0;
        }
        idle += 1;
        if added == 0 && steady <= 0.0 || idle > PATIENCE {
            let near = float_price(proof.price) >= cost * NEARLY_ENOUGH;
            if near || care.steps >= MOST_STEPS {
                break;
            }
            care.steps *= MORE_CARE;
            care.grain *= i64::from(MORE_CARE);
            idle = 0;
        }
        // Values that lead to no content are too far from the program's.
        steady = if added == 0 {
            steady - (1.0 - STEADY)
        } else {
            STEADY
        };
        left = left.saturating_sub(added.max(1));
    }
    (master, proof)
}

fn mix(center: &[f64], duals: &[f64], steady: f64) -> Vec<f64> {
    let pairs = center.iter().zip(duals);
    let steady = steady.max(0.0);
    pairs
        .map(|(center, dual)| steady * center + (1.0 - steady) * dual)
        .collect()
}

/// The best content of each bin.
fn contents(reduced: &Reduced, values: &[i64], care: Care) -> Vec<Best> {
    let counts = reduced.counts();
    let best = |stock: usize| {
        let prices = RoomPrices::of(reduced, stock, values, &counts);
        let knapsack = Knapsack::new(reduced, stock, offered(values, &counts), &prices, None);
        knapsack.with_profiles(&prices).best(care.steps, care.grain)
    };
    (0..reduced.stocks.len()).map(best).collect()
}

fn check(reduced: &Reduced, values: Vec<i64>, contents: &[Best]) -> Proof {
    let worths = reduced.worths().into_iter().zip(contents);
    let worths: Vec<Worth> = worths
        .map(|(worth, best)| Worth {
            most: best.at_most.into(),
            ..worth
        })
        .collect();
    let parts = reduced.shapes.iter().zip(&values);
    let total = parts
        .map(|(shape, value)| i128::from(shape.count) * i128::from(*value))
        .sum();
    Proof {
        price: proven(total, &worths),
        values,
    }
}

impl<'a> Master<'a> {
    fn new(reduced: &'a Reduced, left_out: f64) -> Self {
        let limited = reduced.scarce();
        let counts = reduced.shapes.iter().map(|shape| f64::from(shape.count));
        let limits = limited
            .iter()
            .map(|stock| f64::from(reduced.stocks[*stock].limit));
        let costs = reduced
            .shapes
            .iter()
            .map(|_| left_out)
            .chain(limited.iter().map(|_| 0.0));
        let mut program = Program::new(counts.chain(limits).collect(), costs.collect());
        for shape in 0..reduced.shapes.len() {
            program.add(0.0, vec![(shape, -1.0)], f64::INFINITY);
        }
        let mut master = Self {
            reduced,
            program,
            limited,
            dearest: reduced.dearest(),
            contents: Vec::new(),
        };
        master.add_uniform_contents();
        master.program.minimize(2_000);
        master
    }

    /// For each shape the bin that holds it at the lowest price, full of it.
    fn add_uniform_contents(&mut self) {
        let counts = self.reduced.counts();
        for shape in 0..counts.len() {
            let full = (0..self.reduced.stocks.len()).filter_map(|stock| {
                let content = &self.reduced.shapes[shape];
                let most = content.most.min(self.reduced.room_for(stock, shape));
                (content.fits[stock] && most > 0).then_some((stock, most))
            });
            let price = |(stock, most): &(usize, u32)| {
                float_price(self.reduced.stocks[*stock].price) / f64::from(*most)
            };
            let best = full.min_by(|a, b| price(a).total_cmp(&price(b)));
            if let Some((stock, most)) = best {
                self.add_content(stock, &vec![(shape, most)]);
            }
        }
    }

    /// Looks for the best contents for these values. What the values prove, how many contents are new, and the steps that
    /// took.
    fn round(&mut self, values: &[f64], care: Care) -> (Proof, u32, u64) {
        let values = whole_values(values, self.reduced.items());
        let contents = contents(self.reduced, &values, care);
        let added = self.add(&contents);
        let steps = contents.iter().map(|best| u64::from(best.steps)).sum();
        (check(self.reduced, values, &contents), added, steps)
    }

    fn add_content(&mut self, stock: usize, content: &Content) {
        let entries = content
            .iter()
            .map(|(shape, count)| (*shape, f64::from(*count)));
        let row = self.limited.iter().position(|limited| *limited == stock);
        let row = row.map(|place| (self.reduced.shapes.len() + place, 1.0));
        let price = self.price(stock);
        self.contents.push((stock, content.clone()));
        self.program
            .add(price, entries.chain(row).collect(), f64::INFINITY);
    }

    /// Takes over contents that are worth more than they cost; how many that are.
    fn add(&mut self, contents: &[Best]) -> u32 {
        let duals = self.values();
        let mut added = 0;
        for (stock, best) in contents.iter().enumerate() {
            let worth = best
                .content
                .iter()
                .map(|(shape, count)| duals[*shape] * f64::from(*count));
            let row = self.limited.iter().position(|limited| *limited == stock);
            let scarce = row.map_or(0.0, |place| {
                self.program.prices()[self.reduced.shapes.len() + place]
            });
            let cost = self.price(stock) - scarce;
            if worth.sum::<f64>() > cost * self.dearest * (1.0 + 1e-7) {
                self.add_content(stock, &best.content);
                added += 1;
            }
        }
        added
    }

    fn leaves_out(&self) -> bool {
        let left_out = &self.program.solution()[..self.reduced.shapes.len()];
        left_out.iter().any(|items| *items > NOISE)
    }

    fn price(&self, stock: usize) -> f64 {
        float_price(self.reduced.stocks[stock].price) / self.dearest
    }

    /// What all items cost with the contents so far.
    fn cost(&self) -> f64 {
        self.program.cost() * self.dearest
    }

    fn values(&self) -> Vec<f64> {
        let prices = &self.program.prices()[..self.reduced.shapes.len()];
        prices
            .iter()
            .map(|price| price.max(0.0) * self.dearest)
            .collect()
    }
}

/// Values in whole numbers, of which the largest is as large as it may be.
#[expect(clippy::cast_possible_truncation, reason = "scaled so that it fits")]
pub(super) fn whole_values(values: &[f64], items: u64) -> Vec<i64> {
    let largest = values.iter().copied().fold(0.0, f64::max);
    let most = GRAIN.min(LARGEST / float_price(items));
    let factor = if largest > 0.0 { most / largest } else { 0.0 };
    values.iter().map(|value| (value * factor) as i64).collect()
}
