//! How many volumes a node can have attached.

use std::collections::{BTreeMap, BTreeSet};

use super::{Claim, Storage};
use crate::scheduling::pod::{Pod, PodClaim};

/// Driver and handle: what makes two volumes the same.
type Attached = (String, String);

impl Storage {
    /// Whether the drivers can attach the pod's volumes besides those of the pods that are on the node.
    pub(crate) fn can_attach<'a>(
        &self,
        pod: &Pod,
        node: &str,
        others: impl Iterator<Item = &'a Pod>,
    ) -> bool {
        let Some(limits) = self.limits.get(node).filter(|limits| !limits.is_empty()) else {
            return true;
        };
        let mut new = self.attached(pod);
        let mut there: BTreeSet<Attached> = others.flat_map(|other| self.attached(other)).collect();
        new.retain(|volume| !there.contains(volume));
        there.extend(self.attached_to(node));
        let used = by_driver(&there);
        by_driver(&new).iter().all(|(driver, new)| {
            let mut limits = limits.iter().filter(|(name, _)| name == driver);
            let used = used.get(driver).copied().unwrap_or_default();
            limits
                .next_back()
                .is_none_or(|(_, limit)| used + new <= *limit)
        })
    }

    fn attached(&self, pod: &Pod) -> BTreeSet<Attached> {
        let volumes = pod.claims.iter().filter_map(|wish| {
            let claim = self.claim(pod, wish)?;
            self.handle(pod, wish, claim)
        });
        volumes.collect()
    }

    /// A volume that does not exist yet is known by its claim.
    fn handle(&self, pod: &Pod, wish: &PodClaim, claim: &Claim) -> Option<Attached> {
        if let Some(volume) = self.volumes.get(&claim.volume) {
            return volume.csi.clone();
        }
        let driver = &self.classes.get(&claim.class)?.provisioner;
        let handle = format!("claim {}/{}", pod.namespace, wish.name);
        (!driver.is_empty()).then(|| (driver.clone(), handle))
    }

    fn attached_to(&self, node: &str) -> Vec<Attached> {
        let attachments = self.attachments.get(node).into_iter();
        let attachments = attachments.flat_map(BTreeMap::values);
        let attached = attachments.filter_map(|(attacher, volume)| {
            let (_, handle) = self.volumes.get(volume)?.csi.as_ref()?;
            (!attacher.is_empty()).then(|| (attacher.clone(), handle.clone()))
        });
        attached.collect()
    }
}

fn by_driver(volumes: &BTreeSet<Attached>) -> BTreeMap<&str, i64> {
    let mut counts = BTreeMap::new();
    for (driver, _) in volumes {
        *counts.entry(driver.as_str()).or_default() += 1;
    }
    counts
}
