//! Every name and label that bex-infra gives to an object, derived from the platform's name. Pure.

/// Label on every Docker object and annotation domain of every Kubernetes object that bex-infra makes itself.
/// What lacks it is never changed or deleted.
pub const PLATFORM_LABEL: &str = "infra.bex.co/platform";

/// RFC 3339 time after which `bex-infra gc` may take the platform down (`up --ttl`).
pub const EXPIRES_LABEL: &str = "infra.bex.co/expires";

/// On the container that an infra node image is made in: the image's name. Empty on what is made of that image.
pub const PREPARES_LABEL: &str = "infra.bex.co/prepares";

/// Hash of the rendered manifest that an object was applied from; equal means that there is nothing to apply.
pub const APPLIED_HASH_ANNOTATION: &str = "infra.bex.co/applied-hash";

/// Changed on a Machine to make Cluster API look at it again.
pub const NUDGED_ANNOTATION: &str = "infra.bex.co/nudged";

/// Label of kind and of Cluster API's Docker provider: the cluster that a node container belongs to.
pub const KIND_CLUSTER_LABEL: &str = "io.x-k8s.kind.cluster";

/// Label of kind and of Cluster API's Docker provider: `control-plane`, `worker` or `external-load-balancer`.
pub const KIND_ROLE_LABEL: &str = "io.x-k8s.kind.role";

/// The Docker network of kind; Cluster API's Docker provider knows no other.
pub const DOCKER_NETWORK: &str = "kind";

/// Field manager of every server-side apply.
pub const FIELD_MANAGER: &str = "bex-infra";

/// Namespace of the app cluster's Cluster API objects in the infra cluster.
pub const NAMESPACE: &str = "default";

/// The names of one platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    platform: String,
}

impl Names {
    pub fn new(platform: impl Into<String>) -> Self {
        Self {
            platform: platform.into(),
        }
    }

    pub fn platform(&self) -> &str {
        &self.platform
    }

    /// Name of the infra cluster, as `kind get clusters` lists it.
    pub fn infra_cluster(&self) -> String {
        format!("{}-mgmt", self.platform)
    }

    /// Name of the infra cluster's only node: container, host and Node object.
    pub fn infra_node(&self) -> String {
        format!("{}-mgmt-control-plane", self.platform)
    }

    /// Name of the app cluster: the Cluster object and the kind label of its containers.
    pub fn app_cluster(&self) -> &str {
        &self.platform
    }

    /// Name of the KubeadmControlPlane.
    pub fn control_plane(&self) -> String {
        format!("{}-control-plane", self.platform)
    }

    /// Name of a pool's MachineDeployment, MachineHealthCheck and KubeadmConfigTemplate prefix.
    pub fn pool(&self, pool: &str) -> String {
        format!("{}-{pool}", self.platform)
    }

    /// Container of the load balancer that Cluster API's Docker provider puts before the control plane.
    pub fn load_balancer(&self) -> String {
        format!("{}-lb", self.platform)
    }
}
