//! Cluster: what it consists of, and in which order it goes.

mod deletion;
mod status;

use anyhow::Result;
use serde_json::{Value, json};

use super::machines::{CLUSTER_NAME_LABEL, Machine};
use super::objects::{
    CLUSTER, DEV_CLUSTER, KUBEADM_CONTROL_PLANE, Kind, MACHINE_DEPLOYMENT, MACHINE_SET,
    add_finalizer, has_finalizer, is_deleting, name, namespace, own, owner, remove_finalizer, text,
};
use super::{Again, Scope};

const FINALIZER: &str = "cluster.cluster.x-k8s.io";

/// A Cluster and everything in it.
struct View {
    cluster: Value,
    infrastructure: Option<Value>,
    control_plane: Option<Value>,
    deployments: Vec<Value>,
    sets: Vec<Value>,
    control_plane_machines: Vec<Machine>,
    workers: Vec<Machine>,
}

pub(super) fn reconcile(scope: &mut Scope, cluster: &Value) -> Result<Again> {
    let prepared = scope.infra.edit(&CLUSTER, cluster, |cluster| {
        if !is_deleting(cluster) {
            add_finalizer(cluster, FINALIZER);
        }
    })?;
    let Some(cluster) = prepared else {
        return Ok(None);
    };
    let mut view = View::of(scope, cluster)?;
    let mut status = view.cluster["status"].clone();
    let deletion = if is_deleting(&view.cluster) {
        Some(deletion::step(scope, &view)?)
    } else {
        view.take_over(scope, &mut status)?;
        None
    };
    let conditions = status::set(scope, &view, &mut status, deletion.as_ref());
    let saved = scope.save(&CLUSTER, &view.cluster, status, conditions)?;
    let is_done = deletion.is_some_and(|deletion| deletion.is_done);
    if let Some(cluster) = saved.filter(|cluster| is_done && has_finalizer(cluster, FINALIZER)) {
        let gone = |cluster: &mut Value| remove_finalizer(cluster, FINALIZER);
        scope.infra.edit(&CLUSTER, &cluster, gone)?;
    }
    Ok(None)
}

impl View {
    fn of(scope: &Scope, cluster: Value) -> Result<Self> {
        let namespace = namespace(&cluster).to_owned();
        let reference = |field: &str| text(&cluster["spec"][field]["name"]).to_owned();
        let infrastructure =
            scope
                .infra
                .get(&DEV_CLUSTER, &namespace, &reference("infrastructureRef"))?;
        let control_plane = scope.infra.get(
            &KUBEADM_CONTROL_PLANE,
            &namespace,
            &reference("controlPlaneRef"),
        )?;
        let machines = scope
            .machines
            .of_cluster(&namespace, name(&cluster))
            .cloned();
        let (control_plane_machines, workers) = machines.partition(Machine::is_control_plane);
        Ok(Self {
            infrastructure: adopt(scope, &DEV_CLUSTER, infrastructure, &cluster)?,
            control_plane: adopt(scope, &KUBEADM_CONTROL_PLANE, control_plane, &cluster)?,
            deployments: members(scope, &MACHINE_DEPLOYMENT, &cluster)?,
            sets: members(scope, &MACHINE_SET, &cluster)?,
            control_plane_machines,
            workers,
            cluster,
        })
    }

    /// Takes over the endpoint, and what infrastructure and control plane say about themselves.
    fn take_over(&mut self, scope: &Scope, status: &mut Value) -> Result<()> {
        let provisioned = |part: &&Value| part["status"]["initialization"]["provisioned"] == true;
        if let Some(infrastructure) = self.infrastructure.as_ref().filter(provisioned) {
            status["initialization"]["infrastructureProvisioned"] = json!(true);
            let domains = &infrastructure["status"]["failureDomains"];
            if domains.is_array() {
                status["failureDomains"] = domains.clone();
            }
            let endpoint = infrastructure["spec"]["controlPlaneEndpoint"].clone();
            let edited = scope.infra.edit(&CLUSTER, &self.cluster, |cluster| {
                cluster["spec"]["controlPlaneEndpoint"] = endpoint.clone();
            })?;
            if let Some(cluster) = edited {
                self.cluster = cluster;
            }
        }
        let initialized =
            |part: &&Value| part["status"]["initialization"]["controlPlaneInitialized"] == true;
        if self
            .control_plane
            .as_ref()
            .is_some_and(|part| initialized(&part))
        {
            status["initialization"]["controlPlaneInitialized"] = json!(true);
        }
        Ok(())
    }
}

/// What a Cluster refers to is its own.
fn adopt(
    scope: &Scope,
    kind: &Kind,
    object: Option<Value>,
    cluster: &Value,
) -> Result<Option<Value>> {
    let Some(object) = object else {
        return Ok(None);
    };
    if is_deleting(cluster) {
        return Ok(Some(object));
    }
    let reference = owner(&CLUSTER, cluster, true);
    scope.infra.edit(kind, &object, |object| {
        own(object, &reference);
        object["metadata"]["labels"][CLUSTER_NAME_LABEL] = json!(name(cluster));
    })
}

fn members(scope: &Scope, kind: &Kind, cluster: &Value) -> Result<Vec<Value>> {
    let mut all = scope.infra.list(kind, namespace(cluster))?;
    all.retain(|object| object["spec"]["clusterName"] == name(cluster));
    Ok(all)
}
