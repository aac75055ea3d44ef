//! A model with a group `workers` of up to ten machines, and objects for it.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::resize::decision::Decision;
use crate::resize::model::{Cluster, Model};
use crate::resize::offer::Price;
use crate::resize::policy::Policy;
use crate::resize::prices::{Location, MachineType, PriceList};

pub(super) const GROUPS: &str = "machinedeployments.cluster.x-k8s.io";
pub(super) const SETS: &str = "machinesets.cluster.x-k8s.io";
pub(super) const MACHINES: &str = "machines.cluster.x-k8s.io";

pub(super) struct World {
    pub model: Model,
    pub policy: Policy,
    pub now: Timestamp,
}

impl World {
    /// Without machines.
    pub(super) fn new() -> Self {
        let mut world = Self {
            model: Model::new(prices()),
            policy: Policy::default(),
            now: "2026-01-01T00:00:00Z".parse().unwrap(),
        };
        world.tell(Cluster::Infra, GROUPS, &group("workers", 0));
        world.tell(Cluster::Infra, SETS, &set("workers", 0));
        world
    }

    /// With groups of some of Hetzner's types, without machines.
    pub(super) fn for_hetzner() -> Self {
        let mut world = Self {
            model: Model::new(PriceList::named("hetzner").unwrap()),
            policy: Policy::default(),
            now: "2026-01-01T00:00:00Z".parse().unwrap(),
        };
        for machine_type in ["cpx22", "cpx32", "cpx42", "cpx52"] {
            world.tell(Cluster::Infra, GROUPS, &hetzner(machine_type, 0));
        }
        world
    }

    /// With so many machines that have joined: `w-0` and so on.
    pub(super) fn with_workers(count: u32) -> Self {
        let mut world = Self::new();
        world.resize("workers", count);
        for number in 0..count {
            world.join(&format!("w-{number}"), "workers");
        }
        world
    }

    pub(super) fn resize(&mut self, name: &str, replicas: u32) {
        self.tell(Cluster::Infra, GROUPS, &group(name, replicas));
        self.tell(Cluster::Infra, SETS, &set(name, replicas));
    }

    /// A machine of the group becomes a Ready node.
    pub(super) fn join(&mut self, name: &str, group: &str) {
        let mut machine = machine(name, group, &self.now.to_string());
        machine["status"]["nodeRef"] = json!({"name": name});
        self.tell(Cluster::Infra, MACHINES, &machine);
        let node = self.node(name, 4000, 8 << 30);
        self.tell(Cluster::App, "nodes", &node);
    }

    pub(super) fn node(&self, name: &str, cpu: i64, memory: i64) -> Value {
        json!({
            "metadata": {
                "name": name,
                "creationTimestamp": self.now.to_string(),
                "labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"},
            },
            "spec": {},
            "status": {
                "allocatable": {"cpu": format!("{cpu}m"), "memory": memory.to_string(), "pods": "110"},
                "conditions": [{"type": "Ready", "status": "True"}],
            },
        })
    }

    pub(super) fn tell(&mut self, cluster: Cluster, resource: &str, object: &Value) -> bool {
        let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default();
        let json = serde_json::to_vec(object).unwrap();
        self.model
            .apply(
                self.now,
                cluster,
                resource,
                text("namespace"),
                text("name"),
                Some(&json),
            )
            .unwrap()
    }

    pub(super) fn forget(&mut self, cluster: Cluster, resource: &str, name: &str) {
        let namespace = if resource == "nodes" { "" } else { "default" };
        self.model
            .apply(self.now, cluster, resource, namespace, name, None)
            .unwrap();
    }

    pub(super) fn decide(&mut self) -> Decision {
        self.model.decide(&self.policy, self.now)
    }

    pub(super) fn pass(&mut self, seconds: i64) {
        self.now += jiff::Span::new().seconds(seconds);
    }

    /// Decides now and then until so many seconds have gone by, as the loop does. The last decision.
    pub(super) fn decide_after(&mut self, seconds: i64) -> Decision {
        let mut decision = self.decide();
        for _ in 0..seconds.div_euclid(5) {
            if !decision.remove.is_empty() || !decision.grow.is_empty() {
                break;
            }
            self.pass(5);
            decision = self.decide();
        }
        decision
    }
}

