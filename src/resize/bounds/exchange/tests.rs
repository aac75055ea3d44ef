use super::super::reduced::Reduced;
use super::super::{Bin, Item, Problem};
use super::fit;
use crate::random::Random;

fn item(amounts: [i64; 2], fits: Vec<bool>) -> Item {
    Item {
        amounts: amounts.to_vec(),
        count: 1,
        fits,
        per_bin: u32::MAX,
        apart: None,
    }
}

fn bin(amounts: [i64; 2], price: u64) -> Bin {
    Bin {
        amounts: amounts.to_vec(),
        price,
        limit: 100,
    }
}

/// Two kinds of bins, so many of each, that are cut into items with hardly anything left over: a problem that has a solution.
fn cut(random: &mut Random, bins: u32) -> Problem {
    let sizes = [[160, 320], [320, 320]];
    let mut items = Vec::new();
    for (kind, size) in sizes.into_iter().enumerate() {
        for _ in 0..bins {
            let mut rest = size;
            for _ in 0..12 {
                let mut part =
                    |r: usize| (size[r] / 40 * i64::from(1 + random.below(5))).min(rest[r]);
                let part = [part(0), part(1)];
                rest = [rest[0] - part[0], rest[1] - part[1]];
                items.push(item(part, vec![kind == 0 || random.chance(80), true]));
            }
            let rest = rest.map(|rest| (rest - 4).max(0));
            items.push(item(rest, vec![kind == 0, true]));
        }
    }
    Problem {
        items,
        bins: vec![bin(sizes[0], 10), bin(sizes[1], 15)],
    }
}

#[test]
fn bins_that_were_cut_into_items_are_put_together_again() {
    for seed in 0..20 {
        let reduced = Reduced::of(&cut(&mut Random::new(seed), 4));
        let filled = fit(&reduced, &[4, 4], 300_000);
        let filled = filled.unwrap_or_else(|| unreachable!("seed {seed}: no places found"));
        let mut counts = reduced.counts();
        for (stock, content) in &filled {
            let mut free = reduced.stocks[*stock].amounts.clone();
            for (shape, count) in content {
                assert!(reduced.shapes[*shape].fits[*stock], "seed {seed}");
                counts[*shape] -= count;
                for (free, amount) in free.iter_mut().zip(&reduced.shapes[*shape].amounts) {
                    *free -= amount * i64::from(*count);
                }
            }
            assert!(free.iter().all(|free| *free >= 0), "seed {seed}: {free:?}");
        }
        assert!(counts.iter().all(|left| *left == 0), "seed {seed}");
        assert_eq!(reduced.price(&filled), 4 * (10 + 15), "seed {seed}");
    }
}

#[test]
fn bins_that_have_too_little_are_no_solution() {
    let reduced = Reduced::of(&cut(&mut Random::new(1), 4));
    assert_eq!(fit(&reduced, &[4, 3], 10_000), None);
    assert_eq!(fit(&reduced, &[0, 0], 10_000), None);
}

#[test]
fn items_that_exclude_each_other_are_not_put_together() {
    let mut problem = cut(&mut Random::new(1), 1);
    for item in &mut problem.items {
        item.apart = Some(0);
    }
    assert_eq!(fit(&Reduced::of(&problem), &[9, 9], 10_000), None);
}

#[test]
fn amounts_that_cannot_be_added_up_are_not_looked_at() {
    let huge = i64::MAX / 2;
    let problem = Problem {
        items: vec![item([huge, 1], vec![true]), item([huge, 2], vec![true])],
        bins: vec![bin([i64::MAX, 2], 10)],
    };
    assert_eq!(fit(&Reduced::of(&problem), &[2], 10_000), None);
}
