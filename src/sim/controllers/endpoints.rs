//! Endpoints and `EndpointSlices`: where the pods behind a Service are.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use serde::Deserialize;
use serde_json::{Value, json};

use super::objects::{Kind, NODE, Object};
use super::selections::Selections;
use crate::sim::engine::{Cluster, Context, Controller, Item};
use crate::sim::pods::{Labels, Pod};
use crate::sim::registry::DeleteOptions;
use crate::sim::store::{Change, Key};

mod legacy;
mod slices;

const SERVICE: Kind = Kind {
    api_version: "v1",
    kind: "Service",
    resource: "services",
};
const SLICES: &str = "endpointslices.discovery.k8s.io";
const ENDPOINTS: &str = "endpoints";
const SERVICE_NAME: &str = "kubernetes.io/service-name";
const HEADLESS: &str = "service.kubernetes.io/headless";
const ZONE: &str = "topology.kubernetes.io/zone";
/// Pods that become ready within this time are written together.
const BATCH: Duration = Duration::from_millis(50);

/// Keeps the endpoints of Services with a selector.
#[derive(Debug, Default)]
pub(super) struct EndpointsController {
    selected: Selections,
    zones: BTreeMap<Item, String>,
    /// The slices of each Service.
    slices: BTreeMap<Item, Vec<Item>>,
}

type Service = Object<Spec, Value>;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    #[serde(rename = "type")]
    of: String,
    #[serde(rename = "clusterIP")]
    cluster_ip: String,
    selector: Labels,
    publish_not_ready_addresses: bool,
    ports: Vec<Port>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(clippy::struct_field_names, reason = "the API's own names")]
struct Port {
    name: String,
    protocol: String,
    port: u16,
    target_port: Value,
}

/// A pod behind a Service.
#[derive(Debug, Clone)]
struct Endpoint {
    key: Key,
    uid: String,
    ip: String,
    node: String,
    zone: Option<String>,
    /// Its name below the Service.
    hostname: Option<String>,
    ready: bool,
    serving: bool,
    terminating: bool,
}

impl Controller for EndpointsController {
    fn name(&self) -> &'static str {
        "endpointslice-controller"
    }

    fn changed(&mut self, cluster: Cluster, change: &Change, context: &mut Context) {
        let item = Item {
            cluster,
            key: change.key.clone(),
        };
        match &*item.key.resource {
            "pods" => {
                for service in self.selected.pod_changed(&item, context.pods.of(&item)) {
                    context.enqueue_after(service, BATCH);
                }
            }
            "services" => {
                let service = change
                    .after
                    .as_deref()
                    .map(serde_json::from_slice::<Service>);
                let service = service.and_then(Result::ok);
                let selector = service
                    .filter(Service::selects)
                    .map(|s| s.spec.selector.into());
                self.selected.note(&item, selector, &context.pods);
                context.enqueue(item);
            }
            SLICES => self.slice_changed(&item, change, context),
            "nodes" => {
                let meta = change.after.as_deref().and_then(Object::brief);
                let zone = meta.and_then(|mut meta| meta.labels.remove(ZONE));
                match zone {
                    Some(zone) => drop(self.zones.insert(item, zone)),
                    None => drop(self.zones.remove(&item)),
                }
            }
            _ => {}
        }
    }

    fn reconcile(&mut self, item: &Item, context: &mut Context) -> Result<()> {
        let Some(service) = context.read::<Service>(item)? else {
            // The garbage collector takes the slices; Endpoints have the Service's name and nothing more.
            return context.delete(&item.beside(ENDPOINTS, &item.key.name), &background());
        };
        if !service.selects() || service.metadata.deleted() {
            return Ok(());
        }
        let endpoints = self.endpoints(item, &service, context);
        let ports = ports(item, &service, &endpoints, context);
        let slices = self.slices.get(item).map_or(&[][..], Vec::as_slice);
        slices::write(item, &service, &endpoints, &ports, slices, context)?;
        legacy::write(item, &service, &endpoints, &ports, context)
    }
}

