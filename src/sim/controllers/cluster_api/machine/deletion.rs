//! The end of a Machine: hooks, drain, volumes, server, bootstrap configuration, Node; one after the other.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use super::super::machines::Machine;
use super::super::new_machine::MACHINE_FINALIZER;
use super::super::objects::{
    DEV_MACHINE, KUBEADM_CONFIG, KUBEADM_CONTROL_PLANE, Kind, MACHINE, NODE, VOLUME_ATTACHMENT,
    annotation, has_finalizer, is_deleting, namespace, owner_of, remove_finalizer, text, time,
};
use super::super::{Again, Scope};
use super::progress::Deletion;
use super::{View, drain};
use crate::timestamp::rfc3339;

const PRE_DRAIN_HOOK: &str = "pre-drain.delete.hook.machine.cluster.x-k8s.io";
const PRE_TERMINATE_HOOK: &str = "pre-terminate.delete.hook.machine.cluster.x-k8s.io";

/// The control plane's own hook: as long as it is there, the node is drained like a worker's.
pub(super) const CLEANUP_HOOK: &str =
    "pre-terminate.delete.hook.machine.cluster.x-k8s.io/kcp-cleanup";

const VOLUMES_AGAIN: Duration = Duration::from_secs(20);

/// Takes the next step that can be taken.
pub(super) fn step(scope: &mut Scope, view: &View, status: &mut Value) -> Result<Deletion> {
    let node_goes = node_goes(scope, view, status)?;
    if node_goes && let Some(waiting) = empty_node(scope, view, status)? {
        return Ok(waiting);
    }
    if let Some(hooks) = hooks(&view.machine, PRE_TERMINATE_HOOK) {
        let message = format!("Waiting for pre-terminate hooks to succeed (hooks: {hooks})");
        return Ok(Deletion::waits("WaitingForPreTerminateHook", message));
    }
    if let Some(server) = &view.server {
        delete(scope, &DEV_MACHINE, server)?;
        let message = "Waiting for DevMachine to be deleted";
        return Ok(Deletion::waits("WaitingForInfrastructureDeletion", message));
    }
    if let Some(config) = &view.config
        && scope.infra.delete(&KUBEADM_CONFIG, config)?.is_some()
    {
        let message = "Waiting for KubeadmConfig to be deleted";
        return Ok(Deletion::waits("WaitingForBootstrapDeletion", message));
    }
    if node_goes && let Some(node) = &view.node {
        scope.app.delete(&NODE, node)?;
    }
    Ok(Deletion {
        is_done: true,
        ..Deletion::waits("DeletionCompleted", "Deletion completed")
    })
}

pub(super) fn release(scope: &mut Scope, machine: &Value) -> Result<()> {
    let gone = |object: &mut Value| remove_finalizer(object, MACHINE_FINALIZER);
    if has_finalizer(machine, MACHINE_FINALIZER) {
        scope.infra.edit(&MACHINE, machine, gone)?;
    }
    Ok(())
}

/// Whether the Node is to be drained and deleted: not if there is none, and not if its whole cluster goes.
fn node_goes(scope: &Scope, view: &View, status: &Value) -> Result<bool> {
    if is_deleting(&view.cluster) || text(&status["nodeRef"]["name"]).is_empty() {
        return Ok(false);
    }
    let reference = text(&view.cluster["spec"]["controlPlaneRef"]["name"]);
    let namespace = namespace(&view.machine);
    let control_plane = scope
        .infra
        .get(&KUBEADM_CONTROL_PLANE, namespace, reference)?;
    if control_plane.is_some_and(|control_plane| is_deleting(&control_plane)) {
        return Ok(false);
    }
    let cluster = text(&view.machine["spec"]["clusterName"]);
    let mut machines = scope.machines.of_cluster(namespace, cluster);
    Ok(machines.any(|machine: &Machine| machine.is_control_plane() && !machine.is_deleting()))
}

