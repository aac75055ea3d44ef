//! Taking out what an applier has dropped from its configuration.

use serde_json::{Map, Value};

use super::super::schema::{List, TypeId};
use super::element;
use super::fields::{self, Set};
use super::fieldset::{mentioned, with_named_parents};
use super::shape::{Place, Shape, Shapes};

/// Takes out of `merged` what the applier had (`last`) and now no manager has (`owned`).
pub(super) fn prune(shapes: Shapes<'_>, merged: &Value, last: &Set, owned: &Set) -> Value {
    let named = |set: &Set| with_named_parents(shapes, set);
    let last = named(last);
    let all = named(&mentioned(shapes, merged));

    let bare = remove(shapes, merged, &last);
    let mut kept = named(&mentioned(shapes, &bare));
    fields::add(&mut kept, named(owned));
    let with_owned = remove(shapes, merged, &without(&all, &kept));

    // What is nobody's but was never the applier's either comes back.
    let kept = named(&mentioned(shapes, &with_owned));
    remove(
        shapes,
        merged,
        &fields::common(&without(&all, &kept), &last),
    )
}

fn without(set: &Set, other: &Set) -> Set {
    let mut rest = set.clone();
    fields::subtract(&mut rest, other);
    rest
}

/// The value without the fields of the set. A map or list that loses all it has becomes `null`.
fn remove(shapes: Shapes<'_>, value: &Value, gone: &Set) -> Value {
    remove_at(shapes, value, gone, shapes.root)
}

fn remove_at(shapes: Shapes<'_>, value: &Value, gone: &Set, of: Place) -> Value {
    match (shapes.get(of), value) {
        (Shape::Items(list, item), Value::Array(items)) => {
            remove_items(shapes, items, gone, list, item)
        }
        (Shape::Fields | Shape::Deduced, Value::Object(entries)) => {
            remove_fields(shapes, entries, gone, of)
        }
        _ => value.clone(),
    }
}

fn remove_fields(shapes: Shapes<'_>, entries: &Map<String, Value>, gone: &Set, of: Place) -> Value {
    let mut kept = Map::new();
    for (name, value) in entries {
        let key = element::field(name);
        if fields::has(gone, &key) {
            continue;
        }
        let value = match fields::below(gone, &key) {
            Some(gone) => remove_at(shapes, value, gone, shapes.field(of, name)),
            None => value.clone(),
        };
        kept.insert(name.clone(), value);
    }
    if kept.is_empty() {
        Value::Null
    } else {
        Value::Object(kept)
    }
}

fn remove_items(shapes: Shapes<'_>, items: &[Value], gone: &Set, list: &List, of: TypeId) -> Value {
    let mut kept = Vec::new();
    for item in items {
        let key = element::item(shapes.schemas, list, of, item).unwrap_or_default();
        if fields::has(gone, &key) {
            continue;
        }
        kept.push(match fields::below(gone, &key) {
            Some(gone) => remove_at(shapes, item, gone, Some(of)),
            None => item.clone(),
        });
    }
    if kept.is_empty() {
        Value::Null
    } else {
        Value::Array(kept)
    }
}
