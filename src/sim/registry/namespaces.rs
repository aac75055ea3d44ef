//! Namespaces, and what every cluster has from the start.

use serde_json::{Value, json};

use super::transaction::Step;
use super::{Registry, Subresource, Target, WriteOptions, object};
use crate::sim::status::Status;

/// They exist from the start.
const FIRST: [&str; 4] = ["default", "kube-system", "kube-public", "kube-node-lease"];

/// They cannot be deleted.
const IMMORTAL: [&str; 3] = ["default", "kube-system", "kube-public"];

const PRIORITIES: [(&str, i64, &str); 2] = [
    (
        "system-node-critical",
        2_000_001_000,
        "Used for system critical pods that must not be moved from their current node.",
    ),
    (
        "system-cluster-critical",
        2_000_000_000,
        "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
    ),
];

const MANAGER: &str = "kube-apiserver";

impl Registry {
    /// DELETE marks a namespace; it goes when its content is gone and its finalizers are empty.
    pub(super) fn step_delete_namespace(
        &self,
        target: &Target,
        before: &Value,
    ) -> Result<Step, Status> {
        if IMMORTAL.contains(&target.name.as_str()) {
            return Err(Status::forbidden(
                &target.resource,
                &target.name,
                "this namespace may not be deleted",
            ));
        }
        let mut after = before.clone();
        if !object::is_deleting(before) {
            let now = self.time();
            object::metadata(&mut after).insert("deletionTimestamp".into(), json!(now));
            object::member(&mut after, "status")["phase"] = json!("Terminating");
            return Ok(Step::Put(after));
        }
        if object::spec_finalizers(before) > 0 || !object::finalizers(before).is_empty() {
            return Ok(Step::Keep(after));
        }
        Ok(Step::Delete(after))
    }

    /// The namespaces that Kubernetes makes itself, the priorities of its own pods and the Service of the API.
    pub(super) fn bootstrap(&self) -> Result<(), Status> {
        for name in FIRST {
            self.make_once("v1", "Namespace", "", json!({"metadata": {"name": name}}))?;
        }
        for (name, value, description) in PRIORITIES {
            let class = json!({
                "metadata": {"name": name}, "value": value, "description": description,
            });
            self.make_once("scheduling.k8s.io/v1", "PriorityClass", "", class)?;
        }
        self.make_once("v1", "Service", "default", api_service())
    }

    fn make_once(
        &self,
        api_version: &str,
        kind: &str,
        namespace: &str,
        object: Value,
    ) -> Result<(), Status> {
        let resource = self
            .kind(api_version, kind)
            .ok_or_else(Status::not_served)?;
        let mut target = Target::new(resource, namespace, object::name(&object));
        if self.store().get(&target.key()).is_some() {
            return Ok(());
        }
        let mut object = object;
        object["apiVersion"] = json!(target.resource.api_version());
        object["kind"] = json!(&*target.resource.kind);
        let options = WriteOptions {
            field_manager: MANAGER.into(),
            ..WriteOptions::default()
        };
        target.name.clear();
        self.create(&target, object, &options).map(drop)
    }
}

fn api_service() -> Value {
    json!({
        "metadata": {
            "name": "kubernetes",
            "labels": {"component": "apiserver", "provider": "kubernetes"},
        },
        "spec": {
            "clusterIP": "10.96.0.1",
            "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}],
        },
    })
}

impl Subresource {
    /// As it stands in paths and in the books of field ownership.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Status => "status",
            Self::Scale => "scale",
            Self::Eviction => "eviction",
            Self::Binding => "binding",
            Self::Finalize => "finalize",
        }
    }
}
