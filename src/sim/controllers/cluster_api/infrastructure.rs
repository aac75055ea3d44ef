//! Cluster API's development provider with its in-memory backend: servers that are no more than entries.

mod node;

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::conditions::{
    CONTROL_PLANE_INITIALIZED, Condition, Conditions, Merge, READY, Truth, is_true,
};
use super::machines::{Id, Machine};
use super::new_machine::SERVER_FINALIZER;
use super::objects::{
    CLUSTER, DEV_CLUSTER, DEV_MACHINE, MACHINE, NODE, add_finalizer, has_finalizer, is_deleting,
    label, name, namespace, owner_of, remove_finalizer, text,
};
use super::{Again, Scope};
use crate::names::INSTANCE_TYPE;
use crate::sim::random::Random;

const CLUSTER_FINALIZER: &str = "dockercluster.infrastructure.cluster.x-k8s.io";

/// A type that was sold out is asked for again after this.
const SOLD_OUT_AGAIN: Duration = Duration::from_secs(15);

const SERVER: &str = "VMProvisioned";
const NODE_PROVISIONED: &str = "NodeProvisioned";
const ETCD: &str = "EtcdProvisioned";
const API_SERVER: &str = "APIServerProvisioned";

/// When the steps of servers that are starting will be done. Not kept over a restart: then they start again.
#[derive(Debug, Default)]
pub(super) struct Boots {
    done: HashMap<(Id, &'static str), Timestamp>,
}

pub(super) fn reconcile_cluster(scope: &mut Scope, cluster: &Value) -> Result<Again> {
    if is_deleting(cluster) {
        let gone = |object: &mut Value| remove_finalizer(object, CLUSTER_FINALIZER);
        scope.infra.edit(&DEV_CLUSTER, cluster, gone)?;
        return Ok(None);
    }
    if owner_of(cluster, &CLUSTER).is_none() {
        return Ok(None);
    }
    let endpoint = json!({"host": scope.endpoint.host, "port": scope.endpoint.port});
    let edited = scope.infra.edit(&DEV_CLUSTER, cluster, |object| {
        add_finalizer(object, CLUSTER_FINALIZER);
        object["spec"]["controlPlaneEndpoint"] = endpoint.clone();
    })?;
    let Some(cluster) = edited else {
        return Ok(None);
    };
    let mut status = cluster["status"].clone();
    status["initialization"] = json!({"provisioned": true});
    let conditions = scope.conditions(&cluster);
    scope.save(&DEV_CLUSTER, &cluster, status, conditions)?;
    Ok(None)
}

pub(super) fn reconcile_machine(scope: &mut Scope, server: &Value) -> Result<Again> {
    if is_deleting(server) {
        return release(scope, server);
    }
    let owner = owner_of(server, &MACHINE).map(|owner| text(&owner["name"]).to_owned());
    let machine = owner.and_then(|owner| scope.machines.get(namespace(server), &owner).cloned());
    let (Some(machine), Some(cluster)) = (machine, scope.cluster_of(server)) else {
        return Ok(None);
    };
    let mut start = Start {
        scope,
        server,
        machine: &machine,
        cluster: &cluster,
        status: server["status"].clone(),
    };
    let mut conditions = start.scope.conditions(server);
    let again = start.step(&mut conditions)?;
    let status = start.status;
    finish(scope, server, &machine, status, conditions)?;
    Ok(again)
}

/// With the server its node goes.
fn release(scope: &mut Scope, server: &Value) -> Result<Again> {
    let id = (namespace(server).to_owned(), name(server).to_owned());
    scope.boots.done.retain(|(other, _), _| *other != id);
    if !has_finalizer(server, SERVER_FINALIZER) {
        return Ok(None);
    }
    if let Some(node) = scope.app.get(&NODE, "", name(server))? {
        scope.app.delete(&NODE, &node)?;
    }
    let gone = |object: &mut Value| remove_finalizer(object, SERVER_FINALIZER);
    scope.infra.edit(&DEV_MACHINE, server, gone)?;
    Ok(None)
}

/// A server that is being started.
struct Start<'a, 'b> {
    scope: &'a mut Scope<'b>,
    server: &'a Value,
    machine: &'a Machine,
    cluster: &'a Value,
    status: Value,
}

impl Start<'_, '_> {
    fn step(&mut self, conditions: &mut Conditions) -> Result<Again> {
        if let Some(reason) = self.waits_for() {
            conditions.set(Condition::no(SERVER, reason));
            self.rest_waits(conditions, "WaitingForVMProvisioned");
            return Ok(None);
        }
        if !conditions.is(SERVER, Truth::True) {
            if let Some(again) = self.provision(conditions)? {
                self.rest_waits(conditions, "WaitingForVMProvisioned");
                return Ok(Some(again));
            }
            conditions.set(Condition::yes(SERVER, "Provisioned"));
        }
        if !conditions.is(NODE_PROVISIONED, Truth::True) {
            if let Some(again) = self.boot()? {
                self.rest_waits(conditions, "WaitingForNodeProvisioned");
                conditions.set(Condition::no(NODE_PROVISIONED, "WaitingForStartupTimeout"));
                return Ok(again);
            }
            node::register(self.scope, self.server, self.machine, self.cluster)?;
            conditions.set(Condition::yes(NODE_PROVISIONED, "Provisioned"));
        }
        if self.machine.is_control_plane() {
            conditions.set(Condition::yes(ETCD, "Provisioned"));
            conditions.set(Condition::yes(API_SERVER, "Provisioned"));
        }
        Ok(None)
    }

