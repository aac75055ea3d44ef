use super::*;

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// Pods that came at these milliseconds.
fn came(times: &[u64]) -> Burst {
    let burst = times
        .iter()
        .fold(None, |burst, at| Some(Burst::with(burst, ms(*at))));
    burst.unwrap()
}

/// Until when a pod that came at the last of these times waits, if the scheduler has said nothing.
fn until(times: &[u64]) -> Duration {
    let last = ms(times[times.len() - 1]);
    came(times).hold(false, last, false, last).unwrap()
}

#[test]
fn a_pod_that_comes_alone_waits_for_the_scheduler_and_not_for_long() {
    let burst = came(&[1000]);
    assert!(burst.is_alone());
    assert_eq!(burst.hold(false, ms(1000), false, ms(1000)), Some(ms(1020)));
    assert_eq!(burst.hold(false, ms(1000), false, ms(1020)), None);
    assert_eq!(burst.hold(false, ms(1000), true, ms(1001)), None);
}

#[test]
fn in_a_burst_the_word_of_the_scheduler_changes_nothing() {
    let burst = came(&[0, 50]);
    assert!(!burst.is_alone());
    assert!(burst.hold(false, ms(0), true, ms(60)).is_some());
}

#[test]
fn pods_at_long_intervals_come_alone() {
    assert!(came(&[0, 100, 200, 300]).is_alone());
    assert!(!came(&[0, 99]).is_alone());
}

#[test]
fn a_burst_is_over_after_twelve_of_its_pauses() {
    assert_eq!(until(&[0, 30, 60, 90]), ms(450));
}

#[test]
fn a_fast_burst_is_waited_for_a_tenth_of_a_second_and_a_slow_one_for_a_second() {
    let fast: Vec<u64> = (0..50).collect();
    assert_eq!(until(&fast), ms(149));
    let slow: Vec<u64> = (0..50).map(|number| number * 99).chain([5700]).collect();
    assert_eq!(until(&slow), ms(5700 + 1000));
}

#[test]
fn a_burst_that_becomes_slower_goes_on() {
    // Thirty at once, then twenty a second.
    let times: Vec<u64> = (0..30).chain((1..100).map(|n| 29 + n * 50)).collect();
    for count in 2..times.len() {
        let next = ms(times[count]);
        assert!(next < until(&times[..count]), "pod {count}");
    }
}

#[test]
fn no_pod_waits_longer_than_five_seconds() {
    let times: Vec<u64> = (0..200).map(|number| number * 50).collect();
    let now = ms(9950);
    assert_eq!(
        came(&times).hold(false, ms(5000), true, now),
        Some(ms(10_000))
    );
    assert_eq!(came(&times).hold(false, ms(4950), true, now), None);
}

#[test]
fn where_the_clock_steps_back_nobody_waits() {
    assert_eq!(
        came(&[50_000, 50_001]).hold(false, ms(50_000), false, ms(10)),
        None
    );
    let later = Burst::with(Some(came(&[50_000, 50_001])), ms(10));
    assert_eq!(later.hold(false, ms(10), true, ms(10)), Some(ms(110)));
}

#[test]
fn a_machine_that_is_as_good_as_any_waits_two_seconds() {
    let times: Vec<u64> = (0..100).map(|number| number * 50).collect();
    let now = ms(4950);
    assert_eq!(came(&times).hold(true, ms(3000), true, now), Some(ms(5000)));
    assert_eq!(came(&times).hold(true, ms(2950), true, now), None);
}
