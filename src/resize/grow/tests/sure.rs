//! Which machines would be bought whatever else comes.

use super::*;

/// Of so many pods with one CPU and two GiB each: what machines come, and whether they are sure.
fn bought(pods: u32, offers: &[Offer]) -> Vec<(usize, bool)> {
    let mut case = Case::default();
    case.waits(plain("web", "1", "2Gi"), pods);
    let machines = case.grow(offers).machines;
    let mut bought: Vec<(usize, bool)> = machines.iter().map(|it| (it.offer, it.sure)).collect();
    bought.sort_unstable();
    bought
}

#[test]
fn a_full_machine_of_the_best_type_is_sure() {
    assert_eq!(bought(32, &offers(&["a"])), [(2, true), (2, true)]);
}

#[test]
fn a_machine_that_has_room_left_is_not() {
    let only = [offer("only", "a", 4, 8, 10)];
    assert_eq!(bought(5, &only), [(0, false), (0, true)]);
}

#[test]
fn a_full_machine_is_not_while_another_one_holds_more_for_its_price() {
    assert_eq!(bought(4, &offers(&["a"])), [(1, false)]);
}

#[test]
fn what_cannot_be_had_is_nobody_s_better_choice() {
    let mut offers = offers(&["a"]);
    offers[2].limit = 0;
    assert_eq!(bought(4, &offers), [(1, true)]);
    // All that there is of it is bought already.
    offers[2].limit = 1;
    assert_eq!(bought(20, &offers), [(1, true), (2, true)]);
}

#[test]
fn what_pods_may_not_go_to_is_nobody_s_better_choice() {
    let mut offers = offers(&["a", "b"]);
    offers.remove(2);
    let mut case = Case::default();
    let selector = json!({"nodeSelector": {(ZONE): "a"}});
    case.waits(pod("web", "1", "2Gi", &selector), 4);
    let machines = case.grow(&offers).machines;
    assert_eq!((machines[0].offer, machines[0].sure), (1, true));
}

#[test]
fn one_large_pod_can_fill_a_machine() {
    let only = [offer("only", "a", 4, 8, 10)];
    let mut case = Case::default();
    case.waits(plain("large", "3", "3Gi"), 2);
    assert!(case.grow(&only).machines.iter().all(|it| it.sure));
}

#[test]
fn a_machine_is_worth_what_it_holds_for_the_whole_burst() {
    let mut case = Case::default();
    case.waits(plain("lean", "1", "512Mi"), 8);
    case.waits(plain("leaner", "1", "256Mi"), 8);
    let stout = case.state.class(plain("stout", "1", "4Gi"));
    let stout = case.state.requests(stout).to_vec();
    let mut sure = |demand: &Demand| {
        let (state, offers) = (&mut case.state, offers(&["a"]));
        let ends = [offers.len()];
        let growth = grow_by_preference(state, &case.waiting, demand, &offers, &ends, EFFORT);
        let machines = growth.machines.iter();
        machines.map(|it| (it.offer, it.sure)).collect::<Vec<_>>()
    };
    assert_eq!(sure(&Demand::new()), [(2, true)]);
    // No processor is left on it, but most of the memory, which the others of the burst are short of.
    assert_eq!(sure(&Demand::from([(stout, 100)])), [(2, false)]);
}
