//! `EndpointSlices`: at most a hundred endpoints each.

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::{Endpoint, HEADLESS, SERVICE, SERVICE_NAME, SLICES, Service, background};
use crate::sim::engine::{Context, Item};
use crate::sim::registry::Subresource;

const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
const MOST: usize = 100;

/// Makes the slices of a Service hold exactly these endpoints; `slices` are the ones that it has.
pub(super) fn write(
    item: &Item,
    service: &Service,
    endpoints: &[Endpoint],
    ports: &[Value],
    slices: &[Item],
    context: &Context,
) -> Result<()> {
    // A Service without endpoints has one empty slice.
    let mut chunks: Vec<&[Endpoint]> = endpoints.chunks(MOST).collect();
    if chunks.is_empty() {
        chunks.push(&[]);
    }
    let labels = labels(service);
    // Nobody can be reached at a port then.
    let ports = if endpoints.is_empty() {
        Value::Null
    } else {
        ports.into()
    };
    for (index, chunk) in chunks.iter().enumerate() {
        let endpoints: Vec<Value> = chunk.iter().map(to_json).collect();
        let Some(slice) = slices.get(index) else {
            create(item, service, &labels, &endpoints, &ports, context)?;
            continue;
        };
        context.modify(slice, Subresource::None, |slice| {
            slice["metadata"]["labels"] = labels.clone().into();
            slice["endpoints"] = endpoints.clone().into();
            slice["ports"] = ports.clone();
        })?;
    }
    for superfluous in slices.iter().skip(chunks.len()) {
        context.delete(superfluous, &background())?;
    }
    Ok(())
}

fn labels(service: &Service) -> Map<String, Value> {
    let own = service.metadata.labels.iter();
    let mut labels: Map<String, Value> = own
        .map(|(key, value)| (key.clone(), value.clone().into()))
        .collect();
    labels.insert(
        SERVICE_NAME.to_owned(),
        service.metadata.name.clone().into(),
    );
    labels.insert(
        MANAGED_BY.to_owned(),
        "endpointslice-controller.k8s.io".into(),
    );
    if service.is_headless() {
        labels.insert(HEADLESS.to_owned(), "".into());
    }
    labels
}

fn create(
    item: &Item,
    service: &Service,
    labels: &Map<String, Value>,
    endpoints: &[Value],
    ports: &Value,
    context: &Context,
) -> Result<()> {
    let (name, uid) = (&service.metadata.name, &service.metadata.uid);
    let slice = json!({
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "generateName": format!("{name}-"),
            "labels": labels,
            "ownerReferences": [SERVICE.controls(name, uid)],
        },
        "addressType": "IPv4",
        "endpoints": endpoints,
        "ports": ports,
    });
    context.create(&item.beside(SLICES, ""), slice)?;
    Ok(())
}

fn to_json(endpoint: &Endpoint) -> Value {
    let mut json = json!({
        "addresses": [endpoint.ip],
        "conditions": {
            "ready": endpoint.ready,
            "serving": endpoint.serving,
            "terminating": endpoint.terminating,
        },
        "nodeName": endpoint.node,
        "targetRef": {
            "kind": "Pod",
            "namespace": &*endpoint.key.namespace,
            "name": &*endpoint.key.name,
            "uid": endpoint.uid,
        },
    });
    let named = [("zone", &endpoint.zone), ("hostname", &endpoint.hostname)];
    for (field, value) in named {
        if let Some(value) = value {
            json[field] = value.as_str().into();
        }
    }
    json
}
