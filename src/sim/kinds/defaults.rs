//! Fills in the defaults of `defaults.txt`, whose head says what its lines mean.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

use super::paths::{Step, steps};

static SECTIONS: LazyLock<BTreeMap<&str, Vec<Line>>> =
    LazyLock::new(|| read(include_str!("defaults.txt")));

/// One line of a section.
#[derive(Debug)]
enum Line {
    Default {
        path: Vec<Step>,
        value: Value,
        condition: Option<Condition>,
    },
    Use {
        section: &'static str,
        path: Vec<Step>,
    },
}

/// A field beside the one in question has one of these values.
#[derive(Debug)]
struct Condition {
    field: &'static str,
    values: Vec<&'static str>,
}

pub(super) fn fill(api_version: &str, kind: &str, object: &mut Value) {
    section(&format!("{api_version} {kind}"), object);
}

fn section(name: &str, object: &mut Value) {
    for line in SECTIONS.get(name).into_iter().flatten() {
        match line {
            Line::Use {
                section: name,
                path,
            } => visit(object, path, &mut |part| section(name, part)),
            Line::Default {
                path,
                value,
                condition,
            } => {
                let Some((last, around)) = path.split_last() else {
                    continue;
                };
                visit(object, around, &mut |parent| {
                    set(parent, last, value, condition.as_ref());
                });
            }
        }
    }
}

/// Goes to all places that a path leads to.
fn visit(value: &mut Value, path: &[Step], act: &mut dyn FnMut(&mut Value)) {
    let Some((step, rest)) = path.split_first() else {
        return act(value);
    };
    for name in &step.names {
        match value.get_mut(name) {
            Some(Value::Array(items)) if step.each => {
                for item in items {
                    visit(item, rest, act);
                }
            }
            Some(inner @ Value::Object(_)) if !step.each => visit(inner, rest, act),
            _ => {}
        }
    }
}

fn set(parent: &mut Value, step: &Step, value: &Value, condition: Option<&Condition>) {
    let Value::Object(fields) = parent else {
        return;
    };
    let applies = condition.is_none_or(|condition| {
        let found = fields.get(condition.field).and_then(Value::as_str);
        found.is_some_and(|found| condition.values.contains(&found))
    });
    for name in step.names.iter().filter(|_| applies) {
        match fields.get(*name) {
            Some(Value::String(text)) if text.is_empty() => {}
            Some(Value::Null) | None => {}
            Some(_) => continue,
        }
        fields.insert((*name).to_owned(), value.clone());
    }
}

fn read(text: &'static str) -> BTreeMap<&'static str, Vec<Line>> {
    let mut sections = BTreeMap::new();
    let mut current = "";
    for line in text.lines() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix('[') {
            current = name.trim_end_matches(']');
        } else {
            let lines: &mut Vec<Line> = sections.entry(current).or_default();
            lines.push(read_line(line).expect("the defaults in the binary are well-formed"));
        }
    }
    sections
}

fn read_line(line: &'static str) -> Option<Line> {
    let (first, rest) = line.split_once(' ')?;
    if first == "use" {
        let (section, path) = rest.split_once(" at ")?;
        return Some(Line::Use {
            section,
            path: steps(path),
        });
    }
    let (value, condition) = match rest.split_once(" if ") {
        Some((value, condition)) => (value, Some(read_condition(condition)?)),
        None => (rest, None),
    };
    Some(Line::Default {
        path: steps(first),
        value: serde_json::from_str(value).ok()?,
        condition,
    })
}

fn read_condition(text: &'static str) -> Option<Condition> {
    let (field, values) = text.split_once('=')?;
    let values = values.split('|').collect();
    Some(Condition { field, values })
}
