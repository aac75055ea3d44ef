//! The part of `JSONPath` that columns of a `CustomResourceDefinition` use: `.a.b`, `['a']`, `[0]`, `[*]`, `[?(@.a=="b")]`.

use serde_json::Value;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Field(String),
    /// From the end if negative.
    Index(i64),
    All,
    /// Items whose value at the path compares as said.
    Where {
        path: Path,
        equal: bool,
        value: Value,
    },
}

impl Path {
    /// Nothing: it is none, or one that is not understood.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (step, after) = if let Some(inner) = rest.strip_prefix('[') {
                bracket(inner)?
            } else {
                field(rest.strip_prefix('.')?)
            };
            steps.extend(step);
            rest = after;
        }
        Some(Self(steps))
    }

    /// The first value that is there.
    pub(super) fn first<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        let mut found = vec![value];
        for step in &self.0 {
            found = found.into_iter().flat_map(|value| step.of(value)).collect();
        }
        found.into_iter().next()
    }
}

/// A field name up to the next dot or bracket; a backslash keeps a dot in it.
fn field(text: &str) -> (Option<Step>, &str) {
    let mut name = String::new();
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '.' | '[' => return (named(name), &text[at..]),
            '\\' => name.extend(characters.next().map(|(_, escaped)| escaped)),
            plain => name.push(plain),
        }
    }
    (named(name), "")
}

/// `.` alone is the value itself.
fn named(name: String) -> Option<Step> {
    match name.as_str() {
        "" => None,
        "*" => Some(Step::All),
        _ => Some(Step::Field(name)),
    }
}

/// What is in brackets, and what follows them.
fn bracket(text: &str) -> Option<(Option<Step>, &str)> {
    if let Some(filter) = text.strip_prefix("?(") {
        let end = filter.find(")]")?;
        return Some((Some(condition(&filter[..end])?), &filter[end + 2..]));
    }
    let end = text.find(']')?;
    let inner = text[..end].trim();
    let step = match quoted(inner) {
        // A dot in a name is escaped here, too, although the quotes would do.
        Some(name) => Step::Field(name.replace("\\.", ".")),
        None if inner == "*" => Step::All,
        None => Step::Index(inner.parse().ok()?),
    };
    Some((Some(step), &text[end + 1..]))
}

fn quoted(text: &str) -> Option<&str> {
    let within = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    within('\'').or_else(|| within('"'))
}

/// `@.type=="Ready"`.
fn condition(text: &str) -> Option<Step> {
    let (path, equal, value) = match (text.split_once("=="), text.split_once("!=")) {
        (Some((path, value)), _) => (path, true, value),
        (None, Some((path, value))) => (path, false, value),
        (None, None) => return None,
    };
    let value = value.trim();
    Some(Step::Where {
        path: Path::parse(path.trim().strip_prefix('@')?)?,
        equal,
        value: match quoted(value) {
            Some(text) => text.into(),
            None => serde_json::from_str(value).ok()?,
        },
    })
}

impl Step {
    fn of<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        match (self, value) {
            (Self::Field(name), _) => value.get(name).into_iter().collect(),
            (Self::Index(index), Value::Array(list)) => {
                let from_end = i64::try_from(list.len()).unwrap_or_default();
                let index = if *index < 0 { index + from_end } else { *index };
                usize::try_from(index)
                    .ok()
                    .and_then(|index| list.get(index))
                    .into_iter()
                    .collect()
            }
            (Self::All, Value::Array(list)) => list.iter().collect(),
            (Self::All, Value::Object(fields)) => fields.values().collect(),
            (
                Self::Where {
                    path,
                    equal,
                    value: wanted,
                },
                Value::Array(list),
            ) => {
                let holds = |item: &&Value| {
                    path.first(item)
                        .is_some_and(|found| (found == wanted) == *equal)
                };
                list.iter().filter(holds).collect()
            }
            _ => Vec::new(),
        }
    }
}
