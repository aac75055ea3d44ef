//! Resources by group and version, in the order in which the real server lists them.

use std::cmp::Reverse;
use std::sync::Arc;

use crate::sim::resources::Resource;

/// Built-in groups in their order; all others follow by name.
const ORDER: [&str; 14] = [
    "",
    "apps",
    "events.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
    "apiextensions.k8s.io",
    "scheduling.k8s.io",
    "coordination.k8s.io",
];

pub(crate) struct Group<'a> {
    /// Empty for the core group.
    pub name: &'a str,
    /// The preferred one first.
    pub versions: Vec<Version<'a>>,
}

pub(crate) struct Version<'a> {
    pub group: &'a str,
    pub name: &'a str,
    /// By name.
    pub resources: Vec<&'a Resource>,
}

impl<'a> Group<'a> {
    pub(crate) fn all(resources: &'a [Arc<Resource>]) -> Vec<Self> {
        let mut sorted: Vec<&Resource> = resources.iter().map(AsRef::as_ref).collect();
        sorted.sort_by_key(|it| {
            (
                rank(&it.group),
                Reverse(maturity(&it.version)),
                it.plural.clone(),
            )
        });
        sorted
            .chunk_by(|one, other| one.group == other.group)
            .map(|of_group| Self {
                name: &of_group[0].group,
                versions: of_group
                    .chunk_by(|one, other| one.version == other.version)
                    .map(Version::of)
                    .collect(),
            })
            .collect()
    }

    pub(crate) fn is_core(&self) -> bool {
        self.name.is_empty()
    }

    pub(crate) fn version(&self, name: &str) -> Option<&Version<'a>> {
        self.versions.iter().find(|version| version.name == name)
    }
}

impl<'a> Version<'a> {
    fn of(resources: &[&'a Resource]) -> Self {
        Self {
            group: &resources[0].group,
            name: &resources[0].version,
            resources: resources.to_vec(),
        }
    }

    pub(crate) fn api_version(&self) -> String {
        self.resources[0].api_version()
    }
}

fn rank(group: &str) -> (usize, &str) {
    let place = ORDER.iter().position(|known| *known == group);
    (place.unwrap_or(ORDER.len()), group)
}

/// `v2` before `v1`, `v1` before `v1beta2`, that before `v1alpha1`, anything else last.
fn maturity(version: &str) -> (u8, u32, u32) {
    let parse = || {
        let rest = version.strip_prefix('v')?;
        let (stage, numbers) = match (rest.split_once("beta"), rest.split_once("alpha")) {
            (Some(numbers), _) => (2, numbers),
            (_, Some(numbers)) => (1, numbers),
            _ => (3, (rest, "0")),
        };
        Some((stage, numbers.0.parse().ok()?, numbers.1.parse().ok()?))
    };
    parse().unwrap_or_default()
}
