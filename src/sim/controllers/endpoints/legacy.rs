//! The Endpoints object of a Service, for those who still read it: at most a thousand addresses.

use anyhow::Result;
use serde_json::{Value, json};

use super::{ENDPOINTS, Endpoint, Meta};
use crate::sim::engine::{Context, Item};
use crate::sim::registry::Subresource;

const MOST: usize = 1000;

pub(super) fn write(
    item: &Item,
    service: &Meta,
    endpoints: &[Endpoint],
    ports: &[Value],
    context: &Context,
) -> Result<()> {
    let subsets = subsets(endpoints, ports);
    let target = item.beside(ENDPOINTS, &service.name);
    let written = context.modify(&target, Subresource::None, |object| {
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
            "name": service.name,
            "labels": {"endpoints.kubernetes.io/managed-by": "endpoint-controller"},
        },
    });
    if !subsets.is_empty() {
        object["subsets"] = subsets.into();
    }
    context.create(&target, object)?;
    Ok(())
}

fn subsets(endpoints: &[Endpoint], ports: &[Value]) -> Vec<Value> {
    let staying = endpoints.iter().filter(|endpoint| !endpoint.terminating);
    let (ready, waiting): (Vec<_>, Vec<_>) = staying.take(MOST).partition(|e| e.ready);
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
    json!({
        "ip": endpoint.ip,
        "nodeName": endpoint.node,
        "targetRef": {
            "kind": "Pod",
            "namespace": &*endpoint.key.namespace,
            "name": &*endpoint.key.name,
            "uid": endpoint.uid,
        },
    })
}
