//! Machines for a batch of waiting pods.

use std::cmp::Reverse;

use super::super::first_fit::{Offers, Planned, add, fill_all, nodes, request};
use super::super::ours::waiting;
use super::super::world::World;
use crate::resize::grow::Waiting;
use crate::scheduling::{ClassId, State, Trial};

/// Offers to buy, one for each machine.
pub(super) fn machines(world: &mut World) -> Vec<usize> {
    let offers = Offers::of(world);
    let mut left: Vec<u32> = (0..offers.0.len()).map(|offer| world.left(offer)).collect();
    let there = nodes(world);
    let mut wanted = waiting(world);
    let size = |w: &Waiting| {
        (
            request(&world.state, w.class, "cpu"),
            request(&world.state, w.class, "memory"),
        )
    };
    wanted.sort_by_key(|w| Reverse(size(w)));
    let mut trial = world.state.trial();
    let mut claims: Vec<Planned> = Vec::new();
    for wanted in wanted {
        let pods = fill_all(&mut trial, &there, wanted);
        claim(
            &mut trial,
            &offers,
            &left,
            &mut claims,
            Waiting { pods, ..wanted },
        );
    }
    let mut bought = Vec::new();
    for claim in claims {
        if let Some(offer) = cheapest(&trial, &offers, &left, &claim.pods) {
            left[offer] -= 1;
            bought.push(offer);
        }
    }
    bought
}

/// Puts pods onto machines that are planned, those with the fewest pods first, and plans more for the rest.
fn claim(
    trial: &mut Trial,
    offers: &Offers,
    left: &[u32],
    claims: &mut Vec<Planned>,
    mut wanted: Waiting,
) {
    let pods = |claim: &Planned| claim.pods.iter().map(|(_, pods)| pods).sum::<u32>();
    claims.sort_by_key(pods);
    for claim in claims.iter_mut() {
        let placed = trial.place_up_to(wanted.class, claim.node, wanted.pods);
        claim
            .pods
            .extend((placed > 0).then_some((wanted.class, placed)));
        wanted.pods -= placed;
    }
    while wanted.pods > 0 {
        let Some(offer) = largest(trial, offers, left, wanted.class) else {
            return;
        };
        let before = trial.changes();
        let mut new = add(trial, offers, offer, claims.len());
        let placed = trial.place_up_to(wanted.class, new.node, wanted.pods);
        if placed == 0 {
            trial.back_to(before);
            return;
        }
        new.pods.push((wanted.class, placed));
        claims.push(new);
        wanted.pods -= placed;
    }
}

/// A claim keeps all types that hold its pods: it grows as far as the largest of them lets it.
fn largest(state: &State, offers: &Offers, left: &[u32], class: ClassId) -> Option<usize> {
    let holding = (0..offers.0.len())
        .filter(|offer| left[*offer] > 0 && holds(state, offers, *offer, &[(class, 1)]));
    holding.max_by_key(|offer| {
        let size = (
            offers.amount(*offer, "cpu"),
            offers.amount(*offer, "memory"),
        );
        (size, Reverse(*offer))
    })
}

/// The cheapest offer that holds these pods, whatever else there is.
pub(super) fn cheapest(
    state: &State,
    offers: &Offers,
    left: &[u32],
    pods: &[(ClassId, u32)],
) -> Option<usize> {
    let holding =
        (0..offers.0.len()).filter(|offer| left[*offer] > 0 && holds(state, offers, *offer, pods));
    holding.min_by_key(|offer| offers.0[*offer].price)
}

/// Whether the node's own rules let the pods in, and they fit by size beside the daemons.
fn holds(state: &State, offers: &Offers, offer: usize, pods: &[(ClassId, u32)]) -> bool {
    let of = &offers.0[offer];
    let daemons = of.daemons.iter().map(|class| (*class, 1));
    let all: Vec<(ClassId, u32)> = pods.iter().copied().chain(daemons).collect();
    let names = all
        .iter()
        .flat_map(|(class, _)| state.content(*class).requests.keys());
    let mut names: Vec<&String> = names.collect();
    names.sort_unstable();
    names.dedup();
    let enough = |name: &&String| {
        let asked = all
            .iter()
            .map(|(class, pods)| request(state, *class, name) * i64::from(*pods));
        asked.sum::<i64>() <= offers.amount(offer, name)
    };
    let count: i64 = all.iter().map(|(_, pods)| i64::from(*pods)).sum();
    let allowed = |(class, _): &(ClassId, u32)| state.node_rule(*class, &of.node).is_none();
    count <= offers.amount(offer, "pods") && pods.iter().all(allowed) && names.iter().all(enough)
}
