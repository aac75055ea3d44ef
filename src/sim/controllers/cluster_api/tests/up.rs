//! What is there when a cluster has come up.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_cluster_comes_up_with_all_its_nodes() {
    let world = World::with_cluster(1).await;
    let cluster = world.get(&CLUSTER, "bex");
    assert_eq!(cluster["status"]["phase"], "Provisioned");
    assert_eq!(
        cluster["spec"]["controlPlaneEndpoint"],
        json!({"host": "127.0.0.1", "port": 6443})
    );
    assert_eq!(cluster["status"]["workers"]["availableReplicas"], 2);
    for of in [
        "Available",
        "RemoteConnectionProbe",
        "InfrastructureReady",
        "ControlPlaneInitialized",
        "ControlPlaneAvailable",
        "WorkersAvailable",
        "ControlPlaneMachinesReady",
        "WorkerMachinesReady",
    ] {
        assert!(is_true(&cluster, of), "{of}: {:?}", find(&cluster, of));
    }
    assert_eq!(world.nodes().len(), 3);
    for machine in world.machines() {
        assert_eq!(machine["status"]["phase"], "Running");
        assert!(
            is_true(&machine, "Available"),
            "{:?}",
            find(&machine, "Ready")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_worker_node_has_its_labels_addresses_and_room() {
    let world = World::with_cluster(1).await;
    let machine = &world.workers()[0];
    let node = world.app.get(&NODE, "", node_of(machine)).unwrap().unwrap();
    assert_eq!(label(&node, "node-role.kubernetes.io/worker"), Some(""));
    assert_eq!(label(&node, "kubernetes.io/hostname"), Some(name(&node)));
    assert_eq!(node["spec"]["providerID"], machine["spec"]["providerID"]);
    // The node lifecycle controller takes it away when the node is ready.
    let taint = json!({"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"});
    assert_eq!(node["spec"]["taints"], json!([taint]));
    assert_eq!(node["status"]["capacity"]["cpu"], "2");
    assert_eq!(node["status"]["allocatable"]["memory"], "8092Mi");
    assert_eq!(node["status"]["nodeInfo"]["kubeletVersion"], "v1.34.4");
    let mut ranges: Vec<String> = world
        .nodes()
        .iter()
        .map(|node| text(&node["spec"]["podCIDR"]).to_owned())
        .collect();
    ranges.sort();
    assert_eq!(ranges, ["10.244.0.0/24", "10.244.1.0/24", "10.244.2.0/24"]);
}

#[tokio::test(start_paused = true)]
async fn a_control_plane_node_is_kept_free_and_says_what_it_is() {
    let world = World::with_cluster(1).await;
    let machine = &world.control_plane_machines()[0];
    let node = world.app.get(&NODE, "", node_of(machine)).unwrap().unwrap();
    let taint = json!({"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"});
    assert_eq!(node["spec"]["taints"][0], taint);
    assert_eq!(
        label(&node, "node-role.kubernetes.io/control-plane"),
        Some("")
    );
}

#[tokio::test(start_paused = true)]
async fn the_kubeconfig_is_in_a_secret_of_cluster_apis_type() {
    let world = World::with_cluster(1).await;
    let secret = world.get(&SECRET, "bex-kubeconfig");
    assert_eq!(secret["type"], "cluster.x-k8s.io/secret");
    assert_eq!(
        secret["data"]["value"],
        super::super::bootstrap::base64("kind: Config")
    );
}
