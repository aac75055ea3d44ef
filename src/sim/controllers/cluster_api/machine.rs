//! Machine: brings bootstrap configuration, server and Node together, and takes them apart again.

mod deletion;
mod drain;
mod node;
mod progress;
mod status;

use std::sync::Arc;

use anyhow::Result;
use serde_json::{Value, json};

use super::conditions::Conditions;
use super::objects::{DEV_MACHINE, KUBEADM_CONFIG, MACHINE, NODE, is_deleting, namespace, text};
use super::{Again, Scope};

pub(super) use drain::is_unreachable;
pub(super) use node::UNINITIALIZED;

/// A Machine and what belongs to it, as they are now.
struct View {
    machine: Value,
    cluster: Arc<Value>,
    config: Option<Value>,
    server: Option<Value>,
    node: Option<Value>,
}

pub(super) fn reconcile(scope: &mut Scope, machine: &Value) -> Result<Again> {
    let Some(cluster) = scope.cluster_of(machine) else {
        return Ok(None);
    };
    let mut view = View {
        config: part(scope, machine, &machine["spec"]["bootstrap"]["configRef"])?,
        server: part(scope, machine, &machine["spec"]["infrastructureRef"])?,
        node: None,
        machine: machine.clone(),
        cluster,
    };
    let mut status = view.machine["status"].clone();
    view.provide(scope, &mut status)?;
    view.meet_node(scope, &mut status)?;
    let deletion = if is_deleting(&view.machine) {
        Some(deletion::step(scope, &view, &mut status)?)
    } else {
        None
    };
    let mut conditions = scope.conditions(&view.machine);
    let later = status::set(
        scope,
        &view,
        &mut status,
        &mut conditions,
        deletion.as_ref(),
    )?;
    let saved = view.save(scope, status, conditions)?;
    let Some(deletion) = deletion else {
        return Ok(later);
    };
    if let Some(machine) = saved.filter(|_| deletion.is_done) {
        deletion::release(scope, &machine)?;
    }
    Ok(deletion.again)
}

fn part(scope: &Scope, machine: &Value, reference: &Value) -> Result<Option<Value>> {
    let kind = match text(&reference["kind"]) {
        "KubeadmConfig" => KUBEADM_CONFIG,
        "DevMachine" => DEV_MACHINE,
        _ => return Ok(None),
    };
    let name = text(&reference["name"]);
    scope.infra.get(&kind, namespace(machine), name)
}

impl View {
    /// Takes over what the bootstrap configuration and the server have come up with.
    fn provide(&mut self, scope: &mut Scope, status: &mut Value) -> Result<()> {
        let mut spec = self.machine["spec"].clone();
        let secret = self
            .config
            .as_ref()
            .map(|config| &config["status"]["dataSecretName"]);
        if let Some(secret) = secret.filter(|secret| secret.is_string()) {
            spec["bootstrap"]["dataSecretName"] = secret.clone();
        }
        if spec["bootstrap"]["dataSecretName"].is_string() {
            status["initialization"]["bootstrapDataSecretCreated"] = json!(true);
        }
        let provisioned =
            |server: &&Value| server["status"]["initialization"]["provisioned"] == true;
        if let Some(server) = self.server.as_ref().filter(provisioned) {
            spec["providerID"] = server["spec"]["providerID"].clone();
            status["addresses"] = server["status"]["addresses"].clone();
            if server["status"]["failureDomain"].is_string() {
                status["failureDomain"] = server["status"]["failureDomain"].clone();
            }
            status["initialization"]["infrastructureProvisioned"] = json!(true);
        }
        if spec == self.machine["spec"] {
            return Ok(());
        }
        let edited = scope.infra.edit(&MACHINE, &self.machine, |machine| {
            for field in ["bootstrap", "providerID"] {
                machine["spec"][field] = spec[field].clone();
            }
            if machine["spec"]["providerID"].is_null()
                && let Some(spec) = machine["spec"].as_object_mut()
            {
                spec.remove("providerID");
            }
        })?;
        if let Some(machine) = edited {
            scope.machines.wrote(&machine);
            self.machine = machine;
        }
        Ok(())
    }

    /// Finds the Node with the server's id and puts the Machine's labels on it.
    fn meet_node(&mut self, scope: &mut Scope, status: &mut Value) -> Result<()> {
        let provider_id = text(&self.machine["spec"]["providerID"]);
        if provider_id.is_empty() {
            return Ok(());
        }
        let known = text(&status["nodeRef"]["name"]);
        let name = if known.is_empty() {
            text(&self.machine["spec"]["infrastructureRef"]["name"])
        } else {
            known
        };
        let node = scope.app.get(&NODE, "", name)?;
        let Some(node) = node.filter(|node| node["spec"]["providerID"] == provider_id) else {
            return Ok(());
        };
        status["nodeRef"] = json!({"name": node["metadata"]["name"]});
        status["nodeInfo"] = node["status"]["nodeInfo"].clone();
        self.node = node::sync(scope, &self.machine, &node)?;
        Ok(())
    }

    fn save(
        &self,
        scope: &mut Scope,
        status: Value,
        conditions: Conditions,
    ) -> Result<Option<Value>> {
        let saved = scope.save(&MACHINE, &self.machine, status, conditions)?;
        if let Some(machine) = &saved {
            scope.machines.wrote(machine);
        }
        Ok(saved)
    }
}
