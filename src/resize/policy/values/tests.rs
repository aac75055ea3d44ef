use super::*;

#[test]
fn money_is_exact() {
    assert_eq!(money("0.000001"), Ok(Price(1)));
    assert_eq!(money("12.34"), Ok(Price(12_340_000)));
    for wrong in ["", ".5", "1e3", "-1", "1.0000001", "99999999999999", "NaN"] {
        assert!(money(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn what_is_written_is_read_as_the_same() {
    for price in [1, 500_000, 1_000_000, 12_340_000, u64::MAX] {
        assert_eq!(money(&write_money(Price(price))), Ok(Price(price)));
    }
    for length in ["0s", "90s", "10m", "1h30m", "500ms", "36h"] {
        let length = duration(length).unwrap();
        assert_eq!(duration(&write_duration(length)), Ok(length));
    }
    for text in ["22:00-06:30", "00:00-24:00"] {
        assert_eq!(write_hours(hours(text).unwrap()), text);
    }
}

#[test]
fn a_part_of_a_pool_is_rounded_up_and_never_more_than_all() {
    let of = |text, all| share(text).map(|share| share.of(all));
    assert_eq!(of("10%", 1), Ok(1));
    assert_eq!(of("10%", 20), Ok(2));
    assert_eq!(of("3", 20), Ok(3));
    assert_eq!(of("0", 20), Ok(0));
    for wrong in ["", "-1", "101%", "%", "ten"] {
        assert!(share(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_duration_has_a_unit_and_hours_are_of_a_day() {
    for wrong in ["", "3", "-3s", "soon", "10 parsecs"] {
        assert!(duration(wrong).is_err(), "{wrong}");
    }
    for wrong in ["", "22:00", "25:00-06:00", "22:60-06:00", "22-6"] {
        assert!(hours(wrong).is_err(), "{wrong}");
    }
}
