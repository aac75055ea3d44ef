//! A log of what was seen leads to the same decisions again.

use std::time::Duration;

use bex_infra::resize::history::{Change, Decided, Entry, Start, replay, trim};
use bex_infra::resize::model::Model;
use jiff::SignedDuration;
use serde_json::value::RawValue;

use super::case::Case;
use super::generate;

/// The log of a loop that is told of one object after the other and decides now and then. The loop gets whole objects,
/// the log trimmed ones.
fn log(case: &Case) -> Vec<Entry> {
    let mut model = Model::new(case.prices.clone());
    let mut entries = vec![Entry::Start(Start {
        at: case.now,
        policy: case.policy.clone(),
        prices: case.prices.clone(),
        ..Start::default()
    })];
    for (number, object) in case.objects.iter().enumerate() {
        let at = case.now + SignedDuration::from_millis(700 * i64::try_from(number).unwrap());
        let json = object.json.to_string();
        let (namespace, name) = (object.namespace(), object.name());
        let told = model.apply(
            at,
            object.cluster,
            object.resource,
            namespace,
            name,
            Some(json.as_bytes()),
        );
        told.unwrap();
        let trimmed = String::from_utf8(trim(object.resource, json.as_bytes()).unwrap()).unwrap();
        entries.push(Entry::Change(Change {
            at,
            cluster: object.cluster,
            resource: object.resource.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            object: Some(RawValue::from_string(trimmed).unwrap()),
        }));
        if number % 3 == 0 {
            entries.push(Entry::Decision(Decided {
                at,
                decision: model.decide(&case.policy, at),
                took: Duration::ZERO,
            }));
        }
    }
    entries
}

fn text(entries: &[Entry]) -> String {
    entries.iter().map(|entry| entry.line().unwrap()).collect()
}

#[test]
fn a_log_is_played_back_to_the_same_decisions() {
    let mut decisions = 0;
    let (first, cases) = (
        super::setting("BEX_FUZZ_SEED", 1),
        super::setting("BEX_FUZZ_CASES", 300),
    );
    for seed in first..=first + cases / 10 {
        let log = text(&log(&generate::case(seed)));
        let replay = replay(log.as_bytes()).unwrap();
        assert_eq!(replay.first_difference, None, "seed {seed}: {replay}");
        decisions += replay.decisions;
    }
    println!("{decisions} decisions were made again");
    assert!(decisions > 0);
}

#[test]
fn a_decision_that_was_tampered_with_is_shown() {
    let mut entries = log(&generate::case(1));
    let last = entries.iter_mut().rev().find_map(|entry| match entry {
        Entry::Decision(decided) => Some(decided),
        _ => None,
    });
    last.unwrap().decision.cost.before.0 += 1;
    let replay = replay(text(&entries).as_bytes()).unwrap();
    let shown = replay.to_string();
    assert_eq!(replay.different, 1, "{shown}");
    let marks = |mark: char| shown.lines().filter(|line| line.starts_with(mark)).count();
    assert_eq!((marks('-'), marks('+')), (1, 1), "{shown}");
    assert!(shown.contains("\"before\": "), "{shown}");
}