    fn waits_for(&self) -> Option<&'static str> {
        if self.cluster["status"]["initialization"]["infrastructureProvisioned"] != true {
            return Some("WaitingForClusterInfrastructureReady");
        }
        if !self.machine.spec.bootstrap.data_secret_name.is_empty() {
            return None;
        }
        let initialized = is_true(self.cluster, CONTROL_PLANE_INITIALIZED);
        Some(if initialized || self.machine.is_control_plane() {
            "WaitingForBootstrapData"
        } else {
            "WaitingForControlPlaneInitialized"
        })
    }

    fn rest_waits(&self, conditions: &mut Conditions, reason: &str) {
        conditions.set(Condition::no(NODE_PROVISIONED, reason));
        if self.machine.is_control_plane() {
            conditions.set(Condition::no(ETCD, reason));
            conditions.set(Condition::no(API_SERVER, reason));
        }
    }

    /// Until the server exists; nothing when it does.
    fn provision(&mut self, conditions: &mut Conditions) -> Result<Again> {
        if let Some(wanted) = self.sold_out() {
            let message = format!("no server of type {wanted} can be had (resource_unavailable)");
            conditions.set(Condition::no(SERVER, "InsufficientCapacity").message(message));
            return Ok(Some(SOLD_OUT_AGAIN));
        }
        let settings = &self.server["spec"]["backend"]["inMemory"]["vm"]["provisioning"];
        let takes = startup(settings, self.random("vm"))?.unwrap_or_default();
        if let Some(left) = self.left("vm", takes) {
            conditions.set(Condition::no(SERVER, "WaitingForStartupTimeout"));
            return Ok(Some(left));
        }
        let provider_id = format!("in-memory://{}", name(self.server));
        self.scope.infra.edit(&DEV_MACHINE, self.server, |server| {
            server["spec"]["providerID"] = json!(provider_id);
        })?;
        let address = super::addresses::internal(self.scope.addresses.of(name(self.server)));
        self.status["initialization"] = json!({"provisioned": true});
        self.status["addresses"] = json!([
            {"type": "Hostname", "address": name(self.server)},
            {"type": "InternalIP", "address": address},
        ]);
        if !self.machine.spec.failure_domain.is_empty() {
            self.status["failureDomain"] = json!(self.machine.spec.failure_domain);
        }
        Ok(None)
    }

