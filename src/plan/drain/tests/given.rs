//! What the tests say about nodes and pods, and the objects that it stands for.

use std::collections::BTreeMap;

use serde_json::{Value, from_value, json};

use crate::observe::workload::{Other, Workload};

pub(super) type Labels = BTreeMap<String, String>;

/// Amounts by resource: `cpu` in millicores, all else in whole units; `pods` counts for nodes alone.
pub(super) type Resources = BTreeMap<String, u64>;

#[derive(Debug, Clone, Default)]
pub(super) struct Given {
    pub nodes: Vec<Node>,
    pub pods: Vec<Pod>,
    pub budgets: Vec<Budget>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    pub name: String,
    pub labels: Labels,
    pub taints: Value,
    pub allocatable: Resources,
    pub unschedulable: bool,
    pub ready: bool,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Pod {
    pub namespace: String,
    pub name: String,
    pub labels: Labels,
    pub node: Option<String>,
    pub phase: String,
    pub terminating: bool,
    pub mirror: bool,
    pub controller: Option<String>,
    pub requests: Resources,
    pub node_selector: Labels,
    /// Required terms.
    pub node_affinity: Option<Value>,
    pub tolerations: Value,
    pub host_ports: Vec<HostPort>,
    pub affinity: Value,
    pub anti_affinity: Value,
    pub spread: Value,
    pub volumes: Vec<BoundVolume>,
    pub host_paths: Vec<String>,
    pub empty_dir: bool,
    pub resource_claims: Value,
}

#[derive(Debug, Clone)]
pub(super) struct HostPort {
    pub ip: String,
    pub port: i32,
    pub protocol: String,
}

/// A claim whose volume only some nodes reach.
#[derive(Debug, Clone)]
pub(super) struct BoundVolume {
    pub claim: String,
    pub nodes: Value,
}

#[derive(Debug, Clone)]
pub(super) struct Budget {
    pub namespace: String,
    pub name: String,
    pub selector: Option<Value>,
    pub disruptions_allowed: u32,
}

impl Given {
    pub(super) fn workload(&self) -> Workload {
        let volumes = self.pods.iter().flat_map(|pod| {
            let volumes = pod.volumes.iter();
            volumes.flat_map(|volume| volume.objects(&pod.namespace))
        });
        Workload {
            nodes: self.nodes.iter().map(|it| read(it.json())).collect(),
            pods: self.pods.iter().map(|it| read(it.json())).collect(),
            budgets: self.budgets.iter().map(|it| read(it.json())).collect(),
            others: volumes.collect(),
        }
    }
}

fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
    from_value(value).unwrap()
}

fn quantities(amounts: &Resources) -> Value {
    let amounts = amounts.iter().map(|(name, amount)| {
        let unit = if name == "cpu" { "m" } else { "" };
        (name.clone(), format!("{amount}{unit}").into())
    });
    Value::Object(amounts.collect())
}

impl Node {
    fn json(&self) -> Value {
        let ready = if self.ready { "True" } else { "False" };
        json!({
            "metadata": {"name": self.name, "labels": self.labels},
            "spec": {"taints": self.taints, "unschedulable": self.unschedulable},
            "status": {
                "allocatable": quantities(&self.allocatable),
                "conditions": [{"type": "Ready", "status": ready}],
            },
        })
    }
}

impl Pod {
    fn json(&self) -> Value {
        let mut meta =
            json!({"namespace": self.namespace, "name": self.name, "labels": self.labels});
        if self.terminating {
            meta["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
        }
        if self.mirror {
            meta["annotations"] = json!({"kubernetes.io/config.mirror": "hash"});
        }
        if let Some(kind) = &self.controller {
            let owner = json!({"apiVersion": "apps/v1", "kind": kind, "name": "o", "uid": "1", "controller": true});
            meta["ownerReferences"] = json!([owner]);
        }
        json!({"metadata": meta, "spec": self.spec(), "status": {"phase": self.phase}})
    }

    fn spec(&self) -> Value {
        let required = "requiredDuringSchedulingIgnoredDuringExecution";
        let ports = self.host_ports.iter().map(|it| {
            json!({"containerPort": 1, "hostPort": it.port, "hostIP": it.ip, "protocol": it.protocol})
        });
        let ports: Vec<Value> = ports.collect();
        let mut requests = self.requests.clone();
        requests.remove("pods");
        let container = json!({
            "name": "main", "ports": ports, "resources": {"requests": quantities(&requests)},
        });
        json!({
            "nodeName": self.node,
            "containers": [container],
            "nodeSelector": self.node_selector,
            "tolerations": self.tolerations,
            "topologySpreadConstraints": self.spread,
            "resourceClaims": self.resource_claims,
            "volumes": self.volume_sources(),
            "affinity": {
                "nodeAffinity": {required: self.node_affinity},
                "podAffinity": {required: self.affinity},
                "podAntiAffinity": {required: self.anti_affinity},
            },
        })
    }

    fn volume_sources(&self) -> Vec<Value> {
        let claims = self
            .volumes
            .iter()
            .map(|it| json!({"name": it.claim, "persistentVolumeClaim": {"claimName": it.claim}}));
        let paths = self.host_paths.iter();
        let paths = paths.map(|path| json!({"name": "path", "hostPath": {"path": path}}));
        let scratch = json!({"name": "scratch", "emptyDir": {}});
        let scratch = self.empty_dir.then_some(scratch);
        claims.chain(paths).chain(scratch).collect()
    }
}

impl BoundVolume {
    fn objects(&self, namespace: &str) -> [Other; 2] {
        let volume = format!("pv-{}", self.claim);
        let bound = json!({"pv.kubernetes.io/bind-completed": "yes"});
        let claim = json!({
            "metadata": {"namespace": namespace, "name": self.claim, "annotations": bound},
            "spec": {"volumeName": volume},
        });
        let volume = json!({
            "metadata": {"name": volume},
            "spec": {"nodeAffinity": {"required": self.nodes}},
        });
        [
            Other::of("persistentvolumeclaims", &claim),
            Other::of("persistentvolumes", &volume),
        ]
    }
}

impl Budget {
    fn json(&self) -> Value {
        json!({
            "metadata": {"namespace": self.namespace, "name": self.name},
            "spec": {"selector": self.selector},
            "status": {
                "disruptionsAllowed": self.disruptions_allowed,
                "currentHealthy": 1, "desiredHealthy": 1, "expectedPods": 1,
            },
        })
    }
}
