use super::super::{Bin, Bound, Item, Kind, Problem, bound};

fn bin(amounts: &[i64], price: u64) -> Bin {
    Bin {
        amounts: amounts.to_vec(),
        price,
        limit: u32::MAX,
    }
}

fn item(amounts: &[i64], count: u32, fits: &[bool]) -> Item {
    Item {
        amounts: amounts.to_vec(),
        count,
        fits: fits.to_vec(),
        per_bin: u32::MAX,
        apart: None,
    }
}

#[test]
fn whole_bins_are_counted_for_items_that_only_some_take() {
    let problem = Problem {
        items: vec![item(&[5], 1, &[false, true]), item(&[10], 1, &[true, true])],
        bins: vec![bin(&[10], 10), bin(&[10], 15)],
    };
    let expected = Bound {
        price: 25,
        kind: Kind::Whole,
    };
    assert_eq!(bound(&problem, 1), expected);
}

#[test]
fn whole_bins_have_to_have_the_mixture_that_items_ask_for() {
    // Three items want 15 of both. The large bin and one of each of the small ones have that at 45, but the small ones hold
    // two fifths of an item each.
    let problem = Problem {
        items: vec![item(&[5, 5], 3, &[true; 3])],
        bins: vec![bin(&[10, 2], 10), bin(&[2, 10], 10), bin(&[10, 10], 25)],
    };
    let expected = Bound {
        price: 50,
        kind: Kind::Whole,
    };
    assert_eq!(bound(&problem, 1), expected);
}
