//! MachineSet: keeps a number of machines of one template.

mod deletion_order;
mod preflight;
mod remediation;

use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use super::machine_deployment::selector_text;
use super::machines::{CLUSTER_NAME_LABEL, DEPLOYMENT_LABEL, Machine};
use super::new_machine::{NewMachine, map};
use super::objects::{
    KUBEADM_CONFIG_TEMPLATE, MACHINE, MACHINE_DEPLOYMENT, MACHINE_SET, add_finalizer, annotation,
    generation, has_finalizer, is_deleting, label, name, namespace, remove_finalizer, text, uid,
};
use super::{Again, Scope, replicas};
use deletion_order::Order;

const FINALIZER: &str = "cluster.x-k8s.io/machineset";

/// On machines: the MachineSet that they belong to.
const SET_NAME_LABEL: &str = "cluster.x-k8s.io/set-name";

const DISABLE_CREATE: &str = "cluster.x-k8s.io/disable-machine-create";

/// Checks that have nothing to do with this object are repeated.
const PREFLIGHT_AGAIN: Duration = Duration::from_secs(15);

/// Fields of a template that existing machines take over without being replaced.
const IN_PLACE: [&str; 3] = ["deletion", "minReadySeconds", "readinessGates"];

pub(super) fn reconcile(scope: &mut Scope, set: &Value) -> Result<Again> {
    let prepared = scope.infra.edit(&MACHINE_SET, set, |set| {
        if !is_deleting(set) {
            add_finalizer(set, FINALIZER);
        }
        set["metadata"]["labels"][CLUSTER_NAME_LABEL] = set["spec"]["clusterName"].clone();
    })?;
    let Some(set) = prepared else {
        return Ok(None);
    };
    let blocked = if is_deleting(&set) {
        empty(scope, &set)?;
        Vec::new()
    } else {
        sync_machines(scope, &set)?;
        remediation::step(scope, &set, &machines(scope, &set))?;
        scale(scope, &set)?
    };
    report(scope, &set, &blocked)?;
    Ok(Some(PREFLIGHT_AGAIN).filter(|_| !blocked.is_empty()))
}

fn machines(scope: &Scope, set: &Value) -> Vec<Machine> {
    scope.machines.of_owner(uid(set)).cloned().collect()
}

fn wanted(set: &Value) -> usize {
    let replicas = set["spec"]["replicas"].as_u64().unwrap_or(1);
    usize::try_from(replicas).unwrap_or(usize::MAX)
}

/// Deletes all machines; the set goes with the last one.
fn empty(scope: &mut Scope, set: &Value) -> Result<()> {
    let machines = machines(scope, set);
    for machine in machines.iter().filter(|machine| !machine.is_deleting()) {
        replicas::delete(scope, machine)?;
    }
    if machines.is_empty() && has_finalizer(set, FINALIZER) {
        let gone = |set: &mut Value| remove_finalizer(set, FINALIZER);
        scope.infra.edit(&MACHINE_SET, set, gone)?;
    }
    Ok(())
}

/// Brings the machines' number to what is wanted; what keeps new ones from being made.
fn scale(scope: &mut Scope, set: &Value) -> Result<Vec<String>> {
    let machines = machines(scope, set);
    let (current, wanted) = (machines.len(), wanted(set));
    if current < wanted && annotation(set, DISABLE_CREATE) != Some("true") {
        let blocked = preflight::check(scope, set)?;
        if !blocked.is_empty() {
            return Ok(blocked);
        }
        for _ in current..wanted {
            create(scope, set)?;
        }
    }
    if current > wanted {
        let order = Order::of(text(&set["spec"]["deletion"]["order"]))?;
        for machine in order.first(&machines, current - wanted, scope.now) {
            if !machine.is_deleting() {
                replicas::delete(scope, machine)?;
            }
        }
    }
    Ok(Vec::new())
}