impl Service {
    fn is_headless(&self) -> bool {
        self.spec.cluster_ip == "None"
    }

    /// Services without a selector have endpoints that somebody else writes.
    fn selects(&self) -> bool {
        !self.spec.selector.is_empty() && self.spec.of != "ExternalName"
    }
}

impl EndpointsController {
    fn slice_changed(&mut self, item: &Item, change: &Change, context: &mut Context) {
        let json = change.after.as_deref().or(change.before.as_deref());
        let Some(meta) = json.and_then(Object::brief) else {
            return;
        };
        let Some(name) = meta.labels.get(SERVICE_NAME) else {
            return;
        };
        let service = item.beside(SERVICE.resource, name);
        let mut slices = self.slices.remove(&service).unwrap_or_default();
        if change.after.is_none() {
            slices.retain(|slice| slice != item);
            context.enqueue_after(service.clone(), BATCH);
        } else if !slices.contains(item) {
            slices.push(item.clone());
        }
        if !slices.is_empty() {
            self.slices.insert(service, slices);
        }
    }

    /// The pods with an address, in the order of their names.
    fn endpoints(&self, item: &Item, service: &Service, context: &Context) -> Vec<Endpoint> {
        let selected = self.selected.of(item, &context.pods);
        let pods = selected.into_iter().flatten();
        let endpoints = pods
            .filter(|(_, pod)| !pod.finished())
            .filter_map(|(key, pod)| {
                let node = pod.node.as_ref()?;
                let zone = self
                    .zones
                    .get(&Item::new(item.cluster, NODE.resource, "", node));
                let always = service.spec.publish_not_ready_addresses;
                let hostname = pod.host.as_ref();
                let hostname = hostname.filter(|host| {
                    host.subdomain == service.metadata.name && !host.name.is_empty()
                });
                let endpoint = endpoint(key, pod, zone.cloned(), always)?;
                Some(Endpoint {
                    hostname: hostname.map(|host| host.name.clone()),
                    ..endpoint
                })
            });
        endpoints.collect()
    }
}

fn endpoint(key: &Key, pod: &Pod, zone: Option<String>, always: bool) -> Option<Endpoint> {
    let terminating = pod.deleted.is_some();
    Some(Endpoint {
        key: key.clone(),
        uid: pod.uid.to_string(),
        ip: pod.ip.as_ref()?.to_string(),
        node: pod.node.as_ref()?.to_string(),
        zone,
        hostname: None,
        ready: always || (pod.ready && !terminating),
        serving: pod.ready,
        terminating,
    })
}

/// Ports as slices have them. A target port that is a name is looked up in the first pod: all pods of a Service are
/// taken to be alike.
fn ports(item: &Item, service: &Service, endpoints: &[Endpoint], context: &Context) -> Vec<Value> {
    let first = endpoints
        .first()
        .map(|endpoint| item.with(endpoint.key.clone()));
    let pod: Option<Value> = first.and_then(|pod| context.read(&pod).ok().flatten());
    let ports = service.spec.ports.iter().filter_map(|port| {
        let number = match &port.target_port {
            Value::Number(number) => number.as_u64(),
            Value::String(name) => named_port(pod.as_ref()?, name),
            _ => Some(port.port.into()),
        };
        Some(json!({"name": port.name, "protocol": port.protocol, "port": number?}))
    });
    ports.collect()
}

fn named_port(pod: &Value, name: &str) -> Option<u64> {
    let containers = pod["spec"]["containers"].as_array()?;
    let mut ports = containers
        .iter()
        .filter_map(|c| c["ports"].as_array())
        .flatten();
    ports.find(|port| port["name"] == name)?["containerPort"].as_u64()
}

fn background() -> DeleteOptions {
    DeleteOptions::default()
}
