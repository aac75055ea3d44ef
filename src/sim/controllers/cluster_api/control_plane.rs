//! KubeadmControlPlane: one, three or five machines, which come and go one at a time.

mod change;
mod kubeadm_config;
mod machine_health;
mod remediation;
mod status;

use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use super::bootstrap::{SECRET_TYPE, base64};
use super::machines::{CLUSTER_NAME_LABEL, Machine};
use super::objects::{
    CLUSTER, DEV_MACHINE_TEMPLATE, KUBEADM_CONTROL_PLANE, MACHINE, SECRET, add_finalizer,
    has_finalizer, is_deleting, name, namespace, own, owner, owner_of, remove_finalizer, text, uid,
};
use super::{Again, Scope, replicas};

const FINALIZER: &str = "kubeadm.controlplane.cluster.x-k8s.io";

/// As long as a machine has it, its etcd member is still to be removed.
pub(super) const CLEANUP_HOOK: &str =
    "pre-terminate.delete.hook.machine.cluster.x-k8s.io/kcp-cleanup";

/// Health of machines has many sources; what waits for it looks again after this.
const AGAIN: Duration = Duration::from_secs(15);

/// A control plane, its cluster, and what keeps it from changing.
struct View {
    object: Value,
    cluster: Value,
    blocked: Vec<&'static str>,
}

pub(super) fn reconcile(scope: &mut Scope, object: &Value) -> Result<Again> {
    let Some(cluster) = owning_cluster(scope, object)? else {
        return Ok(None);
    };
    let prepared = scope.infra.edit(&KUBEADM_CONTROL_PLANE, object, |object| {
        if !is_deleting(object) {
            add_finalizer(object, FINALIZER);
        }
    })?;
    let Some(object) = prepared else {
        return Ok(None);
    };
    let mut view = View {
        object,
        cluster,
        blocked: Vec::new(),
    };
    if is_deleting(&view.object) {
        return view.empty(scope);
    }
    if view.cluster["status"]["initialization"]["infrastructureProvisioned"] == true {
        view.provide(scope)?;
        view.change(scope)?;
    }
    let waiting = status::report(scope, &view, None)?;
    Ok(Some(AGAIN).filter(|_| waiting || !view.blocked.is_empty()))
}

fn owning_cluster(scope: &Scope, object: &Value) -> Result<Option<Value>> {
    let cluster = owner_of(object, &CLUSTER).map_or("", |owner| text(&owner["name"]));
    scope.infra.get(&CLUSTER, namespace(object), cluster)
}

impl View {
    fn machines(&self, scope: &Scope) -> Vec<Machine> {
        scope
            .machines
            .of_owner(uid(&self.object))
            .cloned()
            .collect()
    }

    fn wanted(&self) -> usize {
        let replicas = self.object["spec"]["replicas"].as_u64().unwrap_or(1);
        usize::try_from(replicas).unwrap_or(usize::MAX)
    }

    fn is_initialized(&self) -> bool {
        self.object["status"]["initialization"]["controlPlaneInitialized"] == true
    }

    /// What the cluster needs before its first machine: a kubeconfig, and templates that go with it.
    fn provide(&self, scope: &Scope) -> Result<()> {
        let cluster = name(&self.cluster);
        let kubeconfig = json!({
            "metadata": {
                "name": format!("{cluster}-kubeconfig"),
                "namespace": namespace(&self.object),
                "labels": {CLUSTER_NAME_LABEL: cluster},
                "ownerReferences": [owner(&KUBEADM_CONTROL_PLANE, &self.object, true)],
            },
            "type": SECRET_TYPE,
            "data": {"value": base64(&scope.endpoint.kubeconfig)},
        });
        scope.infra.ensure(&SECRET, kubeconfig)?;
        let cluster = owner(&CLUSTER, &self.cluster, false);
        let template =
            text(&self.object["spec"]["machineTemplate"]["spec"]["infrastructureRef"]["name"]);
        let namespace = namespace(&self.object);
        if let Some(template) = scope
            .infra
            .get(&DEV_MACHINE_TEMPLATE, namespace, template)?
        {
            scope
                .infra
                .edit(&DEV_MACHINE_TEMPLATE, &template, |template| {
                    own(template, &cluster);
                })?;
        }
        Ok(())
    }

    fn change(&mut self, scope: &mut Scope) -> Result<()> {
        machine_health::mark(scope, self)?;
        self.let_go(scope)?;
        if remediation::step(scope, self)? {
            return Ok(());
        }
        self.blocked = change::step(scope, self)?;
        Ok(())
    }

    /// A machine that waits for nothing else loses its etcd member, and then its server.
    fn let_go(&self, scope: &mut Scope) -> Result<()> {
        for machine in self.machines(scope) {
            let deleting = machine.condition("Deleting");
            let waits =
                deleting.is_some_and(|condition| condition.reason == "WaitingForPreTerminateHook");
            if machine.is_deleting() && waits && machine.has_annotation(CLEANUP_HOOK) {
                replicas::remove_annotation(scope, &machine, CLEANUP_HOOK)?;
            }
        }
        Ok(())
    }

    /// The control plane goes after all workers.
    fn empty(&self, scope: &mut Scope) -> Result<Again> {
        let machines = self.machines(scope);
        let all = scope
            .machines
            .of_cluster(namespace(&self.object), name(&self.cluster));
        let mut others: Vec<String> = all
            .filter(|machine| !machines.iter().any(|mine| mine.id() == machine.id()))
            .map(|machine| machine.name().to_owned())
            .collect();
        others.sort();
        let (reason, message) = if machines.is_empty() {
            ("DeletionCompleted", "Deletion completed".to_owned())
        } else if !others.is_empty() {
            let first = others.get(..5).unwrap_or(&others).join(", ");
            (
                "WaitingForWorkersDeletion",
                format!(
                    "KubeadmControlPlane deletion blocked because following objects still exist:\n* Machines: {first}"
                ),
            )
        } else {
            for machine in &machines {
                replicas::remove_annotation(scope, machine, CLEANUP_HOOK)?;
                if !machine.is_deleting() {
                    replicas::delete(scope, machine)?;
                }
            }
            let plural = if machines.len() == 1 { "" } else { "s" };
            (
                "WaitingForMachineDeletion",
                format!("Deleting {} Machine{plural}", machines.len()),
            )
        };
        status::report(scope, self, Some((reason, message)))?;
        if machines.is_empty() && has_finalizer(&self.object, FINALIZER) {
            let gone = |object: &mut Value| remove_finalizer(object, FINALIZER);
            scope
                .infra
                .edit(&KUBEADM_CONTROL_PLANE, &self.object, gone)?;
        }
        Ok(Some(AGAIN).filter(|_| !machines.is_empty()))
    }
}

/// Every Machine of the cluster as an object, for what the index does not have.
fn object_of(scope: &Scope, machine: &Machine) -> Result<Option<Value>> {
    scope
        .infra
        .get(&MACHINE, &machine.metadata.namespace, machine.name())
}
