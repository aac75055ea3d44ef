//! Disks: where a bound one can be reached from.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{Node, PersistentVolume, PersistentVolumeClaim, Pod};

use super::fits::allocatable;
use super::labels::any_term;
use super::place::Places;
use super::world::{World, namespace, node_name};

/// What a node says about how many disks can be attached to it; in thousandths, as all its amounts are.
const ATTACHABLE: &str = "attachable-volumes-csi-csi.hetzner.cloud";

/// A claim by its namespace and name.
type Key = (String, String);

/// What there is for claims.
#[derive(Debug, Clone, Default)]
pub(crate) struct Volumes {
    bound: BTreeMap<Key, PersistentVolume>,
    /// Those whose disks are made where their pods come to run.
    to_be_made: BTreeSet<Key>,
}

impl Volumes {
    pub(crate) fn of(world: &World) -> Self {
        let mut volumes = Self::default();
        for claim in &world.claims {
            let key = key(claim);
            let spec = claim.spec.as_ref();
            match spec.and_then(|spec| spec.volume_name.as_deref()) {
                Some(wanted) => {
                    let mut all = world.volumes.iter();
                    let volume = all.find(|it| it.metadata.name.as_deref() == Some(wanted));
                    volumes
                        .bound
                        .extend(volume.map(|volume| (key, volume.clone())));
                }
                None => volumes.to_be_made.extend([key]),
            }
        }
        volumes
    }

    /// Nobody has said yet where the pod's disks are.
    pub(crate) fn make(&mut self, pod: &Pod) {
        for key in claims(pod) {
            if !self.bound.contains_key(&key) {
                self.to_be_made.insert(key);
            }
        }
    }

    pub(crate) fn allow(&self, pod: &Pod, node: &Node, places: &Places) -> Result<(), String> {
        for key in claims(pod) {
            if self.to_be_made.contains(&key) {
                continue;
            }
            let (_, claim) = &key;
            let Some(volume) = self.bound.get(&key) else {
                return Err(format!("claim {claim} has no volume"));
            };
            let spec = volume.spec.as_ref();
            let affinity = spec.and_then(|spec| spec.node_affinity.as_ref());
            let required = affinity.and_then(|affinity| affinity.required.as_ref());
            if required.is_some_and(|required| !any_term(&required.node_selector_terms, node)) {
                return Err(format!("volume of {claim} is elsewhere"));
            }
            let alone = spec
                .and_then(|spec| spec.access_modes.clone())
                .unwrap_or_default();
            let alone = alone.iter().any(|mode| mode == "ReadWriteOncePod");
            if alone && places.all().any(|(other, _)| claims(other).contains(&key)) {
                return Err(format!("claim {claim} is in use"));
            }
        }
        attach(pod, node, places)
    }
}

/// All disks in this world are attached by one driver.
fn attach(pod: &Pod, node: &Node, places: &Places) -> Result<(), String> {
    let own: BTreeSet<Key> = claims(pod).into_iter().collect();
    let there: BTreeSet<Key> = places.on(node_name(node)).flat_map(claims).collect();
    let new = own.difference(&there).count();
    let most = allocatable(node).get(ATTACHABLE).map(|count| count / 1000);
    let all = i128::try_from(there.len() + new).expect("few");
    if new > 0 && most.is_some_and(|most| all > most) {
        return Err("too many disks".to_owned());
    }
    Ok(())
}

fn key(claim: &PersistentVolumeClaim) -> Key {
    let meta = &claim.metadata;
    (
        meta.namespace.clone().unwrap_or_default(),
        meta.name.clone().unwrap_or_default(),
    )
}

fn claims(pod: &Pod) -> Vec<Key> {
    let volumes = pod
        .spec
        .iter()
        .flat_map(|spec| spec.volumes.iter().flatten());
    let claims = volumes.filter_map(|volume| volume.persistent_volume_claim.as_ref());
    claims
        .map(|claim| (namespace(pod).to_owned(), claim.claim_name.clone()))
        .collect()
}
