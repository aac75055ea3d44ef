//! Random clusters for the resize loop: small ones, in which every rule is met often. What runs somewhere fits there.

use std::collections::BTreeMap;
use std::time::Duration;

use bex_infra::resize::offer::Price;
use bex_infra::resize::policy::{Policy, QuietHours};
use bex_infra::resize::prices::{Location, MachineType, PriceList};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::case::{Case, Object};
use super::pods::{App, DRIVER, disk_class};
use super::random::Random;
use super::validator::Places;

pub(crate) const ZONE: &str = "topology.kubernetes.io/zone";
pub(crate) const HOST: &str = "kubernetes.io/hostname";
const SIZE: &str = "capacity.cluster-autoscaler.kubernetes.io";
const MIN: &str = "cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size";
const MAX: &str = "cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size";
const DEPLOYMENT: &str = "cluster.x-k8s.io/deployment-name";

/// A MachineDeployment and what its machines are.
#[derive(Debug, Clone)]
struct Group {
    name: String,
    zone: String,
    cpu: u64,
    memory: u64,
    pods: u64,
    tainted: bool,
    machines: u64,
    coming: u64,
    /// It is a rung of the pool that several groups make up.
    rung: Option<u64>,
    /// So many disks can be attached to a machine.
    disks: u64,
}

/// Some thousand different worlds for each of many seeds.
pub(crate) fn case(seed: u64) -> Case {
    let mut random = Random::new(seed);
    let now = Timestamp::from_second(1_800_000_000).expect("a time");
    let random = &mut random;
    let mut case = Case {
        seed,
        now: now
            + SignedDuration::from_mins(i64::try_from(random.between(0, 1440)).expect("small")),
        prices: prices(random),
        policy: policy(random),
        objects: Vec::new(),
        templates: BTreeMap::new(),
        hourly: BTreeMap::new(),
    };
    let zones = random.between(1, 3);
    for number in 0..random.between(1, 3) {
        let group = group(random, number, zones);
        add_group(random, &mut case, &group);
    }
    if random.percent(30) {
        let cpu = random.pick(&[100, 300]);
        case.add_daemon_set(cpu);
    }
    let apps: Vec<App> = (0..random.between(1, 4))
        .map(|number| App::new(random, number, zones))
        .collect();
    add_running(random, &mut case, &apps);
    if random.percent(60) {
        for number in 0..random.between(1, 6) {
            let app =
                &apps[usize::try_from(random.between(0, apps.len() as u64 - 1)).expect("small")];
            let name = format!("waits-{number}");
            let mut pod = app.pod(&name, None, case.now);
            match random.between(0, 60) {
                0 => pod["spec"]["schedulingGates"] = json!([{"name": "later"}]),
                1 => pod["metadata"]["deletionTimestamp"] = json!(case.now.to_string()),
                2 => pod["spec"]["schedulerName"] = json!("another"),
                _ => {}
            }
            case.add_app("pods", pod);
            for (kind, object) in app.own_disk(&name, None) {
                case.add_app(kind, object);
            }
        }
    }
    add_budgets(random, &mut case, &apps);
    if random.percent(20) {
        add_bad_group(random, &mut case);
    }
    if random.percent(30) {
        add_replica_sets(random, &mut case, &apps);
    }
    case
}

fn prices(random: &mut Random) -> PriceList {
    let of = |(name, cents): (&str, u64)| MachineType {
        name: name.to_owned(),
        architecture: "amd64".to_owned(),
        cpus: 2,
        memory_gib: 4.0,
        disk_gb: 40,
        dedicated: false,
        locations: ["z0", "z1", "z2"]
            .map(|zone| Location {
                name: zone.to_owned(),
                hourly: Price(cents * 1000),
                available: true,
            })
            .into(),
    };
    PriceList {
        currency: "EUR".to_owned(),
        billed_seconds: random.pick(&[0, 0, 3600]),
        types: [("t0", 8), ("t1", 15), ("t2", 31)].map(of).into(),
    }
}

fn policy(random: &mut Random) -> Policy {
    let cap = random
        .percent(15)
        .then(|| Price(random.between(10, 200) * 1000));
    let mut policy = Policy {
        max_hourly_cost: cap,
        unneeded_for: Duration::ZERO,
        settle: Duration::ZERO,
        max_removals: u32::try_from(random.pick(&[1, 2, 100])).expect("small"),
        max_additions: u32::try_from(random.pick(&[1, 3, 1000])).expect("small"),
        ..Policy::default()
    };
    if random.percent(10) {
        let from = u16::try_from(random.between(0, 1439)).expect("small");
        let to = u16::try_from(random.between(0, 1439)).expect("small");
        policy.quiet_hours.push(QuietHours { from, to });
    }
    policy
}

