//! Cluster API's behaviour: from a Cluster's objects to Nodes in the app cluster, and back to nothing.
//!
//! One controller for all of its kinds, because they share what they know of machines. Each kind is a file with a
//! function that looks at one object, takes the next step and writes its status in the words of the contract v1beta2.
//! Machines are made by the in-memory backend of Cluster API's development provider (`DevCluster`, `DevMachine`).
//!
//! Left out: ClusterClass, MachinePools, MachineDrainRules, in-place updates, external remediation, standalone
//! machines' adoption, Events and the deprecated conditions of v1beta1. All clusters share the one app cluster.

mod addresses;
mod bootstrap;
mod cluster;
mod conditions;
mod control_plane;
mod health_check;
mod infrastructure;
mod machine;
mod machine_deployment;
mod machine_set;
mod machines;
mod names;
mod new_machine;
pub(crate) mod objects;
mod parsed;
mod replicas;
mod routes;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use serde_json::{Value, json};

use self::addresses::Addresses;
use self::conditions::{Condition, Conditions, PAUSED};
use self::infrastructure::Boots;
use self::machines::Machines;
use self::names::Names;
use self::objects::{CLUSTER, Kind, Objects, annotation, namespace};
use self::parsed::Parsed;
use self::routes::Routes;
use crate::sim::engine::{Cluster, Context, Controller, Item};
use crate::sim::store::Change;

/// Where the app cluster's API is served.
#[derive(Debug, Clone)]
pub struct Endpoint {
    pub host: String,
    pub port: u16,
    /// What the Secret `CLUSTER-kubeconfig` holds.
    pub kubeconfig: String,
}

/// The controller of all kinds of Cluster API.
#[derive(Debug)]
pub struct ClusterApi {
    endpoint: Endpoint,
    machines: Machines,
    boots: Boots,
    addresses: Addresses,
    names: Names,
    routes: Routes,
    parsed: Parsed,
}

/// What one look at an object works with.
struct Scope<'a> {
    infra: Objects,
    app: Objects,
    now: Timestamp,
    context: &'a mut Context,
    endpoint: &'a Endpoint,
    machines: &'a mut Machines,
    boots: &'a mut Boots,
    addresses: &'a mut Addresses,
    names: &'a mut Names,
    parsed: &'a Parsed,
}

/// When to look at the object again although nothing has changed.
type Again = Option<Duration>;

type Reconcile = fn(&mut Scope, &Value) -> Result<Again>;

/// The kinds that are looked at.
const KINDS: [(Kind, Reconcile); 9] = [
    (CLUSTER, cluster::reconcile),
    (objects::DEV_CLUSTER, infrastructure::reconcile_cluster),
    (objects::KUBEADM_CONTROL_PLANE, control_plane::reconcile),
    (objects::MACHINE_DEPLOYMENT, machine_deployment::reconcile),
    (objects::MACHINE_SET, machine_set::reconcile),
    (objects::MACHINE, machine::reconcile),
    (objects::KUBEADM_CONFIG, bootstrap::reconcile),
    (objects::DEV_MACHINE, infrastructure::reconcile_machine),
    (objects::HEALTH_CHECK, health_check::reconcile),
];

impl ClusterApi {
    pub fn new(endpoint: Endpoint, seed: u64) -> Self {
        Self {
            endpoint,
            machines: Machines::default(),
            boots: Boots::default(),
            addresses: Addresses::default(),
            names: Names::new(seed),
            routes: Routes::default(),
            parsed: Parsed::default(),
        }
    }

    fn scope<'a>(&'a mut self, context: &'a mut Context) -> Scope<'a> {
        Scope {
            infra: Objects::new(&context.infra),
            app: Objects::new(&context.app),
            now: context.now(),
            context,
            endpoint: &self.endpoint,
            machines: &mut self.machines,
            boots: &mut self.boots,
            addresses: &mut self.addresses,
            names: &mut self.names,
            parsed: &self.parsed,
        }
    }
}

impl Controller for ClusterApi {
    fn name(&self) -> &'static str {
        "cluster-api"
    }

    fn changed(&mut self, cluster: Cluster, change: &Change, context: &mut Context) {
        match cluster {
            Cluster::Infra => self.infra_changed(change, context),
            Cluster::App => self.app_changed(change, context),
        }
    }

    fn reconcile(&mut self, item: &Item, context: &mut Context) -> Result<()> {
        let known = KINDS
            .iter()
            .find(|(kind, _)| kind.resource == &*item.key.resource);
        let Some((kind, reconcile)) = known else {
            return Ok(());
        };
        let mut scope = self.scope(context);
        let found = scope.infra.get(kind, &item.key.namespace, &item.key.name)?;
        let Some(object) = found else {
            return Ok(());
        };
        if scope.pause(kind, &object)? {
            return Ok(());
        }
        if let Some(pause) = reconcile(&mut scope, &object)? {
            context.enqueue_after(item.clone(), pause);
        }
        Ok(())
    }
}

impl Scope<'_> {
    /// The cluster that an object belongs to.
    fn cluster_of(&self, object: &Value) -> Option<Arc<Value>> {
        let named = object["spec"]["clusterName"].as_str();
        let name = named.or_else(|| objects::label(object, machines::CLUSTER_NAME_LABEL))?;
        self.parsed.cluster(namespace(object), name).cloned()
    }

    /// The conditions of an object that is not paused.
    fn conditions(&self, object: &Value) -> Conditions {
        let mut conditions = Conditions::of(object, self.now);
        conditions.set(Condition::no(PAUSED, "NotPaused"));
        conditions
    }

    /// Marks an object that its owner wants left alone; whether it is one.
    fn pause(&self, kind: &Kind, object: &Value) -> Result<bool> {
        let is_paused = |cluster: &Value| cluster["spec"]["paused"] == true;
        let by_cluster = if *kind == CLUSTER {
            is_paused(object)
        } else {
            self.cluster_of(object)
                .is_some_and(|cluster| is_paused(&cluster))
        };
        let by_itself = annotation(object, "cluster.x-k8s.io/paused").is_some();
        let message = match (by_cluster, by_itself) {
            (false, false) => return Ok(false),
            (true, false) => "Cluster spec.paused is set to true",
            (false, true) => &format!("{} has the cluster.x-k8s.io/paused annotation", kind.name),
            (true, true) => &format!(
                "Cluster spec.paused is set to true, {} has the cluster.x-k8s.io/paused annotation",
                kind.name
            ),
        };
        let mut conditions = Conditions::of(object, self.now);
        conditions.set(Condition::yes(PAUSED, "Paused").message(message));
        self.save(kind, object, object["status"].clone(), conditions)?;
        Ok(true)
    }

    /// Writes a status with its conditions; the object afterwards.
    fn save(
        &self,
        kind: &Kind,
        object: &Value,
        mut status: Value,
        conditions: Conditions,
    ) -> Result<Option<Value>> {
        if !status.is_object() {
            status = json!({});
        }
        conditions.write(&mut status);
        self.infra.put_status(kind, object, &status)
    }
}

#[cfg(test)]
mod tests;
