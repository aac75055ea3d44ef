//! How a component's containers are started and asked.

use serde_json::{Map, Value};

use super::CONTAINERS;
use crate::catalog::Component;

/// Components of Cluster API itself, of which it is known that they have the flag.
const CLUSTER_API: [&str; 4] = [
    "cluster-api",
    "bootstrap-kubeadm",
    "control-plane-kubeadm",
    "infrastructure-docker",
];

const LEADER_ELECT: &str = "--leader-elect";
/// Whoever waits for a Lease looks at it after one to two of these. The default is 2 s, and 5 s for control planes.
const RETRY_PERIOD: &str = "--leader-elect-retry-period=1s";

/// Pulls images only if they are absent, probes readiness every second instead of, mostly, every ten, so that a webhook is
/// known to answer as soon as it can, and lets controllers take over soon.
pub(super) fn adapt(component: &Component, object: &mut Value) {
    for list in CONTAINERS {
        let containers = object.pointer_mut(list).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten() {
            container["imagePullPolicy"] = "IfNotPresent".into();
            if let Some(probe) = container
                .get_mut("readinessProbe")
                .and_then(Value::as_object_mut)
            {
                probe_every_second(probe);
            }
            let arguments = container.get_mut("args").and_then(Value::as_array_mut);
            let ours = CLUSTER_API.contains(&component.name.as_str());
            if let Some(arguments) =
                arguments.filter(|it| ours && it.contains(&LEADER_ELECT.into()))
            {
                arguments.push(RETRY_PERIOD.into());
            }
        }
    }
}

/// The patience until a container counts as unready stays the same.
fn probe_every_second(probe: &mut Map<String, Value>) {
    let number = |key: &str| probe.get(key).and_then(Value::as_u64);
    let period = number("periodSeconds").unwrap_or(10);
    let failures = number("failureThreshold").unwrap_or(3);
    probe.insert("failureThreshold".to_owned(), (period * failures).into());
    probe.insert("periodSeconds".to_owned(), 1.into());
    probe.remove("initialDelaySeconds");
}
