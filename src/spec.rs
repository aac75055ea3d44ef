//! What the user wants: a `Platform`, parsed strictly and validated once. Pure.

mod catalog;
mod document;
mod machines;
mod pools;
mod problems;
mod reader;
mod resize;
mod typed;
mod validate;
mod values;

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::catalog::{Catalog, support};
use crate::failure::Failure;
use crate::names::Names;
use crate::resize::policy::Policy;
use reader::Reader;

/// Most workers of one pool.
pub const MAX_REPLICAS: u32 = 500;

const DEFAULT_POOL: &str = "worker-0";
const DEFAULT_PODS: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(10, 244, 0, 0), 16);
const DEFAULT_SERVICES: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(10, 96, 0, 0), 16);

/// Sizes with which etcd survives the loss of a minority.
const CONTROL_PLANE_SIZES: [u32; 3] = [1, 3, 5];

/// Where a platform's nodes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Substrate {
    /// Docker containers on this machine.
    Local,
    /// Entries in memory: an embedded Kubernetes in which nothing runs.
    Sim,
}

impl Substrate {
    pub const ALL: [Self; 2] = [Self::Local, Self::Sim];

    /// As specs and command lines write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Sim => "sim",
        }
    }
}

/// A validated platform. Its fields can be relied on; nothing reads the raw document after this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platform {
    pub names: Names,
    pub substrate: Substrate,
    /// The built-in catalogue (or the bundle's) with the spec's overrides on top.
    pub catalog: Catalog,
    pub network: Network,
    pub control_plane_replicas: u32,
    /// In the order of the document; never empty.
    pub pools: Vec<Pool>,
    pub resize: Resize,
}

/// The resize loop, which sizes the pools that have [`Sizes`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resize {
    /// `false`: there is to be none.
    pub enabled: bool,
    pub policy: Policy,
}

/// Address ranges inside the app cluster, as CIDR.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    pub pods: String,
    pub services: String,
}

/// Workers that Apps do not tell apart: one MachineDeployment, or one for each rung of its ladder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    pub name: String,
    /// `None`: one worker at first, and whatever `scale` or the resize loop made of it afterwards. Always `None` where
    /// there are `sizes`.
    pub replicas: Option<u32>,
    /// `None`: the resize loop leaves the pool alone.
    pub sizes: Option<Sizes>,
    /// Machines that it may be made of, the preferred one first. Empty: the substrate's usual one.
    pub rungs: Vec<Rung>,
}

/// Within these the resize loop keeps all of a pool's workers together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Sizes {
    pub min: u32,
    pub max: u32,
}

/// A machine type in one location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rung {
    pub machine_type: String,
    pub location: String,
    pub size: Size,
}

/// What a machine has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub cpus: u32,
    pub memory_mib: u32,
    pub disk_gib: u32,
}

/// One of a pool's MachineDeployments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group<'a> {
    /// Its name without that of the platform: `web`, `web-cpx22-nbg1`.
    pub name: String,
    /// `None`: the substrate's usual machine.
    pub rung: Option<&'a Rung>,
    /// The place of its rung; 0 is tried first.
    pub place: usize,
    /// Its share of the pool's: the first rung has to hold the minimum, each may hold the maximum.
    pub sizes: Option<Sizes>,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            pods: DEFAULT_PODS.to_string(),
            services: DEFAULT_SERVICES.to_string(),
        }
    }
}

impl Default for Resize {
    fn default() -> Self {
        Self {
            enabled: true,
            policy: Policy::default(),
        }
    }
}

impl Pool {
    /// The pool of a platform that names none.
    fn first(replicas: Option<u32>) -> Self {
        Self {
            name: DEFAULT_POOL.into(),
            replicas,
            sizes: None,
            rungs: Vec::new(),
        }
    }

