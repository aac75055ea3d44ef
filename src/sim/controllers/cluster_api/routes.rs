//! Which objects are to be looked at when one changes.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::conditions::{self, CONTROL_PLANE_INITIALIZED, INFRASTRUCTURE_READY};
use super::machines::{CLUSTER_NAME_LABEL, DEPLOYMENT_LABEL, Id, Machine, Metadata};
use super::objects::{
    CLUSTER, DEV_CLUSTER, DEV_MACHINE, HEALTH_CHECK, KUBEADM_CONFIG, KUBEADM_CONTROL_PLANE, Kind,
    MACHINE, MACHINE_DEPLOYMENT, MACHINE_SET, NODE, POD, is_deleting,
};
use super::{ClusterApi, KINDS};
use crate::sim::engine::{self, Context, Item};
use crate::sim::store::{Change, Key};

/// Machines change by the hundred; what only counts them waits this long for others, and longer the more there are:
/// counting ten thousand takes a while itself.
const GATHERING: Duration = Duration::from_millis(10);
const GATHERING_EACH: Duration = Duration::from_micros(50);

/// What has to be remembered to tell whom a change concerns.
#[derive(Debug, Default)]
pub(super) struct Routes {
    /// Everything of a cluster but machines and what belongs to them.
    members: HashMap<Id, BTreeSet<Key>>,
    /// What of a Cluster or MachineDeployment concerns everything below it.
    seen: HashMap<Key, Gist>,
    /// Nodes that are being drained.
    draining: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Gist {
    Cluster {
        paused: bool,
        deleting: bool,
        provisioned: bool,
        infrastructure: bool,
        initialized: bool,
    },
    Generation(i64),
}

#[derive(Deserialize)]
struct Member {
    metadata: Metadata,
    #[serde(default)]
    spec: MemberSpec,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct MemberSpec {
    cluster_name: String,
}

impl Member {
    fn cluster(&self) -> Option<Id> {
        let label = self.metadata.labels.get(CLUSTER_NAME_LABEL);
        let name = Some(&self.spec.cluster_name).filter(|name| !name.is_empty());
        let name = name.or(label)?;
        Some((self.metadata.namespace.clone(), name.clone()))
    }
}

impl ClusterApi {
    pub(super) fn infra_changed(&mut self, change: &Change, context: &mut Context) {
        let known = KINDS
            .iter()
            .find(|(kind, _)| kind.resource == &*change.key.resource);
        let Some((kind, _)) = known else { return };
        if change.after.is_some() {
            context.enqueue(infra(change.key.clone()));
        }
        let state = change.after.as_ref().or(change.before.as_ref());
        let Some(member) = state.and_then(|json| serde_json::from_slice::<Member>(json).ok())
        else {
            return;
        };
        match *kind {
            MACHINE => self.machine_changed(change, context),
            CLUSTER => self.cluster_changed(change, context),
            MACHINE_DEPLOYMENT => self.deployment_changed(change, context),
            KUBEADM_CONTROL_PLANE => self.wake(&member, &[MACHINE_SET], context),
            _ => {}
        }
        if ![MACHINE, CLUSTER, DEV_MACHINE, KUBEADM_CONFIG].contains(kind) {
            self.routes.remember(&member, change);
        }
        let pause = if *kind == MACHINE {
            self.gathering()
        } else {
            Duration::ZERO
        };
        wake_owners(&member, pause, context);
    }

    fn gathering(&self) -> Duration {
        let machines = u32::try_from(self.machines.count()).unwrap_or(u32::MAX);
        GATHERING + GATHERING_EACH * machines
    }

    pub(super) fn app_changed(&mut self, change: &Change, context: &mut Context) {
        if *change.key.resource == *POD.resource {
            let item = Item::new(
                engine::Cluster::App,
                POD.resource,
                &change.key.namespace,
                &change.key.name,
            );
            let before = context.pods.before().filter(|_| change.after.is_none());
            let pod = context.pods.of(&item).or(before);
            let node = pod.and_then(|pod| pod.node.clone());
            if let Some(node) = node.filter(|node| self.routes.draining.contains(&**node)) {
                self.wake_node(&node, context);
            }
        } else if *change.key.resource == *NODE.resource {
            self.node_changed(change);
            self.wake_node(&change.key.name, context);
        }
    }

    fn node_changed(&mut self, change: &Change) {
        self.parsed.node_changed(change);
        let node = &*change.key.name;
        match &change.after {
            None => {
                self.addresses.free(node);
                self.routes.draining.remove(node);
            }
            Some(json) if !self.addresses.knows(node) => {
                if let Ok(object) = serde_json::from_slice(json) {
                    self.addresses.seen(node, &object);
                }
            }
            Some(_) => {}
        }
    }

    fn wake_node(&self, node: &str, context: &mut Context) {
        if let Some(machine) = self.machines.of_node(node) {
            context.enqueue(infra_item(&MACHINE, &machine.metadata, machine.name()));
        }
    }

