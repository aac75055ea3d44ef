//! What a Machine puts on its Node: labels, and who it belongs to.

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::super::Scope;
use super::super::new_machine::map;
use super::super::objects::{NODE, annotation, name, namespace};

/// A worker has it until its labels are there, so that no pod comes to it before.
pub(crate) const UNINITIALIZED: &str = "node.cluster.x-k8s.io/uninitialized";

const LABELS_FROM_MACHINE: &str = "cluster.x-k8s.io/labels-from-machine";
const ANNOTATIONS_FROM_MACHINE: &str = "cluster.x-k8s.io/annotations-from-machine";

/// The Node afterwards; nothing if it has just gone.
pub(super) fn sync(scope: &Scope, machine: &Value, node: &Value) -> Result<Option<Value>> {
    scope.app.edit(&NODE, node, |node| {
        put_labels(machine, node);
        put_annotations(machine, node);
        if let Some(taints) = node["spec"]["taints"].as_array_mut() {
            taints.retain(|taint| taint["key"] != UNINITIALIZED);
        }
    })
}

/// Labels that come from the Machine and left it leave the Node too.
fn put_labels(machine: &Value, node: &mut Value) {
    let mine = managed(&machine["metadata"]["labels"]);
    let before = annotation(node, LABELS_FROM_MACHINE)
        .unwrap_or_default()
        .to_owned();
    let mut labels = map(&node["metadata"]["labels"]);
    for key in before.split(',').filter(|key| !mine.contains_key(*key)) {
        labels.remove(key);
    }
    let keys: Vec<&str> = mine.keys().map(String::as_str).collect();
    node["metadata"]["annotations"][LABELS_FROM_MACHINE] = json!(keys.join(","));
    labels.extend(mine);
    node["metadata"]["labels"] = Value::Object(labels);
}

fn put_annotations(machine: &Value, node: &mut Value) {
    let annotations = &mut node["metadata"]["annotations"];
    annotations[ANNOTATIONS_FROM_MACHINE] = json!("");
    annotations["cluster.x-k8s.io/cluster-name"] = machine["spec"]["clusterName"].clone();
    annotations["cluster.x-k8s.io/cluster-namespace"] = json!(namespace(machine));
    annotations["cluster.x-k8s.io/machine"] = json!(name(machine));
    let owners = machine["metadata"]["ownerReferences"].as_array();
    let mut owners = owners.into_iter().flatten();
    if let Some(owner) = owners.find(|owner| owner["controller"] == true) {
        annotations["cluster.x-k8s.io/owner-kind"] = owner["kind"].clone();
        annotations["cluster.x-k8s.io/owner-name"] = owner["name"].clone();
    }
}

/// The labels that Nodes get: roles, and two domains that kubelets may not write themselves.
fn managed(labels: &Value) -> Map<String, Value> {
    let is_managed = |key: &str| {
        let domain = key.split('/').next().unwrap_or_default();
        let below = |parent: &str| {
            domain == parent
                || domain
                    .strip_suffix(parent)
                    .is_some_and(|rest| rest.ends_with('.'))
        };
        domain == "node-role.kubernetes.io"
            || below("node-restriction.kubernetes.io")
            || below("node.cluster.x-k8s.io")
    };
    let mut labels = map(labels);
    labels.retain(|key, _| is_managed(key));
    labels
}
