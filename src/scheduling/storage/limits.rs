//! How many volumes a node can have attached.

use std::collections::{BTreeMap, BTreeSet};

use super::{Claim, Storage, Volume};
use crate::scheduling::Node;
use crate::scheduling::node::ATTACHABLE;
use crate::scheduling::pod::{Pod, PodClaim};

/// Driver and handle: what makes two volumes the same.
pub type Attached<'a> = (&'a str, Handle<'a>);

/// What the driver knows a volume by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Handle<'a> {
    Made(&'a str),
    /// Namespace and name of the claim for which the volume is still to be made.
    ToBeMade(&'a str, &'a str),
}

impl Storage {
    /// Whether the drivers can attach volumes of a pod besides those of the pods that are on the node.
    pub(crate) fn can_attach<'a>(
        &'a self,
        volumes: &[Attached<'a>],
        node: &'a Node,
        others: impl Iterator<Item = &'a Pod> + Clone,
    ) -> bool {
        let limit = |volume: &Attached<'a>| Some((*volume, self.limit(node, volume.0)?));
        let limited: BTreeMap<Attached, i64> = volumes.iter().filter_map(limit).collect();
        let Some(least) = limited.values().min() else {
            return true;
        };
        // Most nodes have room even if no two pods share a volume; that is known without looking any up.
        let claims: usize = others.clone().map(|other| other.claims.len()).sum();
        let attached = self.attachments.get(&node.name).map_or(0, BTreeMap::len);
        if i64::try_from(claims + attached + limited.len()).is_ok_and(|most| most <= *least) {
            return true;
        }
        let mut there: BTreeSet<Attached> = others.flat_map(|other| self.attached(other)).collect();
        let new = limited.keys().filter(|volume| !there.contains(volume));
        let new = by_driver(new);
        there.extend(self.attached_to(&node.name));
        let used = by_driver(there.iter());
        limited.iter().all(|((driver, _), limit)| {
            let of = |counts: &BTreeMap<&str, i64>| counts.get(driver).copied();
            of(&new).is_none_or(|new| of(&used).unwrap_or_default() + new <= *limit)
        })
    }

    /// What the node's `CSINode` says; what the node itself says, if there is none: that of a machine still to come.
    fn limit(&self, node: &Node, driver: &str) -> Option<i64> {
        let Some(known) = self.limits.get(&node.name) else {
            let mut amounts = node.allocatable.iter();
            let limit = amounts.find(|(name, _)| name.strip_prefix(ATTACHABLE) == Some(driver));
            return limit.map(|(_, limit)| *limit);
        };
        let limits = known.iter().filter(|(name, _)| name == driver);
        limits.map(|(_, limit)| *limit).next_back()
    }

    /// What a node's `CSINode` says, in the words of a node that has none.
    pub(crate) fn attachable(&self, node: &str) -> impl Iterator<Item = (String, i64)> {
        let limits = self.limits.get(node).into_iter().flatten();
        limits.map(|(driver, limit)| (format!("{ATTACHABLE}{driver}"), *limit))
    }

    /// The volumes of a pod's claims.
    fn attached<'a>(&'a self, pod: &'a Pod) -> impl Iterator<Item = Attached<'a>> {
        pod.claims.iter().filter_map(|wish| {
            let claim = self.claim(pod, wish)?;
            self.handle(pod, wish, claim, self.volumes.get(&claim.volume))
        })
    }

    /// What a claim comes to where the pod runs; `volume` is the claim's.
    pub(super) fn handle<'a>(
        &'a self,
        pod: &'a Pod,
        wish: &'a PodClaim,
        claim: &Claim,
        volume: Option<&'a Volume>,
    ) -> Option<Attached<'a>> {
        if let Some(volume) = volume {
            let (driver, handle) = volume.csi.as_ref()?;
            return Some((driver, Handle::Made(handle)));
        }
        let driver = self.classes.get(&claim.class)?.provisioner.as_str();
        let handle = Handle::ToBeMade(&pod.namespace, &wish.name);
        (!driver.is_empty()).then_some((driver, handle))
    }

    fn attached_to(&self, node: &str) -> impl Iterator<Item = Attached<'_>> {
        let attachments = self.attachments.get(node).into_iter();
        let attachments = attachments.flat_map(BTreeMap::values);
        attachments.filter_map(|(attacher, volume)| {
            let (_, handle) = self.volumes.get(volume)?.csi.as_ref()?;
            (!attacher.is_empty()).then_some((attacher.as_str(), Handle::Made(handle)))
        })
    }
}

fn by_driver<'a, 'v: 'a>(
    volumes: impl Iterator<Item = &'a Attached<'v>>,
) -> BTreeMap<&'v str, i64> {
    let mut counts = BTreeMap::new();
    for (driver, _) in volumes {
        *counts.entry(*driver).or_default() += 1;
    }
    counts
}