    fn machine_changed(&mut self, change: &Change, context: &mut Context) {
        let state = change.after.as_ref().or(change.before.as_ref());
        let parsed = state.and_then(|json| serde_json::from_slice::<Machine>(json).ok());
        let Some(machine) = parsed else { return };
        match change.after {
            Some(_) => self.machines.put(machine.clone()),
            None => self.machines.remove(&machine.id()),
        }
        let metadata = &machine.metadata;
        if machine.is_deleting() && machine.has_node() && change.after.is_some() {
            self.routes
                .draining
                .insert(machine.status.node_ref.name.clone());
        }
        if machine.is_deleting() || machine.spec.bootstrap.data_secret_name.is_empty() {
            let config = &machine.spec.bootstrap.config_ref.name;
            context.enqueue(infra_item(&KUBEADM_CONFIG, metadata, config));
        }
        if machine.is_deleting() || !machine.has_node() {
            let infrastructure = &machine.spec.infrastructure_ref.name;
            context.enqueue(infra_item(&DEV_MACHINE, metadata, infrastructure));
        }
        if let Some(deployment) = metadata.labels.get(DEPLOYMENT_LABEL) {
            let deployment = infra_item(&MACHINE_DEPLOYMENT, metadata, deployment);
            context.enqueue_after(deployment, self.gathering());
        }
        let cluster = (
            metadata.namespace.clone(),
            machine.spec.cluster_name.clone(),
        );
        let cluster_key = CLUSTER.key(&cluster.0, &cluster.1);
        context.enqueue_after(infra(cluster_key), self.gathering());
        for check in self
            .routes
            .members(&cluster, &[HEALTH_CHECK, KUBEADM_CONTROL_PLANE])
        {
            context.enqueue_after(infra(check), self.gathering());
        }
    }

    /// What a Cluster says about itself is for everything in it.
    fn cluster_changed(&mut self, change: &Change, context: &mut Context) {
        let cluster = (
            change.key.namespace.to_string(),
            change.key.name.to_string(),
        );
        let parsed = self.parsed.cluster_changed(change);
        let gist = parsed.map(|cluster| Gist::of_cluster(cluster));
        if !self.routes.is_news(&change.key, gist) {
            return;
        }
        let all = [
            DEV_CLUSTER,
            KUBEADM_CONTROL_PLANE,
            MACHINE_DEPLOYMENT,
            MACHINE_SET,
            HEALTH_CHECK,
        ];
        for key in self.routes.members(&cluster, &all) {
            context.enqueue(infra(key));
        }
        for machine in self.machines.of_cluster(&cluster.0, &cluster.1) {
            for kind in [MACHINE, KUBEADM_CONFIG, DEV_MACHINE] {
                context.enqueue(infra_item(&kind, &machine.metadata, machine.name()));
            }
        }
    }

    /// A new template makes machines outdated.
    fn deployment_changed(&mut self, change: &Change, context: &mut Context) {
        let gist = change.after.as_ref().and_then(|json| {
            let object = serde_json::from_slice::<Value>(json).ok()?;
            Some(Gist::Generation(super::objects::generation(&object)))
        });
        let Some(json) = &change.after else {
            self.routes.is_news(&change.key, gist);
            return;
        };
        if !self.routes.is_news(&change.key, gist) {
            return;
        }
        let Ok(member) = serde_json::from_slice::<Member>(json) else {
            return;
        };
        self.wake(&member, &[MACHINE_SET], context);
        let Some((namespace, cluster)) = member.cluster() else {
            return;
        };
        for machine in self.machines.of_cluster(&namespace, &cluster) {
            if machine.metadata.labels.get(DEPLOYMENT_LABEL) == Some(&member.metadata.name) {
                context.enqueue(infra_item(&MACHINE, &machine.metadata, machine.name()));
            }
        }
    }

    fn wake(&self, member: &Member, kinds: &[Kind], context: &mut Context) {
        if let Some(cluster) = member.cluster() {
            for key in self.routes.members(&cluster, kinds) {
                context.enqueue(infra(key));
            }
        }
    }
}

impl Routes {
    fn remember(&mut self, member: &Member, change: &Change) {
        let Some(cluster) = member.cluster() else {
            return;
        };
        let members = self.members.entry(cluster).or_default();
        if change.after.is_some() {
            members.insert(change.key.clone());
        } else {
            members.remove(&change.key);
        }
    }

    fn members(&self, cluster: &Id, kinds: &[Kind]) -> Vec<Key> {
        let members = self.members.get(cluster).into_iter().flatten();
        members
            .filter(|key| kinds.iter().any(|kind| kind.resource == &*key.resource))
            .cloned()
            .collect()
    }

    fn is_news(&mut self, key: &Key, gist: Option<Gist>) -> bool {
        match gist {
            Some(gist) => self.seen.insert(key.clone(), gist.clone()) != Some(gist),
            None => self.seen.remove(key).is_some(),
        }
    }
}

impl Gist {
    fn of_cluster(cluster: &Value) -> Self {
        Self::Cluster {
            paused: cluster["spec"]["paused"] == true,
            deleting: is_deleting(cluster),
            provisioned: cluster["status"]["initialization"]["infrastructureProvisioned"] == true,
            infrastructure: conditions::is_true(cluster, INFRASTRUCTURE_READY),
            initialized: conditions::is_true(cluster, CONTROL_PLANE_INITIALIZED),
        }
    }
}

/// Owners look at what they own. The many machines of one owner are looked at together.
fn wake_owners(member: &Member, pause: Duration, context: &mut Context) {
    for owner in &member.metadata.owner_references {
        let known = KINDS.iter().find(|(known, _)| known.name == owner.kind);
        if let Some((known, _)) = known {
            let item = infra_item(known, &member.metadata, &owner.name);
            context.enqueue_after(item, pause);
        }
    }
}

fn infra_item(kind: &Kind, metadata: &Metadata, name: &str) -> Item {
    infra(kind.key(&metadata.namespace, name))
}

fn infra(key: Key) -> Item {
    Item {
        cluster: engine::Cluster::Infra,
        key,
    }
}
