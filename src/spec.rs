//! What the user wants: a `Platform`, parsed strictly and validated once. Pure.

use crate::catalog::Catalog;
use crate::names::Names;

/// Where a platform's nodes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Substrate {
    /// Docker containers on this machine.
    Local,
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
