mod brute_force;

use super::*;
use crate::random::Random;
use brute_force::checked_price;

/// Items with amounts and counts that go into every bin.
fn plain(items: &[(&[i64], u32)], bins: &[(&[i64], u64)]) -> Problem {
    let item = |(amounts, count): &(&[i64], u32)| Item {
        amounts: amounts.to_vec(),
        count: *count,
        fits: vec![true; bins.len()],
        per_bin: u32::MAX,
        apart: None,
    };
    let bin = |(amounts, price): &(&[i64], u64)| Bin {
        amounts: amounts.to_vec(),
        price: *price,
        limit: u32::MAX,
    };
    Problem {
        items: items.iter().map(item).collect(),
        bins: bins.iter().map(bin).collect(),
    }
}

#[test]
fn unit_prices_are_those_of_the_cheapest_mixture_of_bins() {
    // Six of the first bin and three of the second hold everything with nothing left over.
    let problem = plain(&[(&[1, 1], 30)], &[(&[4, 1], 10), (&[2, 8], 10)]);
    let prices = unit_prices(&problem);
    // 4a + b = 10 and 2a + 8b = 10.
    let expected = [7.0 / 3.0, 2.0 / 3.0];
    for (price, expected) in prices.iter().zip(expected) {
        assert!((price - expected).abs() < 1e-6, "{prices:?}");
    }
}

#[test]
fn a_resource_that_is_left_over_has_no_price() {
    let problem = plain(&[(&[1, 1], 100)], &[(&[10, 100], 5)]);
    assert_eq!(unit_prices(&problem), [0.5, 0.0]);
    assert_eq!(bound(&problem, 0).price, 50);
}

#[test]
fn whole_contents_prove_more_than_totals() {
    // Totals would fill twenty-one bins, but one of each is all that a bin holds.
    let problem = plain(&[(&[6, 1], 30), (&[1, 6], 30)], &[(&[10, 10], 7)]);
    let totals = bound(&problem, 0);
    let contents = bound(&problem, 100);
    assert_eq!((totals.price, totals.kind), (147, Kind::Totals));
    assert_eq!((contents.price, contents.kind), (210, Kind::Configurations));
}

#[test]
fn totals_do_not_count_what_no_items_add_up_to() {
    // Two items of 51 do not share a bin.
    let problem = plain(&[(&[51], 30)], &[(&[100], 7)]);
    assert_eq!(bound(&problem, 0).price, 210);
}

#[test]
fn items_that_exclude_each_other_need_a_bin_each() {
    let mut problem = plain(&[(&[1], 40), (&[1], 60)], &[(&[100], 7)]);
    for item in &mut problem.items {
        item.per_bin = 1;
        item.apart = Some(0);
    }
    assert_eq!(bound(&problem, 0).price, 700);
}

#[test]
fn a_bin_that_can_be_had_only_so_often_does_not_carry_everything() {
    let mut problem = plain(&[(&[1], 100)], &[(&[10], 1), (&[10], 4)]);
    problem.bins[0].limit = 3;
    assert_eq!(bound(&problem, 0).price, 3 + 7 * 4);
    assert_eq!(bound(&problem, 100).price, 3 + 7 * 4);
}

#[test]
fn what_fits_nowhere_has_no_cheapest_choice_and_adds_nothing_to_the_bound() {
    let problem = plain(&[(&[1], 10), (&[11], 1)], &[(&[10], 5)]);
    assert_eq!(cheapest(&problem, 1_000), None);
    assert_eq!(bound(&problem, 100).price, 5);
}

#[test]
fn nothing_costs_nothing() {
    let nothing = Problem::default();
    assert_eq!(bound(&nothing, 100).price, 0);
    let nothing_bought = (Packing::new(), Bound::default());
    assert_eq!(cheapest(&nothing, 100), Some(nothing_bought));
    assert!(unit_prices(&nothing).is_empty());
}

#[test]
fn nonsense_gives_a_low_bound_and_no_panic() {
    let mut problem = plain(
        &[(&[i64::MAX, -5], u32::MAX), (&[0, 0], u32::MAX)],
        &[
            (&[i64::MAX, -1], u64::MAX),
            (&[i64::MAX], u64::MAX),
            (&[], 0),
        ],
    );
    problem.items[0].fits.clear();
    let bound = bound(&problem, 10);
    assert_eq!(bound.price, 0, "a bin of no price holds what needs nothing");
    unit_prices(&problem);
}

