//! The objects by which the resize loop is installed in the infra cluster.

use anyhow::Result;
use serde_json::{Value, json};

use super::manifest::Manifest;
use super::templates::Templates;
use crate::hash;
use crate::names::{NAMESPACE, RESIZE_NAMESPACE};
use crate::spec::{Platform, Substrate};

/// In the order of application.
const LOCAL: [&str; 6] = [
    "resize-namespace.yaml",
    "resize-policy.yaml",
    "resize-account.yaml",
    "resize-role.yaml",
    "resize-binding.yaml",
    "resize-deployment.yaml",
];
const SIM: [&str; 1] = ["resize.yaml"];

/// What a pod of the loop runs. Empty where the infra cluster runs no pods.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Program {
    /// Image that the infra cluster's nodes have.
    pub image: String,
    /// The program in it, with what it takes to start it.
    pub command: Vec<String>,
}

/// The loop of a platform.
pub fn resize(platform: &Platform, program: &Program) -> Result<Vec<Manifest>> {
    let templates = Templates::of(platform.substrate)?;
    let names = &platform.names;
    let policy = platform.resize.policy.document();
    let values = json!({
        "name": names.resize(),
        "namespace": NAMESPACE,
        "home": RESIZE_NAMESPACE,
        "cluster": names.app_cluster(),
        "kubeconfig": names.app_kubeconfig(),
        "image": program.image,
        "command": program.command,
        "policyHash": hash::short(policy.as_bytes()),
        "policy": policy,
    });
    let files: &[&str] = match platform.substrate {
        Substrate::Sim => &SIM,
        Substrate::Local => &LOCAL,
    };
    let render = |file: &&str| -> Result<Manifest> {
        let object: Value = templates.object(file, &values)?;
        Ok(Manifest::new(object, names))
    };
    files.iter().map(render).collect()
}
