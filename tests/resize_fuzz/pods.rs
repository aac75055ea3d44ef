//! Random applications, and their pods.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::generate::{HOST, ZONE};
use super::random::Random;

/// Who attaches disks, and the class of those that it makes.
pub(crate) const DRIVER: &str = "csi.hetzner.cloud";
const DISKS: &str = "hcloud-volumes";

/// Equal pods, but for their names.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) name: String,
    pub(crate) namespace: &'static str,
    spec: Value,
    annotations: Value,
    pub(crate) owned: bool,
    /// The zone of its disk, and how that may be used.
    disk: Option<(String, &'static str)>,
    /// Each of its pods has a disk of its own, made where the pod comes to run.
    own_disks: bool,
}

impl App {
    pub(crate) fn new(random: &mut Random, number: u64, zones: u64) -> Self {
        let name = format!("app-{number}");
        let cpu = random.pick(&[100, 500, 900, 1500, 3000, 7000]);
        let memory = random.pick(&[128, 512, 1024, 3000, 7000]);
        let mut spec = json!({"containers": [{
            "name": "main", "resources": {"requests": {"cpu": format!("{cpu}m"), "memory": format!("{memory}Mi")}},
        }]});
        rules(random, &mut spec, &name, zones);
        let annotations = match random.between(0, 20) {
            0 => json!({"cluster-autoscaler.kubernetes.io/safe-to-evict": "false"}),
            1 => json!({"cluster-autoscaler.kubernetes.io/safe-to-evict": "true"}),
            2 => json!({"karpenter.sh/do-not-disrupt": "true"}),
            3 => json!({"infra.bex.co/do-not-evict": "true"}),
            _ => json!({}),
        };
        let zone = format!("z{}", random.between(0, zones - 1));
        let mode = random.pick(&["ReadWriteOnce", "ReadWriteMany", "ReadWriteOncePod"]);
        let disk = random.percent(10).then_some((zone, mode));
        let volume = match random.between(0, 20) {
            0 => Some(json!({"name": "data", "emptyDir": {}})),
            1 => Some(json!({"name": "data", "emptyDir": {"medium": "Memory"}})),
            2 => Some(json!({"name": "data", "hostPath": {"path": "/data"}})),
            _ => None,
        };
        let claim = disk
            .as_ref()
            .map(|_| json!({"name": "disk", "persistentVolumeClaim": {"claimName": name}}));
        spec["volumes"] = volume.into_iter().chain(claim).collect();
        Self {
            namespace: random.pick(&["default", "default", "default", "kube-system"]),
            owned: random.percent(95),
            name,
            spec,
            annotations,
            own_disks: disk.is_none() && random.percent(12),
            disk,
        }
    }

    pub(crate) fn pod(&self, name: &str, node: Option<&str>, now: Timestamp) -> Value {
        let created = now - SignedDuration::from_secs(300);
        let mut pod = json!({
            "metadata": {
                "name": format!("{}-{name}", self.name), "namespace": self.namespace,
                "creationTimestamp": created.to_string(),
                "labels": {"app": self.name, "tier": "web"}, "annotations": self.annotations,
            },
            "spec": self.spec,
            "status": {"phase": "Pending", "conditions": [{
                "type": "PodScheduled", "status": "False", "reason": "Unschedulable",
            }]},
        });
        if self.owned {
            pod["metadata"]["ownerReferences"] = json!([{
                "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": self.name, "uid": self.name, "controller": true,
            }]);
        }
        if let Some(node) = node {
            pod["spec"]["nodeName"] = json!(node);
            pod["status"] = json!({"phase": "Running"});
        }
        if self.own_disks {
            let claim = json!({"claimName": format!("{}-{name}", self.name)});
            let disk = json!({"name": "own", "persistentVolumeClaim": claim});
            pod["spec"]["volumes"]
                .as_array_mut()
                .expect("a list")
                .push(disk);
        }
        pod
    }

