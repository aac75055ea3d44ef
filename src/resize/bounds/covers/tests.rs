use super::super::{Bin, Item, Kind, Problem, bound};

#[test]
fn whole_bins_are_counted_for_items_that_only_some_take() {
    let bin = |price| Bin {
        amounts: vec![10],
        price,
        limit: u32::MAX,
    };
    let item = |amount, fits: [bool; 2]| Item {
        amounts: vec![amount],
        count: 1,
        fits: fits.to_vec(),
        per_bin: u32::MAX,
        apart: None,
    };
    let problem = Problem {
        items: vec![item(5, [false, true]), item(10, [true, true])],
        bins: vec![bin(10), bin(15)],
    };
    let bound = bound(&problem, 1);
    assert_eq!((bound.price, bound.kind), (25, Kind::Totals));
}
