//! The Node that a server registers when it has booted, as kubelet and kubeadm make it.

use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};

use super::super::Scope;
use super::super::addresses;
use super::super::machines::Machine;
use super::super::objects::{NODE, annotation, label, name, text};
use crate::names::{CAPACITY_ANNOTATION as CAPACITY, INSTANCE_TYPE};
use crate::quantity::{Quantity, Rounding};
use crate::timestamp::rfc3339;

/// A machine that does not say how large it is.
const SIZES: [(&str, &str, &str); 4] = [
    ("cpu", "cpu", "4"),
    ("memory", "memory", "8Gi"),
    ("ephemeral-disk", "ephemeral-storage", "100Gi"),
    ("maxPods", "pods", "110"),
];

/// What the kubelet keeps free by default before it evicts: memory in bytes, disk as a share.
const RESERVED_MEMORY: u64 = 100 << 20;
const RESERVED_DISK_PERCENT: u64 = 10;

/// Where a machine is that does not say it.
const REGION: &str = "topology.kubernetes.io/region";
const ZONE: &str = "topology.kubernetes.io/zone";
const USUAL_REGION: &str = "sim";
const USUAL_ZONE: &str = "sim-1";

const CONTROL_PLANE_ROLE: &str = "node-role.kubernetes.io/control-plane";

/// Creates the Node unless it exists.
pub(super) fn register(
    scope: &mut Scope,
    server: &Value,
    machine: &Machine,
    cluster: &Value,
) -> Result<()> {
    if scope.app.get(&NODE, "", name(server))?.is_some() {
        return Ok(());
    }
    let number = scope.addresses.of(name(server));
    let network = text(&cluster["spec"]["clusterNetwork"]["pods"]["cidrBlocks"][0]);
    let mut spec = json!({
        "providerID": format!("in-memory://{}", name(server)),
        "taints": [taint(machine)],
    });
    if let Some(pods) = addresses::pods(number, network) {
        spec["podCIDR"] = json!(pods.to_string());
        spec["podCIDRs"] = json!([pods.to_string()]);
    }
    let node = json!({
        "metadata": {"name": name(server), "labels": labels(server, machine)},
        "spec": spec,
        "status": status(scope, server, machine, number)?,
    });
    let wanted = node["status"].clone();
    let node = scope.app.create(&NODE, node)?;
    if node["status"] != wanted {
        scope.app.put_status(&NODE, &node, &wanted)?;
    }
    Ok(())
}

/// Pods come to a worker only when Cluster API has put its labels on it, and never to a control plane by themselves.
fn taint(machine: &Machine) -> Value {
    let key = if machine.is_control_plane() {
        CONTROL_PLANE_ROLE
    } else {
        super::super::machine::UNINITIALIZED
    };
    json!({"key": key, "effect": "NoSchedule"})
}

fn labels(server: &Value, machine: &Machine) -> Map<String, Value> {
    let zone = match machine.spec.failure_domain.as_str() {
        "" => label(server, ZONE).unwrap_or(USUAL_ZONE),
        zone => zone,
    };
    let mut labels: Map<String, Value> = [
        ("kubernetes.io/hostname", name(server)),
        ("kubernetes.io/arch", "amd64"),
        ("kubernetes.io/os", "linux"),
        ("beta.kubernetes.io/arch", "amd64"),
        ("beta.kubernetes.io/os", "linux"),
        (REGION, label(server, REGION).unwrap_or(USUAL_REGION)),
        (ZONE, zone),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), json!(value)))
    .collect();
    if let Some(of) = label(server, INSTANCE_TYPE) {
        labels.insert(INSTANCE_TYPE.into(), json!(of));
    }
    if machine.is_control_plane() {
        labels.insert(CONTROL_PLANE_ROLE.into(), json!(""));
        let excluded = "node.kubernetes.io/exclude-from-external-load-balancers";
        labels.insert(excluded.into(), json!(""));
    }
    labels
}

fn status(scope: &Scope, server: &Value, machine: &Machine, number: u32) -> Result<Value> {
    let capacity = capacity(server);
    Ok(json!({
        "allocatable": allocatable(&capacity)?,
        "capacity": capacity,
        "addresses": [
            {"type": "InternalIP", "address": addresses::internal(number)},
            {"type": "Hostname", "address": name(server)},
        ],
        "conditions": conditions(&rfc3339(scope.now)),
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "nodeInfo": {
            "architecture": "amd64",
            "bootID": text(&server["metadata"]["uid"]),
            "containerRuntimeVersion": "sim://1",
            "kernelVersion": "6.12.0",
            "kubeProxyVersion": "",
            "kubeletVersion": machine.spec.version,
            "machineID": text(&server["metadata"]["uid"]).replace('-', ""),
            "operatingSystem": "linux",
            "osImage": "bex-infra sim",
            "systemUUID": text(&server["metadata"]["uid"]),
        },
    }))
}

fn capacity(server: &Value) -> Map<String, Value> {
    let sizes = SIZES.iter().map(|(said, resource, usual)| {
        let size = annotation(server, &format!("{CAPACITY}/{said}")).unwrap_or(usual);
        ((*resource).to_owned(), json!(size))
    });
    sizes.collect()
}

fn allocatable(capacity: &Map<String, Value>) -> Result<Map<String, Value>> {
    let bytes = |resource: &str| -> Result<u64> {
        let size: Quantity = text(&capacity[resource])
            .parse()
            .with_context(|| format!("{CAPACITY}: {resource}"))?;
        Ok(size.units(Rounding::Down))
    };
    let memory = bytes("memory")?.saturating_sub(RESERVED_MEMORY);
    let disk = bytes("ephemeral-storage")? / 100 * (100 - RESERVED_DISK_PERCENT);
    let mut allocatable = capacity.clone();
    allocatable.insert("memory".into(), json!(format!("{}Ki", memory >> 10)));
    allocatable.insert("ephemeral-storage".into(), json!(disk.to_string()));
    Ok(allocatable)
}

fn conditions(now: &str) -> Vec<Value> {
    [
        (
            "MemoryPressure",
            "False",
            "KubeletHasSufficientMemory",
            "kubelet has sufficient memory available",
        ),
        (
            "DiskPressure",
            "False",
            "KubeletHasNoDiskPressure",
            "kubelet has no disk pressure",
        ),
        (
            "PIDPressure",
            "False",
            "KubeletHasSufficientPID",
            "kubelet has sufficient PID available",
        ),
        (
            "Ready",
            "True",
            "KubeletReady",
            "kubelet is posting ready status",
        ),
    ]
    .into_iter()
    .map(|(of, status, reason, message)| {
        json!({
            "type": of,
            "status": status,
            "reason": reason,
            "message": message,
            "lastHeartbeatTime": now,
            "lastTransitionTime": now,
        })
    })
    .collect()
}
