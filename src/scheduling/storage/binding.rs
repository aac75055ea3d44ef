//! Whether a pod's claims can have their volumes on a node: those that are bound reach it; the others find a volume
//! there, or one can be made.

use foldhash::HashSet;

use super::wishes::ClaimName;
use super::{Claim, Storage, StorageClass, Volume, Wishes};
use crate::scheduling::node::Node;
use crate::scheduling::refusal::VolumeConflicts;

impl Storage {
    pub(crate) fn conflicts(&self, wishes: &Wishes, node: &Node) -> VolumeConflicts {
        let mut conflicts = VolumeConflicts::default();
        for volume in &wishes.bound {
            match volume {
                None => conflicts.volume_missing = true,
                Some(volume) if !volume.reaches(&node.labels) => conflicts.affinity = true,
                Some(_) => continue,
            }
            break;
        }
        let elsewhere = |claim: &Claim| {
            claim
                .selected_node
                .as_ref()
                .is_some_and(|n| *n != node.name)
        };
        if wishes.unbound.iter().any(|(_, claim)| elsewhere(claim)) {
            conflicts.nothing_to_bind = true;
            return conflicts;
        }
        for claim in self.to_be_made(wishes, node) {
            match self.can_be_made(claim, node) {
                Ok(()) => continue,
                Err(Obstacle::Place) => conflicts.nothing_to_bind = true,
                Err(Obstacle::Space) => conflicts.no_space = true,
            }
            break;
        }
        conflicts
    }

    /// Claims that find no volume: first those that have a node already.
    fn to_be_made<'a>(&self, wishes: &Wishes<'a>, node: &Node) -> Vec<&'a Claim> {
        let unbound = || wishes.unbound.iter();
        let begun = unbound().filter(|(_, claim)| claim.selected_node.is_some());
        let mut make: Vec<&Claim> = begun.map(|(_, claim)| *claim).collect();
        let mut taken = HashSet::default();
        for (name, claim) in unbound().filter(|(_, claim)| claim.selected_node.is_none()) {
            match self.volume_for(*name, claim, node, &taken) {
                Some(volume) => {
                    taken.insert(volume);
                }
                None => make.push(claim),
            }
        }
        make
    }

    /// The volume that is kept for the claim, or else the smallest that will do.
    fn volume_for<'a>(
        &'a self,
        name: ClaimName,
        claim: &Claim,
        node: &Node,
        taken: &HashSet<&str>,
    ) -> Option<&'a str> {
        let suits = |(volume_name, volume): &(&str, &Volume)| {
            !taken.contains(volume_name) && volume.suits(name, claim)
        };
        let mut kept = self.volumes.kept_for(name, &claim.class);
        if let Some((name, volume)) = kept.find(suits) {
            return volume.reaches(&node.labels).then_some(name);
        }
        let open = self.volumes.open(&claim.class).filter(suits);
        let open = open.filter(|(_, volume)| volume.is_open_to(claim, node));
        let smallest = open.min_by_key(|(_, volume)| volume.size);
        smallest.map(|(name, _)| name)
    }

    fn can_be_made(&self, claim: &Claim, node: &Node) -> Result<(), Obstacle> {
        let class = self.classes.get(&claim.class).ok_or(Obstacle::Place)?;
        let provisions =
            !["", "kubernetes.io/no-provisioner"].contains(&class.provisioner.as_str());
        if !provisions || !class.allows(&node.labels) {
            return Err(Obstacle::Place);
        }
        self.has_space(claim, class, node)
            .then_some(())
            .ok_or(Obstacle::Space)
    }

    fn has_space(&self, claim: &Claim, class: &StorageClass, node: &Node) -> bool {
        let Some(size) = claim.size else {
            return true;
        };
        !self.drivers_with_capacity.contains(&class.provisioner)
            || self.capacities.values().any(|capacity| {
                capacity.class == claim.class
                    && capacity.limit.is_some_and(|limit| limit >= size)
                    && capacity
                        .nodes
                        .as_ref()
                        .is_some_and(|nodes| nodes.matches(&node.labels))
            })
    }
}

/// What keeps a volume from being made.
enum Obstacle {
    Place,
    Space,
}

impl Volume {
    /// What does not depend on the node, nor on whether the volume is kept for the claim.
    fn suits(&self, (namespace, name): ClaimName, claim: &Claim) -> bool {
        let kept = self.claim.as_ref();
        let for_it = kept.is_none_or(|kept| {
            kept.namespace == namespace
                && kept.name == name
                && (kept.uid.is_empty() || kept.uid == claim.uid)
        });
        for_it
            && self.size >= claim.size.unwrap_or_default()
            && self.kind.mode == claim.kind.mode
            && self.kind.attributes_class == claim.kind.attributes_class
            && !self.terminating
    }

    /// What a volume that is kept for nobody must be besides.
    fn is_open_to(&self, claim: &Claim, node: &Node) -> bool {
        let mut modes = claim.kind.access_modes.iter();
        self.available
            && claim
                .selector
                .as_ref()
                .is_none_or(|s| s.matches(&self.labels))
            && self.reaches(&node.labels)
            && modes.all(|mode| self.kind.access_modes.contains(mode))
    }
}