fn create(scope: &mut Scope, set: &Value) -> Result<()> {
    let namespace = namespace(set);
    let template = &set["spec"]["template"];
    let machines = &*scope.machines;
    let called = scope
        .names
        .after(name(set), |name| machines.get(namespace, name).is_some());
    let mut labels = map(&template["metadata"]["labels"]);
    labels.insert(
        CLUSTER_NAME_LABEL.into(),
        set["spec"]["clusterName"].clone(),
    );
    labels.insert(SET_NAME_LABEL.into(), json!(name(set)));
    if let Some(deployment) = label(set, DEPLOYMENT_LABEL) {
        labels.insert(DEPLOYMENT_LABEL.into(), json!(deployment));
    }
    let bootstrap = &template["spec"]["bootstrap"]["configRef"]["name"];
    let bootstrap = match bootstrap.as_str() {
        Some(wanted) => Some((config_spec(scope, namespace, wanted)?, labels.clone())),
        None => None,
    };
    let new = NewMachine {
        name: called,
        owner_kind: MACHINE_SET,
        owner: set,
        labels,
        annotations: map(&template["metadata"]["annotations"]),
        spec: template["spec"].clone(),
        infrastructure: &template["spec"]["infrastructureRef"],
        bootstrap,
    };
    new.create(scope)
}

fn config_spec(scope: &Scope, namespace: &str, wanted: &str) -> Result<Value> {
    let template = scope
        .infra
        .get(&KUBEADM_CONFIG_TEMPLATE, namespace, wanted)?;
    match template {
        Some(template) => Ok(template["spec"]["template"]["spec"].clone()),
        None => anyhow::bail!("KubeadmConfigTemplate {namespace}/{wanted} does not exist"),
    }
}

/// Takes changes of the template to the machines, once for each change.
fn sync_machines(scope: &mut Scope, set: &Value) -> Result<()> {
    if set["status"]["observedGeneration"] == generation(set) {
        return Ok(());
    }
    let template = &set["spec"]["template"];
    for machine in machines(scope, set) {
        let (namespace, name) = (&machine.metadata.namespace, machine.name());
        let Some(object) = scope.infra.get(&MACHINE, namespace, name)? else {
            continue;
        };
        let edited = scope
            .infra
            .edit(&MACHINE, &object, |machine| put_template(machine, template))?;
        if let Some(machine) = edited {
            scope.machines.wrote(&machine);
        }
    }
    Ok(())
}

fn put_template(machine: &mut Value, template: &Value) {
    for field in IN_PLACE {
        if let Some(value) = template["spec"].get(field) {
            machine["spec"][field] = value.clone();
        }
    }
    for field in ["labels", "annotations"] {
        for (key, value) in map(&template["metadata"][field]) {
            machine["metadata"][field][key] = value;
        }
    }
}

fn report(scope: &Scope, set: &Value, blocked: &[String]) -> Result<()> {
    let machines = machines(scope, set);
    let mut status = set["status"].clone();
    replicas::count(&mut status, &machines);
    status["selector"] = json!(selector_text(&set["spec"]["selector"]));
    status["observedGeneration"] = json!(generation(set));
    let mut conditions = scope.conditions(set);
    let wanted = if is_deleting(set) { 0 } else { wanted(set) };
    replicas::scaling(&mut conditions, scope.now, &machines, wanted, blocked);
    replicas::health(&mut conditions, &machines, scope.now);
    replicas::remediating(
        &mut conditions,
        &machines,
        " by MachineDeployment/MachineSet",
    );
    replicas::deleting(&mut conditions, is_deleting(set), machines.len());
    scope.save(&MACHINE_SET, set, status, conditions)?;
    Ok(())
}

/// The MachineDeployment of a set, if it has one.
fn deployment(scope: &Scope, set: &Value) -> Result<Option<Value>> {
    let deployment = label(set, DEPLOYMENT_LABEL).unwrap_or_default();
    scope
        .infra
        .get(&MACHINE_DEPLOYMENT, namespace(set), deployment)
}