    /// What else there is of a pod's own disk: its claim, and, if the pod runs in a zone, the volume there.
    pub(crate) fn own_disk(&self, name: &str, zone: Option<&str>) -> Vec<(&'static str, Value)> {
        if !self.own_disks {
            return Vec::new();
        }
        let name = format!("{}-{name}", self.name);
        if let Some(zone) = zone {
            return bound(&name, self.namespace, zone, "ReadWriteOnce");
        }
        let claim = json!({
            "metadata": {"name": name, "namespace": self.namespace, "uid": name},
            "spec": {"storageClassName": DISKS, "accessModes": ["ReadWriteOnce"]},
            "status": {"phase": "Pending"},
        });
        vec![("persistentvolumeclaims", claim)]
    }

    /// A claim and the volume that is bound to it.
    pub(crate) fn disks(&self) -> Vec<(&'static str, Value)> {
        let Some((zone, mode)) = &self.disk else {
            return Vec::new();
        };
        bound(&self.name, self.namespace, zone, mode)
    }
}

/// The class of disks that are made where their pods are.
pub(crate) fn disk_class() -> Value {
    json!({
        "metadata": {"name": DISKS}, "provisioner": DRIVER, "volumeBindingMode": "WaitForFirstConsumer",
    })
}

/// A claim and the volume that is bound to it.
fn bound(name: &str, namespace: &str, zone: &str, mode: &str) -> Vec<(&'static str, Value)> {
    let claim = json!({
        "metadata": {
            "name": name, "namespace": namespace, "uid": name,
            "annotations": {"pv.kubernetes.io/bind-completed": "yes"},
        },
        "spec": {"volumeName": name, "storageClassName": DISKS, "accessModes": [mode]},
        "status": {"phase": "Bound"},
    });
    let volume = json!({
        "metadata": {"name": name},
        "spec": {
            "accessModes": [mode], "capacity": {"storage": "1Gi"}, "storageClassName": DISKS,
            "csi": {"driver": DRIVER, "volumeHandle": name},
            "claimRef": {"name": name, "namespace": namespace, "uid": name},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [{
                "key": ZONE, "operator": "In", "values": [zone],
            }]}]}},
        },
        "status": {"phase": "Bound"},
    });
    vec![
        ("persistentvolumeclaims", claim),
        ("persistentvolumes", volume),
    ]
}

/// At most a few of them at once: with all of them nothing would fit anywhere.
fn rules(random: &mut Random, spec: &mut Value, name: &str, zones: u64) {
    let alike = json!({"matchLabels": {"app": name}});
    let key = random.pick(&[ZONE, HOST]);
    if random.percent(15) {
        spec["nodeSelector"] = json!({ZONE: format!("z{}", random.between(0, zones - 1))});
    }
    if random.percent(20) {
        spec["tolerations"] = json!([{"key": "dedicated", "operator": "Exists"}]);
    }
    if random.percent(8) {
        spec["containers"][0]["ports"] =
            json!([{"containerPort": 80, "hostPort": random.pick(&[80, 81])}]);
    }
    if random.percent(5) {
        spec["priority"] = json!(random.pick(&[-5, 100]));
    }
    if random.percent(20) {
        let mut constraint = json!({
            "maxSkew": random.between(1, 2), "topologyKey": key, "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": alike,
        });
        if random.percent(20) {
            constraint["minDomains"] = json!(2);
        }
        if random.percent(30) {
            constraint["nodeTaintsPolicy"] = json!("Honor");
        }
        if random.percent(20) {
            constraint["nodeAffinityPolicy"] = json!("Ignore");
        }
        if random.percent(15) {
            constraint["matchLabelKeys"] = json!(["tier"]);
        }
        spec["topologySpreadConstraints"] = json!([constraint]);
    }
    let other = format!("app-{}", random.between(0, 3));
    let target = if random.percent(70) {
        alike
    } else {
        json!({"matchLabels": {"app": other}})
    };
    let mut term = json!({"topologyKey": key, "labelSelector": target});
    if random.percent(20) {
        term["namespaces"] = json!(["default", "kube-system"]);
    }
    let required = json!({"requiredDuringSchedulingIgnoredDuringExecution": [term]});
    match random.between(0, 9) {
        0 => spec["affinity"] = json!({"podAffinity": required}),
        1 | 2 => spec["affinity"] = json!({"podAntiAffinity": required}),
        _ => {}
    }
}
