//! Whether an applied configuration fits the schema of its kind.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::super::schema::{List, Scalar, Type, TypeId};
use super::element;
use super::go;
use super::shape::{Place, Shapes};

/// In the API's words: `apps/v1, Kind=Deployment`.
pub(super) fn kind(object: &Value) -> String {
    let text = |name: &str| object[name].as_str().unwrap_or_default();
    let version = text("apiVersion");
    let slash = if version.contains('/') { "" } else { "/" };
    format!("{slash}{version}, Kind={}", text("kind"))
}

/// All that is wrong, in one message.
pub(super) fn configuration(shapes: Shapes<'_>, applied: &Value) -> Result<(), String> {
    let mut walk = Walk {
        shapes,
        path: Vec::new(),
        wrong: Vec::new(),
    };
    walk.visit(applied, shapes.root);
    let wrong = match &walk.wrong[..] {
        [] => return Ok(()),
        [one] => one.clone(),
        many => format!("errors:\n  {}", many.join("\n  ")),
    };
    let name = |field: &str| {
        let text = applied["metadata"][field].as_str().unwrap_or_default();
        text.to_owned()
    };
    Err(format!(
        "failed to create typed patch object ({}/{}; {}): {wrong}",
        name("namespace"),
        name("name"),
        kind(applied)
    ))
}

struct Walk<'a> {
    shapes: Shapes<'a>,
    path: Vec<String>,
    wrong: Vec<String>,
}

impl Walk<'_> {
    fn visit(&mut self, value: &Value, of: Place) {
        let Some(of) = of else { return };
        match (self.shapes.schemas.get(of), value) {
            (Type::Any, _) | (_, Value::Null) => {}
            (Type::Scalar(scalar), value) => self.scalar(*scalar, value),
            (Type::List { item, list }, Value::Array(items)) => self.items(items, list, *item),
            (Type::List { .. }, other) => {
                self.complain(format!("expected list, got &{{{}}}", go::print(other)));
            }
            (Type::Object(_) | Type::Map { .. }, Value::Object(entries)) => {
                self.entries(entries, of);
            }
            (Type::Object(_) | Type::Map { .. }, other) => {
                self.complain(format!("expected map, got &{{{}}}", go::print(other)));
            }
        }
    }

    fn scalar(&mut self, scalar: Scalar, value: &Value) {
        let printed = go::print(value);
        match scalar {
            Scalar::String | Scalar::Bytes if !value.is_string() => self.complain(format!(
                "expected string, got &value.valueUnstructured{{Value:{printed}}}"
            )),
            Scalar::Integer | Scalar::Number if !value.is_number() => self.complain(format!(
                "expected numeric (int or float), got {}",
                go::type_of(value)
            )),
            Scalar::Boolean if !value.is_boolean() => {
                self.complain(format!("expected boolean, got &{{{printed}}}"));
            }
            _ if value.is_object() || value.is_array() => {
                self.complain(format!("expected any scalar, got &{{{printed}}}"));
            }
            _ => {}
        }
    }

    fn entries(&mut self, entries: &Map<String, Value>, of: TypeId) {
        for (name, value) in entries {
            self.path.push(format!(".{name}"));
            let place = self.shapes.field(Some(of), name);
            let is_closed = matches!(
                self.shapes.schemas.get(of),
                Type::Object(object) if !object.open
            );
            if place.is_none() && is_closed {
                self.complain("field not declared in schema".to_owned());
            }
            self.visit(value, place);
            self.path.pop();
        }
    }

    fn items(&mut self, items: &[Value], list: &List, of: TypeId) {
        let mut seen = HashSet::new();
        for (at, item) in items.iter().enumerate() {
            let key = match list {
                List::Atomic => format!("i:{at}"),
                _ => match element::item(self.shapes.schemas, list, of, item) {
                    Ok(key) => key,
                    Err(reason) => return self.complain(format!("element {at}: {reason}")),
                },
            };
            let shown = element::display(&key);
            if !seen.insert(key) {
                self.complain(format!("duplicate entries for key {shown}"));
            }
            self.path.push(shown);
            self.visit(item, Some(of));
            self.path.pop();
        }
    }

    fn complain(&mut self, what: String) {
        self.wrong.push(match self.path.concat() {
            path if path.is_empty() => what,
            path => format!("{path}: {what}"),
        });
    }
}
