//! Cluster API objects as plain data. Reading a field that is not there yet gives its empty value.

use std::collections::BTreeMap;

use kube::Client;
use serde_json::Value;

use super::{App, Group, Machine, Pool};
use crate::names::{
    APPLIED_HASH_ANNOTATION, MAX_SIZE_ANNOTATION, MIN_SIZE_ANNOTATION, NAMESPACE, Names,
    POOL_ANNOTATION, RUNG_ANNOTATION,
};
use crate::spec::Sizes;
use crate::tools::kube::{DynamicObject, Objects, conditions, is_true};

pub const API_VERSION: &str = "cluster.x-k8s.io/v1beta2";

/// Label of Cluster API on each Machine of a MachineDeployment.
const DEPLOYMENT_LABEL: &str = "cluster.x-k8s.io/deployment-name";

/// Name under which the control plane's machines are listed.
pub const CONTROL_PLANE: &str = "control-plane";

/// The Cluster API objects of one kind in the infra cluster.
pub fn objects(client: &Client, kind: &str) -> Objects {
    Objects::new(client, API_VERSION, kind, Some(NAMESPACE))
}

/// The selector for what belongs to a cluster.
pub fn of_cluster(name: &str) -> String {
    format!("cluster.x-k8s.io/cluster-name={name}")
}

/// Builds the app cluster from its Cluster, MachineDeployments and Machines. `applied` and `networking` are the
/// caller's to fill: they need other reads.
pub fn app(
    names: &Names,
    cluster: &DynamicObject,
    deployments: &[DynamicObject],
    machines: &[DynamicObject],
) -> App {
    let groups = deployments.iter().map(|deployment| {
        let pool = annotation(deployment, POOL_ANNOTATION).map(ToOwned::to_owned);
        let group = group_name(names, &name(deployment));
        (group.clone(), pool.unwrap_or(group))
    });
    let groups: BTreeMap<String, String> = groups.collect();
    let machines = machines.iter().map(|object| {
        let machine = machine(names, object);
        let pool = groups.get(&machine.group).cloned();
        Machine {
            pool: pool.unwrap_or_else(|| machine.group.clone()),
            ..machine
        }
    });
    let machines: Vec<Machine> = machines.collect();
    let mut pools: BTreeMap<String, Vec<&DynamicObject>> = BTreeMap::new();
    for deployment in deployments {
        let group = group_name(names, &name(deployment));
        pools
            .entry(groups[&group].clone())
            .or_default()
            .push(deployment);
    }
    let pools = pools.into_iter().map(|(name, groups)| {
        let pool = pool(names, &name, groups, &machines);
        (name, pool)
    });
    let pools = pools.collect();
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

fn pool(
    names: &Names,
    pool: &str,
    mut deployments: Vec<&DynamicObject>,
    machines: &[Machine],
) -> Pool {
    deployments.sort_by_key(|deployment| size(deployment, RUNG_ANNOTATION));
    let groups = deployments.iter().map(|deployment| Group {
        name: group_name(names, &name(deployment)),
        replicas: number(&deployment.data, "/spec/replicas"),
    });
    let groups: Vec<Group> = groups.collect();
    let mine = || machines.iter().filter(|machine| machine.pool == pool);
    let ready = mine()
        .filter(|machine| machine.ready && !machine.deleting)
        .count();
    Pool {
        replicas: groups.iter().map(|group| group.replicas).sum(),
        sizes: deployments.first().and_then(|first| sizes(first)),
        groups,
        machines: count(mine().count()),
        ready: count(ready),
    }
}

/// Those of the whole pool: its first rung has them.
fn sizes(first: &DynamicObject) -> Option<Sizes> {
    Some(Sizes {
        min: size(first, MIN_SIZE_ANNOTATION)?,
        max: size(first, MAX_SIZE_ANNOTATION)?,
    })
}

fn size(object: &DynamicObject, key: &str) -> Option<u32> {
    annotation(object, key)?.parse().ok()
}

fn annotation<'a>(object: &'a DynamicObject, key: &str) -> Option<&'a str> {
    let annotations = object.metadata.annotations.as_ref()?;
    annotations.get(key).map(String::as_str)
}

/// A Machine and the state of its node. Its pool is not known from it alone.
pub fn machine(names: &Names, object: &DynamicObject) -> Machine {
    let labels = object.metadata.labels.as_ref();
    let deployment = labels.and_then(|labels| labels.get(DEPLOYMENT_LABEL));
    let ready = is_true(object, "NodeReady");
    Machine {
        name: name(object),
        pool: String::new(),
        group: deployment.map_or_else(|| CONTROL_PLANE.to_owned(), |name| group_name(names, name)),
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
    annotation(object, APPLIED_HASH_ANNOTATION).map(ToOwned::to_owned)
}

fn group_name(names: &Names, deployment: &str) -> String {
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
                sizes: None,
                groups: vec![Group {
                    name: "worker-0".into(),
                    replicas: 2
                }],
                machines: 2,
                ready: 1
            }
        );
    }

    #[test]
    fn rungs_make_up_a_pool_in_the_order_of_preference() {
        let cluster = object(json!({"apiVersion": "v1", "kind": "Cluster"}));
        let rung = |name: &str, place: &str, min: &str, replicas: u32| {
            let annotations = json!({
                POOL_ANNOTATION: "web",
                RUNG_ANNOTATION: place,
                MIN_SIZE_ANNOTATION: min,
                MAX_SIZE_ANNOTATION: "9",
            });
            object(json!({
                "apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "MachineDeployment",
                "metadata": {"name": name, "annotations": annotations}, "spec": {"replicas": replicas},
            }))
        };
        let deployments = [
            rung("acme-web-a-x", "1", "0", 3),
            rung("acme-web", "0", "2", 2),
        ];
        let mut machine = machine_json("m", "True");
        let labels = machine.metadata.labels.as_mut().unwrap();
        labels.insert(DEPLOYMENT_LABEL.into(), "acme-web-a-x".into());
        let app = app(&Names::new("acme"), &cluster, &deployments, &[machine]);
        let pool = &app.pools["web"];
        assert_eq!((pool.replicas, pool.machines, pool.ready), (5, 1, 1));
        assert_eq!(pool.sizes, Some(Sizes { min: 2, max: 9 }));
        let groups: Vec<&str> = pool.groups.iter().map(|of| of.name.as_str()).collect();
        assert_eq!(groups, ["web", "web-a-x"]);
        assert_eq!(app.machines[0].pool, "web");
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
        assert_eq!(machine.group, CONTROL_PLANE);
    }
}
