use serde_json::{Value, json};

use super::*;

fn workload(arrivals: &Value) -> Workload {
    serde_json::from_value(json!({"name": "w", "types": [], "classes": [], "arrivals": [arrivals]}))
        .unwrap()
}

#[test]
fn as_many_come_as_the_rate_says_and_stay_as_long_as_is_said() {
    let workload = workload(&json!({
        "class": 0, "perHour": 120, "shortestSeconds": 60, "longestSeconds": 600,
        "fromSeconds": 3600, "untilSeconds": 39600,
    }));
    for seed in 0..5 {
        let events = workload.all_events(seed, 86_400.0).unwrap();
        assert!(
            (1100..1300).contains(&events.len()),
            "{seed}: {}",
            events.len()
        );
        for event in &events {
            let stays = event.for_seconds.unwrap();
            assert!((60.0..=600.0).contains(&stays), "{seed}: {event:?}");
            assert!(
                (3600.0..39_600.0).contains(&event.at_seconds),
                "{seed}: {event:?}"
            );
        }
    }
}

#[test]
fn more_than_one_a_second_come_too() {
    let workload = workload(&json!({
        "class": 0, "perHour": 9000, "shortestSeconds": 1, "longestSeconds": 1,
    }));
    let events = workload.all_events(1, 3600.0).unwrap();
    assert!((8800..9200).contains(&events.len()), "{}", events.len());
}

#[test]
fn the_same_seed_gives_the_same_events_and_another_one_others() {
    let workload = workload(&json!({
        "class": 0, "perHour": 60, "shortestSeconds": 1, "longestSeconds": 1,
    }));
    let events = |seed| workload.all_events(seed, 86_400.0).unwrap();
    assert_eq!(events(1), events(1));
    assert_ne!(events(1), events(2));
}

#[test]
fn nonsense_is_refused_with_its_place() {
    let refused = |arrivals: Value| {
        let error = workload(&arrivals).all_events(1, 3600.0).unwrap_err();
        error.to_string()
    };
    let text =
        refused(json!({"class": 0, "perHour": -1, "shortestSeconds": 1, "longestSeconds": 1}));
    assert!(text.starts_with("arrivals[0].perHour: is -1"), "{text}");
    let text =
        refused(json!({"class": 0, "perHour": 1, "shortestSeconds": 2, "longestSeconds": 1}));
    assert!(
        text.starts_with("arrivals[0]: shortestSeconds is 2"),
        "{text}"
    );
    let text = refused(json!({
        "class": 0, "perHour": 1, "shortestSeconds": 1, "longestSeconds": 1, "fromSeconds": -5,
    }));
    assert!(text.starts_with("arrivals[0]: times"), "{text}");
}
