//! Which machines can go, and whether every pod on them has another place. Pure.
//!
//! Machines whose pods all fit elsewhere are found by [`shrink`]; where these do not suffice, those go that leave the
//! fewest pods without a place, and these pods are named. The scheduler is free to choose other places than those found
//! here, and pods that wait for a node today are not counted.
//!
//! Whoever asks for fewer workers by hand may risk more than the resize loop: a budget that allows one eviction now is
//! taken to allow them all in turn, and that pods lose their emptyDir is said, not forbidden.

mod cluster;
mod pods;
mod words;

use std::collections::BTreeSet;

use anyhow::Result;
use serde::Serialize;

use crate::observe::workload::Workload;
use crate::resize::shrink::shrink;
use cluster::{Cluster, Resident};

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
/// homeless. Fails if an object of the workload cannot be read.
pub fn remove(workload: &Workload, machines: &[Candidate], count: usize) -> Result<Removal> {
    let (removal, _) = decide(workload, machines, count)?;
    Ok(removal)
}

/// The removal, and where the pods are afterwards.
fn decide(workload: &Workload, machines: &[Candidate], count: usize) -> Result<(Removal, Cluster)> {
    let mut cluster = Cluster::new(workload)?;
    let (deleting, mut rest): (Vec<&Candidate>, Vec<&Candidate>) =
        machines.iter().partition(|machine| machine.deleting);
    let ready = |machine: &Candidate| machine.ready && cluster.node(machine).is_some();
    let census = cluster.census();
    rest.sort_by_cached_key(|machine| {
        let pods = cluster.node(machine).and_then(|node| census.get(&node));
        let pods = pods.map_or(0, Vec::len);
        (ready(machine), pods, &machine.created, &machine.machine)
    });
    let wanted = count.saturating_sub(deleting.len()).min(rest.len());
    let broken = rest.iter().filter(|machine| !ready(machine)).count();

    cluster.remove_unasked(&deleting);
    let mut chosen: Vec<&Candidate> = rest.drain(..broken.min(wanted)).collect();
    let mut homeless = cluster.remove(&chosen);
    if chosen.len() < wanted {
        chosen.extend(remove_free(&mut cluster, &mut rest, wanted - chosen.len()));
    }
    while chosen.len() < wanted {
        let (machine, lost) = remove_cheapest(&mut cluster, &mut rest);
        chosen.extend(machine);
        homeless.extend(lost);
    }
    let removal = Removal {
        machines: chosen.iter().map(|m| m.machine.clone()).collect(),
        reason: reason(&chosen, &cluster.pods(&chosen), &homeless),
        homeless,
    };
    Ok((removal, cluster))
}

/// Lets machines go whose pods all have another place, `limit` at most; the first ones if there is a choice.
fn remove_free<'a>(
    cluster: &mut Cluster,
    rest: &mut Vec<&'a Candidate>,
    limit: usize,
) -> Vec<&'a Candidate> {
    let question = cluster.question(rest, limit);
    let shrinkage = shrink(&mut cluster.state, &question);
    cluster.follow(&question, &shrinkage);
    let gone = shrinkage.gone.iter().map(|gone| rest[gone.candidate]);
    let gone: Vec<&Candidate> = gone.collect();
    let names: BTreeSet<&str> = gone.iter().map(|it| it.machine.as_str()).collect();
    rest.retain(|machine| !names.contains(machine.machine.as_str()));
    gone
}

/// Lets the machine go that leaves the fewest pods homeless.
fn remove_cheapest<'a>(
    cluster: &mut Cluster,
    rest: &mut Vec<&'a Candidate>,
) -> (Option<&'a Candidate>, Vec<Homeless>) {
    let next = (0..rest.len()).min_by_key(|index| cluster.lost(rest[*index]));
    let machine = next.map(|index| rest.remove(index));
    let homeless = machine.map(|machine| cluster.remove(&[machine]));
    (machine, homeless.unwrap_or_default())
}

fn reason(chosen: &[&Candidate], pods: &[&Resident], homeless: &[Homeless]) -> String {
    let why = if !homeless.is_empty() {
        "fewest pods without another place"
    } else if chosen.iter().all(|machine| !machine.ready) {
        "no Ready node"
    } else if pods.is_empty() {
        "no pods to move"
    } else {
        "fewest pods, all of which fit elsewhere"
    };
    match pods.iter().filter(|pod| pod.leaving.empty_dir).count() {
        0 => why.to_owned(),
        1 => format!("{why}; 1 pod loses its emptyDir"),
        pods => format!("{why}; {pods} pods lose their emptyDir"),
    }
}

#[cfg(test)]
mod tests;
