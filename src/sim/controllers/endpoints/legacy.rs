//! The Endpoints object of a Service, for those who still read it: at most a thousand addresses.

use std::net::IpAddr;

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::{ENDPOINTS, Endpoint, HEADLESS, Service};
use crate::sim::engine::{Context, Item};
use crate::sim::registry::Subresource;

const MANAGED_BY: &str = "endpoints.kubernetes.io/managed-by";
const MOST: usize = 1000;

pub(super) fn write(
    item: &Item,
    service: &Service,
    endpoints: &[Endpoint],
    ports: &[Value],
    context: &Context,
) -> Result<()> {
    let subsets = subsets(endpoints, ports);
    let labels = labels(service);
    let target = item.beside(ENDPOINTS, &service.metadata.name);
    let written = context.modify(&target, Subresource::None, |object| {
        object["metadata"]["labels"] = labels.clone().into();
        if subsets.is_empty() {
            object
                .as_object_mut()
                .map(|object| object.remove("subsets"));
        } else {
            object["subsets"] = subsets.clone().into();
        }
    })?;
    if written.is_some() {
        return Ok(());
    }
    let mut object = json!({
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {
            "name": service.metadata.name,
            "labels": labels,
        },
    });
    if !subsets.is_empty() {
        object["subsets"] = subsets.into();
    }
    context.create(&target, object)?;
    Ok(())
}

/// Those of the Service, and that nobody else writes it.
fn labels(service: &Service) -> Map<String, Value> {
    let own = service.metadata.labels.iter();
    let mut labels: Map<String, Value> = own
        .map(|(key, value)| (key.clone(), value.clone().into()))
        .collect();
    labels.insert(MANAGED_BY.to_owned(), "endpoint-controller".into());
    if service.is_headless() {
        labels.insert(HEADLESS.to_owned(), "".into());
    }
    labels
}

fn subsets(endpoints: &[Endpoint], ports: &[Value]) -> Vec<Value> {
    let mut staying: Vec<_> = endpoints.iter().filter(|e| !e.terminating).collect();
    staying.sort_by_key(|endpoint| endpoint.ip.parse::<IpAddr>().ok());
    staying.truncate(MOST);
    let (ready, waiting): (Vec<_>, Vec<_>) = staying.into_iter().partition(|e| e.ready);
    if ready.is_empty() && waiting.is_empty() {
        return Vec::new();
    }
    let mut subset = json!({"ports": ports});
    for (name, endpoints) in [("addresses", ready), ("notReadyAddresses", waiting)] {
        if !endpoints.is_empty() {
            let addresses: Vec<Value> = endpoints.into_iter().map(to_json).collect();
            subset[name] = addresses.into();
        }
    }
    vec![subset]
}

fn to_json(endpoint: &Endpoint) -> Value {
    let mut json = json!({
        "ip": endpoint.ip,
        "nodeName": endpoint.node,
        "targetRef": {
            "kind": "Pod",
            "namespace": &*endpoint.key.namespace,
            "name": &*endpoint.key.name,
            "uid": endpoint.uid,
        },
    });
    if let Some(hostname) = &endpoint.hostname {
        json["hostname"] = hostname.as_str().into();
    }
    json
}
