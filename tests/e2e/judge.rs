//! The tools that people use: what they print is the verdict.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::NamedTempFile;

use crate::bex::Bex;

/// What a command prints, if it succeeds.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let shown = format!("{command:?}");
    let output = command
        .output()
        .with_context(|| format!("starting {shown}"))?;
    ensure!(
        output.status.success(),
        "{shown} ended with {}:\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}

pub(crate) fn docker(args: &[&str]) -> Result<String> {
    output(Command::new("docker").args(args))
}

/// kubectl with the kubeconfig that `up` wrote; its current context is the app cluster.
pub(crate) fn kubectl(bex: &Bex, args: &[&str]) -> Result<String> {
    output(
        Command::new("kubectl")
            .arg("--kubeconfig")
            .arg(bex.kubeconfig())
            .args(args),
    )
}

/// kubectl on the infra cluster.
pub(crate) fn kubectl_infra(bex: &Bex, args: &[&str]) -> Result<String> {
    let context = format!("--context={}-mgmt", bex.name());
    let mut all = vec![context.as_str()];
    all.extend(args);
    kubectl(bex, &all)
}

/// Names of the nodes, all of which must be Ready; as many as `count`.
pub(crate) fn ready_nodes(bex: &Bex, count: usize) -> Result<Vec<String>> {
    let list: Value = serde_json::from_str(&kubectl(bex, &["get", "nodes", "--output=json"])?)?;
    let nodes = list["items"]
        .as_array()
        .context("kubectl printed no list")?;
    let ready = nodes.iter().filter(|node| is_true(node, "Ready"));
    let names: Vec<String> = ready
        .filter_map(|node| node["metadata"]["name"].as_str().map(ToOwned::to_owned))
        .collect();
    ensure!(
        names.len() == count && nodes.len() == count,
        "{} of {} nodes are Ready, {count} wanted",
        names.len(),
        nodes.len()
    );
    Ok(names)
}

fn is_true(object: &Value, condition: &str) -> bool {
    let conditions = object["status"]["conditions"]
        .as_array()
        .into_iter()
        .flatten();
    conditions
        .into_iter()
        .any(|found| found["type"] == condition && found["status"] == "True")
}

pub(crate) fn kind_clusters() -> Result<Vec<String>> {
    let listed = output(Command::new("kind").args(["get", "clusters"]))?;
    Ok(listed.lines().map(ToOwned::to_owned).collect())
}

/// The tree that `clusterctl describe cluster` prints; every condition in it must be True.
pub(crate) fn describe_cluster(bex: &Bex) -> Result<String> {
    let mut clusterctl = offline_clusterctl();
    clusterctl
        .args(["describe", "cluster", bex.name()])
        .arg("--kubeconfig")
        .arg(bex.kubeconfig());
    clusterctl.args(["--kubeconfig-context", &format!("{}-mgmt", bex.name())]);
    let tree = output(&mut clusterctl)?;
    ensure!(tree.contains("True"), "no condition is shown:\n{tree}");
    ensure!(
        !tree.contains("False") && !tree.contains("Unknown"),
        "not everything is True:\n{tree}"
    );
    Ok(tree)
}

/// What `clusterctl upgrade plan` reads out of the inventory, with the testbed's files as its only releases.
pub(crate) fn upgrade_plan(bex: &Bex) -> Result<String> {
    let mut config = NamedTempFile::with_suffix(".yaml")?;
    config.write_all(clusterctl_config()?.as_bytes())?;
    let mut clusterctl = offline_clusterctl();
    clusterctl
        .args(["upgrade", "plan", "--config"])
        .arg(config.path())
        .arg("--kubeconfig")
        .arg(bex.kubeconfig());
    clusterctl.args(["--kubeconfig-context", &format!("{}-mgmt", bex.name())]);
    output(&mut clusterctl)
}

fn offline_clusterctl() -> Command {
    let mut command = Command::new("clusterctl");
    command
        .env("CLUSTERCTL_DISABLE_VERSIONCHECK", "true")
        .env("GOPROXY", "off");
    command
}

/// Providers by name, type, and the folder and file of their release below `BEX_E2E_UPSTREAM`.
const PROVIDERS: [(&str, &str, &str, &str); 4] = [
    (
        "cluster-api",
        "CoreProvider",
        "cluster-api",
        "core-components.yaml",
    ),
    (
        "kubeadm",
        "BootstrapProvider",
        "bootstrap-kubeadm",
        "bootstrap-components.yaml",
    ),
    (
        "kubeadm",
        "ControlPlaneProvider",
        "control-plane-kubeadm",
        "control-plane-components.yaml",
    ),
    (
        "docker",
        "InfrastructureProvider",
        "infrastructure-docker",
        "infrastructure-components-development.yaml",
    ),
];

fn clusterctl_config() -> Result<String> {
    let upstream = std::env::var("BEX_E2E_UPSTREAM")
        .context("BEX_E2E_UPSTREAM: run this with tests/e2e/run")?;
    let (cert_manager, url) = release(&upstream, "cert-manager", "cert-manager.yaml")?;
    let mut config =
        format!("cert-manager: {{url: \"{url}\", version: {cert_manager}}}\nproviders:\n");
    for (name, kind, folder, file) in PROVIDERS {
        let (_, url) = release(&upstream, folder, file)?;
        writeln!(config, "  - {{name: {name}, type: {kind}, url: \"{url}\"}}")?;
    }
    Ok(config)
}

/// Version and address of the only release in a folder.
fn release(upstream: &str, folder: &str, file: &str) -> Result<(String, String)> {
    let folder = format!("{upstream}/{folder}");
    let entry = std::fs::read_dir(&folder)
        .with_context(|| folder.clone())?
        .next()
        .context("no release")??;
    let version = entry.file_name().to_string_lossy().into_owned();
    let url = format!("file://{folder}/{version}/{file}");
    Ok((version, url))
}
