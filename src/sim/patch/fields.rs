//! Sets of fields in the form in which `managedFields` stores them (`FieldsV1`).
//!
//! A set is a tree of path elements. `{}` below an element: the field itself is in the set. `{".":{}, ...}`: the field
//! and some below it. Without the dot: only those below it.

use serde_json::{Map, Value};

use super::element;

pub(super) type Set = Map<String, Value>;

const SELF: &str = ".";

/// What is in a set at one place of an object, while the set is built from the leaves up.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub member: bool,
    pub below: Set,
}

impl Node {
    /// A field with nothing below it.
    pub(super) fn leaf() -> Self {
        Self {
            member: true,
            below: Set::new(),
        }
    }

    /// Puts the node into the set of its parent, if there is anything in it.
    pub(super) fn place(self, parent: &mut Set, key: impl FnOnce() -> String) {
        let Self { member, mut below } = self;
        if mark(&mut below, member) {
            parent.insert(key(), Value::Object(below));
        }
    }
}

/// The elements of one level with what is below each.
fn elements(set: &Set) -> impl Iterator<Item = (&String, &Set)> {
    set.iter()
        .filter(|(key, _)| *key != SELF)
        .filter_map(|(key, node)| Some((key, node.as_object()?)))
}

fn is_member(node: &Set) -> bool {
    node.is_empty() || node.contains_key(SELF)
}

/// Makes a node a member or not. Says whether anything is in it.
fn mark(node: &mut Set, member: bool) -> bool {
    node.remove(SELF);
    if node.is_empty() {
        return member;
    }
    if member {
        node.insert(SELF.to_owned(), Value::Object(Set::new()));
    }
    true
}

/// Whether the field itself, directly below the root of the set, is in it.
pub(super) fn has(set: &Set, key: &str) -> bool {
    set.get(key)
        .and_then(Value::as_object)
        .is_some_and(is_member)
}

/// What is in the set below the field.
pub(super) fn below<'a>(set: &'a Set, key: &str) -> Option<&'a Set> {
    let node = set.get(key)?.as_object()?;
    elements(node).next().map(|_| node)
}

/// Adds what is in `other`.
pub(super) fn add(set: &mut Set, other: Set) {
    for (key, node) in other {
        if key == SELF {
            continue;
        }
        match (set.get_mut(&key), node) {
            (Some(Value::Object(here)), Value::Object(there)) => {
                let member = is_member(here) || is_member(&there);
                add(here, there);
                mark(here, member);
            }
            (_, node) => {
                set.insert(key, node);
            }
        }
    }
}

/// Takes out what is in `other`. Fields below those stay.
pub(super) fn subtract(set: &mut Set, other: &Set) {
    for (key, gone) in elements(other) {
        let Some(Value::Object(node)) = set.get_mut(key) else {
            continue;
        };
        let member = is_member(node) && !is_member(gone);
        subtract(node, gone);
        if !mark(node, member) {
            set.remove(key);
        }
    }
}

/// Takes out what is in `other`, and all fields below those.
pub(super) fn subtract_trees(set: &mut Set, other: &Set) {
    for (key, gone) in elements(other) {
        let Some(Value::Object(node)) = set.get_mut(key) else {
            continue;
        };
        let member = is_member(node);
        if is_member(gone) {
            set.remove(key);
            continue;
        }
        subtract_trees(node, gone);
        if !mark(node, member) {
            set.remove(key);
        }
    }
}

/// What is in both.
pub(super) fn common(one: &Set, other: &Set) -> Set {
    let mut both = Set::new();
    for (key, here) in elements(one) {
        let Some(Value::Object(there)) = other.get(key) else {
            continue;
        };
        let node = Node {
            member: is_member(here) && is_member(there),
            below: common(here, there),
        };
        node.place(&mut both, || key.clone());
    }
    both
}

/// Calls `visit` with each element of a level: its key, what is below it, and whether it is in the set itself.
pub(super) fn rebuild(set: &Set, visit: &mut dyn FnMut(&str, &Set, bool) -> Node) -> Set {
    let mut rebuilt = Set::new();
    for (key, node) in elements(set) {
        visit(key, node, is_member(node)).place(&mut rebuilt, || key.clone());
    }
    rebuilt
}

/// The fields as people read them (`.spec.replicas`), in the API's order: those of one level before those below.
pub(super) fn paths(set: &Set) -> Vec<String> {
    let mut found = Vec::new();
    collect_paths(set, "", &mut found);
    found
}

fn collect_paths(set: &Set, prefix: &str, found: &mut Vec<String>) {
    let mut level: Vec<_> = elements(set).collect();
    level.sort_by(|(one, _), (other, _)| element::compare(one, other));
    for (key, node) in &level {
        if is_member(node) {
            found.push(format!("{prefix}{}", element::display(key)));
        }
    }
    for (key, node) in level {
        collect_paths(node, &format!("{prefix}{}", element::display(key)), found);
    }
}

/// Brings a set that somebody sent into its one form. None: it is none.
pub(super) fn read(mut set: Set) -> Option<Set> {
    normalise(&mut set).then_some(set)
}

fn normalise(set: &mut Set) -> bool {
    for (key, node) in set.iter_mut().filter(|(key, _)| *key != SELF) {
        let Value::Object(node) = node else {
            return false;
        };
        if !element::is_valid(key) || !normalise(node) {
            return false;
        }
        let member = is_member(node) || elements(node).next().is_none();
        mark(node, member);
    }
    true
}
