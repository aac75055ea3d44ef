//! What Docker has of a platform, to compare before with after.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::judge::docker;

#[derive(Debug)]
pub(crate) struct Remains {
    /// Names of containers that begin with the platform's.
    pub(crate) containers: BTreeSet<String>,
    /// Volumes that no container uses.
    volumes: BTreeSet<String>,
    networks: BTreeSet<String>,
}

impl Remains {
    pub(crate) fn now(platform: &str) -> Result<Self> {
        let belongs = |name: &String| {
            name.strip_prefix(platform)
                .is_some_and(|rest| rest.starts_with('-'))
        };
        Ok(Self {
            containers: listed(&["ps", "--all", "--format", "{{.Names}}"])?
                .into_iter()
                .filter(belongs)
                .collect(),
            volumes: listed(&["volume", "ls", "--quiet", "--filter", "dangling=true"])?,
            networks: listed(&["network", "ls", "--format", "{{.Name}}"])?,
        })
    }

    /// What has come since `before`.
    pub(crate) fn since(self, before: &Self) -> Self {
        Self {
            containers: &self.containers - &before.containers,
            volumes: &self.volumes - &before.volumes,
            networks: &self.networks - &before.networks,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.containers.is_empty() && self.volumes.is_empty() && self.networks.is_empty()
    }
}

fn listed(args: &[&str]) -> Result<BTreeSet<String>> {
    Ok(docker(args)?.lines().map(ToOwned::to_owned).collect())
}
