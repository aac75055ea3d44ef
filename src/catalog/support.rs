//! Which Kubernetes versions Cluster API can run on and make, after the support matrix of its book. Pure.

use std::fmt;

use super::Catalog;

/// A release version: `v1.34.4`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    pub major: u32,
    pub minor: u32,
    pub patch: u32,
}

impl Version {
    /// Accepts `vMAJOR.MINOR.PATCH` only: no range, no pre-release, no build suffix, no leading zeros.
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.strip_prefix('v')?.split('.').map(str::parse);
        let mut next = || numbers.next()?.ok();
        let version = Self {
            major: next()?,
            minor: next()?,
            patch: next()?,
        };
        (version.to_string() == text).then_some(version)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// What one minor release of Cluster API 1 supports, all of Kubernetes 1.
struct Series {
    minor: u32,
    /// Oldest Kubernetes minor that it runs on. It makes older ones, but both clusters have one version here.
    oldest: u32,
    /// Newest Kubernetes minors, each with the patch release of Cluster API that it came with.
    newest: &'static [(u32, u32)],
}

const SUPPORTED: &[Series] = &[
    Series {
        minor: 13,
        oldest: 32,
        newest: &[(35, 0), (36, 1), (37, 6)],
    },
    Series {
        minor: 14,
        oldest: 33,
        newest: &[(36, 0), (37, 1)],
    },
];

/// Says why the catalogue's Kubernetes does not go with its Cluster API, if it does not.
///
/// A catalogue without Cluster API supports every version.
pub fn check(catalog: &Catalog) -> Result<(), String> {
    let kubernetes = parse(&catalog.kubernetes)?;
    let Some(component) = catalog.components.iter().find(|c| c.name == "cluster-api") else {
        return Ok(());
    };
    let cluster_api = parse(&component.version)?;
    let (oldest, newest) = supported_by(cluster_api)?;
    if kubernetes.major == 1 && (oldest..=newest).contains(&kubernetes.minor) {
        return Ok(());
    }
    Err(format!(
        "Cluster API {cluster_api} does not support Kubernetes {kubernetes}; it supports v1.{oldest} to v1.{newest}"
    ))
}

/// Oldest and newest Kubernetes minor.
fn supported_by(cluster_api: Version) -> Result<(u32, u32), String> {
    SUPPORTED
        .iter()
        .find(|series| cluster_api.major == 1 && series.minor == cluster_api.minor)
        .and_then(|series| {
            let newest = series
                .newest
                .iter()
                .filter(|(_, since)| *since <= cluster_api.patch);
            Some((series.oldest, newest.map(|(minor, _)| *minor).max()?))
        })
        .ok_or_else(|| {
            let known: Vec<String> = SUPPORTED
                .iter()
                .map(|series| format!("v1.{}", series.minor))
                .collect();
            format!(
                "Cluster API {cluster_api} is not supported; supported are {}",
                known.join(" and ")
            )
        })
}

/// A version, or the message that says what one looks like.
pub fn parse(text: &str) -> Result<Version, String> {
    if let Some(version) = Version::parse(&format!("v{text}")) {
        return Err(format!("`{text}` lacks its `v`; write {version}"));
    }
    Version::parse(text)
        .ok_or_else(|| format!("`{text}` is not a version; expected one such as v1.34.4"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Component, Images};

    fn catalog(kubernetes: &str, cluster_api: &str) -> Catalog {
        Catalog {
            kubernetes: kubernetes.into(),
            images: Images {
                node: String::new(),
                infra_node: None,
                load_balancer: String::new(),
                smoke: None,
            },
            components: vec![Component {
                name: "cluster-api".into(),
                version: cluster_api.into(),
                manifest: String::new(),
                metadata: None,
                sha256: None,
            }],
        }
    }

    #[test]
    fn a_kubernetes_minor_counts_from_the_cluster_api_patch_that_brought_it() {
        assert_eq!(check(&catalog("v1.36.1", "v1.13.1")), Ok(()));
        assert_eq!(
            check(&catalog("v1.36.1", "v1.13.0")).unwrap_err(),
            "Cluster API v1.13.0 does not support Kubernetes v1.36.1; it supports v1.32 to v1.35"
        );
    }

    #[test]
    fn a_version_that_can_only_be_made_but_not_run_on_is_refused() {
        assert!(check(&catalog("v1.32.9", "v1.13.0")).is_ok());
        assert!(check(&catalog("v1.31.9", "v1.13.0")).is_err());
    }

    #[test]
    fn a_cluster_api_that_is_not_in_the_table_is_refused() {
        assert_eq!(
            check(&catalog("v1.34.4", "v1.12.3")).unwrap_err(),
            "Cluster API v1.12.3 is not supported; supported are v1.13 and v1.14"
        );
    }

    #[test]
    fn only_a_full_release_version_is_a_version() {
        assert_eq!(
            Version::parse("v1.34.4"),
            Some(Version {
                major: 1,
                minor: 34,
                patch: 4
            })
        );
        for wrong in [
            "",
            "v",
            "1.34.4",
            "v1.34",
            "v1.34.4.1",
            "v1.34.x",
            "v1.34.04",
            "v1.34.+4",
            "v1.34.4-rc.1",
        ] {
            assert_eq!(Version::parse(wrong), None, "{wrong}");
        }
    }
}
