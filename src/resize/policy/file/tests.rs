use super::*;

#[test]
fn an_empty_file_is_the_usual_policy() {
    for text in ["", "{}", "# nothing\n"] {
        assert_eq!(parse(text), Ok(Policy::default()), "{text:?}");
    }
}

#[test]
fn every_field_reaches_the_policy() {
    let policy = parse(
        "maxHourlyCost: 0.5
maxMonthlyCost: \"200\"
priorityCutoff: 0
unneededFor: 10m
beforeNextHour: 2m
maxRemovals: 3
maxAdditions: 4
settle: 0s
quietHours: [\"22:00-06:30\"]
maxUnreadyPercent: 20
retrySoldOut: 1h
bootDeadline: 1h30m",
    );
    let expected = Policy {
        max_hourly_cost: Some(Price(500_000)),
        max_monthly_cost: Some(Price(200_000_000)),
        priority_cutoff: 0,
        unneeded_for: Duration::from_mins(10),
        before_next_hour: Duration::from_mins(2),
        max_removals: 3,
        max_additions: 4,
        settle: Duration::ZERO,
        quiet_hours: vec![QuietHours {
            from: 1320,
            to: 390,
        }],
        max_unready_percent: 20,
        retry_sold_out: Duration::from_hours(1),
        boot_deadline: Duration::from_mins(90),
    };
    assert_eq!(policy, Ok(expected));
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    let cases = [
        ("maxRemovals: -1", "maxRemovals"),
        ("maxHourlyCosts: 1", "unknown field `maxHourlyCosts`"),
        ("settle: 3", "is not a duration"),
        ("settle: -3s", "is not a duration"),
        ("maxHourlyCost: -1", "is not an amount of money"),
        ("maxHourlyCost: 0", "would forbid every machine"),
        ("quietHours: [\"25:00-06:00\"]", "is not a part of a day"),
        ("maxUnreadyPercent: 101", "more than a hundred"),
    ];
    for (text, expected) in cases {
        let error = parse(text).unwrap_err();
        assert!(
            error.contains(expected) || error.contains("line 1"),
            "{text}: {error}"
        );
    }
}

#[test]
fn money_is_exact() {
    assert_eq!(money("0.000001"), Ok(Price(1)));
    assert_eq!(money("12.34"), Ok(Price(12_340_000)));
    for wrong in ["", ".5", "1e3", "-1", "1.0000001", "99999999999999", "NaN"] {
        assert!(money(wrong).is_err(), "{wrong}");
    }
}
