//! The MachineSets of a MachineDeployment: made once, kept in step ever after.

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::super::Scope;
use super::super::machines::DEPLOYMENT_LABEL;
use super::super::new_machine::map;
use super::super::objects::{
    MACHINE_DEPLOYMENT, MACHINE_SET, annotation, label, name, namespace, owner,
};
use super::REVISION;
use super::rollout::Rollout;
use crate::hash;

/// Tells the machines of one template from those of another.
const UNIQUE_LABEL: &str = "machine-template-hash";

const HISTORY: &str = "machinedeployment.clusters.x-k8s.io/revision-history";
const DESIRED: &str = "machinedeployment.clusters.x-k8s.io/desired-replicas";
const MAX: &str = "machinedeployment.clusters.x-k8s.io/max-replicas";
const DISABLE_CREATE: &str = "cluster.x-k8s.io/disable-machine-create";

/// Annotations that are about one object alone.
const NOT_COPIED: [&str; 5] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    REVISION,
    HISTORY,
    DESIRED,
    MAX,
];

/// The current set's number: above those of all others.
pub(super) fn revision(current: Option<&Value>, old: &[Value]) -> u64 {
    let of = |set: &Value| annotation(set, REVISION)?.parse::<u64>().ok();
    let next = old.iter().filter_map(of).max().unwrap_or_default() + 1;
    current.and_then(of).unwrap_or_default().max(next)
}

/// A set without replicas, of the template that the deployment has now.
pub(super) fn create(scope: &mut Scope, deployment: &Value, revision: u64) -> Result<Value> {
    let infra = scope.infra.clone();
    let namespace = namespace(deployment);
    let is_taken = |name: &str| matches!(infra.get(&MACHINE_SET, namespace, name), Ok(Some(_)));
    let called = scope.names.after(name(deployment), is_taken);
    let suffix = called.rsplit('-').next().unwrap_or_default();
    let template = &deployment["spec"]["template"];
    let hash = hash::short(template["spec"].to_string().as_bytes());
    let unique = json!(format!("{}-{suffix}", &hash[..10]));
    let mut selector = deployment["spec"]["selector"].clone();
    selector["matchLabels"][UNIQUE_LABEL] = unique.clone();
    let mut set = json!({
        "metadata": {
            "name": called,
            "namespace": namespace,
            "labels": {UNIQUE_LABEL: unique},
            "annotations": {REVISION: revision.to_string()},
            "ownerReferences": [owner(&MACHINE_DEPLOYMENT, deployment, true)],
        },
        "spec": {
            "replicas": 0,
            "clusterName": deployment["spec"]["clusterName"],
            "selector": selector,
            "template": {"spec": template["spec"]},
        },
    });
    put(deployment, &mut set, 0, Some(revision));
    scope.infra.create(&MACHINE_SET, set)
}

/// Gives a set its replicas and what it follows its deployment in.
pub(super) fn keep(
    scope: &Scope,
    deployment: &Value,
    set: &Value,
    replicas: usize,
    revision: Option<u64>,
) -> Result<()> {
    scope.infra.edit(&MACHINE_SET, set, |set| {
        put(deployment, set, replicas, revision);
    })?;
    Ok(())
}

fn put(deployment: &Value, set: &mut Value, replicas: usize, revision: Option<u64>) {
    let template = &deployment["spec"]["template"];
    let unique = label(set, UNIQUE_LABEL).unwrap_or_default().to_owned();
    let mut labels = map(&template["metadata"]["labels"]);
    labels.insert(UNIQUE_LABEL.into(), json!(unique));
    set["spec"]["template"]["metadata"]["labels"] = Value::Object(labels.clone());
    labels.insert(DEPLOYMENT_LABEL.into(), json!(name(deployment)));
    for (key, value) in labels {
        set["metadata"]["labels"][key] = value;
    }
    if let Some(annotations) = template["metadata"].get("annotations") {
        set["spec"]["template"]["metadata"]["annotations"] = annotations.clone();
    }
    set["spec"]["replicas"] = json!(replicas);
    copy(
        &deployment["spec"],
        &mut set["spec"],
        &["deletion", "machineNaming"],
    );
    let in_place = ["minReadySeconds", "readinessGates", "deletion"];
    copy(
        &template["spec"],
        &mut set["spec"]["template"]["spec"],
        &in_place,
    );
    set["metadata"]["annotations"] = Value::Object(annotations(deployment, set, revision));
}

fn copy(from: &Value, to: &mut Value, fields: &[&str]) {
    for field in fields {
        match (from.get(field), to.as_object_mut()) {
            (Some(value), Some(to)) => {
                to.insert((*field).to_owned(), value.clone());
            }
            (None, Some(to)) => {
                to.remove(*field);
            }
            (_, None) => {}
        }
    }
}

fn annotations(deployment: &Value, set: &Value, revision: Option<u64>) -> Map<String, Value> {
    let mut all = map(&deployment["metadata"]["annotations"]);
    all.retain(|key, _| !NOT_COPIED.contains(&key.as_str()));
    let rollout = Rollout::of(deployment);
    all.insert(DESIRED.into(), json!(rollout.replicas.to_string()));
    all.insert(
        MAX.into(),
        json!((rollout.replicas + rollout.max_surge).to_string()),
    );
    let is_old = revision.is_none();
    all.insert(
        DISABLE_CREATE.into(),
        json!((is_old && rollout.on_delete).to_string()),
    );
    let before = annotation(set, REVISION).unwrap_or_default().to_owned();
    let revision = revision.map_or_else(|| before.clone(), |revision| revision.to_string());
    let mut history: Vec<&str> = annotation(set, HISTORY)
        .into_iter()
        .flat_map(|all| all.split(','))
        .collect();
    if before != revision && !before.is_empty() {
        history.push(&before);
    }
    if !history.is_empty() {
        all.insert(HISTORY.into(), json!(history.join(",")));
    }
    all.insert(REVISION.into(), json!(revision));
    all
}
