//! `(spec, observed) -> Plan`: the steps that are missing, each with its reason. Pure, synchronous, printable.

use std::fmt;

use serde::Serialize;

mod down;
pub mod drain;
mod scale;
#[cfg(test)]
mod tests;
pub mod up;

pub use down::down;
pub use scale::{Resize, scale, settle, size};
pub use up::{Wanted, shrinking, up};

/// Steps and which of them must be done before which. An empty plan means that there is nothing to do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Plan {
    pub steps: Vec<Step>,
}

impl Plan {
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Appends a step that waits for those of `after` that are in the plan; returns its index.
    #[expect(
        clippy::unnecessary_wraps,
        reason = "a step that is not needed is `None`, and `after` takes both"
    )]
    fn add(
        &mut self,
        action: Action,
        reason: impl Into<String>,
        after: &[Option<usize>],
    ) -> Option<usize> {
        self.steps.push(Step {
            action,
            reason: reason.into(),
            after: after.iter().flatten().copied().collect(),
        });
        Some(self.steps.len() - 1)
    }
}

/// One step. `after` holds indices of earlier steps of the same plan; steps that wait for nothing run side by side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    pub action: Action,
    /// Why the step is needed: "1 of 3 workers exist".
    pub reason: String,
    pub after: Vec<usize>,
}

/// What can be done, as data; execution has no choices left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "do", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Action {
    FetchImages {
        images: Vec<String>,
    },
    CreateInfraNode {
        node: String,
    },
    StartInfraNode {
        node: String,
    },
    StartServer,
    InitInfraCluster {
        kubernetes: String,
    },
    InstallInfraNetworking,
    InstallComponents {
        components: Vec<String>,
    },
    WaitForComponents,
    StartContainer {
        container: String,
    },
    ApplyAppCluster {
        objects: Vec<String>,
    },
    WaitForApiServer {
        cluster: String,
    },
    WaitForBootstrap {
        cluster: String,
    },
    StartStandbys {
        cluster: String,
    },
    HandOver {
        controllers: Controllers,
    },
    DropStandbys,
    WaitForControlPlane {
        cluster: String,
    },
    InstallAppNetworking,
    WaitForAppCluster {
        cluster: String,
    },
    WriteKubeconfig,
    MarkForDeletion {
        machines: Vec<String>,
    },
    /// `group` is a pool, or a rung of its ladder.
    ScalePool {
        group: String,
        from: u32,
        to: u32,
    },
    /// The resize loop keeps the group between these sizes.
    SizePool {
        group: String,
        min: u32,
        max: u32,
    },
    InstallResize {
        objects: Vec<String>,
    },
    RemoveResize {
        objects: Vec<String>,
    },
    WaitForResize,
    /// `groups` make up the pool; `or_more` is as good as `replicas`.
    WaitForPool {
        pool: String,
        groups: Vec<String>,
        replicas: u32,
        or_more: bool,
    },
    DeleteAppCluster {
        cluster: String,
    },
    RemoveContainers {
        containers: Vec<String>,
    },
    RemoveInfraNode {
        node: String,
    },
    RemoveServer,
    RemoveNetwork,
}

/// Those of Cluster API whose standbys take over together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Controllers {
    /// All but the infrastructure provider's.
    Core,
    /// It must not be disturbed while it sets a node up.
    Infrastructure,
}

impl fmt::Display for Controllers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Core => "Cluster API's controllers",
            Self::Infrastructure => "the infrastructure provider",
        })
    }
}

impl Action {
    /// Whether the step only watches: it can be abandoned at any moment and nothing is half done.
    pub fn only_waits(&self) -> bool {
        matches!(
            self,
            Self::WaitForComponents
                | Self::WaitForApiServer { .. }
                | Self::WaitForBootstrap { .. }
                | Self::WaitForAppCluster { .. }
                | Self::WaitForControlPlane { .. }
                | Self::WaitForPool { .. }
                | Self::WaitForResize
        )
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FetchImages { images } => write!(f, "fetch {}", list(images, "images")),
            Self::CreateInfraNode { node } => write!(f, "create infra node {node}"),
            Self::StartInfraNode { node } => write!(f, "start infra node {node}"),
            Self::StartServer => f.write_str("start the embedded Kubernetes"),
            Self::InitInfraCluster { kubernetes } => {
                write!(f, "initialise infra cluster ({kubernetes})")
            }
            Self::InstallInfraNetworking => {
                f.write_str("install CNI and storage in the infra cluster")
            }
            Self::InstallComponents { components } => {
                write!(f, "install {}", list(components, "components"))
            }
            Self::WaitForComponents => f.write_str("wait until the webhooks answer"),
            Self::StartContainer { container } => write!(f, "start container {container}"),
            Self::ApplyAppCluster { objects } => write!(f, "apply {}", list(objects, "objects")),
            Self::WaitForApiServer { cluster } => {
                write!(f, "wait for the API server of {cluster}")
            }
            Self::WaitForBootstrap { cluster } => {
                write!(f, "wait for the first control plane node of {cluster}")
            }
            Self::StartStandbys { .. } => {
                f.write_str("start standbys of Cluster API's controllers")
            }
            Self::HandOver { controllers } => write!(f, "hand {controllers} over"),
            Self::DropStandbys => f.write_str("drop standbys of Cluster API's controllers"),
            Self::WaitForControlPlane { cluster } => {
                write!(f, "wait for the control plane of {cluster}")
            }
            Self::InstallAppNetworking => f.write_str("install CNI and storage in the app cluster"),
            Self::WaitForAppCluster { cluster } => {
                write!(f, "wait until {cluster} is available")
            }
            Self::WriteKubeconfig => f.write_str("write kubeconfig"),
            Self::MarkForDeletion { machines } => write!(f, "choose {} to go", machines.join(", ")),
            Self::ScalePool { group, from, to } => write!(f, "scale {group} from {from} to {to}"),
            Self::SizePool { group, min, max } => {
                write!(f, "let {group} have {min} to {}", workers(*max))
            }
            Self::InstallResize { .. } => f.write_str("install the resize loop"),
            Self::RemoveResize { .. } => f.write_str("remove the resize loop"),
            Self::WaitForResize => f.write_str("wait until the resize loop is at work"),
            Self::WaitForPool { pool, replicas, .. } => {
                write!(f, "wait for {} ready in {pool}", workers(*replicas))
            }
            Self::DeleteAppCluster { cluster } => write!(f, "delete app cluster {cluster}"),
            Self::RemoveContainers { containers } => {
                write!(f, "remove {}", list(containers, "containers"))
            }
            Self::RemoveInfraNode { node } => write!(f, "remove infra node {node}"),
            Self::RemoveServer => f.write_str("stop the embedded Kubernetes and remove its state"),
            Self::RemoveNetwork => f.write_str("remove Docker network kind"),
        }
    }
}

/// The names, or how many there are if a line cannot hold them; `-o json` has them all.
fn list(names: &[String], what: &str) -> String {
    const SHOWN: usize = 2;
    if names.len() > SHOWN {
        format!("{} {what}", names.len())
    } else {
        names.join(", ")
    }
}

/// `1 worker`, `3 workers`.
pub fn workers(count: u32) -> String {
    match count {
        1 => "1 worker".to_owned(),
        count => format!("{count} workers"),
    }
}
