//! What has to be so before a MachineSet makes machines: a stable control plane, and versions that fit to it.

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::super::Scope;
use super::super::objects::{KUBEADM_CONTROL_PLANE, annotation, name, namespace, text};

const SKIP: &str = "machineset.cluster.x-k8s.io/skip-preflight-checks";

/// Oldest kubelet that an API server works with, in minor versions.
const MINOR_SKEW: u64 = 3;

/// What is not so, in Cluster API's words.
pub(super) fn check(scope: &Scope, set: &Value) -> Result<Vec<String>> {
    let skipped = annotation(set, SKIP).unwrap_or_default();
    let skips = |check: &str| {
        skipped
            .split(',')
            .any(|one| one.trim() == check || one.trim() == "All")
    };
    let Some(cluster) = scope.cluster_of(set) else {
        return Ok(Vec::new());
    };
    let reference = text(&cluster["spec"]["controlPlaneRef"]["name"]);
    let found = scope
        .infra
        .get(&KUBEADM_CONTROL_PLANE, namespace(set), reference)?;
    let Some(control_plane) = found else {
        return Ok(Vec::new());
    };
    let mut problems = Vec::new();
    if !skips("ControlPlaneIsStable") {
        problems.extend(unstable(&control_plane));
    }
    let (theirs, ours) = (
        text(&control_plane["spec"]["version"]),
        text(&set["spec"]["template"]["spec"]["version"]),
    );
    if !ours.is_empty() {
        let skew = Skew {
            control_plane: theirs.trim_start_matches('v'),
            set: ours.trim_start_matches('v'),
        };
        if !skips("KubernetesVersionSkew") {
            problems.extend(skew.kubernetes()?);
        }
        if !skips("KubeadmVersionSkew") {
            problems.extend(skew.kubeadm()?);
        }
    }
    Ok(problems)
}

/// Has no machine yet, or not all of its version.
fn unstable(control_plane: &Value) -> Option<String> {
    let what = match text(&control_plane["status"]["version"]) {
        "" => "provisioning",
        version if version != text(&control_plane["spec"]["version"]) => "upgrading",
        _ => return None,
    };
    let (namespace, name) = (namespace(control_plane), name(control_plane));
    Some(format!(
        "KubeadmControlPlane {namespace}/{name} is {what} (\"ControlPlaneIsStable\" preflight check failed)"
    ))
}

struct Skew<'a> {
    control_plane: &'a str,
    set: &'a str,
}

impl Skew<'_> {
    fn kubernetes(&self) -> Result<Option<String>> {
        let (theirs, ours) = (minor(self.control_plane)?, minor(self.set)?);
        let why = if ours > theirs {
            "MachineSet version is higher than ControlPlane version".to_owned()
        } else if ours + MINOR_SKEW < theirs {
            format!(
                "MachineSet version is more than {MINOR_SKEW} minor versions older than the ControlPlane version"
            )
        } else {
            return Ok(None);
        };
        let head = self.head();
        Ok(Some(format!(
            "{head} do not conform to the kubernetes version skew policy as {why} (\"KubernetesVersionSkew\" preflight check failed)"
        )))
    }

    fn kubeadm(&self) -> Result<Option<String>> {
        if minor(self.control_plane)? == minor(self.set)? {
            return Ok(None);
        }
        let head = self.head();
        Ok(Some(format!(
            "{head} do not conform to kubeadm version skew policy as kubeadm only supports joining with the same major+minor version as the control plane (\"KubeadmVersionSkew\" preflight check failed)"
        )))
    }

    fn head(&self) -> String {
        format!(
            "MachineSet version ({}) and ControlPlane version ({})",
            self.set, self.control_plane
        )
    }
}

fn minor(version: &str) -> Result<u64> {
    let minor = version
        .split('.')
        .nth(1)
        .and_then(|minor| minor.parse().ok());
    minor.with_context(|| format!("`{version}` is not a version"))
}
