//! Which fields differ between two states of an object.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::super::schema::{List, Schemas, TypeId};
use super::element;
use super::fields::{Node, Set};
use super::shape::{Place, Shape, Shapes, entries, is_other, items};

/// Fields that a write touched.
#[derive(Debug, Default)]
pub(super) struct Difference {
    /// New ones, and those with another value.
    pub changed: Set,
    pub removed: Set,
}

/// Compares two objects of a kind.
pub(super) fn objects(shapes: Shapes<'_>, before: &Value, after: &Value) -> Difference {
    let mut found = Found::default();
    Walk(shapes).compare(Some(before), Some(after), shapes.root, &mut found);
    Difference {
        changed: found.changed.below,
        removed: found.removed.below,
    }
}

/// What was found at one place and below.
#[derive(Default)]
struct Found {
    changed: Node,
    removed: Node,
}

impl Found {
    fn leaf(&mut self, before: Option<&Value>, after: Option<&Value>) {
        match (before, after) {
            (_, None) => self.removed.member = true,
            (before, after) if before != after => self.changed.member = true,
            _ => {}
        }
    }

    /// What holds its own place: a map or a list that came or went as a whole.
    fn container(&mut self, before: Option<&Value>, after: Option<&Value>) {
        self.changed.member |= before.is_none();
        self.removed.member |= after.is_none();
    }

    fn place(self, parent: &mut Self, key: impl Fn() -> String) {
        self.changed.place(&mut parent.changed.below, &key);
        self.removed.place(&mut parent.removed.below, &key);
    }
}

struct Walk<'a>(Shapes<'a>);

impl Walk<'_> {
    fn compare(&self, before: Option<&Value>, after: Option<&Value>, of: Place, found: &mut Found) {
        match self.0.get(of) {
            Shape::Leaf => found.leaf(before, after),
            Shape::Items(list, item) => self.lists(before, after, list, item, found),
            Shape::Fields => self.maps(before, after, of, found),
            Shape::Deduced if entries(before).is_none() && entries(after).is_none() => {
                found.leaf(before, after);
            }
            Shape::Deduced => {
                if is_other(before) || is_other(after) {
                    found.leaf(before, after);
                }
                self.maps(before, after, of, found);
            }
        }
    }

    fn maps(&self, before: Option<&Value>, after: Option<&Value>, of: Place, found: &mut Found) {
        let (old, new) = (entries(before), entries(after));
        if old.is_none_or(Map::is_empty) && new.is_none_or(Map::is_empty) {
            return found.leaf(before, after);
        }
        for (name, value) in old.into_iter().flatten() {
            self.field(
                name,
                Some(value),
                new.and_then(|new| new.get(name)),
                of,
                found,
            );
        }
        for (name, value) in new.into_iter().flatten() {
            if old.is_none_or(|old| !old.contains_key(name)) {
                self.field(name, None, Some(value), of, found);
            }
        }
        found.container(before, after);
    }

    fn field(
        &self,
        name: &str,
        before: Option<&Value>,
        after: Option<&Value>,
        of: Place,
        parent: &mut Found,
    ) {
        if before == after {
            return;
        }
        let mut found = Found::default();
        self.compare(before, after, self.0.field(of, name), &mut found);
        found.place(parent, || element::field(name));
    }

    fn lists(
        &self,
        before: Option<&Value>,
        after: Option<&Value>,
        list: &List,
        item: TypeId,
        found: &mut Found,
    ) {
        let (old, new) = (items(before), items(after));
        if old.is_empty() && new.is_empty() {
            return found.leaf(before, after);
        }
        if old != new {
            let mut both = Pairs::default();
            both.index(self.0.schemas, list, item, old, |pair| &mut pair.0);
            both.index(self.0.schemas, list, item, new, |pair| &mut pair.1);
            for (key, (old, new)) in both.0 {
                let mut below = Found::default();
                self.item(&old, &new, Some(item), &mut below);
                below.place(found, || key.clone());
            }
        }
        found.container(before, after);
    }

    /// Items with the same key. There should be one at most; if there are more they are one thing.
    fn item(&self, old: &[&Value], new: &[&Value], of: Place, found: &mut Found) {
        match (old, new) {
            ([] | [_], [] | [_]) => {
                self.compare(old.first().copied(), new.first().copied(), of, found);
            }
            (_, [] | [_]) => {
                if let [new] = new {
                    self.compare(None, Some(new), of, found);
                }
                found.removed.member = true;
            }
            ([] | [_], _) => {
                if let [old] = old {
                    self.compare(Some(old), None, of, found);
                }
                found.changed.member = true;
            }
            _ => found.changed.member |= old != new,
        }
    }
}

/// Items of the two lists by their keys.
#[derive(Default)]
struct Pairs<'v>(BTreeMap<String, Pair<'v>>);

type Pair<'v> = (Vec<&'v Value>, Vec<&'v Value>);

impl<'v> Pairs<'v> {
    /// Items without a key are left out; validation has refused them before.
    fn index(
        &mut self,
        schemas: &Schemas,
        list: &List,
        of: TypeId,
        items: &'v [Value],
        side: impl for<'p> Fn(&'p mut Pair<'v>) -> &'p mut Vec<&'v Value>,
    ) {
        for item in items {
            if let Ok(key) = element::item(schemas, list, of, item) {
                side(self.0.entry(key).or_default()).push(item);
            }
        }
    }
}