/// Fifty pods of twenty shapes, and twelve machine types of two families.
fn fifty() -> Problem {
    let mut random = Random::new(7);
    let families: [&[(i64, u64)]; 2] = [
        &[
            (1, 16_425),
            (2, 27_384),
            (4, 49_302),
            (8, 95_877),
            (12, 138_343),
            (16, 178_754),
        ],
        &[
            (2, 59_576),
            (4, 118_480),
            (8, 190_398),
            (16, 378_754),
            (32, 731_494),
            (48, 1_169_850),
        ],
    ];
    let bin = |gib_per_cpu: i64, (cpus, price): &(i64, u64)| Bin {
        amounts: vec![cpus * 1000, cpus * gib_per_cpu * 980 - 228, 110],
        price: *price,
        limit: u32::MAX,
    };
    let bins = families.iter().zip([2, 4]);
    let bins: Vec<Bin> = bins
        .flat_map(|(family, gib)| family.iter().map(move |of| bin(gib, of)))
        .collect();
    let item = |_| Item {
        amounts: vec![
            i64::from(50 + random.below(1500)),
            i64::from(64 + random.below(4000)),
            1,
        ],
        count: 2 + random.below(2),
        fits: vec![true; bins.len()],
        per_bin: u32::MAX,
        apart: None,
    };
    Problem {
        items: (0..20).map(item).collect(),
        bins,
    }
}

#[test]
fn fifty_pods_get_their_cheapest_machines_and_the_bound_proves_it() {
    let problem = fifty();
    let (packing, bound) = cheapest(&problem, 1_000_000).unwrap();
    assert_eq!(bound.price, checked_price(&problem, &packing));
}

/// So many items of almost as many sizes, some of which need the second family.
fn many_sizes(seed: u64, items: u32) -> Problem {
    let mut problem = fifty();
    let mut random = Random::new(seed);
    let all = problem.bins.len();
    let item = |_| {
        let choosy = random.below(10) == 0;
        Item {
            amounts: vec![
                i64::from(50 + 10 * random.below(200)),
                i64::from(64 + random.below(4000)),
                1,
            ],
            count: 1 + random.below(3),
            fits: (0..all).map(|bin| !choosy || bin >= all / 2).collect(),
            per_bin: u32::MAX,
            apart: None,
        }
    };
    problem.items = (0..items).map(item).collect();
    problem
}

#[test]
fn a_choice_for_many_sizes_holds_all_items_and_costs_little_more_than_the_bound() {
    for seed in 0..2 {
        let problem = many_sizes(seed, 150);
        let (packing, bound) = choice(&problem, 400, 100_000).unwrap();
        let price = checked_price(&problem, &packing);
        assert!(bound.price <= price, "seed {seed}");
        assert!(
            price <= bound.price * 11 / 10,
            "seed {seed}: {price}, {bound:?}"
        );
    }
}

#[test]
fn the_same_items_get_the_same_choice() {
    let problem = fifty();
    assert_eq!(choice(&problem, 400, 50_000), choice(&problem, 400, 50_000));
}

#[test]
fn a_resource_kept_whole_closes_the_gap_of_prices() {
    // Three items go into a bin, whatever their prices say.
    let problem = plain(&[(&[30, 10], 300), (&[28, 12], 300)], &[(&[100, 50], 9)]);
    let bound = bound(&problem, 100);
    assert_eq!((bound.price, bound.kind), (1_800, Kind::Configurations));
}

#[test]
fn a_bin_without_any_of_a_resource_takes_items_that_ask_for_none_of_it() {
    let items: [(&[i64], u32); 2] = [(&[1, 0], 1), (&[1, 1], 1)];
    let problem = plain(&items, &[(&[1, -1], 1), (&[1, 10], 10)]);
    let (packing, bound) = cheapest(&problem, 10_000).unwrap();
    assert_eq!((checked_price(&problem, &packing), bound.price), (11, 11));
}

#[test]
fn scarce_bins_are_left_to_items_that_go_nowhere_else() {
    // However many small bins that takes.
    let mut problem = plain(&[(&[6], 1), (&[1], 12)], &[(&[6], 1), (&[1], 1)]);
    problem.bins[0].limit = 2;
    let (packing, bound) = choice(&problem, 100, 1_000).unwrap();
    assert_eq!((checked_price(&problem, &packing), bound.price), (8, 8));
}

#[test]
fn a_choice_within_the_stock_is_found_or_there_is_none() {
    let mut problem = plain(&[(&[1], 100)], &[(&[10], 1), (&[10], 4)]);
    problem.bins[0].limit = 3;
    let (packing, bound) = choice(&problem, 100, 1_000).unwrap();
    assert_eq!(checked_price(&problem, &packing), bound.price);
    problem.bins[1].limit = 6;
    assert_eq!(choice(&problem, 100, 1_000), None);
}
