//! The objects by which the resize loop is installed in the infra cluster.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::manifest::Manifest;
use super::templates::Templates;
use crate::names::{NAMESPACE, RESIZE_NAMESPACE};
use crate::spec::{Platform, Substrate};

/// In the order of application.
const LOCAL: [&str; 5] = [
    "resize-namespace.yaml",
    "resize-account.yaml",
    "resize-role.yaml",
    "resize-binding.yaml",
    "resize-deployment.yaml",
];
const SIM: [&str; 1] = ["resize.yaml"];

/// What a pod of the loop runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Image that the infra cluster's nodes have.
    pub image: String,
    /// The program in it, with what it takes to start it.
    pub command: Vec<String>,
}

/// The loop of a platform. `program` is for platforms whose infra cluster runs pods.
pub fn resize(platform: &Platform, program: Option<&Program>) -> Result<Vec<Manifest>> {
    let templates = Templates::of(platform.substrate)?;
    let names = &platform.names;
    let mut values = json!({
        "name": names.resize(),
        "namespace": NAMESPACE,
        "home": RESIZE_NAMESPACE,
        "cluster": names.app_cluster(),
        "kubeconfig": names.app_kubeconfig(),
    });
    let files: &[&str] = match platform.substrate {
        Substrate::Sim => &SIM,
        Substrate::Local => {
            let program = program.context("the resize loop has no image")?;
            values["image"] = json!(program.image);
            values["command"] = json!(program.command);
            &LOCAL
        }
    };
    let render = |file: &&str| -> Result<Manifest> {
        let object: Value = templates.object(file, &values)?;
        Ok(Manifest::new(object, names))
    };
    files.iter().map(render).collect()
}
