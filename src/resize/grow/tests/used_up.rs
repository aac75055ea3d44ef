//! Ports and volumes: what a machine has only so many of.

use proptest::prelude::*;

use super::*;
use crate::scheduling::node::ATTACHABLE;
use crate::scheduling::pod::HostPort;

const DRIVER: &str = "disks.example.com";

/// A pod that takes a port of its machine.
fn with_port(app: &str, cpu: &str, port: i32) -> Pod {
    let mut pod = plain(app, cpu, "1Gi");
    pod.host_ports.push(HostPort {
        ip: "0.0.0.0".to_owned(),
        protocol: "TCP".to_owned(),
        port,
    });
    pod
}

/// Machines that attach so many disks.
fn attaching(disks: i64, offers: Vec<Offer>) -> Vec<Offer> {
    let attaching = |mut offer: Offer| {
        let name = format!("{ATTACHABLE}{DRIVER}");
        offer.node.allocatable.insert(name, disks);
        offer
    };
    offers.into_iter().map(attaching).collect()
}

impl Case {
    fn apply(&mut self, resource: &str, name: &str, object: &Value) {
        let json = serde_json::to_vec(object).unwrap();
        let applied = self.state.apply(resource, "default", name, Some(&json));
        applied.unwrap();
    }

    /// Disks are made where their pod is.
    fn makes_disks(&mut self) {
        let class = json!({
            "metadata": {"name": "disk"}, "provisioner": DRIVER,
            "volumeBindingMode": "WaitForFirstConsumer",
        });
        self.apply("storageclasses.storage.k8s.io", "disk", &class);
    }

    /// A claim; with a zone, one that has its disk there.
    fn claims(&mut self, name: &str, zone: Option<&str>) {
        let bound = zone.map(|_| ("pv.kubernetes.io/bind-completed", "yes"));
        let claim = json!({
            "metadata": {
                "name": name, "namespace": "default",
                "annotations": std::collections::BTreeMap::from_iter(bound),
            },
            "spec": {"storageClassName": "disk", "volumeName": zone.map(|_| name)},
        });
        self.apply("persistentvolumeclaims", name, &claim);
        let zones = json!([{"key": ZONE, "operator": "In", "values": [zone]}]);
        let terms = json!([{"matchExpressions": zones}]);
        let volume = json!({
            "metadata": {"name": name},
            "spec": {
                "storageClassName": "disk",
                "nodeAffinity": {"required": {"nodeSelectorTerms": terms}},
                "claimRef": {"name": name, "namespace": "default"},
                "csi": {"driver": DRIVER, "volumeHandle": name},
            },
        });
        if zone.is_some() {
            self.apply("persistentvolumes", name, &volume);
        }
    }

    /// So many pods that have these claims.
    fn wait_with(&mut self, app: &str, cpu: &str, memory: &str, claims: &[&str], pods: u32) {
        let volume =
            |claim: &&str| json!({"name": claim, "persistentVolumeClaim": {"claimName": claim}});
        let volumes: Vec<Value> = claims.iter().map(volume).collect();
        self.waits(pod(app, cpu, memory, &json!({"volumes": volumes})), pods);
    }
}

#[test]
fn pods_with_ports_share_machines_of_prices_that_were_rounded() {
    let mut case = Case::default();
    for app in 0..5 {
        case.waits(with_port(&format!("app-{app}"), "1", 8000 + app), 4);
    }
    // Two of one size cost a millionth less than one of twice the size.
    let sizes = (1..=16).map(|cpus: i64| {
        let price = (314_748_500 * cpus.unsigned_abs() + 500) / 1000;
        offer("of-one-series", "a", cpus, 2 * cpus, price)
    });
    let growth = case.grow(&sizes.collect::<Vec<_>>());
    assert_eq!(growth.machines.len(), 4, "{growth:#?}");
}

#[test]
fn pods_with_a_disk_each_make_the_best_of_what_machines_attach() {
    let mut case = Case::default();
    case.makes_disks();
    for number in 0..40 {
        let name = format!("data-{number}");
        case.claims(&name, (number % 2 == 0).then_some("a"));
        let (cpu, memory) = [("900m", "256Mi"), ("100m", "1792Mi")][number / 20];
        case.wait_with(&name, cpu, memory, &[&name], 1);
    }
    // Four of each together fill a machine and its disks.
    let growth = case.grow(&attaching(8, offers(&["a"])));
    assert_eq!(growth.helpless, []);
    assert_eq!(growth.cost, Price(190_000));
}

#[test]
fn a_pod_with_more_disks_than_any_machine_attaches_is_told_so() {
    let mut case = Case::default();
    case.makes_disks();
    for name in ["x", "y", "z"] {
        case.claims(name, None);
    }
    case.wait_with("web", "1", "1Gi", &["x", "y", "z"], 1);
    let growth = case.grow(&attaching(2, offers(&["a"])));
    let why = "insufficient volumes of disks.example.com: asks for 3, the largest offer, large of large-a, has 2";
    assert_eq!(growth.helpless[0].why, why);
}

/// A disk's zone, whether others share it, cores in tenths, pods.
type Drawn = (u8, bool, u8, u8);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn every_choice_keeps_to_what_machines_attach(
        nodes in prop::collection::vec((0_u8..3, 0_u8..4), 0..4),
        pods in prop::collection::vec((0_u8..4, any::<bool>(), 1_u8..30, 1_u8..4), 1..30),
        most in 1_i64..6,
    ) {
        let mut case = Case::default();
        case.makes_disks();
        for (number, (zone, disks)) in nodes.iter().enumerate() {
            let (name, zone) = (format!("n{number}"), ["a", "b", "c"][usize::from(*zone)]);
            case.node(&name, zone, 8, 16);
            case.attaches(&name, *disks);
        }
        for (number, drawn) in pods.iter().enumerate() {
            case.wait_drawn(number, *drawn);
        }
        let offers = attaching(most, offers(&["a", "b", "c"]));
        let first = case.grow(&offers);
        prop_assert_eq!(&first.helpless, &[]);
        prop_assert_eq!(first, case.grow(&offers));
    }
}

impl Case {
    fn attaches(&mut self, node: &str, disks: u8) {
        let driver = json!({"name": DRIVER, "nodeID": node, "allocatable": {"count": disks}});
        let known = json!({"metadata": {"name": node}, "spec": {"drivers": [driver]}});
        self.apply("csinodes.storage.k8s.io", node, &known);
    }

    fn wait_drawn(&mut self, number: usize, (zone, shared, cpu, pods): Drawn) {
        let name = match zone {
            _ if shared => format!("shared-{zone}"),
            _ => format!("data-{number}"),
        };
        self.claims(
            &name,
            [None, Some("a"), Some("b"), Some("c")][usize::from(zone)],
        );
        let app = format!("app-{number}");
        let cpu = format!("{}m", u32::from(cpu) * 100);
        self.wait_with(
            &app,
            &cpu,
            "512Mi",
            &[&name],
            if shared { pods.into() } else { 1 },
        );
    }
}
