//! The order of a merged list: items that the patch names in its order, the others in the server's.

use serde_json::Value;

use super::super::super::status::Status;
use super::lists::merge_key;

/// `wanted` orders the items that it names, `server` (the list before) the rest and how the two interleave.
pub(super) fn by_patch(
    merged: Vec<Value>,
    wanted: &[Value],
    server: &[Value],
    key: Option<&str>,
) -> Result<Vec<Value>, Status> {
    if let Some(key) = key {
        for item in merged.iter().chain(wanted).chain(server) {
            merge_key(item, key)?;
        }
    }
    let (mut named, mut others): (Vec<_>, Vec<_>) = merged
        .into_iter()
        .partition(|item| index(wanted, item, key).is_some());
    sort(&mut named, wanted, key);
    sort(&mut others, server, key);
    Ok(interleave(others, named, server, key))
}

fn index(items: &[Value], item: &Value, key: Option<&str>) -> Option<usize> {
    let identity = |item: &Value| match key {
        Some(key) => item.get(key).cloned(),
        None => Some(item.clone()),
    };
    let wanted = identity(item);
    items.iter().position(|item| identity(item) == wanted)
}

/// An insertion sort, because items that `order` does not have come out as the API's sort leaves them: each goes
/// before what it meets.
fn sort(items: &mut [Value], order: &[Value], key: Option<&str>) {
    for end in 1..items.len() {
        for at in (1..=end).rev() {
            let ranks = (
                index(order, &items[at], key),
                index(order, &items[at - 1], key),
            );
            if matches!(ranks, (Some(this), Some(before)) if this >= before) {
                break;
            }
            items.swap(at, at - 1);
        }
    }
}

/// Puts each of `others` before the first of `named` that the server had after it.
fn interleave(
    others: Vec<Value>,
    named: Vec<Value>,
    server: &[Value],
    key: Option<&str>,
) -> Vec<Value> {
    let mut both = Vec::with_capacity(others.len() + named.len());
    let mut others = others.into_iter().peekable();
    for item in named {
        while let Some(other) = others.peek() {
            let ranks = (index(server, other, key), index(server, &item, key));
            if !matches!(ranks, (Some(other), Some(item)) if other < item) {
                break;
            }
            both.extend(others.next());
        }
        both.push(item);
    }
    both.extend(others);
    both
}
