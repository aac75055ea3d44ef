//! A cluster as JSON, for the model and for the validator.

use std::collections::BTreeMap;
use std::fmt;

use bex_infra::resize::decision::Decision;
use bex_infra::resize::model::{Cluster, Model};
use bex_infra::resize::policy::Policy;
use bex_infra::resize::prices::PriceList;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Node;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::validator::World;

#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) seed: u64,
    pub(crate) now: Timestamp,
    pub(crate) prices: PriceList,
    pub(crate) policy: Policy,
    pub(crate) objects: Vec<Object>,
    pub(crate) templates: BTreeMap<String, Node>,
    pub(crate) hourly: BTreeMap<String, u64>,
}

#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub(crate) cluster: Cluster,
    pub(crate) resource: &'static str,
    pub(crate) json: Value,
}

impl Object {
    pub(crate) fn name(&self) -> &str {
        self.json["metadata"]["name"].as_str().unwrap_or_default()
    }

    pub(crate) fn namespace(&self) -> &str {
        self.json["metadata"]["namespace"]
            .as_str()
            .unwrap_or_default()
    }
}

impl fmt::Display for Case {
    /// All objects, the policy and what is decided.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for object in &self.objects {
            writeln!(f, "{} {}", object.resource, object.json)?;
        }
        let (now, decision) = self.decide(&mut self.model());
        write!(f, "{:?}\nat {now}:\n{decision:#}", self.policy)
    }
}

impl Case {
    pub(crate) fn add_app(&mut self, resource: &'static str, json: Value) {
        let cluster = Cluster::App;
        self.objects.push(Object {
            cluster,
            resource,
            json,
        });
    }

    pub(crate) fn add_infra(&mut self, resource: &'static str, json: Value) {
        let cluster = Cluster::Infra;
        self.objects.push(Object {
            cluster,
            resource,
            json,
        });
    }

    /// A DaemonSet, and its pods on all nodes that it runs on.
    pub(crate) fn add_daemon_set(&mut self, cpu: u64) {
        let spec = json!({
            "containers": [{"name": "main", "resources": {"requests": {"cpu": format!("{cpu}m")}}}],
            "tolerations": [{"operator": "Exists"}],
        });
        let set = json!({
            "metadata": {"name": "agent", "namespace": "kube-system"},
            "spec": {
                "selector": {"matchLabels": {"app": "agent"}},
                "template": {"metadata": {"labels": {"app": "agent"}}, "spec": spec},
            },
        });
        self.add_app("daemonsets.apps", set);
        for node in self.names("nodes") {
            let mut spec = spec.clone();
            spec["nodeName"] = json!(node);
            let pod = json!({
                "metadata": {
                    "name": format!("agent-{node}"), "namespace": "kube-system", "labels": {"app": "agent"},
                    "ownerReferences": [{
                        "apiVersion": "apps/v1", "kind": "DaemonSet", "name": "agent", "uid": "agent", "controller": true,
                    }],
                },
                "spec": spec, "status": {"phase": "Running"},
            });
            self.add_app("pods", pod);
        }
    }

    pub(crate) fn names(&self, resource: &str) -> Vec<String> {
        let objects = self
            .objects
            .iter()
            .filter(|object| object.resource == resource);
        objects.map(|object| object.name().to_owned()).collect()
    }

    pub(crate) fn get(&mut self, resource: &str, name: &str) -> &mut Value {
        let mut objects = self.objects.iter_mut();
        let object = objects.find(|object| object.resource == resource && object.name() == name);
        &mut object.expect("it is there").json
    }

    /// As the validator sees it.
    pub(crate) fn world(&self) -> World {
        World {
            nodes: self.typed("nodes"),
            pods: self.typed("pods"),
            budgets: self.typed("poddisruptionbudgets.policy"),
            daemon_sets: self.typed("daemonsets.apps"),
            claims: self.typed("persistentvolumeclaims"),
            volumes: self.typed("persistentvolumes"),
            groups: self.typed("machinedeployments.cluster.x-k8s.io"),
            machines: self.typed("machines.cluster.x-k8s.io"),
            templates: self.templates.clone(),
            prices: self.hourly.clone(),
        }
    }

    fn typed<T: DeserializeOwned>(&self, resource: &str) -> Vec<T> {
        let objects = self
            .objects
            .iter()
            .filter(|object| object.resource == resource);
        let read =
            |object: &Object| serde_json::from_value(object.json.clone()).expect("a valid object");
        objects.map(read).collect()
    }

    /// A model that was told everything.
    pub(crate) fn model(&self) -> Model {
        let mut model = Model::new(self.prices.clone());
        for object in &self.objects {
            self.tell(&mut model, object, object.json.to_string().as_bytes());
        }
        model
    }

    pub(crate) fn tell(&self, model: &mut Model, object: &Object, json: &[u8]) {
        let (namespace, name) = (object.namespace(), object.name());
        let told = model.apply(
            self.now,
            object.cluster,
            object.resource,
            namespace,
            name,
            Some(json),
        );
        assert!(told.is_ok(), "seed {}: {told:?}", self.seed);
    }

    /// What is decided once everybody has come who comes together with others.
    pub(crate) fn decide(&self, model: &mut Model) -> (Timestamp, Decision) {
        let later = self.now + jiff::SignedDuration::from_secs(1);
        (later, model.decide(&self.policy, later))
    }

    /// The cluster after the nodes that go have gone, and the pods on them have come to where they fit.
    pub(crate) fn after_removal(&self, decision: &Decision) -> Self {
        let mut after = self.clone();
        for remove in &decision.remove {
            for step in &remove.moves {
                let name = step.pod.split_once('/').map_or("", |(_, name)| name);
                after.get("pods", name)["spec"]["nodeName"] = json!(step.to);
            }
            let group = after.get("machinedeployments.cluster.x-k8s.io", &remove.group);
            let replicas = group["spec"]["replicas"].as_u64().unwrap_or(0);
            group["spec"]["replicas"] = json!(replicas - 1);
            after.objects.retain(|object| {
                let on_it = object.resource == "pods"
                    && object.json["spec"]["nodeName"] == remove.node.as_str();
                let itself = ["nodes", "machines.cluster.x-k8s.io"].contains(&object.resource);
                !(on_it
                    || itself && (object.name() == remove.node || object.name() == remove.machine))
            });
        }
        after
    }
}
