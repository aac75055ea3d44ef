//! The pod network and storage that the node image carries.

use anyhow::Result;

use super::read_text;
use crate::tools::docker::Docker;

const CNI: &str = "/kind/manifests/default-cni.yaml";
const STORAGE: &str = "/kind/manifests/default-storage.yaml";

/// kind's marks: its manifest asks to have these things done to it.
const FILL_IN: &str = "would you kindly template this file";
const ADD_ENDPOINT: &str = "would you kindly patch this file";
const POD_SUBNET: &str = "{{ .PodSubnet }}";

/// The node image's own manifests for the pod network and for storage, ready to be applied to a cluster. `endpoint` is
/// where its nodes reach its API server (`host:port`, a name in the server's certificate) without a Service.
pub async fn default_manifests(
    docker: &Docker,
    name: &str,
    pod_subnet: &str,
    endpoint: Option<&str>,
) -> Result<(String, String)> {
    let (cni, storage) = tokio::try_join!(
        read_text(docker, name, CNI),
        read_text(docker, name, STORAGE)
    )?;
    Ok((filled_in(&cni, pod_subnet, endpoint), storage))
}

/// Does to kind's manifest what it asks for: the pod subnet filled in, and the API server's own address added to the
/// environment, so that the pod network need not wait for kube-proxy to reach it.
fn filled_in(manifest: &str, pod_subnet: &str, endpoint: Option<&str>) -> String {
    let fill_in = manifest.contains(FILL_IN);
    let endpoint = endpoint.filter(|_| manifest.contains(ADD_ENDPOINT));
    let mut filled = String::with_capacity(manifest.len());
    for line in manifest.lines() {
        let line = if fill_in {
            line.replace(POD_SUBNET, pod_subnet)
        } else {
            line.to_owned()
        };
        if let Some((indent, endpoint)) = line.strip_suffix("- name: POD_SUBNET").zip(endpoint) {
            let entry =
                format!("{indent}- name: CONTROL_PLANE_ENDPOINT\n{indent}  value: {endpoint}\n");
            filled.push_str(&entry);
        }
        filled.push_str(&line);
        filled.push('\n');
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDNET: &str = "\
# would you kindly template this file
# would you kindly patch this file
        env:
        - name: POD_SUBNET
          value: {{ .PodSubnet }}
";

    #[test]
    fn kinds_own_manifest_gets_the_subnet_and_the_endpoint() {
        let filled = filled_in(KINDNET, "10.244.0.0/16", Some("a-control-plane:6443"));
        assert!(filled.ends_with(
            "        env:
        - name: CONTROL_PLANE_ENDPOINT
          value: a-control-plane:6443
        - name: POD_SUBNET
          value: 10.244.0.0/16\n"
        ));
    }

    #[test]
    fn without_an_endpoint_kinds_manifest_gets_the_subnet_alone() {
        let filled = filled_in(KINDNET, "10.244.0.0/16", None);
        assert!(!filled.contains("CONTROL_PLANE_ENDPOINT"));
        assert!(filled.contains("value: 10.244.0.0/16"));
    }

    #[test]
    fn a_manifest_that_does_not_ask_is_left_alone() {
        let manifest = "- name: POD_SUBNET\n  value: {{ .PodSubnet }}\n";
        assert_eq!(
            filled_in(manifest, "10.244.0.0/16", Some("x:6443")),
            manifest
        );
    }
}
