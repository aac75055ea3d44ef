//! The next step of a control plane towards what is wanted: one machine more or one less.

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::super::machine_deployment::share;
use super::super::machines::{CLUSTER_NAME_LABEL, CONTROL_PLANE_LABEL, Machine};
use super::super::new_machine::{NewMachine, map};
use super::super::objects::{KUBEADM_CONTROL_PLANE, name, namespace};
use super::super::{Scope, replicas};
use super::kubeadm_config;
use super::machine_health::{COMPONENTS, NODE_SET, is_outdated};
use super::{CLEANUP_HOOK, View};

const NAME_LABEL: &str = "cluster.x-k8s.io/control-plane-name";
const DELETE_MACHINE: &str = "cluster.x-k8s.io/delete-machine";

/// Takes it; or says why it has to wait.
pub(super) fn step(scope: &mut Scope, view: &View) -> Result<Vec<&'static str>> {
    let machines = view.machines(scope);
    let wanted = view.wanted();
    let outdated: Vec<&Machine> = machines
        .iter()
        .filter(|machine| is_outdated(machine))
        .collect();
    let most = if outdated.is_empty() {
        wanted
    } else {
        let surge = &view.object["spec"]["rollout"]["strategy"]["rollingUpdate"]["maxSurge"];
        wanted
            + if surge.is_null() {
                1
            } else {
                share(surge, wanted, true)
            }
    };
    if machines.len() < most {
        let blocked = unready(&machines, None);
        if blocked.is_empty() {
            create(scope, view, &machines)?;
        }
        return Ok(blocked);
    }
    if machines.len() == wanted && outdated.is_empty() {
        return Ok(Vec::new());
    }
    let Some(goes) = first_to_go(&machines, &outdated) else {
        return Ok(Vec::new());
    };
    let blocked = unready(&machines, Some(goes));
    if blocked.is_empty() {
        replicas::delete(scope, goes)?;
    }
    Ok(blocked)
}

/// Why no machine may come or go now; `except` the one that goes.
fn unready(machines: &[Machine], except: Option<&Machine>) -> Vec<&'static str> {
    if machines.iter().any(Machine::is_deleting) {
        return vec!["waiting for a control plane Machine to complete deletion"];
    }
    let others = || {
        let goes = except.map(Machine::id);
        machines
            .iter()
            .filter(move |machine| Some(machine.id()) != goes)
    };
    let lacks = |parts: &[&str]| {
        others().any(|machine| !machine.has_node() || parts.iter().any(|of| !machine.is_true(of)))
    };
    let mut blocked = Vec::new();
    if lacks(&COMPONENTS[..4]) {
        blocked.push("waiting for control plane components to become healthy");
    }
    if lacks(&COMPONENTS[4..]) {
        blocked.push("waiting for etcd cluster to become healthy");
    }
    blocked
}

/// A marked machine, an outdated one, any one; the oldest of them.
fn first_to_go<'a>(machines: &'a [Machine], outdated: &[&'a Machine]) -> Option<&'a Machine> {
    let rank = |machine: &Machine| {
        let is_outdated = outdated.iter().any(|one| one.id() == machine.id());
        let is_marked = machine.has_annotation(DELETE_MACHINE);
        (!is_marked, !is_outdated)
    };
    machines.iter().min_by_key(|machine| {
        let created = machine.metadata.creation_timestamp.clone();
        (rank(machine), created, machine.id())
    })
}

fn create(scope: &mut Scope, view: &View, machines: &[Machine]) -> Result<()> {
    let object = &view.object;
    let template = &object["spec"]["machineTemplate"];
    let index = &*scope.machines;
    let called = scope.names.after(name(object), |name| {
        index.get(namespace(object), name).is_some()
    });
    let labels = labels(view);
    let mut annotations = map(&template["metadata"]["annotations"]);
    annotations.insert(CLEANUP_HOOK.into(), json!(""));
    let new = NewMachine {
        name: called,
        owner_kind: KUBEADM_CONTROL_PLANE,
        owner: object,
        labels: labels.clone(),
        annotations,
        spec: spec(view),
        infrastructure: &template["spec"]["infrastructureRef"],
        bootstrap: Some((kubeadm_config::wanted(object, !machines.is_empty()), labels)),
    };
    new.create(scope)
}

fn labels(view: &View) -> Map<String, Value> {
    let mut labels = map(&view.object["spec"]["machineTemplate"]["metadata"]["labels"]);
    labels.insert(CLUSTER_NAME_LABEL.into(), json!(name(&view.cluster)));
    labels.insert(CONTROL_PLANE_LABEL.into(), json!(""));
    labels.insert(NAME_LABEL.into(), json!(name(&view.object)));
    labels
}

fn spec(view: &View) -> Value {
    let template = &view.object["spec"]["machineTemplate"]["spec"];
    let gates = COMPONENTS.iter().filter(|of| **of != NODE_SET);
    let gates: Vec<Value> = gates.map(|of| json!({"conditionType": of})).collect();
    let mut spec = json!({
        "clusterName": name(&view.cluster),
        "version": view.object["spec"]["version"],
        "readinessGates": gates,
    });
    if let Some(deletion) = template.get("deletion") {
        spec["deletion"] = deletion.clone();
    }
    spec
}