fn group(random: &mut Random, number: u64, zones: u64) -> Group {
    let size = random.between(0, 2);
    Group {
        name: format!("g{number}"),
        zone: format!("z{}", random.between(0, zones - 1)),
        cpu: 2 << size,
        memory: 4 << size,
        pods: random.pick(&[4, 110, 110]),
        tainted: random.percent(15),
        machines: random.between(0, 4),
        coming: u64::from(random.percent(15)),
        rung: random.percent(20).then_some(number),
        disks: random.pick(&[1, 2, 16]),
    }
}

impl Group {
    fn machine_type(&self) -> &'static str {
        match self.cpu {
            2 => "t0",
            4 => "t1",
            _ => "t2",
        }
    }

    /// A node of it. Memory is what a kubelet leaves of it.
    fn node(&self, name: &str) -> Value {
        let taint = json!([{"key": "dedicated", "value": "x", "effect": "NoSchedule"}]);
        let taints = if self.tainted { taint } else { json!([]) };
        let memory = format!("{}Mi", self.memory * 1024 - 100);
        let zone = &self.zone;
        json!({
            "metadata": {"name": name, "labels": {
                HOST: name, ZONE: zone, "topology.kubernetes.io/region": zone,
                "csi.hetzner.cloud/location": zone, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
                "node.kubernetes.io/instance-type": self.machine_type(),
            }},
            "spec": {"taints": taints},
            "status": {"allocatable": {
                "cpu": self.cpu.to_string(), "memory": memory, "pods": self.pods.to_string(),
                format!("attachable-volumes-csi-{DRIVER}"): self.disks.to_string(),
            }},
        })
    }

    fn deployment(&self, min: u64, max: u64) -> Value {
        let mut annotations = json!({
            MIN: min.to_string(), MAX: max.to_string(),
            "infra.bex.co/machine-type": self.machine_type(), "infra.bex.co/location": self.zone,
            format!("{SIZE}/cpu"): self.cpu.to_string(), format!("{SIZE}/memory"): format!("{}Gi", self.memory),
            format!("{SIZE}/maxPods"): self.pods.to_string(),
        });
        if let Some(rung) = self.rung {
            annotations["infra.bex.co/pool"] = json!("pool");
            annotations["infra.bex.co/rung"] = json!(rung.to_string());
        }
        if self.tainted {
            annotations[format!("{SIZE}/taints")] = json!("dedicated=x:NoSchedule");
        }
        json!({
            "metadata": {"name": self.name, "namespace": "default", "generation": 1, "annotations": annotations},
            "spec": {"replicas": self.machines + self.coming, "template": {"spec": {
                "infrastructureRef": {"name": format!("{}-template", self.name)},
            }}},
            "status": {"observedGeneration": 1, "replicas": self.machines, "conditions": []},
        })
    }

    fn machine(&self, name: &str, node: Option<&str>, created: Timestamp) -> Value {
        let mut machine = json!({
            "metadata": {
                "name": name, "namespace": "default", "creationTimestamp": created.to_string(),
                "labels": {DEPLOYMENT: self.name},
                "ownerReferences": [{"kind": "MachineSet", "name": format!("{}-set", self.name)}],
            },
            "spec": {}, "status": {},
        });
        if let Some(node) = node {
            machine["status"]["nodeRef"] = json!({"name": node});
        }
        machine
    }
}

fn add_group(random: &mut Random, case: &mut Case, group: &Group) {
    let most = group.machines + group.coming;
    let min = random.between(0, 2).min(most + 1);
    let max = (most + random.between(0, 4)).max(min);
    let mut deployment = group.deployment(min, max);
    disturb(random, &mut deployment);
    case.add_infra("machinedeployments.cluster.x-k8s.io", deployment);
    let set = json!({
        "metadata": {
            "name": format!("{}-set", group.name), "namespace": "default",
            "ownerReferences": [{"kind": "MachineDeployment", "name": group.name}],
        },
        "spec": {"replicas": most, "template": {"spec": {
            "infrastructureRef": {"name": format!("{}-template", group.name)},
        }}},
        "status": {"replicas": most},
    });
    case.add_infra("machinesets.cluster.x-k8s.io", set);
    for number in 0..most {
        let name = format!("{}-{number}", group.name);
        let joined = number < group.machines;
        let age = random.between(1, if joined { 7200 } else { 120 });
        let created = case.now - SignedDuration::from_secs(i64::try_from(age).expect("small"));
        let mut machine = group.machine(&name, joined.then_some(&name), created);
        if random.percent(4) {
            machine["metadata"]["deletionTimestamp"] = json!(case.now.to_string());
        }
        if !joined && random.percent(20) {
            let failure =
                json!({"failureReason": "CreateError", "failureMessage": "resource_unavailable"});
            machine["status"]["deprecated"] = json!({"v1beta1": failure});
        }
        case.add_infra("machines.cluster.x-k8s.io", machine);
        if joined {
            let mut node = group.node(&name);
            node["metadata"]["creationTimestamp"] = json!(created.to_string());
            let ready = if random.percent(95) { "True" } else { "False" };
            node["status"]["conditions"] = json!([{"type": "Ready", "status": ready}]);
            if random.percent(4) {
                node["spec"]["unschedulable"] = json!(true);
            }
            case.add_app("nodes", node);
            if random.percent(50) {
                let driver =
                    json!({"name": DRIVER, "nodeID": name, "allocatable": {"count": group.disks}});
                let said = json!({"metadata": {"name": name}, "spec": {"drivers": [driver]}});
                case.add_app("csinodes.storage.k8s.io", said);
            }
        }
    }
    let template = serde_json::from_value(group.node("")).expect("a node");
    case.templates.insert(group.name.clone(), template);
    let prices = case.prices.types.iter();
    let price = prices.filter(|of| of.name == group.machine_type());
    let price: u64 = price.map(|of| of.locations[0].hourly.0).sum();
    case.hourly.insert(group.name.clone(), price);
}

