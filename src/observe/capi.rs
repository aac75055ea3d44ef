//! Cluster API objects as plain data. Reading a field that is not there yet gives its empty value.

use std::collections::BTreeMap;

use kube::Client;
use serde_json::Value;

use super::{App, Machine, Pool};
use crate::names::{APPLIED_HASH_ANNOTATION, NAMESPACE, Names};
use crate::tools::kube::{DynamicObject, Objects, conditions, is_true};

const API_VERSION: &str = "cluster.x-k8s.io/v1beta2";

/// Label of Cluster API on each Machine of a MachineDeployment.
const DEPLOYMENT_LABEL: &str = "cluster.x-k8s.io/deployment-name";

/// Name under which the control plane's machines are listed.
pub const CONTROL_PLANE: &str = "control-plane";

/// The Cluster API objects of one kind in the infra cluster.
pub fn objects(client: &Client, kind: &str) -> Objects {
    Objects::new(client, API_VERSION, kind, Some(NAMESPACE))
}

/// Builds the app cluster from its Cluster, MachineDeployments and Machines. `applied` and `networking` are the
/// caller's to fill: they need other reads.
pub fn app(
    names: &Names,
    cluster: &DynamicObject,
    deployments: &[DynamicObject],
    machines: &[DynamicObject],
) -> App {
    let machines: Vec<Machine> = machines
        .iter()
        .map(|object| machine(names, object))
        .collect();
    let pools = deployments
        .iter()
        .map(|deployment| {
            (
                pool_name(names, &name(deployment)),
                pool(names, deployment, &machines),
            )
        })
        .collect();
    App {
        applied: BTreeMap::new(),
        deleting: cluster.metadata.deletion_timestamp.is_some(),
        initialized: is_true(cluster, "ControlPlaneInitialized"),
        available: is_true(cluster, "Available"),
        problems: problems(cluster),
        version: version(deployments, &machines),
        networking: false,
        pools,
        machines,
    }
}

fn pool(names: &Names, deployment: &DynamicObject, machines: &[Machine]) -> Pool {
    let pool = pool_name(names, &name(deployment));
    let mine = || machines.iter().filter(|machine| machine.pool == pool);
    let ready = mine()
        .filter(|machine| machine.ready && !machine.deleting)
        .count();
    Pool {
        replicas: number(&deployment.data, "/spec/replicas"),
        machines: count(mine().count()),
        ready: count(ready),
    }
}

/// A Machine and the state of its node.
pub fn machine(names: &Names, object: &DynamicObject) -> Machine {
    let labels = object.metadata.labels.as_ref();
    let deployment = labels.and_then(|labels| labels.get(DEPLOYMENT_LABEL));
    let ready = is_true(object, "NodeReady");
    Machine {
        name: name(object),
        pool: deployment.map_or_else(|| CONTROL_PLANE.to_owned(), |name| pool_name(names, name)),
        phase: text(&object.data, "/status/phase"),
        version: text(&object.data, "/spec/version"),
        node: Some(text(&object.data, "/status/nodeRef/name")).filter(|node| !node.is_empty()),
        ready,
        deleting: object.metadata.deletion_timestamp.is_some(),
        created: object
            .metadata
            .creation_timestamp
            .as_ref()
            .map(|time| time.0.to_string())
            .unwrap_or_default(),
        problem: if ready {
            None
        } else {
            problems(object).into_iter().next()
        },
    }
}

/// The conditions that say that something is wrong.
pub fn problems(object: &DynamicObject) -> Vec<String> {
    let conditions = conditions(object).into_iter();
    conditions
        .filter(|condition| !condition.is_well())
        .map(|condition| condition.describe())
        .collect()
}

/// The hash that we left on an object when we applied it.
pub fn applied_hash(object: &DynamicObject) -> Option<String> {
    object
        .metadata
        .annotations
        .as_ref()?
        .get(APPLIED_HASH_ANNOTATION)
        .cloned()
}

fn pool_name(names: &Names, deployment: &str) -> String {
    let prefix = format!("{}-", names.platform());
    deployment
        .strip_prefix(&prefix)
        .unwrap_or(deployment)
        .to_owned()
}

fn version(deployments: &[DynamicObject], machines: &[Machine]) -> String {
    let control_plane = machines
        .iter()
        .find(|machine| machine.pool == CONTROL_PLANE);
    control_plane.map_or_else(
        || {
            deployments
                .first()
                .map(|object| text(&object.data, "/spec/template/spec/version"))
                .unwrap_or_default()
        },
        |machine| machine.version.clone(),
    )
}

fn name(object: &DynamicObject) -> String {
    object.metadata.name.clone().unwrap_or_default()
}

fn text(data: &Value, pointer: &str) -> String {
    data.pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn number(data: &Value, pointer: &str) -> u32 {
    data.pointer(pointer)
        .and_then(Value::as_u64)
        .and_then(|n| u32::try_from(n).ok())
        .unwrap_or_default()
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> DynamicObject {
        serde_json::from_value(value).unwrap()
    }

    fn machine_json(name: &str, ready: &str) -> DynamicObject {
        object(json!({
            "apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "Machine",
            "metadata": {"name": name, "labels": {DEPLOYMENT_LABEL: "acme-worker-0"}},
            "spec": {"version": "v1.34.4"},
            "status": {"phase": "Running", "nodeRef": {"name": name},
                "conditions": [{"type": "NodeReady", "status": ready, "message": "* kubelet stopped\nmore"},
                               {"type": "Deleting", "status": "False", "message": ""}]},
        }))
    }

    #[test]
    fn a_pool_counts_only_machines_whose_node_is_ready() {
        let cluster = object(json!({
            "apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "Cluster", "metadata": {"name": "acme"},
            "status": {"conditions": [{"type": "ControlPlaneInitialized", "status": "True"}]},
        }));
        let deployment = object(json!({
            "apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "MachineDeployment",
            "metadata": {"name": "acme-worker-0"}, "spec": {"replicas": 2},
        }));
        let machines = [machine_json("a", "True"), machine_json("b", "Unknown")];
        let app = app(&Names::new("acme"), &cluster, &[deployment], &machines);
        assert!(app.initialized && !app.available);
        assert_eq!(
            app.pools["worker-0"],
            Pool {
                replicas: 2,
                machines: 2,
                ready: 1
            }
        );
    }

    #[test]
    fn a_machine_that_is_not_ready_says_why_in_one_line() {
        let machine = machine(&Names::new("acme"), &machine_json("b", "Unknown"));
        assert_eq!(
            machine.problem.as_deref(),
            Some("NodeReady: kubelet stopped, more")
        );
    }

    #[test]
    fn an_object_without_a_status_reads_as_nothing_ready() {
        let bare =
            object(json!({"apiVersion": "v1", "kind": "Machine", "metadata": {"name": "x"}}));
        let machine = machine(&Names::new("acme"), &bare);
        assert!(!machine.ready);
        assert_eq!(machine.pool, CONTROL_PLANE);
    }
}
