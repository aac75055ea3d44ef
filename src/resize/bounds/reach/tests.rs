use super::reach;
use crate::random::Random;

/// By trying every number of the first ones in turn.
fn largest_sum(items: &[(i64, u32)], within: i64) -> i64 {
    let Some(((amount, count), rest)) = items.split_first() else {
        return 0;
    };
    let some = (0..=i64::from(*count)).map(|many| many * amount);
    let some = some.filter(|taken| *taken <= within);
    let sums = some.map(|taken| taken + largest_sum(rest, within - taken));
    sums.max().unwrap_or_default()
}

#[test]
fn no_items_add_up_to_more_within_an_amount() {
    for seed in 0..2_000 {
        let mut random = Random::new(seed);
        let part = 1 + i64::from(random.below(3)) * 64;
        let item = |random: &mut Random| (part * i64::from(random.below(40)), random.below(4));
        let items: Vec<(i64, u32)> = (0..random.below(6)).map(|_| item(&mut random)).collect();
        let within = i64::from(random.below(20_000));
        assert_eq!(
            reach(items.iter().copied(), within),
            largest_sum(&items, within),
            "seed {seed}: {items:?} within {within}"
        );
    }
}

#[test]
fn sums_of_very_many_parts_are_rounded_to_parts() {
    let gibibyte = 1 << 30;
    let items = [(2 * gibibyte, 1), (2, 1)];
    assert_eq!(reach(items.into_iter(), gibibyte + 3), gibibyte + 2);
}
