//! How many volumes a machine takes that is still to come.

use serde_json::{Value, json};

use super::world::{GROUPS, MACHINES, World, group, machine, pod};
use crate::resize::model::Cluster::{App, Infra};

const DRIVER: &str = "csi.hetzner.cloud";

/// So many small pods with a volume each, which is made where the pod goes.
fn pods_with_volumes(world: &mut World, pods: u32) {
    let class = json!({
        "metadata": {"name": "hcloud"}, "provisioner": DRIVER, "volumeBindingMode": "WaitForFirstConsumer",
    });
    world.tell(App, "storageclasses.storage.k8s.io", &class);
    for number in 0..pods {
        let name = format!("data-{number}");
        let claim = json!({
            "metadata": {"name": name, "namespace": "default"},
            "spec": {
                "accessModes": ["ReadWriteOnce"], "storageClassName": "hcloud",
                "resources": {"requests": {"storage": "10Gi"}},
            },
            "status": {"phase": "Pending"},
        });
        world.tell(App, "persistentvolumeclaims", &claim);
        let mut pod = pod(&format!("db-{number}"), "10m", None);
        let source = json!({"claimName": name});
        pod["spec"]["volumes"] = json!([{"name": "data", "persistentVolumeClaim": source}]);
        world.tell(App, "pods", &pod);
    }
}

fn csi_node(name: &str, volumes: u32) -> Value {
    let driver = json!({"name": DRIVER, "nodeID": name, "allocatable": {"count": volumes}});
    json!({"metadata": {"name": name}, "spec": {"drivers": [driver]}})
}

/// How many workers there are to be in the end.
fn workers(world: &mut World) -> u32 {
    world.pass(60);
    world.decide().grow[0].to
}

#[test]
fn a_server_of_hetzner_takes_sixteen_volumes_before_its_driver_says_so() {
    let mut world = World::new();
    pods_with_volumes(&mut world, 33);
    assert_eq!(workers(&mut world), 3);
}

#[test]
fn an_annotation_says_how_many_volumes_a_driver_attaches() {
    let mut world = World::new();
    let mut group = group("workers", 0);
    let key = "capacity.cluster-autoscaler.kubernetes.io/csi-driver";
    group["metadata"]["annotations"][key] = json!(format!("{DRIVER}=4,other=1"));
    world.tell(Infra, GROUPS, &group);
    pods_with_volumes(&mut world, 33);
    assert_eq!(workers(&mut world), 9);
}

#[test]
fn what_the_driver_says_of_a_node_holds_for_the_next_ones() {
    let mut world = World::with_workers(1);
    world.decide();
    world.tell(App, "csinodes.storage.k8s.io", &csi_node("w-0", 8));
    pods_with_volumes(&mut world, 24);
    assert_eq!(workers(&mut world), 3);
}

#[test]
fn a_node_whose_driver_is_still_to_start_takes_as_many_as_it_will() {
    let mut world = World::with_workers(1);
    world.decide();
    world.tell(App, "csinodes.storage.k8s.io", &csi_node("w-0", 8));
    world.resize("workers", 2);
    let created = world.now.to_string();
    let mut starting = machine("w-1", "workers", &created);
    starting["status"]["nodeRef"] = json!({"name": "w-1"});
    world.tell(Infra, MACHINES, &starting);
    let mut node = world.node("w-1", 4000, 8 << 30);
    node["status"]["conditions"][0]["status"] = json!("False");
    world.tell(App, "nodes", &node);
    pods_with_volumes(&mut world, 17);
    assert_eq!(workers(&mut world), 3);
}
