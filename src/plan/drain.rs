//! Which machines can go, and whether every pod on them has another place. Pure.
//!
//! The pods of all machines that go are placed together, largest first, each on the first remaining node that may
//! take it. This is careful rather than perfect: a place that is found was possible, but a cleverer order may find
//! one where this does not, and the scheduler is free to choose differently. Pods that wait for a node today are not
//! counted.

mod budgets;
mod placement;
mod rules;
mod selectors;

use std::collections::BTreeSet;

use serde::Serialize;

use crate::observe::workload::{Budget, Pod, Workload};
use placement::Rooms;

/// Machines chosen to go, and the pods that would have no place afterwards.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Removal {
    pub machines: Vec<String>,
    /// Why these machines: "fewest pods, all of which fit elsewhere".
    pub reason: String,
    pub homeless: Vec<Homeless>,
}

/// A pod without a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Homeless {
    /// `namespace/name`.
    pub pod: String,
    pub why: String,
}

/// A machine of the pool that shrinks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Candidate {
    pub machine: String,
    pub node: Option<String>,
    /// RFC 3339.
    pub created: String,
    pub ready: bool,
    pub deleting: bool,
}

/// Chooses which `count` of `machines`, which are all of the pool's, go.
///
/// Machines that are being deleted count towards `count` and are not chosen again: their pods take places, but are
/// never reported. Next go machines without a Ready node, then those with the fewest pods to move whose pods all have
/// another place, the oldest of equals first. Where such machines do not suffice, those go that leave the fewest pods
/// homeless.
pub fn remove(workload: &Workload, machines: &[Candidate], count: usize) -> Removal {
    let (deleting, mut rest): (Vec<&Candidate>, Vec<&Candidate>) =
        machines.iter().partition(|machine| machine.deleting);
    rest.sort_by_cached_key(|machine| {
        let pods = movable(workload, &[machine]).len();
        (machine.ready, pods, &machine.created, &machine.machine)
    });
    let wanted = count.saturating_sub(deleting.len());
    let lost = |chosen: &[&Candidate]| homeless(workload, &deleting, chosen).len();
    let chosen = choose(rest, wanted, lost);
    let homeless = homeless(workload, &deleting, &chosen);
    Removal {
        machines: chosen.iter().map(|m| m.machine.clone()).collect(),
        reason: reason(&chosen, &movable(workload, &chosen), &homeless),
        homeless,
    }
}

/// Takes broken machines, then the first that costs nothing, then what costs least; `lost` counts the pods left
/// homeless. `ordered` has broken machines in front.
fn choose(
    mut ordered: Vec<&Candidate>,
    wanted: usize,
    lost: impl Fn(&[&Candidate]) -> usize,
) -> Vec<&Candidate> {
    let broken = ordered.iter().filter(|machine| !machine.ready).count();
    let mut chosen: Vec<&Candidate> = ordered.drain(..broken.min(wanted)).collect();
    while chosen.len() < wanted {
        let known = lost(&chosen);
        let cost = |index: &usize| lost(&[&chosen[..], &[ordered[*index]]].concat());
        let all = 0..ordered.len();
        let free = all.clone().find(|index| cost(index) <= known);
        let Some(next) = free.or_else(|| all.min_by_key(cost)) else {
            break;
        };
        chosen.push(ordered.remove(next));
    }
    chosen
}

fn reason(chosen: &[&Candidate], pods: &[&Pod], homeless: &[Homeless]) -> String {
    let why = if !homeless.is_empty() {
        "fewest pods without another place"
    } else if chosen.iter().all(|machine| !machine.ready) {
        "no Ready node"
    } else if pods.is_empty() {
        "no pods to move"
    } else {
        "fewest pods, all of which fit elsewhere"
    };
    match pods.iter().filter(|pod| pod.empty_dir).count() {
        0 => why.to_owned(),
        1 => format!("{why}; 1 pod loses its emptyDir"),
        pods => format!("{why}; {pods} pods lose their emptyDir"),
    }
}

/// The pods that find no place when the `chosen` machines go as well as those being deleted.
fn homeless(workload: &Workload, deleting: &[&Candidate], chosen: &[&Candidate]) -> Vec<Homeless> {
    let gone = nodes(deleting).chain(nodes(chosen)).collect();
    let mut rooms = Rooms::without(&gone, workload);
    displace(workload, &mut rooms, deleting, chosen)
}

/// Moves the pods of all those machines into `rooms`; returns those of the `chosen` ones that found no place.
fn displace<'a>(
    workload: &'a Workload,
    rooms: &mut Rooms<'a>,
    deleting: &[&Candidate],
    chosen: &[&Candidate],
) -> Vec<Homeless> {
    let leaving = movable(workload, deleting).into_iter();
    let leaving = leaving.filter(|pod| pod.controller.is_some());
    for pod in rooms.largest_first(leaving.collect()) {
        // They go whatever is decided here: that a place is missing is no news.
        drop(rooms.place(pod));
    }
    let pods = rooms.largest_first(movable(workload, chosen));
    let homeless = pods.into_iter().filter_map(|pod| {
        let why = settle(pod, rooms, &workload.budgets).err()?;
        let pod = format!("{}/{}", pod.namespace, pod.name);
        Some(Homeless { pod, why })
    });
    homeless.collect()
}

/// Evicts a pod and gives it another place; the error says what stands in the way.
fn settle<'a>(pod: &'a Pod, rooms: &mut Rooms<'a>, budgets: &[Budget]) -> Result<(), String> {
    if pod.controller.is_none() {
        return Err("no controller would make it again".to_owned());
    }
    if let Some(path) = pod.host_paths.first() {
        return Err(format!(
            "what it keeps in {path} of its node would stay behind"
        ));
    }
    if let Some(rule) = pod.unchecked.first() {
        return Err(format!("its {rule} rule could not be checked"));
    }
    budgets::permit(budgets, pod)?;
    rooms.place(pod)
}

/// The pods that have to leave when `machines` go: not those that belong to the node itself or are done.
fn movable<'a>(workload: &'a Workload, machines: &[&Candidate]) -> Vec<&'a Pod> {
    let nodes: BTreeSet<&str> = nodes(machines).collect();
    let leaves = |pod: &&Pod| {
        pod.node.as_deref().is_some_and(|node| nodes.contains(node))
            && pod.controller.as_deref() != Some("DaemonSet")
            && !(pod.mirror || pod.terminating || pod.is_finished())
    };
    workload.pods.iter().filter(leaves).collect()
}

fn nodes<'a>(machines: &[&'a Candidate]) -> impl Iterator<Item = &'a str> {
    machines
        .iter()
        .filter_map(|machine| machine.node.as_deref())
}

#[cfg(test)]
mod tests;