    /// The type that is wanted, if it cannot be had now.
    fn sold_out(&self) -> Option<&str> {
        let context = &self.scope.context;
        let wanted = label(self.server, INSTANCE_TYPE)?;
        let seconds = context.clock.elapsed().as_secs();
        context
            .scenario
            .is_sold_out(wanted, seconds)
            .then_some(wanted)
    }

    /// Until its node is there: a time, or never. Nothing when it is.
    fn boot(&mut self) -> Result<Option<Again>> {
        let lost = self
            .scope
            .context
            .scenario
            .faults
            .machines_never_join_percent;
        if self.random("join").chance(lost) {
            return Ok(Some(None));
        }
        let settings = &self.server["spec"]["backend"]["inMemory"]["node"]["provisioning"];
        let mut random = self.random("node");
        let range = self.scope.context.scenario.node_boot_ms;
        let usual = Duration::from_millis(random.between(range.from, range.to));
        let takes = startup(settings, random)?.unwrap_or(usual);
        Ok(self.left("node", takes).map(Some))
    }

    fn left(&mut self, step: &'static str, takes: Duration) -> Option<Duration> {
        let server = (
            namespace(self.server).to_owned(),
            name(self.server).to_owned(),
        );
        let now = self.scope.now;
        let done = *self
            .scope
            .boots
            .done
            .entry((server, step))
            .or_insert(now + takes);
        Duration::try_from(done.duration_since(now))
            .ok()
            .filter(|left| !left.is_zero())
    }

    fn random(&self, step: &str) -> Random {
        let seed = self.scope.context.scenario.seed;
        Random::new(seed, &["cluster-api", step, name(self.server)])
    }
}

/// How long a step takes by the machine's own `startupDuration` and `startupJitter`.
fn startup(settings: &Value, mut random: Random) -> Result<Option<Duration>> {
    let Some(text) = settings["startupDuration"].as_str() else {
        return Ok(None);
    };
    let seconds = text.strip_suffix("ms").map_or_else(
        || seconds(text),
        |text| text.parse::<f64>().ok().map(|ms| ms / 1000.0),
    );
    let seconds =
        seconds.with_context(|| format!("startupDuration: `{text}` is not a duration"))?;
    let jitter: f64 = text_or(&settings["startupJitter"], "0")
        .parse()
        .context("startupJitter")?;
    let share = f64::from(u32::try_from(random.between(0, 1000)).unwrap_or_default()) / 1000.0;
    Ok(Some(Duration::try_from_secs_f64(
        seconds * (1.0 + jitter * share),
    )?))
}

fn text_or<'a>(value: &'a Value, otherwise: &'a str) -> &'a str {
    Some(text(value))
        .filter(|text| !text.is_empty())
        .unwrap_or(otherwise)
}

/// `1h2m3.5s`.
fn seconds(text: &str) -> Option<f64> {
    let mut all = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let unit = rest.find(|c: char| c.is_ascii_alphabetic())?;
        let factor = match &rest[unit..=unit] {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            _ => return None,
        };
        all += rest[..unit].parse::<f64>().ok()? * factor;
        rest = &rest[unit + 1..];
    }
    Some(all)
}

fn finish(
    scope: &mut Scope,
    server: &Value,
    machine: &Machine,
    status: Value,
    mut conditions: Conditions,
) -> Result<()> {
    let mut types = vec![SERVER, NODE_PROVISIONED];
    if machine.is_control_plane() {
        types.extend([ETCD, API_SERVER]);
    }
    let ready = Merge::positive(READY, ["NotReady", "ReadyUnknown", "Ready"]);
    conditions.set(ready.summary(conditions.all(), &types));
    scope.save(&DEV_MACHINE, server, status, conditions)?;
    Ok(())
}
