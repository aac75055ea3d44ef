//! How many volumes a node can have attached.

use std::collections::{BTreeMap, BTreeSet};

use super::{Claim, Storage};
use crate::scheduling::Node;
use crate::scheduling::node::ATTACHABLE;
use crate::scheduling::pod::{Pod, PodClaim};

/// Driver and handle: what makes two volumes the same.
type Attached = (String, String);

impl Storage {
    /// Whether the drivers can attach the pod's volumes besides those of the pods that are on the node.
    pub(crate) fn can_attach<'a>(
        &self,
        pod: &Pod,
        node: &Node,
        others: impl Iterator<Item = &'a Pod>,
    ) -> bool {
        let mut new = self.attached(pod);
        new.retain(|(driver, _)| self.limit(node, driver).is_some());
        if new.is_empty() {
            return true;
        }
        let mut there: BTreeSet<Attached> = others.flat_map(|other| self.attached(other)).collect();
        new.retain(|volume| !there.contains(volume));
        there.extend(self.attached_to(&node.name));
        let used = by_driver(&there);
        by_driver(&new).iter().all(|(driver, new)| {
            let used = used.get(driver).copied().unwrap_or_default();
            let limit = self.limit(node, driver);
            limit.is_none_or(|limit| used + new <= limit)
        })
    }

    /// What the node's `CSINode` says; what the node itself says, if there is none: that of a machine still to come.
    fn limit(&self, node: &Node, driver: &str) -> Option<i64> {
        let Some(known) = self.limits.get(&node.name) else {
            let name = format!("{ATTACHABLE}{driver}");
            return node.allocatable.get(&name).copied();
        };
        let limits = known.iter().filter(|(name, _)| name == driver);
        limits.map(|(_, limit)| *limit).next_back()
    }

    /// What a node's `CSINode` says, in the words of a node that has none.
    pub(crate) fn attachable(&self, node: &str) -> impl Iterator<Item = (String, i64)> {
        let limits = self.limits.get(node).into_iter().flatten();
        limits.map(|(driver, limit)| (format!("{ATTACHABLE}{driver}"), *limit))
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
