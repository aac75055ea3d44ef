//! Compares answers, with the known differences in mind.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::answers::Answer;
use crate::script::Script;

/// A line of `differences.txt`: `script | call | place | reason`, with `*` for anything in the first three.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Known {
    line: usize,
    place: [String; 3],
    reason: String,
}

pub(crate) fn known_differences(home: &Path) -> Vec<Known> {
    let text = fs::read_to_string(home.join("differences.txt")).unwrap();
    let lines = text.lines().enumerate();
    lines
        .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
        .map(|(number, line)| {
            let parts: Vec<&str> = line.split(" | ").map(str::trim).collect();
            let [script, call, place, reason] = parts[..] else {
                panic!("differences.txt:{}: not four parts", number + 1);
            };
            Known {
                line: number + 1,
                place: [script, call, place].map(str::to_owned),
                reason: reason.to_owned(),
            }
        })
        .collect()
}

/// Counts and differences of a run.
pub(crate) struct Comparison<'a> {
    known: &'a [Known],
    /// Which of them occurred.
    seen: Vec<bool>,
    compared: usize,
    equal: usize,
    listed: usize,
    /// Calls with differences that are not known, and these.
    unexpected: Vec<(String, String)>,
}

impl<'a> Comparison<'a> {
    pub(crate) fn new(known: &'a [Known]) -> Self {
        Self {
            known,
            seen: vec![false; known.len()],
            compared: 0,
            equal: 0,
            listed: 0,
            unexpected: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, script: &Script, expected: &[Answer], given: &[Answer]) {
        assert_eq!(expected.len(), given.len());
        for (call, (expected, given)) in script.calls.iter().zip(expected.iter().zip(given)) {
            self.compared += 1;
            let found = differences(expected, given);
            if found.is_empty() {
                self.equal += 1;
                continue;
            }
            let unexpected: Vec<String> = found
                .iter()
                .filter(|(place, _)| !self.is_known([&script.name, &call.label, place]))
                .map(|(place, text)| format!("  {place}: {text}"))
                .collect();
            if unexpected.is_empty() {
                self.listed += 1;
            } else {
                let head = format!("{} | {}", script.name, call.label);
                self.unexpected.push((head, unexpected.join("\n")));
            }
        }
    }

    fn is_known(&mut self, place: [&str; 3]) -> bool {
        let mut known = false;
        for (index, candidate) in self.known.iter().enumerate() {
            if candidate
                .place
                .iter()
                .zip(place)
                .all(|(pattern, text)| matches(pattern, text))
            {
                self.seen[index] = true;
                known = true;
            }
        }
        known
    }

    pub(crate) fn summary(&self) -> String {
        format!(
            "{} calls compared: {} equal, {} with listed differences only, {} with others",
            self.compared,
            self.equal,
            self.listed,
            self.unexpected.len()
        )
    }

    /// The list may only shrink: what does not occur any more has to go.
    pub(crate) fn check(&self) {
        let gone = self
            .known
            .iter()
            .zip(&self.seen)
            .filter(|(_, seen)| !**seen);
        let gone: Vec<String> = gone
            .map(|(known, _)| {
                format!(
                    "differences.txt:{} does not occur: {}",
                    known.line, known.reason
                )
            })
            .collect();
        let unexpected: Vec<String> = self
            .unexpected
            .iter()
            .map(|(call, differences)| format!("{call}\n{differences}"))
            .collect();
        assert!(
            unexpected.is_empty() && gone.is_empty(),
            "\n{}\n{}\n{}",
            unexpected.join("\n"),
            gone.join("\n"),
            self.summary()
        );
    }

    /// Drops what does not occur any more from the list, and adds what is new as open.
    pub(crate) fn keep_list(&self, home: &Path) {
        let file = home.join("differences.txt");
        let text = fs::read_to_string(&file).unwrap();
        let gone = |number: usize| {
            let index = self.known.iter().position(|known| known.line == number + 1);
            index.is_some_and(|index| !self.seen[index])
        };
        let lines = text.lines().enumerate();
        let left = lines
            .filter(|(number, _)| !gone(*number))
            .map(|(_, line)| line.to_owned());
        let open = self
            .unexpected
            .iter()
            .map(|(call, _)| format!("{call} | * | open"));
        let lines: Vec<String> = left.chain(open).collect();
        fs::write(file, lines.join("\n") + "\n").unwrap();
    }
}

/// Places that differ, with both values.
fn differences(expected: &Answer, given: &Answer) -> Vec<(String, String)> {
    let [expected, given] = [expected, given].map(|answer| serde_json::to_value(answer).unwrap());
    let mut found = Vec::new();
    walk("", Some(&expected), Some(&given), &mut found);
    found
}

fn walk(
    place: &str,
    expected: Option<&Value>,
    given: Option<&Value>,
    found: &mut Vec<(String, String)>,
) {
    match (expected, given) {
        (Some(Value::Object(expected)), Some(Value::Object(given))) => {
            let keys = expected
                .keys()
                .chain(given.keys().filter(|key| !expected.contains_key(*key)));
            for key in keys {
                walk(
                    &format!("{place}/{key}"),
                    expected.get(key),
                    given.get(key),
                    found,
                );
            }
        }
        (Some(Value::Array(expected)), Some(Value::Array(given))) => {
            for index in 0..expected.len().max(given.len()) {
                walk(
                    &format!("{place}/{index}"),
                    expected.get(index),
                    given.get(index),
                    found,
                );
            }
        }
        (expected, given) if expected != given => {
            let text =
                |value: Option<&Value>| value.map_or_else(|| "absent".to_owned(), Value::to_string);
            found.push((
                place.to_owned(),
                format!("kept {}, given {}", text(expected), text(given)),
            ));
        }
        _ => {}
    }
}

/// `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            (0..=text.len()).any(|skip| text.get(skip..).is_some_and(|text| matches(rest, text)))
        }),
    }
}
