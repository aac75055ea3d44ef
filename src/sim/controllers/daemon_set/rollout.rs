//! Replacing the pods of an older template: a few nodes at a time, or with a second pod beside the first.

use super::{Key, Look, Place, Pod};

/// Nodes that may have two pods.
pub(super) fn max_surge(look: &Look) -> usize {
    let surge = look
        .set
        .spec
        .update_strategy
        .rolling_update
        .max_surge
        .as_ref();
    share(surge.map_or(0, |surge| surge.of(wanted(look), true)))
}

/// Nodes that may be without an available pod.
fn max_unavailable(look: &Look) -> usize {
    let most = look
        .set
        .spec
        .update_strategy
        .rolling_update
        .max_unavailable
        .as_ref();
    let most = share(most.map_or(0, |most| most.of(wanted(look), true)));
    // Both zero would never move.
    if most == 0 && max_surge(look) == 0 {
        1
    } else {
        most
    }
}

fn wanted(look: &Look) -> i64 {
    let wanted = look.places.iter().filter(|place| place.wanted).count();
    i64::try_from(wanted).unwrap_or(i64::MAX)
}

fn share(number: i64) -> usize {
    usize::try_from(number).unwrap_or(0)
}

/// Adds what the rollout creates and deletes next.
pub(super) fn replace<'a>(look: &Look<'a>, create: &mut Vec<&'a str>, delete: &mut Vec<&'a Key>) {
    match max_surge(look) {
        0 => in_place(look, delete),
        surge => side_by_side(look, surge, create, delete),
    }
}

/// The pod of the current template and the one of an older template, of those that run.
fn pair<'a>(look: &Look<'a>, place: &Place<'a>) -> (Option<&'a Pod>, Option<(&'a Key, &'a Pod)>) {
    let running = || place.pods.iter().filter(|(_, pod)| Look::runs(pod));
    let new = running()
        .find(|(_, pod)| look.is_new(pod))
        .map(|(_, pod)| *pod);
    let old = running().find(|(_, pod)| !look.is_new(pod)).copied();
    (new, old)
}

/// Old pods that are not available go at once, others as far as availability permits.
fn in_place<'a>(look: &Look<'a>, delete: &mut Vec<&'a Key>) {
    let mut unavailable = 0;
    let mut candidates = Vec::new();
    for place in taking_part(look) {
        match pair(look, place) {
            (Some(new), None) => unavailable += usize::from(!look.is_available(new)),
            (None, Some((key, old))) if look.is_available(old) => candidates.push(key),
            (None, Some((key, _))) => {
                unavailable += 1;
                delete.push(key);
            }
            _ => unavailable += 1,
        }
    }
    let room = max_unavailable(look).saturating_sub(unavailable);
    delete.extend(candidates.into_iter().take(room));
}

/// New pods come beside old ones, which go when the new ones are available. Where no pod is wanted any more the old one
/// goes when as many others are available as there are to be.
fn side_by_side<'a>(
    look: &Look<'a>,
    surge: usize,
    create: &mut Vec<&'a str>,
    delete: &mut Vec<&'a Key>,
) {
    let (mut surging, mut available) = (0, 0);
    let (mut candidates, mut misplaced) = (Vec::new(), Vec::new());
    for place in taking_part(look) {
        let (new, old) = pair(look, place);
        let serving = old.map(|(_, pod)| pod).or(new);
        let serves = serving.is_some_and(|pod| look.is_available(pod));
        available += usize::from(serves);
        match (new, old) {
            (Some(new), Some((key, _))) if look.is_available(new) => delete.push(key),
            (Some(_), Some(_)) => surging += 1,
            (None, Some((key, _))) if !place.wanted && serves => misplaced.push(key),
            (None, Some((key, _))) if !place.wanted => delete.push(key),
            (None, Some(_)) if serves => candidates.push(place.node),
            (None, Some(_)) => create.push(place.node),
            _ => {}
        }
    }
    let room = surge.saturating_sub(surging);
    create.extend(candidates.into_iter().take(room));
    let spare = available.saturating_sub(share(wanted(look)));
    delete.extend(misplaced.into_iter().take(spare));
}

/// Where a pod is wanted, and where one is that may just stay: it is of the older template like any other.
fn taking_part<'a, 'b>(look: &'b Look<'a>) -> impl Iterator<Item = &'b Place<'a>> {
    let places = look.places.iter();
    places.filter(|place| place.wanted || !place.is_empty())
}
