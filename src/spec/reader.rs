//! Typed access to a document. What does not fit is noted with its place and path, and reading goes on, so that a
//! person sees everything that is wrong with a file in one go.

use std::fmt::Display;
use std::ops::RangeInclusive;

use serde_saphyr::Location;

use super::document::{Entry, Node, Value};
use super::problems::{Problem, nearest};

/// A value and the path that leads to it, such as `spec.pools[1].name`.
#[derive(Debug, Clone)]
pub(super) struct Field<'a> {
    path: String,
    node: &'a Node,
}

/// A mapping all of whose keys are known.
#[derive(Debug)]
pub(super) struct Object<'a> {
    path: String,
    location: Location,
    entries: &'a [Entry],
}

impl<'a> Object<'a> {
    /// The field of that name; `name:` without a value is the same as no field.
    pub(super) fn get(&self, name: &str) -> Option<Field<'a>> {
        self.entries
            .iter()
            .find(|(key, node)| key.value == name && !matches!(node.value, Value::Null))
            .map(|(_, node)| Field {
                path: join(&self.path, name),
                node,
            })
    }
}

/// Reads fields and collects what is wrong with them.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) problems: Vec<Problem>,
}

impl Reader {
    pub(super) fn root<'a>(&mut self, node: &'a Node, known: &[&str]) -> Option<Object<'a>> {
        self.object(
            &Field {
                path: String::new(),
                node,
            },
            known,
        )
    }

    pub(super) fn object<'a>(&mut self, field: &Field<'a>, known: &[&str]) -> Option<Object<'a>> {
        let Value::Mapping(entries) = &field.node.value else {
            return self.mismatch(field, "a mapping");
        };
        for (key, _) in entries
            .iter()
            .filter(|(key, _)| !known.contains(&key.value.as_str()))
        {
            self.unknown(&field.path, key.referenced, &key.value, known);
        }
        Some(Object {
            path: field.path.clone(),
            location: field.node.referenced,
            entries,
        })
    }

    pub(super) fn list<'a>(&mut self, field: &Field<'a>) -> Option<Vec<Field<'a>>> {
        let Value::List(items) = &field.node.value else {
            return self.mismatch(field, "a list");
        };
        let fields = items.iter().enumerate().map(|(index, node)| Field {
            path: format!("{}[{index}]", field.path),
            node,
        });
        Some(fields.collect())
    }

    pub(super) fn string<'a>(&mut self, field: &Field<'a>) -> Option<&'a str> {
        match &field.node.value {
            Value::String(text) => Some(text),
            _ => self.mismatch(field, "a string"),
        }
    }

    pub(super) fn boolean(&mut self, field: &Field<'_>) -> Option<bool> {
        match field.node.value {
            Value::Bool(value) => Some(value),
            _ => self.mismatch(field, "true or false"),
        }
    }

    /// The digits of a number, which people write with and without quotes.
    pub(super) fn digits(&mut self, field: &Field<'_>) -> Option<String> {
        match &field.node.value {
            Value::Integer(number) => Some(number.to_string()),
            Value::Float(number) => Some(number.to_string()),
            Value::String(text) => Some(text.clone()),
            _ => self.mismatch(field, "a number"),
        }
    }

    pub(super) fn whole_number(&mut self, field: &Field<'_>) -> Option<i128> {
        match field.node.value {
            Value::Integer(number) => Some(number),
            _ => self.mismatch(field, "a whole number"),
        }
    }

    pub(super) fn count<T>(&mut self, field: &Field<'_>, range: &RangeInclusive<T>) -> Option<T>
    where
        T: TryFrom<i128> + PartialOrd + Display,
    {
        let number = self.whole_number(field)?;
        let count = T::try_from(number)
            .ok()
            .filter(|count| range.contains(count));
        if count.is_none() {
            self.wrong(
                field,
                format!(
                    "must be {} to {}, found {number}",
                    range.start(),
                    range.end()
                ),
            );
        }
        count
    }

    /// A string that passes `check`.
    pub(super) fn checked<T>(
        &mut self,
        field: &Field<'_>,
        check: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = self.string(field)?;
        check(text)
            .map_err(|message| self.wrong(field, message))
            .ok()
    }

    pub(super) fn required<'a>(&mut self, object: &Object<'a>, name: &str) -> Option<Field<'a>> {
        let field = object.get(name);
        if field.is_none() {
            let message = format!("{}: is missing", join(&object.path, name));
            self.problems.push(Problem::at(object.location, message));
        }
        field
    }

    pub(super) fn wrong(&mut self, field: &Field<'_>, message: impl AsRef<str>) {
        self.wrong_with_hint(field, message, None);
    }

    pub(super) fn wrong_with_hint(
        &mut self,
        field: &Field<'_>,
        message: impl AsRef<str>,
        hint: Option<String>,
    ) {
        let message = match field.path.as_str() {
            "" => message.as_ref().to_owned(),
            path => format!("{path}: {}", message.as_ref()),
        };
        self.problems
            .push(Problem::at(field.node.referenced, message).hint(hint));
    }

    fn mismatch<T>(&mut self, field: &Field<'_>, expected: &str) -> Option<T> {
        self.wrong(
            field,
            format!("expected {expected}, found {}", field.node.value),
        );
        None
    }

    fn unknown(&mut self, parent: &str, location: Location, name: &str, known: &[&str]) {
        let path = join(parent, name);
        let hint = nearest(name, known.iter().copied())
            .map(|meant| format!("`{path}`: did you mean `{meant}`?"));
        let message = format!("{path}: unknown field; expected {}", known.join(", "));
        self.problems
            .push(Problem::at(location, message).hint(hint));
    }
}

pub(super) fn join(parent: &str, name: &str) -> String {
    if parent.is_empty() {
        name.to_owned()
    } else {
        format!("{parent}.{name}")
    }
}
