//! First fit by size, as both of the others pack.

use crate::scheduling::{ClassId, NodeId, State, Trial};

use super::world::World;
use crate::resize::grow::{Waiting, stand};
use crate::resize::offer::Offer;

/// A node on trial for a machine that might be bought.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    pub offer: usize,
    pub node: NodeId,
    pub pods: Vec<(ClassId, u32)>,
}

/// Puts as many of the pods as fit onto the nodes, in their order. Returns how many pods are left.
pub(super) fn fill_all(trial: &mut Trial, nodes: &[NodeId], wanted: Waiting) -> u32 {
    let mut left = wanted.pods;
    for node in nodes {
        if left == 0 {
            break;
        }
        left -= trial.place_up_to(wanted.class, *node, left);
    }
    left
}

/// A node of an offer, empty but for its daemons.
pub(super) fn add(trial: &mut Trial, world: &Offers, offer: usize, number: usize) -> Planned {
    let Offer { node, daemons, .. } = &world.0[offer];
    let node = stand(trial, node, daemons, format!("planned-{number}"), &[]);
    Planned {
        offer,
        node,
        pods: Vec::new(),
    }
}

/// The offers, apart from the state that is changed on trial.
pub(super) struct Offers(pub Vec<Offer>);

impl Offers {
    pub(super) fn of(world: &World) -> Self {
        Self(world.offers.clone())
    }

    pub(super) fn amount(&self, offer: usize, name: &str) -> i64 {
        self.0[offer]
            .node
            .allocatable
            .get(name)
            .copied()
            .unwrap_or_default()
    }
}

/// What a pod of the class asks for.
pub(super) fn request(state: &State, class: ClassId, name: &str) -> i64 {
    state
        .content(class)
        .requests
        .get(name)
        .copied()
        .unwrap_or_default()
}

/// Nodes of machines that take pods or will, in the order of purchase.
pub(super) fn nodes(world: &World) -> Vec<NodeId> {
    let machines = world
        .alive()
        .filter(|number| !world.machines[*number].cordoned);
    machines.map(|number| world.machines[number].node).collect()
}
