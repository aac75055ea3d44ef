//! Disks: where a bound one can be reached from.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Node, PersistentVolume, Pod};

use super::labels::any_term;
use super::place::Places;
use super::world::{World, namespace};

/// Volumes by namespace and name of their claims.
#[derive(Debug, Clone, Default)]
pub(crate) struct Volumes(BTreeMap<(String, String), PersistentVolume>);

impl Volumes {
    pub(crate) fn of(world: &World) -> Self {
        let bound = world.claims.iter().filter_map(|claim| {
            let wanted = claim.spec.as_ref()?.volume_name.as_deref()?;
            let mut volumes = world.volumes.iter();
            let volume = volumes.find(|it| it.metadata.name.as_deref() == Some(wanted))?;
            let key = (
                claim.metadata.namespace.clone()?,
                claim.metadata.name.clone()?,
            );
            Some((key, volume.clone()))
        });
        Self(bound.collect())
    }

    pub(crate) fn allow(&self, pod: &Pod, node: &Node, places: &Places) -> Result<(), String> {
        for claim in claims(pod) {
            let Some(volume) = self.0.get(&(namespace(pod).to_owned(), claim.clone())) else {
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
            let mut others = places
                .all()
                .filter(|(other, _)| namespace(other) == namespace(pod));
            if alone && others.any(|(other, _)| claims(other).contains(&claim)) {
                return Err(format!("claim {claim} is in use"));
            }
        }
        Ok(())
    }
}

fn claims(pod: &Pod) -> Vec<String> {
    let volumes = pod
        .spec
        .iter()
        .flat_map(|spec| spec.volumes.iter().flatten());
    let claims = volumes.filter_map(|volume| volume.persistent_volume_claim.as_ref());
    claims.map(|claim| claim.claim_name.clone()).collect()
}
