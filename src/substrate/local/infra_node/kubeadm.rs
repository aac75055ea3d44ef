//! Making the infra cluster's control plane with kubeadm.

use anyhow::{Context, Result};

use super::{API_SERVER_PORT, read_text};
use crate::failure::Failure;
use crate::names::DOCKER_NETWORK;
use crate::tools::docker::{Docker, File};

const CONFIG: &str = "/kind/kubeadm.conf";
const VERSION: &str = "/kind/version";
const SCRIPT: &str = "/kind/kubeadm-init.sh";

/// What the control plane is made from. Subnets in CIDR notation; the version with its `v`, at least v1.31.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubeadmSpec {
    pub cluster_name: String,
    pub kubernetes_version: String,
    pub pod_subnet: String,
    pub service_subnet: String,
}

/// Makes the node a control plane, or does nothing if it is one. What an earlier run left unfinished is waited for if
/// it still runs in the node, and reset and repeated if it does not.
pub async fn kubeadm_init(docker: &Docker, name: &str, spec: &KubeadmSpec) -> Result<()> {
    let (address, version) =
        tokio::try_join!(address(docker, name), read_text(docker, name, VERSION))?;
    refuse_other_version(name, version.trim(), &spec.kubernetes_version)?;
    let config = config(spec, name, &address);
    let files = [
        File {
            path: CONFIG.to_owned(),
            mode: 0o600,
            content: config.into_bytes(),
        },
        File {
            path: SCRIPT.to_owned(),
            mode: 0o755,
            content: include_bytes!("kubeadm/init.sh").to_vec(),
        },
    ];
    docker.write_files(name, &files).await?;
    docker.exec_ok(name, &[SCRIPT]).await?;
    Ok(())
}

async fn address(docker: &Docker, name: &str) -> Result<String> {
    let container = docker.find_container(name).await?;
    let address = container.and_then(|c| c.networks.get(DOCKER_NETWORK).cloned());
    let address = address.filter(|ip| !ip.is_empty());
    address.with_context(|| format!("node `{name}` has no address in network `{DOCKER_NETWORK}`"))
}

/// kubeadm would look for images that the node does not carry.
fn refuse_other_version(name: &str, carried: &str, wanted: &str) -> Result<()> {
    if carried == wanted {
        return Ok(());
    }
    let message = format!("node `{name}` carries Kubernetes {carried}, not {wanted}");
    Err(Failure::usage(message)
        .hint("choose a node image of the same Kubernetes version as the infra cluster")
        .into())
}

/// kubeadm's configuration, as kind writes it for a single node, and leaner where nobody will join: no bootstrap
/// token, no taint, no election among one. The kubelet must not mind the host's swap, disk or cgroup version.
///
/// The controller manager makes an account and a token for each of its controllers before any of them works; at its
/// default of 20 requests a second that alone takes five seconds. kube-proxy may be quick: a webhook that is ready but cannot
/// be reached yet makes Cluster API's controllers back off.
fn config(spec: &KubeadmSpec, name: &str, address: &str) -> String {
    let KubeadmSpec {
        cluster_name,
        kubernetes_version,
        pod_subnet,
        service_subnet,
    } = spec;
    format!(
        r#"apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
clusterName: "{cluster_name}"
kubernetesVersion: "{kubernetes_version}"
controlPlaneEndpoint: "{name}:{API_SERVER_PORT}"
encryptionAlgorithm: ECDSA-P256
apiServer:
  certSANs: ["localhost", "127.0.0.1", "{name}", "{address}"]
controllerManager:
  extraArgs:
    - {{name: kube-api-burst, value: "400"}}
    - {{name: kube-api-qps, value: "200"}}
    - {{name: leader-elect, value: "false"}}
scheduler:
  extraArgs:
    - {{name: leader-elect, value: "false"}}
networking:
  podSubnet: "{pod_subnet}"
  serviceSubnet: "{service_subnet}"
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint:
  advertiseAddress: "{address}"
  bindPort: {API_SERVER_PORT}
nodeRegistration:
  name: "{name}"
  criSocket: unix:///run/containerd/containerd.sock
  imagePullPolicy: IfNotPresent
  taints: []
  kubeletExtraArgs:
    - {{name: node-ip, value: "{address}"}}
    - {{name: provider-id, value: "kind://docker/{cluster_name}/{name}"}}
skipPhases: [preflight, bootstrap-token, kubelet-finalize, addon, show-join-command]
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
cgroupDriver: systemd
cgroupRoot: /kubelet
failCgroupV1: false
failSwapOn: false
imageGCHighThresholdPercent: 100
evictionHard: {{nodefs.available: "0%", nodefs.inodesFree: "0%", imagefs.available: "0%"}}
---
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
iptables: {{minSyncPeriod: 100ms}}
conntrack: {{maxPerCore: 0}}
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_is_four_documents_with_what_was_asked_for() {
        let spec = KubeadmSpec {
            cluster_name: "bex-mgmt".to_owned(),
            kubernetes_version: "v1.34.4".to_owned(),
            pod_subnet: "10.244.0.0/16".to_owned(),
            service_subnet: "10.96.0.0/16".to_owned(),
        };
        let text = config(&spec, "bex-mgmt-control-plane", "172.18.0.2");
        let documents: Vec<serde_json::Value> =
            serde_saphyr::from_multiple(&text).expect("it is YAML");
        let [cluster, init, kubelet, proxy] = documents.as_slice() else {
            panic!("{} documents", documents.len());
        };
        assert_eq!(cluster["networking"]["podSubnet"], "10.244.0.0/16");
        assert_eq!(cluster["apiServer"]["certSANs"][1], "127.0.0.1");
        assert_eq!(init["localAPIEndpoint"]["advertiseAddress"], "172.18.0.2");
        assert_eq!(init["nodeRegistration"]["taints"], serde_json::json!([]));
        assert_eq!(kubelet["evictionHard"]["nodefs.available"], "0%");
        assert_eq!(proxy["conntrack"]["maxPerCore"], 0);
    }

    #[test]
    fn a_node_image_of_another_version_is_refused_by_name() {
        assert!(refuse_other_version("n", "v1.34.4", "v1.34.4").is_ok());
        let error = refuse_other_version("n", "v1.34.4", "v1.35.0").unwrap_err();
        assert_eq!(
            error.to_string(),
            "node `n` carries Kubernetes v1.34.4, not v1.35.0"
        );
    }
}
