//! Lists in a strategic merge patch.

use serde_json::Value;

use super::super::super::schema::TypeId;
use super::super::super::status::Status;
use super::super::go;
use super::super::json_patch::rejected;
use super::{DIRECTIVE, ELEMENT_ORDER, Merge, Meta, Object, order};
use super::{bad_type, list_of, no_merge_key, unknown_directive, without_directives};

impl Merge<'_> {
    pub(super) fn lists(
        &self,
        original: Vec<Value>,
        patch: &[Value],
        meta: &Meta<'_>,
    ) -> Result<Vec<Value>, Status> {
        if !meta.merges() {
            return Ok(patch.to_vec());
        }
        if original.is_empty() && patch.is_empty() {
            return Ok(original);
        }
        if !are_maps(&original, patch)? {
            return Ok(scalars(&original, patch));
        }
        let Some(key) = meta.key() else {
            return Err(Status::unclassified(
                "cannot merge lists without merge key for struct",
            ));
        };
        let (original, patch) = special_items(original, patch, key)?;
        let merged = self.items(original.clone(), &patch, key, meta.of)?;
        order::by_patch(merged, &patch, &original, Some(key))
    }

    /// Each item of the patch into its counterpart, or to the end.
    fn items(
        &self,
        original: Vec<Value>,
        patch: &[Value],
        key: &str,
        of: Option<TypeId>,
    ) -> Result<Vec<Value>, Status> {
        let mut merged = original;
        for change in patch {
            let value = merge_key(change, key)?;
            let known = merged.iter_mut().find(|item| item.get(key) == Some(value));
            match (known, change) {
                (Some(item), Value::Object(change)) => {
                    let before = item.as_object().cloned().unwrap_or_default();
                    *item = Value::Object(self.maps(before, change, of)?);
                }
                _ => merged.push(change.clone()),
            }
        }
        Ok(merged)
    }

    /// Merges lists that have a `$setElementOrder` and brings them into that order. Returns their names.
    pub(super) fn ordered_lists(
        &self,
        original: &mut Object,
        patch: &Object,
        of: Option<TypeId>,
    ) -> Result<Vec<String>, Status> {
        let mut done = Vec::new();
        for (directive, wanted) in patch {
            if !directive.starts_with(ELEMENT_ORDER) {
                continue;
            }
            let name = list_of(directive, ELEMENT_ORDER).ok_or_else(bad_order)?;
            let wanted = list(Some(wanted))?.unwrap_or_default();
            let (before, change) = (list(original.get(name))?, list(patch.get(name))?);
            let meta = self.meta(of, name);
            check_order(change.unwrap_or_default(), wanted, meta.key())?;
            let merged = match (before, change) {
                (None, None) => continue,
                (Some(before), None) => before.to_vec(),
                (None, Some(change)) => change.iter().filter_map(without_directives).collect(),
                (Some(before), Some(change)) => self.lists(before.to_vec(), change, &meta)?,
            };
            let server = before.unwrap_or_default();
            let merged = order::by_patch(merged, wanted, server, meta.key())?;
            original.insert(name.to_owned(), merged.into());
            done.push(name.to_owned());
        }
        Ok(done)
    }
}

fn list(value: Option<&Value>) -> Result<Option<&[Value]>, Status> {
    match value {
        None => Ok(None),
        Some(Value::Array(items)) => Ok(Some(items)),
        Some(other) => Err(bad_type("[]interface {}", other)),
    }
}

/// Whether the items are maps. They must be of one kind, and no lists.
fn are_maps(original: &[Value], patch: &[Value]) -> Result<bool, Status> {
    let mut items = original.iter().chain(patch);
    let Some(first) = items.next() else {
        return Ok(false);
    };
    if first.is_array() {
        return Err(rejected());
    }
    if items.any(|item| go::type_of(item) != go::type_of(first)) {
        let print = |items: &[Value]| go::print(&Value::Array(items.to_vec()));
        return Err(Status::unclassified(format!(
            "list element types are not identical: [{} {}]",
            print(original),
            print(patch)
        )));
    }
    Ok(first.is_object())
}

fn scalars(original: &[Value], patch: &[Value]) -> Vec<Value> {
    let mut merged: Vec<Value> = Vec::new();
    for item in original.iter().chain(patch) {
        if !merged.contains(item) {
            merged.push(item.clone());
        }
    }
    // Items without a key are always in order.
    order::by_patch(merged, patch, original, None).unwrap_or_default()
}

/// Performs `$patch` directives among the items: the list without deleted items, and the patch without directives.
fn special_items(
    original: Vec<Value>,
    patch: &[Value],
    key: &str,
) -> Result<(Vec<Value>, Vec<Value>), Status> {
    let (mut original, mut rest, mut replace) = (original, Vec::new(), false);
    for item in patch {
        let Some(directive) = item.get(DIRECTIVE) else {
            rest.push(item.clone());
            continue;
        };
        match directive.as_str() {
            Some("delete") => {
                let value = merge_key(item, key)?;
                original.retain(|item| item.get(key) != Some(value));
            }
            Some("replace") => replace = true,
            Some("merge") => {
                return Err(Status::unclassified(
                    "merging lists cannot yet be specified in the patch",
                ));
            }
            _ => {
                let item = item.as_object().cloned().unwrap_or_default();
                return Err(unknown_directive(directive, &item));
            }
        }
    }
    Ok(if replace {
        (rest, Vec::new())
    } else {
        (original, rest)
    })
}

pub(super) fn merge_key<'a>(item: &'a Value, key: &str) -> Result<&'a Value, Status> {
    item.get(key).ok_or_else(|| no_merge_key(item, key))
}

/// What the patch sets must come in the order that it demands.
fn check_order(patch: &[Value], wanted: &[Value], key: Option<&str>) -> Result<(), Status> {
    if patch.is_empty() || wanted.is_empty() {
        return Ok(());
    }
    let mut order = wanted.iter();
    for item in patch.iter().filter(|item| item.get(DIRECTIVE).is_none()) {
        let found = match key {
            None => order.any(|wanted| wanted == item),
            Some(key) => {
                let value = merge_key(item, key)?;
                order.any(|wanted| wanted.get(key) == Some(value))
            }
        };
        if !found {
            return Err(Status::unclassified(format!(
                "The order in patch list:\n{}\n doesn't match {ELEMENT_ORDER} list:\n{}\n",
                go::print(&Value::Array(patch.to_vec())),
                go::print(&Value::Array(wanted.to_vec()))
            )));
        }
    }
    Ok(())
}

fn bad_order() -> Status {
    Status::bad_request("invalid patch format of setElementOrder list")
}
