//! The fields that an object mentions: what its applier owns.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::schema::{List, TypeId};
use super::element;
use super::fields::{self, Node, Set};
use super::shape::{Place, Shape, Shapes, entries, items};

/// Every leaf of the object, and the items of lists and maps on the way.
pub(super) fn mentioned(shapes: Shapes<'_>, object: &Value) -> Set {
    visit(shapes, object, shapes.root).below
}

fn visit(shapes: Shapes<'_>, value: &Value, of: Place) -> Node {
    match shapes.get(of) {
        Shape::Leaf => Node::leaf(),
        Shape::Items(list, item) => list_items(shapes, value, list, item),
        Shape::Deduced if !value.is_object() && !value.is_null() => Node::leaf(),
        Shape::Fields | Shape::Deduced => map_fields(shapes, value, of),
    }
}

fn map_fields(shapes: Shapes<'_>, value: &Value, of: Place) -> Node {
    let mut node = Node::default();
    for (name, value) in entries(Some(value)).into_iter().flatten() {
        let mut below = visit(shapes, value, shapes.field(of, name));
        let is_empty = value.is_null() || value.as_object().is_some_and(serde_json::Map::is_empty);
        below.member |= is_empty || !shapes.declares(of, name);
        below.place(&mut node.below, || element::field(name));
    }
    node
}

fn list_items(shapes: Shapes<'_>, value: &Value, list: &List, of: TypeId) -> Node {
    let mut by_key: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    for item in items(Some(value)) {
        if let Ok(key) = element::item(shapes.schemas, list, of, item) {
            by_key.entry(key).or_default().push(item);
        }
    }
    let mut node = Node::default();
    for (key, items) in by_key {
        let mut below = match items[..] {
            [item] => visit(shapes, item, Some(of)),
            _ => Node::default(),
        };
        below.member = true;
        below.place(&mut node.below, || key);
    }
    node
}

/// Adds fields with a name of their own that are only on the way to others: an owner of `.spec.replicas` has `.spec`
/// too, but not `.metadata.labels` for one label.
pub(super) fn with_named_parents(shapes: Shapes<'_>, set: &Set) -> Set {
    named(shapes, set, shapes.root)
}

fn named(shapes: Shapes<'_>, set: &Set, of: Place) -> Set {
    fields::rebuild(set, &mut |key, node, member| {
        let name = key.strip_prefix("f:");
        Node {
            member: member || name.is_some_and(|name| shapes.declares(of, name)),
            below: named(shapes, node, below(shapes, of, name)),
        }
    })
}

/// The set under a schema that may have changed since: who had a part of what is now atomic has all of it.
pub(super) fn under_schema(shapes: Shapes<'_>, set: &Set) -> Set {
    reconciled(shapes, set, shapes.root)
}

fn reconciled(shapes: Shapes<'_>, set: &Set, of: Place) -> Set {
    fields::rebuild(set, &mut |key, node, member| {
        let place = below(shapes, of, key.strip_prefix("f:"));
        if shapes.is_atomic(place) {
            return Node::leaf();
        }
        Node {
            member,
            below: reconciled(shapes, node, place),
        }
    })
}

/// The place of a named field, or of an item.
fn below(shapes: Shapes<'_>, of: Place, name: Option<&str>) -> Place {
    match (shapes.get(of), name) {
        (Shape::Items(_, item), None) => Some(item),
        (_, Some(name)) => shapes.field(of, name),
        _ => None,
    }
}
