//! Claims, volumes and what is known about drivers: which nodes a pod's volumes leave open.

mod apply;
mod binding;
mod limits;
mod objects;
mod wishes;

use std::collections::{BTreeMap, HashMap, HashSet};

use super::pod::{Pod, PodClaim};

use objects::{Capacity, Claim, DriverLimits, StorageClass, Volume};
pub(super) use wishes::Wishes;

/// What is stored of storage.
#[derive(Debug, Clone, Default)]
pub(super) struct Storage {
    /// By namespace and name.
    claims: HashMap<(String, String), Claim>,
    volumes: BTreeMap<String, Volume>,
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
    fn claim(&self, pod: &Pod, claim: &PodClaim) -> Option<&Claim> {
        self.claims
            .get(&(pod.namespace.clone(), claim.name.clone()))
    }
}
