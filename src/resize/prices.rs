//! Price lists: machine types with their sizes and prices by location. Pure.

mod check;

#[cfg(test)]
mod tests;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::scheduling::Resources;

use super::offer::Price;

/// Machine types of a provider.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PriceList {
    /// `EUR`.
    pub currency: String,
    /// How much is charged for a machine that runs for a part of it; 0: by the second.
    pub billed_seconds: u32,
    pub types: Vec<MachineType>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MachineType {
    /// `cpx32`.
    pub name: String,
    /// `amd64` or `arm64`.
    pub architecture: String,
    pub cpus: u32,
    pub memory_gib: f64,
    pub disk_gb: u32,
    /// CPUs are nobody else's.
    #[serde(default)]
    pub dedicated: bool,
    pub locations: Vec<Location>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Location {
    pub name: String,
    pub hourly: Price,
    pub available: bool,
}

/// The lists that come with the program, by name.
const BUILT_IN: [(&str, &str); 1] = [("hetzner", include_str!("prices/hetzner.yaml"))];

const MIB: f64 = 1024.0 * 1024.0;
/// What the firmware and the kernel of a virtual machine keep of its memory: servers of 4096 and 8192 MiB report 3814 and
/// 7751 (paperclipinc/karpenter-provider-hetzner#55); a little more, so that no pod is promised what is not there.
const KERNEL_MIB: f64 = 128.0;
const KERNEL_SHARE: f64 = 0.04;
/// `evictionHard` of the kubelet, where nothing else is configured: `memory.available` and `nodefs.available`. kubeadm
/// sets neither `kubeReserved` nor `systemReserved`, and neither do the manifests of this crate.
const EVICTION_MIB: f64 = 100.0;
const EVICTION_DISK_SHARE: f64 = 0.1;
/// What a file system keeps for itself.
const FILE_SYSTEM_SHARE: f64 = 0.03;
/// `maxPods` of the kubelet, where nothing else is configured.
const PODS: i64 = 110;

impl PriceList {
    /// The built-in list of that name: `hetzner`.
    pub fn named(name: &str) -> Result<Self> {
        let Some((_, text)) = BUILT_IN.iter().find(|(known, _)| *known == name) else {
            let known = BUILT_IN.map(|(name, _)| name).join(", ");
            bail!(
                "there is no price list `{name}`; built in: {known}; a file of your own needs a path with `/` or `.`"
            );
        };
        Self::parse(text).with_context(|| format!("reading the built-in price list {name}"))
    }

    /// Reads YAML or JSON; errors name the field.
    pub fn parse(text: &str) -> Result<Self> {
        let options = serde_saphyr::options! { with_snippet: false };
        let list: Self = serde_saphyr::from_str_with_options(text, options)?;
        list.check()?;
        Ok(list)
    }
}

impl MachineType {
    /// What the kubelet leaves for pods, before any node of the type was seen.
    pub fn allocatable(&self) -> Resources {
        let seen = self.memory_gib * 1024.0 * (1.0 - KERNEL_SHARE) - KERNEL_MIB;
        let memory = (seen - EVICTION_MIB).max(0.0) * MIB;
        let disk = f64::from(self.disk_gb) * 1e9;
        let disk = disk * (1.0 - FILE_SYSTEM_SHARE) * (1.0 - EVICTION_DISK_SHARE);
        Resources::from([
            ("cpu".to_owned(), i64::from(self.cpus) * 1000),
            ("memory".to_owned(), whole(memory)),
            ("ephemeral-storage".to_owned(), whole(disk)),
            ("pods".to_owned(), PODS),
        ])
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "bytes of one machine, far below 2^63"
)]
fn whole(bytes: f64) -> i64 {
    bytes as i64
}
