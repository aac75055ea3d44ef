//! What the controllers have to know of all machines at once.
//!
//! Reading ten thousand objects whenever one of them changes would take too long; so the fields that count are kept.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Deref;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::conditions::{
    Condition, HEALTH_CHECK_SUCCEEDED, NODE_HEALTHY, OWNER_REMEDIATED, Source, Truth,
};

pub(super) const CLUSTER_NAME_LABEL: &str = "cluster.x-k8s.io/cluster-name";
pub(super) const CONTROL_PLANE_LABEL: &str = "cluster.x-k8s.io/control-plane";
pub(super) const DEPLOYMENT_LABEL: &str = "cluster.x-k8s.io/deployment-name";

/// Namespace and name.
pub(super) type Id = (String, String);

/// A Machine, read only. Clones share it.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "Known")]
pub(super) struct Machine(Arc<Known>);

/// What is known of a Machine.
#[derive(Debug, Deserialize)]
pub(super) struct Known {
    pub metadata: Metadata,
    pub spec: Spec,
    #[serde(default)]
    pub status: Status,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Metadata {
    pub name: String,
    pub namespace: String,
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
    pub owner_references: Vec<Owner>,
    pub creation_timestamp: String,
    pub deletion_timestamp: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Owner {
    pub kind: String,
    pub name: String,
    pub uid: String,
    pub controller: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Spec {
    pub cluster_name: String,
    pub version: String,
    pub failure_domain: String,
    #[serde(rename = "providerID")]
    pub provider_id: String,
    pub bootstrap: Bootstrap,
    pub infrastructure_ref: Reference,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Bootstrap {
    pub config_ref: Reference,
    pub data_secret_name: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Reference {
    pub name: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Status {
    pub node_ref: Reference,
    pub conditions: Vec<Condition>,
}

impl From<Known> for Machine {
    fn from(known: Known) -> Self {
        Self(Arc::new(known))
    }
}

impl Deref for Machine {
    type Target = Known;

    fn deref(&self) -> &Known {
        &self.0
    }
}

impl Machine {
    pub(super) fn id(&self) -> Id {
        (self.metadata.namespace.clone(), self.metadata.name.clone())
    }

    pub(super) fn name(&self) -> &str {
        &self.metadata.name
    }

    pub(super) fn controller(&self) -> Option<&Owner> {
        let owners = self.metadata.owner_references.iter();
        owners.into_iter().find(|owner| owner.controller)
    }

    pub(super) fn is_control_plane(&self) -> bool {
        self.metadata.labels.contains_key(CONTROL_PLANE_LABEL)
    }

    pub(super) fn is_deleting(&self) -> bool {
        self.metadata.deletion_timestamp.is_some()
    }

    pub(super) fn has_node(&self) -> bool {
        !self.status.node_ref.name.is_empty()
    }

    pub(super) fn has_annotation(&self, key: &str) -> bool {
        self.metadata.annotations.contains_key(key)
    }

    pub(super) fn condition(&self, of: &str) -> Option<&Condition> {
        let conditions = self.status.conditions.iter();
        conditions.into_iter().find(|condition| condition.of == of)
    }

    pub(super) fn is(&self, of: &str, status: Truth) -> bool {
        self.condition(of)
            .is_some_and(|condition| condition.status == status)
    }

    pub(super) fn is_true(&self, of: &str) -> bool {
        self.is(of, Truth::True)
    }

    /// A health check found it wanting.
    pub(super) fn is_unhealthy(&self) -> bool {
        self.is(HEALTH_CHECK_SUCCEEDED, Truth::False)
    }

    /// And its owner was asked to replace it.
    pub(super) fn wants_remediation(&self) -> bool {
        self.is_unhealthy() && self.is(OWNER_REMEDIATED, Truth::False)
    }

    /// Worth keeping when others have to go.
    pub(super) fn is_worth_keeping(&self) -> bool {
        self.has_node() && !self.is(NODE_HEALTHY, Truth::False) && !self.is_unhealthy()
    }

    /// For an aggregate over machines.
    pub(super) fn source(&self, of: &str) -> Source {
        Source {
            kind: "Machine",
            name: self.metadata.name.clone(),
            control_plane: self.is_control_plane(),
            condition: self.condition(of).cloned(),
        }
    }
}

/// All machines.
#[derive(Debug, Default)]
pub(super) struct Machines {
    all: BTreeMap<Id, Machine>,
    /// By the uid of the controller that they have.
    by_owner: HashMap<String, BTreeSet<Id>>,
    /// By namespace and name of the cluster.
    by_cluster: HashMap<Id, BTreeSet<Id>>,
    by_node: HashMap<String, Id>,
}

impl Machines {
    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    /// Takes in what was just written, so that the next look does not do the same again.
    pub(super) fn wrote(&mut self, machine: &Value) {
        if let Ok(machine) = Machine::deserialize(machine) {
            self.put(machine);
        }
    }

    pub(super) fn get(&self, namespace: &str, name: &str) -> Option<&Machine> {
        self.all.get(&(namespace.to_owned(), name.to_owned()))
    }

    pub(super) fn of_owner(&self, uid: &str) -> impl Iterator<Item = &Machine> {
        self.named(self.by_owner.get(uid))
    }

    pub(super) fn of_cluster(&self, namespace: &str, name: &str) -> impl Iterator<Item = &Machine> {
        let cluster = (namespace.to_owned(), name.to_owned());
        self.named(self.by_cluster.get(&cluster))
    }

    /// The machine of a node. Before it knows of the node itself, it is the one of the same name.
    pub(super) fn of_node(&self, node: &str) -> Option<&Machine> {
        self.all.get(self.by_node.get(node)?)
    }

    fn named<'a>(&'a self, ids: Option<&'a BTreeSet<Id>>) -> impl Iterator<Item = &'a Machine> {
        ids.into_iter().flatten().filter_map(|id| self.all.get(id))
    }

    /// Takes in a Machine as it is now, as often as one likes.
    pub(super) fn put(&mut self, machine: Machine) {
        let id = machine.id();
        self.remove(&id);
        if let Some(owner) = machine.controller() {
            let of_owner = self.by_owner.entry(owner.uid.clone()).or_default();
            of_owner.insert(id.clone());
        }
        let cluster = (id.0.clone(), machine.spec.cluster_name.clone());
        self.by_cluster
            .entry(cluster)
            .or_default()
            .insert(id.clone());
        self.by_node.insert(node_name(&machine), id.clone());
        self.all.insert(id, machine);
    }

    /// Of machines that are gone nothing is kept.
    pub(super) fn remove(&mut self, id: &Id) {
        let Some(machine) = self.all.remove(id) else {
            return;
        };
        if let Some(owner) = machine.controller() {
            take(&mut self.by_owner, &owner.uid, id);
        }
        let cluster = (id.0.clone(), machine.spec.cluster_name.clone());
        take(&mut self.by_cluster, &cluster, id);
        self.by_node.remove(&node_name(&machine));
    }
}

fn node_name(machine: &Machine) -> String {
    if machine.has_node() {
        machine.status.node_ref.name.clone()
    } else {
        machine.metadata.name.clone()
    }
}

fn take<K: std::hash::Hash + Eq>(sets: &mut HashMap<K, BTreeSet<Id>>, key: &K, id: &Id) {
    if let Some(set) = sets.get_mut(key) {
        set.remove(id);
        if set.is_empty() {
            sets.remove(key);
        }
    }
}
