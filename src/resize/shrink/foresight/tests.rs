use super::*;

fn look(foresight: &mut Foresight, seconds: u64, marked: bool, unneeded: bool) -> usize {
    let prospect = Prospect {
        node: "a",
        marked,
        unneeded,
    };
    let now = Duration::from_secs(seconds);
    foresight.look(now, std::iter::once(prospect)).0.len()
}

#[test]
fn a_node_is_marked_when_it_has_not_been_needed_for_a_while() {
    let mut foresight = Foresight::default();
    assert_eq!(look(&mut foresight, 0, false, true), 0);
    assert_eq!(look(&mut foresight, 119, false, true), 0);
    assert_eq!(look(&mut foresight, 120, false, true), 1);
    assert_eq!(look(&mut foresight, 121, true, true), 0);
}

#[test]
fn a_node_that_is_needed_now_and_then_is_not_marked() {
    let mut foresight = Foresight::default();
    for seconds in (0..1000).step_by(60) {
        assert_eq!(look(&mut foresight, seconds, false, seconds % 120 == 0), 0);
    }
}

#[test]
fn a_mark_that_no_longer_holds_is_taken_back_after_the_same_time() {
    let mut foresight = Foresight::default();
    assert_eq!(look(&mut foresight, 0, true, false), 0);
    assert_eq!(look(&mut foresight, 60, true, true), 0);
    assert_eq!(look(&mut foresight, 100, true, false), 0);
    assert_eq!(look(&mut foresight, 219, true, false), 0);
    assert_eq!(look(&mut foresight, 220, true, false), 1);
}

#[test]
fn the_next_look_is_when_the_first_mark_may_be_changed() {
    let mut foresight = Foresight::default();
    let unneeded = |node| Prospect {
        node,
        marked: false,
        unneeded: true,
    };
    let first = [unneeded("a")];
    foresight.look(Duration::ZERO, first.into_iter());
    let both = [unneeded("a"), unneeded("b")];
    let (_, next) = foresight.look(Duration::from_secs(30), both.into_iter());
    assert_eq!(next, Some(STEADY));
}
