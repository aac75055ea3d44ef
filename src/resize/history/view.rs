//! What charts and metrics show of both clusters, kept up to date change by change. It decides nothing.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use serde::Deserialize;

use crate::names::{LOCATION_ANNOTATION, MACHINE_TYPE_ANNOTATION};
use crate::resize::offer::Price;
use crate::resize::prices::PriceList;

const DEPLOYMENT_LABEL: &str = "cluster.x-k8s.io/deployment-name";
const CONTROL_PLANE_LABEL: &str = "cluster.x-k8s.io/control-plane";

/// The group of machines that no MachineDeployment made.
pub const CONTROL_PLANE: &str = "control-plane";

/// Node groups with their machines, and pods that wait.
#[derive(Debug, Default)]
pub struct View {
    prices: PriceList,
    groups: BTreeMap<String, Price>,
    machines: HashMap<String, Machine>,
    pending: HashMap<(String, String), Timestamp>,
}

#[derive(Debug, PartialEq, Eq)]
struct Machine {
    group: String,
    joined: bool,
}

/// Machines of a node group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Machines {
    /// Those that are nodes.
    pub joined: u32,
    /// Those that are not yet.
    pub coming: u32,
    /// Of all of them, an hour; 0 if the price list does not know them.
    pub cost: Price,
}

impl View {
    pub fn new(prices: PriceList) -> Self {
        Self {
            prices,
            ..Self::default()
        }
    }

    /// Takes over an object or its deletion. The wait that it ended, if a pod has got its node.
    pub fn apply(
        &mut self,
        at: Timestamp,
        resource: &str,
        namespace: &str,
        name: &str,
        json: Option<&[u8]>,
    ) -> Result<Option<Timestamp>> {
        let ended = match resource {
            "pods" => self.pod(at, namespace, name, json),
            "machines.cluster.x-k8s.io" => self.machine(name, json).map(|()| None),
            "machinedeployments.cluster.x-k8s.io" => self.group(name, json).map(|()| None),
            _ => Ok(None),
        };
        ended.with_context(|| format!("reading {resource} {namespace}/{name}"))
    }

    /// Since when each pod waits for a node.
    pub fn pending(&self) -> impl ExactSizeIterator<Item = Timestamp> {
        self.pending.values().copied()
    }

    /// By the name of the node group. A group without machines is there too.
    pub fn machines(&self) -> BTreeMap<&str, Machines> {
        let mut all: BTreeMap<&str, Machines> = self
            .groups
            .keys()
            .map(|group| (group.as_str(), Machines::default()))
            .collect();
        for machine in self.machines.values() {
            let machines = all.entry(&machine.group).or_default();
            machines.joined += u32::from(machine.joined);
            machines.coming += u32::from(!machine.joined);
            let price = self.groups.get(&machine.group).copied().unwrap_or_default();
            machines.cost = Price(machines.cost.0.saturating_add(price.0));
        }
        all
    }

    fn pod(
        &mut self,
        at: Timestamp,
        namespace: &str,
        name: &str,
        json: Option<&[u8]>,
    ) -> Result<Option<Timestamp>> {
        let key = (namespace.to_owned(), name.to_owned());
        let Some(json) = json else {
            self.pending.remove(&key);
            return Ok(None);
        };
        let pod: Pod = serde_json::from_slice(json)?;
        if waits(&pod) {
            let created = pod.metadata.creation_timestamp.map_or(at, |time| time.0);
            self.pending.entry(key).or_insert(created);
            return Ok(None);
        }
        let since = self.pending.remove(&key);
        Ok(since.filter(|_| is_placed(&pod)))
    }

    fn machine(&mut self, name: &str, json: Option<&[u8]>) -> Result<()> {
        let Some(json) = json else {
            self.machines.remove(name);
            return Ok(());
        };
        let object: Object = serde_json::from_slice(json)?;
        let labels = &object.metadata.labels;
        let group = match labels.get(DEPLOYMENT_LABEL) {
            Some(group) => group.clone(),
            None if labels.contains_key(CONTROL_PLANE_LABEL) => CONTROL_PLANE.to_owned(),
            None => "other".to_owned(),
        };
        let joined = !object.status.node_ref.name.is_empty();
        self.machines
            .insert(name.to_owned(), Machine { group, joined });
        Ok(())
    }

    fn group(&mut self, name: &str, json: Option<&[u8]>) -> Result<()> {
        let Some(json) = json else {
            self.groups.remove(name);
            return Ok(());
        };
        let object: Object = serde_json::from_slice(json)?;
        let said = |key| object.metadata.annotations.get(key).map(String::as_str);
        let (machine_type, location) = (said(MACHINE_TYPE_ANNOTATION), said(LOCATION_ANNOTATION));
        let price = self.price(machine_type, location).unwrap_or_default();
        self.groups.insert(name.to_owned(), price);
        Ok(())
    }

    fn price(&self, machine_type: Option<&str>, location: Option<&str>) -> Option<Price> {
        let mut types = self.prices.types.iter();
        let found = types.find(|known| Some(known.name.as_str()) == machine_type)?;
        let mut locations = found.locations.iter();
        let place = locations.find(|place| location.is_none_or(|wanted| wanted == place.name));
        place.map(|place| place.hourly)
    }
}

/// It wants a node and has none.
fn waits(pod: &Pod) -> bool {
    let spec = pod.spec.as_ref();
    let gated = spec.is_some_and(|spec| spec.scheduling_gates.iter().flatten().next().is_some());
    let phase = pod
        .status
        .as_ref()
        .and_then(|status| status.phase.as_deref());
    let ended = matches!(phase, Some("Succeeded" | "Failed"));
    !(is_placed(pod) || gated || ended || pod.metadata.deletion_timestamp.is_some())
}

fn is_placed(pod: &Pod) -> bool {
    let node = pod.spec.as_ref().and_then(|spec| spec.node_name.as_ref());
    node.is_some_and(|node| !node.is_empty())
}

/// What is read of objects of Cluster API.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Object {
    metadata: Meta,
    status: Status,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Meta {
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    node_ref: Reference,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Reference {
    name: String,
}

#[cfg(test)]
mod tests;
