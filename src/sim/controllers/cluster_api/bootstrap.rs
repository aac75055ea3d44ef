//! `KubeadmConfig`: the Secret with which a machine joins its cluster.

use anyhow::Result;
use k8s_openapi::ByteString;
use serde_json::{Value, json};

use super::conditions::{CONTROL_PLANE_INITIALIZED, Condition, Merge, READY, is_true};
use super::machines::{CLUSTER_NAME_LABEL, CONTROL_PLANE_LABEL};
use super::objects::{KUBEADM_CONFIG, SECRET, is_deleting, label, name, namespace, owner};
use super::{Again, Scope};

/// Type of all Secrets of Cluster API.
pub(super) const SECRET_TYPE: &str = "cluster.x-k8s.io/secret";

const AVAILABLE: &str = "DataSecretAvailable";

pub(super) fn reconcile(scope: &mut Scope, config: &Value) -> Result<Again> {
    if is_deleting(config) {
        return Ok(None);
    }
    let Some(cluster) = scope.cluster_of(config) else {
        return Ok(None);
    };
    let mut status = config["status"].clone();
    let mut conditions = scope.conditions(config);
    conditions.set(Condition::yes("CertificatesAvailable", "Available"));
    if let Some(what) = waits_for(&cluster, config) {
        conditions.set(Condition::no(AVAILABLE, "NotAvailable").message(what));
    } else {
        scope.infra.ensure(&SECRET, data_secret(config))?;
        status["dataSecretName"] = json!(name(config));
        status["initialization"] = json!({"dataSecretCreated": true});
        conditions.set(Condition::yes(AVAILABLE, "Available"));
    }
    let ready = Merge::positive(READY, ["NotReady", "ReadyUnknown", "Ready"]);
    conditions.set(ready.summary(conditions.all(), &[AVAILABLE, "CertificatesAvailable"]));
    status["observedGeneration"] = config["metadata"]["generation"].clone();
    scope.save(&KUBEADM_CONFIG, config, status, conditions)?;
    Ok(None)
}

fn waits_for(cluster: &Value, config: &Value) -> Option<&'static str> {
    if cluster["status"]["initialization"]["infrastructureProvisioned"] != true {
        return Some("Waiting for Cluster status.infrastructureReady to be true");
    }
    let joins = label(config, CONTROL_PLANE_LABEL).is_none();
    if joins && !is_true(cluster, CONTROL_PLANE_INITIALIZED) {
        return Some("Waiting for Cluster control plane to be initialized");
    }
    None
}

/// No machine reads it: it says no more than what it would be for.
fn data_secret(config: &Value) -> Value {
    let verb = if label(config, CONTROL_PLANE_LABEL).is_some() {
        "init"
    } else {
        "join"
    };
    let script = format!("#cloud-config\nruncmd: [kubeadm {verb}]\n");
    secret(
        config,
        name(config),
        &[("value", &script), ("format", "cloud-config")],
    )
}

/// A Secret of Cluster API that belongs to `of`.
fn secret(of: &Value, called: &str, data: &[(&str, &str)]) -> Value {
    let data: serde_json::Map<String, Value> = data
        .iter()
        .map(|(key, text)| ((*key).to_owned(), base64(text)))
        .collect();
    json!({
        "metadata": {
            "name": called,
            "namespace": namespace(of),
            "labels": {CLUSTER_NAME_LABEL: label(of, CLUSTER_NAME_LABEL)},
            "ownerReferences": [owner(&KUBEADM_CONFIG, of, true)],
        },
        "type": SECRET_TYPE,
        "data": data,
    })
}

pub(super) fn base64(text: &str) -> Value {
    json!(ByteString(text.as_bytes().to_vec()))
}
