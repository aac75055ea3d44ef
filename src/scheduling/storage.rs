//! Claims, volumes and what is known about drivers: which nodes a pod's volumes leave open.

mod apply;
mod binding;
mod limits;
mod objects;
mod users;
mod volumes;
mod wishes;

use std::collections::BTreeMap;

use foldhash::{HashMap, HashSet};

use super::named::Named;
use super::pod::{Pod, PodClaim};
use super::ties::labels_of_terms;

pub use limits::{Attached, Handle};
use objects::{Capacity, Claim, DriverLimits, StorageClass, Volume};
pub(super) use users::ClaimUsers;
use volumes::Volumes;
pub(super) use wishes::Wishes;

/// What is stored of storage.
#[derive(Debug, Clone, Default)]
pub(super) struct Storage {
    claims: Named<Claim>,
    volumes: Volumes,
    classes: HashMap<String, StorageClass>,
    /// Drivers that say how much room there is.
    drivers_with_capacity: HashSet<String>,
    /// By the name of their object.
    capacities: BTreeMap<String, Capacity>,
    /// How many volumes a driver attaches, by node.
    limits: HashMap<String, DriverLimits>,
    /// Driver and volume by the name of the attachment, by node.
    attachments: HashMap<String, BTreeMap<String, (String, String)>>,
}

impl Storage {
    /// Labels of nodes that decide where volumes can be.
    pub(super) fn labels(&self) -> impl Iterator<Item = &str> {
        let volumes = self.volumes.values();
        let reached = volumes.clone().flat_map(|volume| &volume.nodes);
        let reached = reached.flat_map(labels_of_terms);
        let zones = volumes.flat_map(Volume::zone_labels);
        let topologies = self.classes.values().flat_map(|class| &class.topologies);
        let topologies = topologies.flatten().map(|(key, _)| key.as_str());
        let capacities = self.capacities.values();
        let selectors = capacities.flat_map(|capacity| &capacity.nodes);
        let selected = selectors.flat_map(|selector| &selector.0);
        let selected = selected.map(|requirement| requirement.key.as_str());
        reached.chain(zones).chain(topologies).chain(selected)
    }

    fn claim(&self, pod: &Pod, claim: &PodClaim) -> Option<&Claim> {
        self.claims.get(&pod.namespace, &claim.name)
    }
}
