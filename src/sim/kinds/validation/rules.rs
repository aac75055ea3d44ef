//! Reads `rules.txt`, whose head says what its lines mean, and holds objects against it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

use super::names::Form;
use super::report::{Path, Report, is_empty, items, text};
use super::{checks, metadata, selectors};
use crate::sim::kinds::paths::{Step, steps};

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    read(include_str!("rules.txt")).expect("the rules in the binary are well-formed")
});

/// What a rule is asked about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    pub value: &'a Value,
    /// What stood there before the change; null if there was nothing.
    pub before: &'a Value,
    /// All of the object.
    pub object: &'a Value,
}

pub(super) type Check = fn(&Subject, &Path, &mut Report);

/// How the metadata of a kind is checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Naming {
    /// Nothing: it has no rules of its own for metadata.
    pub form: Option<Form>,
    /// On changes, as if it were new once more.
    pub again: bool,
    /// On changes, what may not change only once.
    pub once: bool,
}

#[derive(Debug, Default)]
struct Table {
    sections: BTreeMap<&'static str, Vec<Line>>,
    /// By `apiVersion` and kind.
    namings: BTreeMap<&'static str, Naming>,
}

#[derive(Debug)]
struct Line {
    path: Vec<Step>,
    rule: Rule,
}

#[derive(Debug)]
enum Rule {
    Required(&'static str),
    Form(Form),
    OneOf(Vec<&'static str>),
    AtLeast(i64),
    Range(i64, i64),
    Forbidden(&'static str),
    Immutable,
    Locked(&'static str),
    Labels,
    Annotations,
    Selector,
    Use(&'static str),
    Check(Check),
}

/// `None`: a kind without rules.
pub(super) fn naming(api_version: &str, kind: &str) -> Option<Naming> {
    let name = format!("{api_version}/{kind}");
    TABLE.namings.get(name.as_str()).copied()
}

/// Holds a part of an object against a section; one that does not exist asks nothing.
pub(super) fn run(section: &str, subject: &Subject, at: &Path, report: &mut Report) {
    for line in TABLE.sections.get(section).into_iter().flatten() {
        visit(subject, at, &line.path, &mut |subject, at| {
            line.rule.hold(subject, at, report);
        });
    }
}

/// Goes to all places that a path leads to; to the last field of it even if it is not there.
fn visit(subject: &Subject, at: &Path, path: &[Step], act: &mut dyn FnMut(&Subject, &Path)) {
    let Some((step, rest)) = path.split_first() else {
        return act(subject, at);
    };
    for name in &step.names {
        let at = at.field(name);
        let inner = Subject {
            value: &subject.value[name],
            before: &subject.before[name],
            ..*subject
        };
        if step.each {
            for (index, item) in items(inner.value).iter().enumerate() {
                let item = Subject {
                    value: item,
                    before: &Value::Null,
                    ..inner
                };
                visit(&item, &at.index(index), rest, act);
            }
        } else if rest.is_empty() || inner.value.is_object() {
            visit(&inner, &at, rest, act);
        }
    }
}

impl Rule {
    fn hold(&self, subject: &Subject, at: &Path, report: &mut Report) {
        let value = subject.value;
        match self {
            Self::Required(why) if is_empty(value) => report.required(at, why),
            Self::Immutable if *value != *subject.before => {
                report.invalid(at, value.clone(), "field is immutable");
            }
            Self::Locked(why) if *value != *subject.before => report.forbidden(at, why),
            Self::Use(section) if !value.is_null() => run(section, subject, at, report),
            Self::Check(check) if !value.is_null() => check(subject, at, report),
            _ if !is_empty(value) => self.hold_value(value, at, report),
            _ => {}
        }
    }

    /// What is asked of a value that is there.
    fn hold_value(&self, value: &Value, at: &Path, report: &mut Report) {
        match self {
            Self::Form(form) => report.invalid_all(at, text(value), &form.faults(text(value))),
            Self::OneOf(all) if !all.contains(&text(value)) => {
                report.unsupported(at, value.clone(), all);
            }
            Self::AtLeast(least) if value.as_i64().is_some_and(|it| it < *least) => {
                let detail = format!("must be greater than or equal to {least}");
                report.invalid(at, value.clone(), &detail);
            }
            Self::Range(from, to) => check_range(value, *from, *to, at, report),
            Self::Forbidden(why) => report.forbidden(at, why),
            Self::Labels => metadata::labels(value, at, report),
            Self::Annotations => metadata::annotations(value, at, report),
            Self::Selector => selectors::check(value, at, report),
            _ => {}
        }
    }
}

/// Nothing is asked of what is no number.
pub(super) fn check_range(value: &Value, from: i64, to: i64, at: &Path, report: &mut Report) {
    if value.as_i64().is_some_and(|it| it < from || it > to) {
        let detail = format!("must be between {from} and {to}, inclusive");
        report.invalid(at, value.clone(), &detail);
    }
}

fn read(text: &'static str) -> Result<Table, String> {
    let mut table = Table::default();
    let mut section = "";
    for line in text.lines() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let broken = || format!("in [{section}]: {line}");
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
        } else if section == "metadata" {
            let (kind, naming) = read_naming(line).ok_or_else(broken)?;
            table.namings.insert(kind, naming);
        } else {
            let line = read_line(line).ok_or_else(broken)?;
            table.sections.entry(section).or_default().push(line);
        }
    }
    Ok(table)
}

fn read_naming(line: &'static str) -> Option<(&'static str, Naming)> {
    let mut words = line.split(' ');
    let kind = words.next()?;
    let form = match words.next()? {
        "-" => None,
        name => Some(Form::named(name)?),
    };
    let rest: Vec<&str> = words.collect();
    let naming = Naming {
        form,
        again: rest.contains(&"again"),
        once: rest.contains(&"once"),
    };
    Some((kind, naming))
}

fn read_line(line: &'static str) -> Option<Line> {
    let (path, rule) = line.split_once(' ')?;
    let (rule, rest) = rule.split_once(' ').unwrap_or((rule, ""));
    let rule = match rule {
        "required" => Rule::Required(rest),
        "form" => Rule::Form(Form::named(rest)?),
        "one-of" => Rule::OneOf(rest.split(' ').collect()),
        "at-least" => Rule::AtLeast(rest.parse().ok()?),
        "range" => {
            let (from, to) = rest.split_once(' ')?;
            Rule::Range(from.parse().ok()?, to.parse().ok()?)
        }
        "forbidden" => Rule::Forbidden(rest),
        "immutable" => Rule::Immutable,
        "locked" => Rule::Locked(rest),
        "labels" => Rule::Labels,
        "annotations" => Rule::Annotations,
        "selector" => Rule::Selector,
        "use" => Rule::Use(rest),
        "check" => Rule::Check(checks::named(rest)?),
        _ => return None,
    };
    Some(Line {
        path: steps(path),
        rule,
    })
}
