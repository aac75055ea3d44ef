//! Usual pods on Hetzner's price list.

use crate::resize::grow::{Effort, grow};
use crate::resize::prices::PriceList;
use crate::resize::workload::Situation;
use crate::resize::workload::generate::{Family, Shape, catalog, usual};

/// With the best ones for their price it was 1.4 % dearer.
#[test]
fn large_machines_that_are_the_best_for_their_price_give_way_to_small_ones_that_are_full() {
    let family = Family {
        prefixes: &["cpx", "ccx"],
        location: "fsn1",
        sold_out_too: true,
    };
    let types = catalog(&PriceList::named("hetzner").unwrap(), family);
    let workload = usual(Shape::Generic, 500, types, 6);
    let Situation {
        mut state,
        waiting,
        offers,
        ..
    } = workload.situation().unwrap();
    let effort = Effort {
        improvements: 2_000,
        exact_up_to: 50,
        columns: 1_000,
    };
    let growth = grow(&mut state, &waiting, &offers, effort);
    let (cost, bound) = (growth.cost.0, growth.bound.0);
    assert!(cost - bound <= bound / 1_000, "{cost} for {bound}");
}
