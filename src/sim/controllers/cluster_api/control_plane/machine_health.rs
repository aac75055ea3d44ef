//! What a control plane says about each of its machines: its components, and whether it is up to date.

use anyhow::Result;
use serde_json::Value;

use super::super::Scope;
use super::super::conditions::{Condition, Conditions, Truth, UP_TO_DATE};
use super::super::machines::Machine;
use super::super::objects::{
    DEV_MACHINE, KUBEADM_CONFIG, MACHINE, NODE, annotation, name, namespace, text,
};
use super::{View, kubeadm_config, object_of};
use crate::sim::controllers::cluster_api::machine::is_unreachable;

pub(super) const NODE_SET: &str = "NodeKubeadmLabelsAndTaintsSet";

/// What kubeadm has set up on a machine, etcd last.
pub(super) const COMPONENTS: [&str; 6] = [
    NODE_SET,
    "APIServerPodHealthy",
    "ControllerManagerPodHealthy",
    "SchedulerPodHealthy",
    "EtcdPodHealthy",
    "EtcdMemberHealthy",
];

pub(super) fn is_outdated(machine: &Machine) -> bool {
    machine.is(UP_TO_DATE, Truth::False)
}

/// Writes the conditions onto all machines.
pub(super) fn mark(scope: &mut Scope, view: &View) -> Result<()> {
    for machine in view.machines(scope) {
        let Some(object) = object_of(scope, &machine)? else {
            continue;
        };
        let mut conditions = Conditions::of(&object, scope.now);
        conditions.set(up_to_date(scope, view, &object)?);
        for condition in components(scope, view, &machine, &object)? {
            conditions.set(condition);
        }
        let status = object["status"].clone();
        if let Some(machine) = scope.save(&MACHINE, &object, status, conditions)? {
            scope.machines.wrote(&machine);
        }
    }
    Ok(())
}

fn up_to_date(scope: &Scope, view: &View, machine: &Value) -> Result<Condition> {
    let mut reasons = Vec::new();
    let (is, wanted) = (
        text(&machine["spec"]["version"]),
        text(&view.object["spec"]["version"]),
    );
    if is != wanted {
        reasons.push(format!("* Version {is}, {wanted} required"));
    }
    if config_differs(scope, view, machine)? {
        reasons.push("* KubeadmConfig is not up-to-date".to_owned());
    }
    if server_differs(scope, view, machine)? {
        reasons.push("* DevMachine is not up-to-date".to_owned());
    }
    Ok(if reasons.is_empty() {
        Condition::yes(UP_TO_DATE, "UpToDate")
    } else {
        Condition::no(UP_TO_DATE, "NotUpToDate").message(reasons.join("\n"))
    })
}

fn config_differs(scope: &Scope, view: &View, machine: &Value) -> Result<bool> {
    let reference = text(&machine["spec"]["bootstrap"]["configRef"]["name"]);
    let found = scope
        .infra
        .get(&KUBEADM_CONFIG, namespace(machine), reference)?;
    Ok(found.is_some_and(|config| {
        let joins = config["spec"].get("joinConfiguration").is_some();
        config["spec"] != kubeadm_config::wanted(&view.object, joins)
    }))
}

fn server_differs(scope: &Scope, view: &View, machine: &Value) -> Result<bool> {
    let reference = text(&machine["spec"]["infrastructureRef"]["name"]);
    let found = scope
        .infra
        .get(&DEV_MACHINE, namespace(machine), reference)?;
    let wanted = &view.object["spec"]["machineTemplate"]["spec"]["infrastructureRef"]["name"];
    Ok(found.is_some_and(|server| {
        annotation(&server, "cluster.x-k8s.io/cloned-from-name") != wanted.as_str()
    }))
}

fn components(
    scope: &Scope,
    view: &View,
    machine: &Machine,
    object: &Value,
) -> Result<Vec<Condition>> {
    let unknown = |message: String| {
        let inspect =
            |of: &&str| Condition::unknown(of, "InspectionFailed").message(message.clone());
        COMPONENTS.iter().map(inspect).collect()
    };
    if !view.is_initialized() {
        return Ok(unknown(
            "Waiting for Cluster control plane to be initialized".into(),
        ));
    }
    if !machine.has_node() {
        return Ok(unknown(match text(&object["spec"]["providerID"]) {
            "" => "Waiting for DevMachine to report spec.providerID".into(),
            id => format!("Waiting for a Node with spec.providerID {id} to exist"),
        }));
    }
    let node = scope.app.get(&NODE, "", &machine.status.node_ref.name)?;
    let Some(node) = node else {
        let gone = machine.is_deleting();
        return Ok(COMPONENTS.iter().map(|of| lost(of, gone)).collect());
    };
    if is_unreachable(&node) {
        return Ok(unknown(format!("Node {} is unreachable", name(&node))));
    }
    Ok(COMPONENTS
        .iter()
        .map(|of| Condition::yes(of, well(of)))
        .collect())
}

fn lost(of: &str, deleting: bool) -> Condition {
    if deleting {
        Condition::unknown(of, "Deleting")
    } else {
        Condition::no(of, "DoesNotExist").message("Node does not exist")
    }
}

fn well(of: &str) -> &'static str {
    match of {
        NODE_SET => "Set",
        "EtcdMemberHealthy" => "Healthy",
        _ => "Running",
    }
}