/// Nothing when the node is empty, or must not be waited for any longer.
fn empty_node(scope: &mut Scope, view: &View, status: &mut Value) -> Result<Option<Deletion>> {
    if let Some(hooks) = hooks(&view.machine, PRE_DRAIN_HOOK) {
        let message = format!("Waiting for pre-drain hooks to succeed (hooks: {hooks})");
        return Ok(Some(Deletion::waits("WaitingForPreDrainHook", message)));
    }
    let excluded = |key| annotation(&view.machine, key).is_some();
    let left_alone = is_left_alone(&view.machine);
    if !left_alone && !excluded("machine.cluster.x-k8s.io/exclude-node-draining") {
        let left = time_left(
            scope,
            view,
            status,
            "nodeDrainStartTime",
            "nodeDrainTimeoutSeconds",
        );
        let waiting = match (left, &view.node) {
            (Some(_), Some(node)) => {
                drain::step(scope, node, &started(status, "nodeDrainStartTime"))?
            }
            _ => None,
        };
        if let Some(waiting) = waiting {
            return Ok(Some(sooner(waiting, left)));
        }
    }
    if left_alone || excluded("machine.cluster.x-k8s.io/exclude-wait-for-node-volume-detach") {
        return Ok(None);
    }
    let started_field = "waitForNodeVolumeDetachStartTime";
    let left = time_left(
        scope,
        view,
        status,
        started_field,
        "nodeVolumeDetachTimeoutSeconds",
    );
    if left.is_none() || !has_volumes(scope, view)? {
        return Ok(None);
    }
    let since = started(status, started_field);
    let message = format!("Waiting for Node volumes to be detached (started at {since})");
    let waiting = Deletion::waits("WaitingForVolumeDetach", message).again(VOLUMES_AGAIN);
    Ok(Some(sooner(waiting, left)))
}

/// A control plane's machine whose cleanup is over loses its server at once.
fn is_left_alone(machine: &Value) -> bool {
    owner_of(machine, &KUBEADM_CONTROL_PLANE).is_some()
        && annotation(machine, CLEANUP_HOOK).is_none()
}

/// What is left of the time that the step may take, since it began; nothing if it is over. Without a limit it never is.
fn time_left(scope: &Scope, view: &View, status: &mut Value, since: &str, limit: &str) -> Again {
    if !status["deletion"][since].is_string() {
        status["deletion"][since] = json!(rfc3339(scope.now));
    }
    let limit = view.machine["spec"]["deletion"][limit]
        .as_u64()
        .filter(|limit| *limit > 0);
    let Some(limit) = limit else {
        return Some(Duration::MAX);
    };
    let end = time(&status["deletion"][since])? + Duration::from_secs(limit);
    let left = Duration::try_from(end.duration_since(scope.now)).ok();
    left.filter(|left| !left.is_zero())
}

fn started(status: &Value, field: &str) -> String {
    text(&status["deletion"][field]).to_owned()
}

/// Looks again at the latest when the time is over.
fn sooner(mut waiting: Deletion, left: Again) -> Deletion {
    waiting.again = waiting.again.into_iter().chain(left).min();
    waiting
}

fn has_volumes(scope: &Scope, view: &View) -> Result<bool> {
    let Some(node) = view
        .node
        .as_ref()
        .filter(|node| !drain::is_unreachable(node))
    else {
        return Ok(false);
    };
    let attached = node["status"]["volumesAttached"].as_array();
    if attached.is_some_and(|attached| !attached.is_empty()) {
        return Ok(true);
    }
    let attachments = scope.app.list(&VOLUME_ATTACHMENT, "")?;
    let mut of_node = attachments.iter().map(|one| &one["spec"]["nodeName"]);
    Ok(of_node.any(|name| *name == node["metadata"]["name"]))
}

fn hooks(machine: &Value, prefix: &str) -> Option<String> {
    let annotations = machine["metadata"]["annotations"].as_object()?;
    let hooks = annotations.keys().filter(|key| key.starts_with(prefix));
    let hooks: Vec<&str> = hooks.map(String::as_str).collect();
    Some(hooks.join(",")).filter(|hooks| !hooks.is_empty())
}

fn delete(scope: &Scope, kind: &Kind, object: &Value) -> Result<()> {
    if !is_deleting(object) {
        scope.infra.delete(kind, object)?;
    }
    Ok(())
}
