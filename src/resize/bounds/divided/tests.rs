use super::super::{Bin, Item, Kind, Problem, bound};

#[test]
fn what_takes_memory_takes_its_cores_too() {
    let bin = |amounts: [i64; 2], price| Bin {
        amounts: amounts.to_vec(),
        price,
        limit: u32::MAX,
    };
    let item = |amounts: [i64; 2], fits: [bool; 2]| Item {
        amounts: amounts.to_vec(),
        count: 100,
        fits: fits.to_vec(),
        per_bin: u32::MAX,
        apart: None,
    };
    let problem = Problem {
        items: vec![item([1, 1], [false, true]), item([1, 4], [true, true])],
        bins: vec![bin([10, 10], 10), bin([10, 40], 15)],
    };
    // The first fill the cores of ten large bins; their memory is of no use for the others, who need ten more.
    let bound = bound(&problem, 1);
    assert_eq!((bound.price, bound.kind), (300, Kind::Divided));
}