    /// Its MachineDeployments, the preferred one first. The first one is named like the pool, so that a ladder can be put to
    /// a pool that has none.
    pub fn groups(&self) -> Vec<Group<'_>> {
        if self.rungs.is_empty() {
            return vec![self.group(0, None)];
        }
        let rungs = self.rungs.iter().enumerate();
        rungs
            .map(|(place, rung)| self.group(place, Some(rung)))
            .collect()
    }

    fn group<'a>(&self, place: usize, rung: Option<&'a Rung>) -> Group<'a> {
        let name = match rung {
            Some(rung) if place > 0 => rung.of(&self.name),
            _ => self.name.clone(),
        };
        let sizes = self.sizes.map(|sizes| Sizes {
            min: if place == 0 { sizes.min } else { 0 },
            ..sizes
        });
        Group {
            name,
            rung,
            place,
            sizes,
        }
    }
}

impl Rung {
    /// The machine of a simulated platform that names none.
    pub fn usual() -> Self {
        Self {
            machine_type: "sim-4x8".to_owned(),
            location: "sim-1".to_owned(),
            size: Size {
                cpus: 4,
                memory_mib: 8 << 10,
                disk_gib: 100,
            },
        }
    }

    /// What a group of the pool is called that is made of it.
    fn of(&self, pool: &str) -> String {
        format!("{pool}-{}-{}", self.machine_type, self.location)
    }
}

/// The platform that the text of `file` describes, on top of the catalogue `base`.
///
/// The failure names every problem, one a line: `FILE:LINE:COLUMN: FIELD.PATH: what is wrong`.
pub fn parse(text: &str, file: &str, base: &Catalog) -> Result<Platform, Failure> {
    let root = document::read(text).map_err(|problem| problems::failure(file, vec![problem]))?;
    let mut reader = Reader::default();
    match validate::platform(&root, base, &mut reader) {
        Some(platform) if reader.problems.is_empty() => Ok(platform),
        _ => Err(problems::failure(file, reader.problems)),
    }
}

/// The policy that the text of `file` describes: the same document as `spec.resize`. An empty one is the usual policy.
///
/// The failure names every problem, as with [`parse`].
pub fn policy(text: &str, file: &str) -> Result<Policy, Failure> {
    let root = document::read_any(text);
    let Some(root) = root.map_err(|problem| problems::failure(file, vec![problem]))? else {
        return Ok(Policy::default());
    };
    let mut reader = Reader::default();
    let object = reader.root(&root, &resize::POLICY);
    let policy = object.map(|object| resize::policy(&object, &mut reader));
    match policy {
        Some(policy) if reader.problems.is_empty() => Ok(policy),
        _ => Err(problems::failure(file, reader.problems)),
    }
}

/// A price list or a workload of `file`, as its type has it. The failure names the first problem, as with [`parse`].
pub fn typed<T: DeserializeOwned>(text: &str, file: &str) -> Result<T, Failure> {
    typed::read(text).map_err(|problem| problems::failure(file, vec![problem]))
}

/// The platform that `up SUBSTRATE` means without a file: one pool of `workers`, everything else by default.
pub fn default(
    substrate: Substrate,
    name: &str,
    workers: Option<u32>,
    base: &Catalog,
) -> Result<Platform, Failure> {
    let name = values::platform_name(name)
        .map_err(|message| Failure::usage(format!("--name: {message}")))?;
    if let Some(count) = workers.filter(|count| *count > MAX_REPLICAS) {
        let message = format!("--workers: must be 0 to {MAX_REPLICAS}, found {count}");
        return Err(Failure::usage(message));
    }
    support::check(base).map_err(|message| Failure::usage(format!("catalogue: {message}")))?;
    Ok(Platform {
        names: Names::new(name),
        substrate,
        catalog: base.clone(),
        network: Network::default(),
        control_plane_replicas: 1,
        pools: vec![Pool::first(workers)],
        resize: Resize::default(),
    })
}

#[cfg(test)]
mod tests;
