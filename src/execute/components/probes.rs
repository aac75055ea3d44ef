//! Objects that the webhooks of a component are asked about. They are never created.

use serde_json::{Value, json};

use crate::names::NAMESPACE;

const NAME: &str = "bex-infra-probe";

/// A minimal valid object that passes through a component's mutating and validating webhooks. One suffices: all
/// webhooks of a component are one server with one certificate. `None` for components whose webhooks are not known.
pub(super) fn probe(component: &str) -> Option<Value> {
    let (api_version, kind, spec) = match component {
        "cert-manager" => ("cert-manager.io/v1", "Issuer", json!({"selfSigned": {}})),
        "cluster-api" => ("cluster.x-k8s.io/v1beta2", "Cluster", cluster()),
        "bootstrap-kubeadm" => (
            "bootstrap.cluster.x-k8s.io/v1beta2",
            "KubeadmConfigTemplate",
            json!({"template": {"spec": {"format": "cloud-config"}}}),
        ),
        "control-plane-kubeadm" => (
            "controlplane.cluster.x-k8s.io/v1beta2",
            "KubeadmControlPlane",
            control_plane(),
        ),
        "infrastructure-docker" => (
            "infrastructure.cluster.x-k8s.io/v1beta2",
            "DevCluster",
            json!({"backend": {"docker": {}}}),
        ),
        _ => return None,
    };
    let metadata = json!({"name": NAME, "namespace": NAMESPACE});
    Some(json!({"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}))
}

fn cluster() -> Value {
    json!({"infrastructureRef": reference("infrastructure.cluster.x-k8s.io", "DevCluster")})
}

fn control_plane() -> Value {
    let machines = reference("infrastructure.cluster.x-k8s.io", "DevMachineTemplate");
    json!({
        "replicas": 1,
        "version": "v1.34.0",
        "machineTemplate": {"spec": {"infrastructureRef": machines}},
        // Neither may be empty.
        "kubeadmConfigSpec": {"clusterConfiguration": {"certificatesDir": "/etc/kubernetes/pki"}},
    })
}

fn reference(group: &str, kind: &str) -> Value {
    json!({"apiGroup": group, "kind": kind, "name": NAME})
}
