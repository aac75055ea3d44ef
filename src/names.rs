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

/// On Deployments of Cluster API's controllers that have a standby for the time of a bring-up.
pub const STANDBY_ANNOTATION: &str = "infra.bex.co/standby";

/// Changed on a Machine to make Cluster API look at it again.
pub const NUDGED_ANNOTATION: &str = "infra.bex.co/nudged";

/// On a MachineDeployment: the fewest machines that it may have. The Cluster Autoscaler's own; a group that lacks this
/// or the other one is not resized. Cluster API gives a new one that has both as many replicas as this says.
pub const MIN_SIZE_ANNOTATION: &str = "cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size";

/// On a MachineDeployment: the most machines that it may have.
pub const MAX_SIZE_ANNOTATION: &str = "cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size";

/// On a MachineDeployment: the pool whose rung it is. The most that a pool may have holds for all of its rungs together.
pub const POOL_ANNOTATION: &str = "infra.bex.co/pool";

/// On a MachineDeployment: the type of its machines, as the price list has it.
pub const MACHINE_TYPE_ANNOTATION: &str = "infra.bex.co/machine-type";

/// On a Node: the type of its machine. Kubernetes' own.
pub const INSTANCE_TYPE: &str = "node.kubernetes.io/instance-type";

/// On a MachineDeployment: where its machines are, as the price list has it.
pub const LOCATION_ANNOTATION: &str = "infra.bex.co/location";

/// On a MachineDeployment: its machines are sold out, and are not asked for before this time (RFC 3339).
pub const SOLD_OUT_ANNOTATION: &str = "infra.bex.co/sold-out-until";

/// On a MachineDeployment: how long its machines may take to join, as the resize loop has learned it: `95s`.
pub const BOOT_DEADLINE_ANNOTATION: &str = "infra.bex.co/boot-deadline";

/// On a MachineDeployment: Machines that never joined and that the resize loop has replaced since one joined (names).
pub const REPLACED_ANNOTATION: &str = "infra.bex.co/replaced";

/// On a MachineDeployment: when the resize loop took machines from it (RFC 3339, once for each, the last ones).
pub const REMOVED_ANNOTATION: &str = "infra.bex.co/removed";

/// On a MachineDeployment: its place in its pool's order of preference, from 0.
pub const RUNG_ANNOTATION: &str = "infra.bex.co/rung";

/// Beginning of the annotations that say what a machine has, on a machine template or a MachineDeployment: `cpu`,
/// `memory`, `ephemeral-disk`, `maxPods`, `labels`, `csi-driver`. The Cluster Autoscaler's own.
pub const CAPACITY_ANNOTATION: &str = "capacity.cluster-autoscaler.kubernetes.io";

/// On a MachineDeployment: who resizes it, if that is not bex-infra.
pub const SCALER_ANNOTATION: &str = "infra.bex.co/scaler";

/// On a pod: `true` keeps it and its node where they are.
pub const DO_NOT_EVICT_ANNOTATION: &str = "infra.bex.co/do-not-evict";

/// On a Node that is being emptied, and on its Machine: why bex-infra cordoned it.
pub const REMOVING_ANNOTATION: &str = "infra.bex.co/removing";

/// Taint (`PreferNoSchedule`) of a Node that nobody needs now: new pods go elsewhere if they can. The Cluster Autoscaler
/// has one of its own, `DeletionCandidateOfClusterAutoscaler`.
pub const SPARE_TAINT: &str = "infra.bex.co/spare";

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

/// Namespace of the resize loop's pod in the infra cluster.
pub const RESIZE_NAMESPACE: &str = "bex-infra-system";

/// Label of the object by which the embedded Kubernetes knows that it is to run the resize loop.
pub const RESIZE_LABEL: &str = "infra.bex.co/resize";

/// Where the `ConfigMap` of the resize loop has its policy.
pub const POLICY_KEY: &str = "policy.yaml";

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

    /// Name of the resize loop: its Lease, and the objects that it is installed by.
    pub fn resize(&self) -> String {
        format!("{}-resize", self.platform)
    }

    /// Secret in which Cluster API keeps the app cluster's admin kubeconfig.
    pub fn app_kubeconfig(&self) -> String {
        format!("{}-kubeconfig", self.platform)
    }

    /// Container of the load balancer that Cluster API's Docker provider puts before the control plane.
    pub fn load_balancer(&self) -> String {
        format!("{}-lb", self.platform)
    }
}
