//! What exists now. Reads everything, writes nothing, returns plain data.

pub mod capi;
pub mod components;
mod containers;
pub mod lease;
pub mod platform;
pub mod policy;
pub mod workload;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::spec::Sizes;

/// Everything that is known of one platform. What could not be asked (no container, no answer) is simply absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Observed {
    /// Of the images that the platform needs, those that Docker has.
    pub images: BTreeSet<String>,
    pub infra: Infra,
    /// Absent while there is no Cluster object.
    pub app: Option<App>,
    /// Containers of the app cluster, its load balancer among them, by name.
    pub containers: BTreeMap<String, Instance>,
    /// The Docker network was made by us and nobody else's container is in it.
    pub network: bool,
    /// The kubeconfig on disk is the one that the clusters would give now.
    pub kubeconfig: bool,
}

/// The infra cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Infra {
    pub node: Option<Instance>,
    /// Its API server answers.
    pub api: bool,
    /// CNI and storage class were applied.
    pub networking: bool,
    pub components: BTreeMap<String, Installed>,
    pub resize: Resize,
}

impl Infra {
    /// It is there, and nobody can say what is in it.
    pub fn is_silent(&self) -> bool {
        self.node.is_some() && !self.api
    }
}

/// The resize loop.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Resize {
    /// Hash of each object that it was installed by, by `Kind/name`. Looked for where it is to be installed or removed.
    pub applied: BTreeMap<String, String>,
    /// A process holds its Lease and has renewed it in time.
    pub runs: bool,
    /// The process that held the Lease last.
    pub holder: Option<String>,
}

/// A container or process that is, or claims to be, a node of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Instance {
    pub running: bool,
    /// `running`, `exited`, `paused`, ... in Docker's words, or `stopped`.
    pub state: String,
    /// It carries this platform's label, or belongs to a cluster whose infra node does, or its state lies in our directory.
    pub ours: bool,
}

/// A component as it is installed in the infra cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Installed {
    pub version: String,
    /// SHA-256 of the manifest that was applied.
    pub sha256: String,
    /// Its webhooks answered when they were last tried, and its Deployments are available.
    pub ready: bool,
    /// A second pod of its controller is there for the time of a bring-up.
    pub standby: bool,
}

/// The app cluster, from its Cluster API objects and its own API server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own; no combination has a name"
)]
pub struct App {
    /// Hash of each object that we applied, by `Kind/name`.
    pub applied: BTreeMap<String, String>,
    pub deleting: bool,
    /// The control plane has been initialised: the API server can be asked.
    pub initialized: bool,
    /// The Cluster's `Available` condition.
    pub available: bool,
    /// Conditions of the Cluster that are not as they should be: `WorkersAvailable: 0 of 1 ...`.
    pub problems: Vec<String>,
    pub version: String,
    pub networking: bool,
    pub pools: BTreeMap<String, Pool>,
    pub machines: Vec<Machine>,
}

/// A pool: its MachineDeployments together, and how many of their machines are Ready nodes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Pool {
    pub replicas: u32,
    /// Within these the resize loop keeps it; without them the loop leaves it alone.
    pub sizes: Option<Sizes>,
    /// The replicas of each MachineDeployment, in the order of preference.
    pub groups: Vec<Group>,
    /// Machines that exist, those on their way in or out included.
    pub machines: u32,
    /// Up-to-date machines whose node is Ready.
    pub ready: u32,
}

/// A MachineDeployment of a pool.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Group {
    /// Its name without that of the platform.
    pub name: String,
    pub replicas: u32,
}

/// A Machine and its node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Machine {
    pub name: String,
    /// Name of the pool, or `control-plane`.
    pub pool: String,
    /// The pool's MachineDeployment that it is of, or `control-plane`.
    pub group: String,
    pub phase: String,
    pub version: String,
    pub node: Option<String>,
    pub ready: bool,
    pub deleting: bool,
    /// RFC 3339.
    pub created: String,
    /// Why it is not ready, in Cluster API's words.
    pub problem: Option<String>,
}
