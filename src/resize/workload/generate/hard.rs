//! Pods whose rules are about other pods, ports and volumes: what autoscalers are slow at.

use std::iter;

use k8s_openapi::api::core::v1::{ContainerPort, PersistentVolumeClaimVolumeSource, Pod, Volume};
use serde_json::{Value, json};

use super::build::{self, Crowd, HOSTNAME, NAMESPACE, ZONE};
use super::diverse::{self, sized};
use crate::random::Random;
use crate::resize::workload::Workload;
use crate::scheduling::node::ATTACHABLE;

/// Who attaches disks to machines.
const DRIVER: &str = "csi.hetzner.cloud";

/// What makes it hard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hardship {
    /// Groups of which no two pods share a host; the largest has two fifths of all pods.
    Cliques,
    /// Apps that are spread over three zones.
    Zones,
    /// Apps that have to be in the zone of another app, which has to be in that of a third one.
    Chains,
    /// Apps that take a port of the host.
    Ports,
    /// Volumes that are in one zone.
    Volumes,
    /// A disk of its own for each pod, of which a machine attaches sixteen; every other one is in a zone already.
    Disks,
}

impl Hardship {
    pub const ALL: [Self; 6] = [
        Self::Cliques,
        Self::Zones,
        Self::Chains,
        Self::Ports,
        Self::Volumes,
        Self::Disks,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Cliques => "cliques",
            Self::Zones => "zones",
            Self::Chains => "chains",
            Self::Ports => "ports",
            Self::Volumes => "volumes",
            Self::Disks => "disks",
        }
    }

    /// How many apps there are.
    fn apps(self, pods: u32) -> u32 {
        match self {
            Self::Cliques => 7,
            Self::Ports => 25,
            Self::Zones | Self::Volumes => 50,
            Self::Chains => (pods / 10).max(1),
            Self::Disks => pods,
        }
    }

    /// The pods of one app.
    fn share(self, app: u32, pods: u32) -> u32 {
        const CLIQUES: [u32; 7] = [10, 20, 40, 70, 160, 300, 400];
        match self {
            Self::Cliques => pods * CLIQUES[app as usize] / 1000,
            _ => pods / self.apps(pods),
        }
    }
}

/// So many pods, on the machines of Karpenter's benchmark. Pods that others depend on come after them.
pub fn hard(hardship: Hardship, pods: u32, seed: u64) -> Workload {
    let mut random = Random::new(seed);
    let mut crowd = Crowd::default();
    for app in 0..hardship.apps(pods) {
        let name = format!("app-{app}");
        let pod = sized(&mut random, ("app", &name));
        let pod = burdened(hardship, pod, app);
        crowd.wait(pod, hardship.share(app, pods));
    }
    crowd.reverse();
    let mut types = diverse::types(400);
    let objects = match hardship {
        Hardship::Volumes => (0..hardship.apps(pods)).flat_map(volume).collect(),
        Hardship::Disks => {
            for of in &mut types {
                let attachable = format!("{ATTACHABLE}{DRIVER}");
                of.allocatable.insert(attachable, "16".to_owned());
            }
            iter::once(disk_class())
                .chain((0..pods).flat_map(disk))
                .collect()
        }
        _ => Vec::new(),
    };
    Workload {
        types,
        objects,
        ..crowd.into_workload(format!("{}-{pods}", hardship.name()))
    }
}

fn burdened(hardship: Hardship, pod: Pod, app: u32) -> Pod {
    let name = format!("app-{app}");
    let own = ("app", name.as_str());
    match hardship {
        Hardship::Cliques => build::without(pod, HOSTNAME, own),
        Hardship::Zones => build::spread(pod, ZONE, own),
        Hardship::Chains => chained(pod, app),
        Hardship::Ports => with_port(pod, app),
        Hardship::Volumes | Hardship::Disks => with_claim(pod, app),
    }
}

/// Chains of five: the first is with its own kind, each other with the one before.
fn chained(pod: Pod, app: u32) -> Pod {
    let before = if app.is_multiple_of(5) { app } else { app - 1 };
    let before = format!("app-{before}");
    build::with(pod, ZONE, ("app", &before))
}

fn with_port(mut pod: Pod, app: u32) -> Pod {
    let port = i32::try_from(app).map_or(8000, |app| 8000 + app);
    for container in &mut build::spec(&mut pod).containers {
        container.ports = Some(vec![ContainerPort {
            container_port: port,
            host_port: Some(port),
            protocol: Some("TCP".to_owned()),
            ..ContainerPort::default()
        }]);
    }
    pod
}

fn with_claim(mut pod: Pod, app: u32) -> Pod {
    build::spec(&mut pod).volumes = Some(vec![Volume {
        name: "data".to_owned(),
        persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
            claim_name: format!("data-{app}"),
            ..PersistentVolumeClaimVolumeSource::default()
        }),
        ..Volume::default()
    }]);
    pod
}

/// A claim that many pods share, and its volume in one of the zones.
fn volume(app: u32) -> [Value; 2] {
    bound(app, "ReadWriteMany", "shared", "files.example.com")
}

fn bound(app: u32, mode: &str, class: &str, driver: &str) -> [Value; 2] {
    let name = format!("data-{app}");
    let zone = format!("test-zone-{}", app % 3 + 1);
    let size = json!({"storage": "10Gi"});
    let zones = json!([{"key": ZONE, "operator": "In", "values": [zone]}]);
    let terms = json!([{"matchExpressions": zones}]);
    let volume = json!({
        "apiVersion": "v1", "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "accessModes": [mode], "capacity": size, "storageClassName": class,
            "nodeAffinity": {"required": {"nodeSelectorTerms": terms}},
            "claimRef": {"name": name, "namespace": NAMESPACE},
            "csi": {"driver": driver, "volumeHandle": name},
        },
    });
    let claim = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": name, "namespace": NAMESPACE,
            "annotations": {"pv.kubernetes.io/bind-completed": "yes"},
        },
        "spec": {
            "accessModes": [mode], "resources": {"requests": size},
            "storageClassName": class, "volumeName": name,
        },
        "status": {"phase": "Bound"},
    });
    [volume, claim]
}

/// Volumes are made where their pod is.
fn disk_class() -> Value {
    json!({
        "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "disk"},
        "provisioner": DRIVER, "volumeBindingMode": "WaitForFirstConsumer",
    })
}

/// A claim of one pod, every other one with a volume.
fn disk(app: u32) -> Vec<Value> {
    if app.is_multiple_of(2) {
        return bound(app, "ReadWriteOnce", "disk", DRIVER).to_vec();
    }
    let claim = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": format!("data-{app}"), "namespace": NAMESPACE},
        "spec": {
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Gi"}},
            "storageClassName": "disk",
        },
        "status": {"phase": "Pending"},
    });
    vec![claim]
}