/// Things that keep a group as it is.
fn disturb(random: &mut Random, deployment: &mut Value) {
    match random.between(0, 30) {
        0 => deployment["spec"]["paused"] = json!(true),
        1 => deployment["status"]["conditions"] = json!([{"type": "RollingOut", "status": "True"}]),
        2 => deployment["metadata"]["annotations"]["infra.bex.co/scaler"] = json!("someone"),
        3 => deployment["metadata"]["generation"] = json!(2),
        4 => deployment["metadata"]["deletionTimestamp"] = json!("2027-01-15T00:00:00Z"),
        5 => {
            deployment["metadata"]["annotations"]["cluster.x-k8s.io/replicas-managed-by"] =
                json!("external");
        }
        _ => {}
    }
}

/// A group without machines, in which something is wrong.
fn add_bad_group(random: &mut Random, case: &mut Case) {
    let group = Group {
        name: "bad".to_owned(),
        machines: 0,
        coming: 0,
        rung: None,
        ..group(random, 0, 1)
    };
    let mut deployment = group.deployment(3, 2);
    if random.percent(50) {
        deployment = group.deployment(0, 9);
        deployment["metadata"]["annotations"]["infra.bex.co/scaler"] = json!("someone");
    }
    case.add_infra("machinedeployments.cluster.x-k8s.io", deployment);
}

fn add_running(random: &mut Random, case: &mut Case, apps: &[App]) {
    case.add_app("storageclasses.storage.k8s.io", disk_class());
    for (kind, object) in apps.iter().flat_map(App::disks) {
        case.add_app(kind, object);
    }
    let mut places = Places::of(&case.world());
    let nodes: Vec<String> = case.names("nodes");
    let mut number = 0;
    for node in &nodes {
        for _ in 0..random.between(0, 4) {
            let app =
                &apps[usize::try_from(random.between(0, apps.len() as u64 - 1)).expect("small")];
            number += 1;
            let name = format!("runs-{number}");
            let object = app.pod(&name, Some(node), case.now);
            let pod = serde_json::from_value(object.clone()).expect("a pod");
            places.make_disks(&pod);
            if places.fits(&pod, node).is_ok() {
                places.put(&pod, node);
                case.add_app("pods", object);
                let zone = case.get("nodes", node)["metadata"]["labels"][ZONE].clone();
                for (kind, object) in app.own_disk(&name, zone.as_str()) {
                    case.add_app(kind, object);
                }
            }
        }
    }
}

fn add_budgets(random: &mut Random, case: &mut Case, apps: &[App]) {
    for number in 0..random.pick(&[0, 0, 1, 1, 2, 3]) {
        let app = &apps[usize::try_from(random.between(0, apps.len() as u64 - 1)).expect("small")];
        let behind = random.percent(10);
        let budget = json!({
            "metadata": {"name": format!("budget-{number}"), "namespace": app.namespace, "generation": 2},
            "spec": {"selector": {"matchLabels": {"app": app.name}}},
            "status": {
                "observedGeneration": if behind { 1 } else { 2 }, "disruptionsAllowed": random.between(0, 2),
                "currentHealthy": 3, "desiredHealthy": 1, "expectedPods": 3,
            },
        });
        case.add_app("poddisruptionbudgets.policy", budget);
    }
}

/// Those of apps whose pods have an owner; some want more pods than there are.
fn add_replica_sets(random: &mut Random, case: &mut Case, apps: &[App]) {
    for app in apps.iter().filter(|app| app.owned) {
        let of_app = |object: &&Object| object.json["metadata"]["labels"]["app"] == *app.name;
        let pods = case.objects.iter().filter(of_app).count() as u64;
        let set = json!({
            "metadata": {"name": app.name, "namespace": app.namespace},
            "spec": {"replicas": pods + random.between(0, 3)},
        });
        case.add_app("replicasets.apps", set);
    }
}
