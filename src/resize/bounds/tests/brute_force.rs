//! Small problems, and their lowest price by trying everything.

use super::super::covers::Found;
use super::super::*;
use crate::random::Random;

/// A small problem with everything in it.
fn small(random: &mut Random) -> Problem {
    let bins = 1 + random.below(4);
    // Daemons may ask for more than there is.
    let amount = |random: &mut Random| match random.below(12) {
        0 => -1,
        _ => i64::from(3 + random.below(20)),
    };
    let bin = |random: &mut Random| Bin {
        amounts: (0..3).map(|_| amount(random)).collect(),
        price: u64::from(1 + random.below(40)),
        limit: if random.below(3) == 0 {
            random.below(4)
        } else {
            100
        },
    };
    let item = |random: &mut Random| Item {
        amounts: (0..3).map(|_| i64::from(random.below(12))).collect(),
        count: random.below(4),
        fits: (0..bins).map(|_| random.below(4) > 0).collect(),
        per_bin: if random.below(3) == 0 {
            1 + random.below(2)
        } else {
            100
        },
        apart: (random.below(4) == 0).then(|| random.below(2)),
    };
    Problem {
        bins: (0..bins).map(|_| bin(random)).collect(),
        items: (0..=random.below(3)).map(|_| item(random)).collect(),
    }
}

/// What is in a bin.
#[derive(Clone)]
struct Open {
    bin: usize,
    counts: Vec<u32>,
}

impl Open {
    fn takes(&self, problem: &Problem, item: usize) -> bool {
        let it = &problem.items[item];
        let excluded = |other: usize| {
            other != item
                && self.counts[other] > 0
                && it.apart.is_some()
                && problem.items[other].apart == it.apart
        };
        let enough = |r: usize| {
            let used: i64 = (0..self.counts.len())
                .map(|i| problem.items[i].amounts[r] * i64::from(self.counts[i]))
                .sum();
            it.amounts[r] == 0 || used + it.amounts[r] <= problem.bins[self.bin].amounts[r]
        };
        it.fits[self.bin]
            && self.counts[item] < it.per_bin
            && !(0..self.counts.len()).any(excluded)
            && (0..it.amounts.len()).all(enough)
    }
}

/// The lowest price, by trying everything: each item into each open bin or a new one.
fn brute_force(problem: &Problem) -> Option<u64> {
    fn go(
        problem: &Problem,
        rest: &mut Vec<usize>,
        open: &mut Vec<Open>,
        price: u64,
        best: &mut Option<u64>,
    ) {
        if best.is_some_and(|best| price >= best) {
            return;
        }
        let Some(item) = rest.pop() else {
            *best = Some(price);
            return;
        };
        for place in 0..open.len() {
            if open[place].takes(problem, item) {
                open[place].counts[item] += 1;
                go(problem, rest, open, price, best);
                open[place].counts[item] -= 1;
            }
        }
        for bin in 0..problem.bins.len() {
            let used = open.iter().filter(|open| open.bin == bin);
            let used = used.fold(0, |count, _| count + 1);
            let mut new = Open {
                bin,
                counts: vec![0; problem.items.len()],
            };
            if used < problem.bins[bin].limit && new.takes(problem, item) {
                new.counts[item] = 1;
                open.push(new);
                go(problem, rest, open, price + problem.bins[bin].price, best);
                open.pop();
            }
        }
        rest.push(item);
    }
    let items = problem.items.iter().enumerate();
    let mut rest = items
        .flat_map(|(place, item)| (0..item.count).map(move |_| place))
        .collect();
    let mut best = None;
    go(problem, &mut rest, &mut Vec::new(), 0, &mut best);
    best
}

/// The price of a packing that has been checked rule by rule.
pub(super) fn checked_price(problem: &Problem, packing: &Packing) -> u64 {
    let mut packed = vec![0; problem.items.len()];
    let mut bought = vec![0; problem.bins.len()];
    for (bin, content) in packing {
        bought[*bin] += 1;
        let mut open = Open {
            bin: *bin,
            counts: vec![0; problem.items.len()],
        };
        for (item, count) in content {
            packed[*item] += count;
            for _ in 0..*count {
                assert!(
                    open.takes(problem, *item),
                    "item {item} does not go into bin {bin}: {problem:?}"
                );
                open.counts[*item] += 1;
            }
        }
    }
    let counts: Vec<u32> = problem.items.iter().map(|item| item.count).collect();
    assert_eq!(packed, counts);
    assert!(
        bought
            .iter()
            .zip(&problem.bins)
            .all(|(bought, bin)| *bought <= bin.limit)
    );
    packing
        .iter()
        .map(|(bin, _)| problem.bins[*bin].price)
        .sum()
}

#[test]
fn no_bound_exceeds_the_lowest_price_and_the_cheapest_choice_has_it() {
    let mut solved = 0;
    for seed in 0..3_000 {
        let problem = small(&mut Random::new(seed));
        let Some(lowest) = brute_force(&problem) else {
            assert_eq!(
                cheapest(&problem, 100_000),
                None,
                "seed {seed}: {problem:?}"
            );
            continue;
        };
        for columns in [0, 3, 1_000] {
            let bound = bound(&problem, columns);
            assert!(
                bound.price <= lowest,
                "seed {seed}: {bound:?} is more than {lowest}: {problem:?}"
            );
        }
        if let Some((packing, bound)) = choice(&problem, 1_000, 10_000) {
            let price = checked_price(&problem, &packing);
            assert!(
                bound.price <= lowest && lowest <= price,
                "seed {seed}: {bound:?}, {lowest}, {price}: {problem:?}"
            );
        }
        let (cheapest, bound) = cheapest(&problem, 1_000_000)
            .unwrap_or_else(|| unreachable!("seed {seed}: {problem:?}"));
        let price = checked_price(&problem, &cheapest);
        let proven = (price, bound.price);
        assert_eq!(proven, (lowest, lowest), "seed {seed}: {problem:?}");
        solved += 1;
    }
    assert!(
        solved > 1_000,
        "only {solved} of the problems have a solution"
    );
}

#[test]
fn a_choice_by_counts_is_the_cheapest_however_scarce_its_bins_are() {
    let mut solved = 0;
    for seed in 0..1_200 {
        let mut random = Random::new(seed);
        let mut problem = small(&mut random);
        for bin in &mut problem.bins {
            bin.limit = bin.limit.min(1 + random.below(3));
        }
        let Some(lowest) = brute_force(&problem).filter(|lowest| *lowest > 0) else {
            continue;
        };
        let reduced = Reduced::of(&problem);
        for known in [u64::MAX, lowest + 3, lowest] {
            let Found { chosen, bound } = counts::cheapest(&reduced, known, 0);
            let price = chosen.map(|chosen| reduced.price(&chosen));
            let expected = (known > lowest).then_some(lowest);
            assert_eq!(
                (price, bound),
                (expected, lowest),
                "seed {seed}: {problem:?}"
            );
        }
        solved += 1;
    }
    assert!(
        solved > 300,
        "only {solved} of the problems have a solution"
    );
}
