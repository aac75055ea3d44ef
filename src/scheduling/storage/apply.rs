//! Storage objects as the API has them, taken over.

use std::collections::BTreeMap;
use std::hash::Hash;

use anyhow::Result;
use foldhash::HashMap;
use k8s_openapi::api::storage::v1 as api;

use super::objects::limits;
use super::{Capacity, Claim, Storage, StorageClass, Volume};
use crate::scheduling::apply::read;

impl Storage {
    /// True if the resource is one that decides where pods fit.
    pub(crate) fn apply(
        &mut self,
        resource: &str,
        namespace: &str,
        name: &str,
        json: Option<&[u8]>,
    ) -> Result<bool> {
        let key = name.to_owned();
        match resource {
            "persistentvolumeclaims" => {
                let claim = read(json)?.map(|claim| Claim::of(&claim)).transpose()?;
                match claim {
                    Some(claim) => self.claims.insert(namespace, name, claim),
                    None => self.claims.remove(namespace, name),
                }
            }
            "persistentvolumes" => {
                let volume = read(json)?.map(|volume| Volume::of(&volume)).transpose()?;
                self.volumes.set(key, volume);
            }
            "storageclasses.storage.k8s.io" => {
                let class = read(json)?.map(|class| StorageClass::of(&class));
                keep(&mut self.classes, key, class);
            }
            "csidrivers.storage.k8s.io" => self.apply_driver(key, read(json)?.as_ref()),
            "csinodes.storage.k8s.io" => {
                let drivers = read(json)?.map(|node| limits(&node));
                keep(&mut self.limits, key, drivers);
            }
            "csistoragecapacities.storage.k8s.io" => {
                let capacity = read(json)?.map(|c| Capacity::of(&c)).transpose()?;
                keep_sorted(
                    &mut self.capacities,
                    format!("{namespace}/{name}"),
                    capacity,
                );
            }
            "volumeattachments.storage.k8s.io" => self.apply_attachment(name, read(json)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn apply_driver(&mut self, name: String, driver: Option<&api::CSIDriver>) {
        let says = |driver: &api::CSIDriver| driver.spec.storage_capacity == Some(true);
        if driver.is_some_and(says) {
            self.drivers_with_capacity.insert(name);
        } else {
            self.drivers_with_capacity.remove(&name);
        }
    }

    fn apply_attachment(&mut self, name: &str, attachment: Option<api::VolumeAttachment>) {
        for attachments in self.attachments.values_mut() {
            attachments.remove(name);
        }
        let Some(spec) = attachment.map(|attachment| attachment.spec) else {
            return;
        };
        if let Some(volume) = spec.source.persistent_volume_name {
            let attachments = self.attachments.entry(spec.node_name).or_default();
            attachments.insert(name.to_owned(), (spec.attacher, volume));
        }
    }
}

fn keep<K: Eq + Hash, V>(map: &mut HashMap<K, V>, key: K, value: Option<V>) {
    match value {
        Some(value) => map.insert(key, value),
        None => map.remove(&key),
    };
}

fn keep_sorted<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, value: Option<V>) {
    match value {
        Some(value) => map.insert(key, value),
        None => map.remove(&key),
    };
}
