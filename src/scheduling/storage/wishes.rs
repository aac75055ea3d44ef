//! What a pod's claims come to before any node is looked at.

use super::{Attached, Claim, Storage, Volume};
use crate::scheduling::pod::{Pod, PodClaim};

/// A pod's claims, sorted by what is to be done about them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wishes<'a> {
    /// Volumes of those that are bound; `None` where it is missing.
    pub(super) bound: Vec<Option<&'a Volume>>,
    /// Namespaced name and claim; the smallest first.
    pub(super) unbound: Vec<(ClaimName<'a>, &'a Claim)>,
    /// Labels of volumes that say where they are: keys and values.
    pub(super) zones: Vec<(&'static str, Vec<&'a str>)>,
    /// Claims that only one pod may use, by name.
    pub one_pod: Vec<&'a str>,
    /// What drivers attach to the pod's node.
    pub attached: Vec<Attached<'a>>,
}

pub(super) type ClaimName<'a> = (&'a str, &'a str);

/// As they were called at first, and as they are called now.
const ZONES: [(&str, &str); 4] = [
    (
        "failure-domain.beta.kubernetes.io/zone",
        "topology.kubernetes.io/zone",
    ),
    (
        "failure-domain.beta.kubernetes.io/region",
        "topology.kubernetes.io/region",
    ),
    ("topology.kubernetes.io/zone", "topology.kubernetes.io/zone"),
    (
        "topology.kubernetes.io/region",
        "topology.kubernetes.io/region",
    ),
];

impl Storage {
    /// The error is a reason that holds on every node.
    pub(crate) fn wishes<'a>(&'a self, pod: &'a Pod) -> Result<Wishes<'a>, String> {
        let claims = pod.claims.iter().map(|wish| {
            let claim = self.claim(pod, wish);
            let volume = claim.and_then(|claim| self.volumes.get(&claim.volume));
            (wish, claim, volume)
        });
        let claims: Vec<(&PodClaim, Option<&Claim>, Option<&Volume>)> = claims.collect();
        let lasting = || claims.iter().filter(|(wish, ..)| wish.made_for.is_none());
        if let Some((missing, ..)) = lasting().find(|(_, claim, _)| claim.is_none()) {
            return Err(not_found("persistentvolumeclaim", &missing.name));
        }
        let mut wishes = Wishes::default();
        for (wish, claim, volume) in &claims {
            let claim = usable(pod, wish, *claim)?;
            if claim.one_pod && wish.made_for.is_none() {
                wishes.one_pod.push(&wish.name);
            }
            let attached = self.handle(pod, wish, claim, *volume);
            wishes.attached.extend(attached);
            if claim.bound {
                wishes.bound.push(*volume);
            } else {
                wishes.unbound.push(((&pod.namespace, &wish.name), claim));
            }
        }
        if wishes.unbound.iter().any(|(_, claim)| !self.waits(claim)) {
            return Err("pod has unbound immediate PersistentVolumeClaims".to_owned());
        }
        wishes.unbound.sort_by_key(|(_, claim)| claim.size);
        for (_, claim, volume) in lasting() {
            let name = claim.map_or("", |claim| claim.volume.as_str());
            if let Some(volume) = volume {
                wishes.zones.extend(volume.zones());
            } else if !name.is_empty() {
                return Err(not_found("persistentvolume", name));
            }
        }
        Ok(wishes)
    }

    /// Whether the scheduler has a say in which volume the claim gets.
    fn waits(&self, claim: &Claim) -> bool {
        let class = self.classes.get(&claim.class);
        claim.volume.is_empty() && class.is_some_and(|class| class.waits)
    }
}

impl Volume {
    /// Labels of nodes that its own labels are compared with.
    pub(super) fn zone_labels(&self) -> impl Iterator<Item = &str> {
        let mut zones = ZONES.iter();
        let zonal = zones.any(|(key, _)| self.labels.contains_key(*key));
        let keys = ZONES.iter().map(|(key, _)| *key);
        keys.filter(move |_| zonal)
    }

    fn zones(&self) -> impl Iterator<Item = (&'static str, Vec<&str>)> {
        ZONES.iter().filter_map(|(key, _)| {
            let value = self.labels.get(*key)?;
            let values: Vec<&str> = value.split("__").map(str::trim).collect();
            let readable = values.iter().all(|value| !value.is_empty());
            readable.then_some((*key, values))
        })
    }
}

impl Wishes<'_> {
    pub(crate) fn unbound_names(&self) -> Vec<String> {
        let names = self.unbound.iter().map(|((_, name), _)| (*name).to_owned());
        names.collect()
    }

    /// Whether the zones of the volumes are those of a node; a node that has none is as good as any.
    pub(crate) fn in_zone(&self, labels: &crate::scheduling::labels::Labels) -> bool {
        let says = |(key, now): &(&str, &str)| labels.get(*key).or_else(|| labels.get(*now));
        if self.zones.is_empty() || !ZONES.iter().any(|(key, _)| labels.contains_key(*key)) {
            return true;
        }
        self.zones.iter().all(|(key, values)| {
            let names = ZONES.iter().find(|(name, _)| name == key);
            let value = names.and_then(says);
            value.is_some_and(|value| values.contains(&value.as_str()))
        })
    }
}

/// The claim, if it is there and can be used.
fn usable<'a>(pod: &Pod, wish: &PodClaim, claim: Option<&'a Claim>) -> Result<&'a Claim, String> {
    let name = &wish.name;
    let Some(claim) = claim else {
        return Err(match wish.made_for {
            Some(_) => format!(
                "waiting for ephemeral volume controller to create the persistentvolumeclaim \"{name}\""
            ),
            None => not_found("persistentvolumeclaim", name),
        });
    };
    if claim.lost {
        let volume = &claim.volume;
        return Err(format!(
            "persistentvolumeclaim \"{name}\" bound to non-existent persistentvolume \"{volume}\""
        ));
    }
    if claim.terminating {
        return Err(format!("persistentvolumeclaim \"{name}\" is being deleted"));
    }
    match &wish.made_for {
        Some(owner) if claim.owner.as_ref() != Some(&owner.uid) => {
            let (namespace, pod) = (&pod.namespace, &owner.name);
            Err(format!(
                "PVC {namespace}/{name} was not created for pod {namespace}/{pod} (pod is not owner)"
            ))
        }
        _ => Ok(claim),
    }
}

fn not_found(what: &str, name: &str) -> String {
    format!("{what} \"{name}\" not found")
}