/// Machines of type `small` cost 0.01 an hour, those of `large` 0.03; neither is billed by the hour.
fn prices() -> PriceList {
    let of = |name: &str, cpus: u32, memory_gib: f64, hourly: u64| MachineType {
        name: name.to_owned(),
        architecture: "amd64".to_owned(),
        cpus,
        memory_gib,
        disk_gb: 80,
        dedicated: false,
        locations: vec![Location {
            name: "here".to_owned(),
            hourly: Price(hourly),
            available: true,
        }],
    };
    PriceList {
        currency: "EUR".to_owned(),
        billed_seconds: 0,
        types: vec![of("small", 4, 8.0, 10_000), of("large", 16, 32.0, 30_000)],
    }
}

/// A group of machines of 4 CPUs and 8 GiB.
pub(super) fn group(name: &str, replicas: u32) -> Value {
    json!({
        "metadata": {
            "name": name,
            "namespace": "default",
            "generation": 1,
            "annotations": {
                "cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size": "0",
                "cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size": "10",
                "capacity.cluster-autoscaler.kubernetes.io/cpu": "4",
                "capacity.cluster-autoscaler.kubernetes.io/memory": "8Gi",
                "infra.bex.co/machine-type": "small",
                "infra.bex.co/location": "here",
            },
        },
        "spec": {
            "replicas": replicas,
            "template": {"spec": {"infrastructureRef": {"name": format!("{name}-template")}}},
        },
        "status": {"observedGeneration": 1},
    })
}

/// A group of machines of 16 CPUs and 32 GiB.
pub(super) fn large() -> Value {
    let mut large = group("large", 0);
    let annotations = &mut large["metadata"]["annotations"];
    annotations["infra.bex.co/machine-type"] = json!("large");
    annotations["capacity.cluster-autoscaler.kubernetes.io/cpu"] = json!("16");
    annotations["capacity.cluster-autoscaler.kubernetes.io/memory"] = json!("32Gi");
    large
}

/// A group of machines of one of Hetzner's types, named after it.
pub(super) fn hetzner(machine_type: &str, replicas: u32) -> Value {
    let mut group = group(machine_type, replicas);
    group["metadata"]["annotations"] = json!({
        "cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size": "0",
        "cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size": "1000",
        "infra.bex.co/machine-type": machine_type,
        "infra.bex.co/location": "fsn1",
    });
    group
}

pub(super) fn set(group: &str, replicas: u32) -> Value {
    json!({
        "metadata": {
            "name": format!("{group}-set"),
            "namespace": "default",
            "ownerReferences": [{"kind": "MachineDeployment", "name": group}],
        },
        "spec": {
            "replicas": replicas,
            "template": {"spec": {"infrastructureRef": {"name": format!("{group}-template")}}},
        },
        "status": {"replicas": replicas},
    })
}

pub(super) fn machine(name: &str, group: &str, created: &str) -> Value {
    json!({
        "metadata": {
            "name": name,
            "namespace": "default",
            "creationTimestamp": created,
            "labels": {"cluster.x-k8s.io/deployment-name": group},
            "ownerReferences": [{"kind": "MachineSet", "name": format!("{group}-set")}],
        },
        "spec": {},
        "status": {},
    })
}

/// Of a `ReplicaSet`. Without a node the scheduler has found none for it.
pub(super) fn pod(name: &str, cpu: &str, node: Option<&str>) -> Value {
    let mut pod = json!({
        "metadata": {
            "name": name,
            "namespace": "default",
            "uid": name,
            "labels": {"app": "web"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "1", "controller": true}],
        },
        "spec": {"containers": [{"name": "web", "resources": {"requests": {"cpu": cpu}}}]},
        "status": {"phase": if node.is_some() { "Running" } else { "Pending" }},
    });
    if let Some(node) = node {
        pod["spec"]["nodeName"] = json!(node);
    } else {
        let condition =
            json!({"type": "PodScheduled", "status": "False", "reason": "Unschedulable"});
        pod["status"]["conditions"] = json!([condition]);
    }
    pod
}

/// Such a pod comes to no node with more pods of its kind than another one has.
pub(super) fn spread_over_hosts(mut pod: Value) -> Value {
    pod["spec"]["topologySpreadConstraints"] = json!([{
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "web"}},
    }]);
    pod
}
