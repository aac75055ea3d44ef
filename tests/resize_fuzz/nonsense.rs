//! What nobody in their right mind would say: refused with words, or passed over; never a panic.

use bex_infra::resize::history::{Entries, replay, report, trim};
use bex_infra::resize::model::{Cluster, Model};
use bex_infra::resize::policy::Policy;
use bex_infra::resize::prices::PriceList;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::generate;
use super::random::Random;

/// Values that fit nowhere.
fn odd(random: &mut Random) -> Value {
    match random.between(0, 13) {
        0 => json!(null),
        1 => json!(-1),
        2 => json!(u64::MAX),
        3 => json!(1e308),
        4 => json!(""),
        5 => json!("10Ti"),
        6 => json!("-5"),
        7 => json!("99999999999999999999999999Ei"),
        8 => json!([]),
        9 => json!({}),
        10 => json!("\u{0}\u{202e}\u{1f4a9}"),
        11 => json!(true),
        12 => json!(i64::MIN),
        _ => json!("0"),
    }
}

/// Puts something odd in a place of it.
fn spoil(random: &mut Random, value: &mut Value) {
    let deeper = random.percent(85);
    match value {
        Value::Object(map) if deeper && !map.is_empty() => {
            let place = usize::try_from(random.next() % map.len() as u64).unwrap();
            spoil(random, map.values_mut().nth(place).unwrap());
        }
        Value::Array(list) if deeper && !list.is_empty() => {
            let place = usize::try_from(random.next() % list.len() as u64).unwrap();
            spoil(random, &mut list[place]);
        }
        _ => *value = odd(random),
    }
}

/// Bytes that are no JSON any more, most of the time.
fn tear(random: &mut Random, json: &mut Vec<u8>) {
    if json.is_empty() {
        return;
    }
    let place = usize::try_from(random.next() % json.len() as u64).unwrap();
    match random.between(0, 2) {
        0 => json.truncate(place),
        1 => json[place] = random.next().to_le_bytes()[0],
        _ => json.insert(place, b'{'),
    }
}

#[test]
fn nonsense_never_makes_it_panic() {
    let cases = super::setting("BEX_FUZZ_CASES", 300);
    let (mut refused, mut told) = (0, 0);
    for seed in 1..=cases {
        let mut random = Random::new(seed.wrapping_mul(7919));
        let case = generate::case(seed);
        let mut model = Model::new(case.prices.clone());
        let mut now = case.now;
        for object in &case.objects {
            let mut json = object.json.clone();
            if random.percent(30) {
                spoil(&mut random, &mut json);
            }
            let mut json = json.to_string().into_bytes();
            if random.percent(5) {
                tear(&mut random, &mut json);
            }
            if let Ok(trimmed) = trim(object.resource, &json) {
                json = trimmed;
            }
            let answer = model.apply(
                now,
                object.cluster,
                object.resource,
                object.namespace(),
                object.name(),
                Some(&json),
            );
            refused += u32::from(answer.is_err());
            told += 1;
            // The clock is set forwards and backwards by hours.
            now += SignedDuration::from_secs(
                i64::try_from(random.between(0, 20_000)).unwrap() - 10_000,
            );
            if random.percent(10) {
                let decision = model.decide(&case.policy, now);
                assert!(!decision.to_string().is_empty());
            }
        }
        model.decide(&odd_policy(&mut random), now);
    }
    println!("{refused} of {told} spoiled objects were refused");
    assert!(refused > 0);
}

fn odd_policy(random: &mut Random) -> Policy {
    let policy = json!({
        "maxHourlyCost": random.pick(&[0, 1, u64::MAX]), "priorityCutoff": random.pick(&[i32::MIN, 0, i32::MAX]),
        "unneededFor": {"secs": random.pick(&[0, u64::MAX]), "nanos": 0},
        "beforeNextHour": {"secs": random.pick(&[0, 86_400, u64::MAX]), "nanos": 0},
        "settle": {"secs": random.pick(&[0, u64::MAX]), "nanos": 0},
        "bootDeadline": {"secs": random.pick(&[0, u64::MAX]), "nanos": 0},
        "retrySoldOut": {"secs": random.pick(&[0, u64::MAX]), "nanos": 0},
        "maxRemovals": random.pick(&[0, u32::MAX]), "maxAdditions": random.pick(&[0, u32::MAX]),
        "maxUnreadyPercent": random.pick(&[0, 255]),
        "quietHours": [{"from": random.pick(&[0, u16::MAX]), "to": random.pick(&[0, u16::MAX])}],
    });
    serde_json::from_value(policy).unwrap()
}

#[test]
fn an_object_that_cannot_be_read_is_refused_by_name() {
    let mut model = Model::new(PriceList::default());
    let now = Timestamp::UNIX_EPOCH;
    for (resource, json) in [
        ("pods", r#"{"metadata": 5}"#),
        (
            "nodes",
            r#"{"status": {"allocatable": {"memory": "much"}}}"#,
        ),
        ("poddisruptionbudgets.policy", "[]"),
        ("daemonsets.apps", "{\"spec\""),
        ("replicasets.apps", r#"{"spec": {"replicas": "many"}}"#),
    ] {
        let told = model.apply(
            now,
            Cluster::App,
            resource,
            "default",
            "odd",
            Some(json.as_bytes()),
        );
        let error = format!("{:#}", told.unwrap_err());
        assert!(error.contains(resource) && error.contains("odd"), "{error}");
    }
}

#[test]
fn a_log_of_nonsense_is_refused_with_its_place() {
    for log in [
        "{}\n",
        "\u{0}\n",
        "[[[[\n",
        "{\"start\":{\"at\":\"tomorrow\"}}\n",
        "\n",
    ] {
        for error in [
            replay(log.as_bytes()).unwrap_err(),
            report(log.as_bytes()).unwrap_err(),
        ] {
            assert!(
                format!("{error:#}").starts_with("line 1, column "),
                "{log}: {error:#}"
            );
        }
    }
}

#[test]
fn deep_nesting_in_a_log_does_not_overflow_the_stack() {
    let deep = format!("{{\"change\":{}}}\n", "[".repeat(100_000));
    assert!(Entries::new(deep.as_bytes()).all(|entry| entry.is_err()));
}

/// Negative prices, machines without memory, and the like.
#[test]
fn a_price_list_of_nonsense_is_refused() {
    let types = |more: Value| {
        let mut list = json!({"currency": "EUR", "billedSeconds": 3600, "types": [{
            "name": "a", "architecture": "amd64", "cpus": 2, "memoryGib": 4.0, "diskGb": 40,
            "locations": [{"name": "fsn1", "hourly": 1000, "available": true}],
        }]});
        for (key, value) in more.as_object().unwrap() {
            list["types"][0][key] = value.clone();
        }
        list.to_string()
    };
    PriceList::parse(&types(json!({}))).unwrap();
    let location = |hourly: Value| json!({"locations": [{"name": "fsn1", "hourly": hourly, "available": true}]});
    for nonsense in [
        location(json!(-5)),
        location(json!(0)),
        json!({"memoryGib": 0.0}),
        json!({"memoryGib": -4.0}),
        json!({"memoryGib": null}),
        json!({"cpus": 0}),
        json!({"surprise": 1}),
    ] {
        let error = PriceList::parse(&types(nonsense.clone()));
        assert!(error.is_err(), "{nonsense}");
    }
}
