//! Laying an applied configuration over an object.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::super::schema::{List, TypeId};
use super::element;
use super::shape::{Place, Shape, Shapes, entries, is_other, items};

/// `applied` wins field by field; nothing is removed. Lists take the order of `applied` for the items that it has.
pub(super) fn objects(shapes: Shapes<'_>, live: &Value, applied: &Value) -> Value {
    Walk(shapes)
        .merge(Some(live), Some(applied), shapes.root)
        .unwrap_or_default()
}

/// `applied` if it says anything.
fn whole(live: Option<&Value>, applied: Option<&Value>) -> Option<Value> {
    applied.or(live).cloned()
}

struct Walk<'a>(Shapes<'a>);

impl Walk<'_> {
    fn merge(&self, live: Option<&Value>, applied: Option<&Value>, of: Place) -> Option<Value> {
        match self.0.get(of) {
            Shape::Leaf => whole(live, applied),
            Shape::Items(list, item) => self.lists(live, applied, list, item),
            Shape::Deduced if is_other(applied) => whole(live, applied),
            Shape::Fields | Shape::Deduced => self.maps(live, applied, of),
        }
    }

    fn maps(&self, live: Option<&Value>, applied: Option<&Value>, of: Place) -> Option<Value> {
        let (old, new) = (entries(live), entries(applied));
        if old.is_none_or(Map::is_empty) && new.is_none_or(Map::is_empty) {
            return whole(live, applied);
        }
        let mut merged = Map::new();
        for name in old.into_iter().chain(new).flat_map(Map::keys) {
            if merged.contains_key(name) {
                continue;
            }
            let live = old.and_then(|old| old.get(name));
            let applied = new.and_then(|new| new.get(name));
            if let Some(value) = self.merge(live, applied, self.0.field(of, name)) {
                merged.insert(name.clone(), value);
            }
        }
        (!merged.is_empty()).then_some(Value::Object(merged))
    }

    fn lists(
        &self,
        live: Option<&Value>,
        applied: Option<&Value>,
        list: &List,
        of: TypeId,
    ) -> Option<Value> {
        let (old, new) = (items(live), items(applied));
        if old.is_empty() && new.is_empty() {
            return whole(live, applied);
        }
        let key = |item| element::item(self.0.schemas, list, of, item).unwrap_or_default();
        let zip = Zip::new(old.iter().map(key).collect(), new.iter().map(key).collect());
        let merged: Vec<Value> = zip
            .steps()
            .into_iter()
            .filter_map(|(live, applied)| {
                self.merge(
                    live.map(|at| &old[at]),
                    applied.map(|at| &new[at]),
                    Some(of),
                )
            })
            .collect();
        (!merged.is_empty()).then_some(Value::Array(merged))
    }
}

/// The order of a merged list.
struct Zip {
    old: Vec<String>,
    new: Vec<String>,
    /// Where a key is in the old list; nothing if it is there more than once, because then no item of it is merged.
    old_at: HashMap<String, Option<usize>>,
    new_at: HashMap<String, usize>,
}

type Step = (Option<usize>, Option<usize>);

impl Zip {
    fn new(old: Vec<String>, new: Vec<String>) -> Self {
        let mut old_at = HashMap::new();
        for (at, key) in old.iter().enumerate() {
            old_at
                .entry(key.clone())
                .and_modify(|at| *at = None)
                .or_insert(Some(at));
        }
        let new_at = new.iter().cloned().zip(0..).collect();
        Self {
            old,
            new,
            old_at,
            new_at,
        }
    }

    /// Pairs of an old and a new item. Items that only the old list has stay before the shared item that they precede.
    fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut shared = self.new.iter().filter(|key| self.old_at.contains_key(*key));
        let mut next_shared = shared.next();
        let mut done = HashSet::new();
        let (mut at_old, mut at_new) = (0, 0);
        while at_old < self.old.len() || at_new < self.new.len() {
            if let (Some(old), Some(new)) = (self.old.get(at_old), self.new.get(at_new)) {
                if old == new {
                    done.insert(new);
                    steps.push((self.old_at[old], Some(at_new)));
                    (at_old, at_new) = (at_old + 1, at_new + 1);
                    next_shared = shared.next();
                    continue;
                }
                if self.new_at.contains_key(old) && next_shared.is_some_and(|next| next != old) {
                    // Shared, but its turn comes later.
                    at_old += 1;
                    continue;
                }
            }
            if let Some(old) = self.old.get(at_old) {
                if !self.new_at.contains_key(old) {
                    steps.push((Some(at_old), None));
                    at_old += 1;
                    continue;
                }
                at_old += usize::from(done.contains(old));
            }
            if let Some(new) = self.new.get(at_new) {
                done.insert(new);
                steps.push((self.old_at.get(new).copied().flatten(), Some(at_new)));
                at_new += 1;
                if next_shared == Some(new) {
                    next_shared = shared.next();
                }
            }
        }
        steps
    }
}
