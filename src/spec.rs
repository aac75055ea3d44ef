//! What the user wants: a `Platform`, parsed strictly and validated once. Pure.

mod catalog;
mod document;
mod problems;
mod reader;
mod validate;
mod values;

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use crate::catalog::{Catalog, support};
use crate::failure::Failure;
use crate::names::Names;
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
}

/// Address ranges inside the app cluster, as CIDR.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    pub pods: String,
    pub services: String,
}

/// A group of identical workers: one MachineDeployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    pub name: String,
    /// `None`: one worker at first, and whatever `scale` made of it afterwards.
    pub replicas: Option<u32>,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            pods: DEFAULT_PODS.to_string(),
            services: DEFAULT_SERVICES.to_string(),
        }
    }
}

impl Pool {
    /// The pool of a platform that names none.
    fn first(replicas: Option<u32>) -> Self {
        Self {
            name: DEFAULT_POOL.into(),
            replicas,
        }
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
    })
}

#[cfg(test)]
mod tests;
