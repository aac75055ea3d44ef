//! How machines and whole clusters go.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_smaller_pool_gives_up_the_marked_machine_first() {
    let mut world = World::with_cluster(1).await;
    world.scale(&MACHINE_DEPLOYMENT, "bex-worker-0", 4);
    world.run(10).await;
    let names = world.names();
    assert_eq!(names.len(), 4);
    let marked = &names[3];
    world.edit(&MACHINE, marked, |machine| {
        machine["metadata"]["annotations"]["cluster.x-k8s.io/delete-machine"] = json!("yes");
    });
    world.scale(&MACHINE_DEPLOYMENT, "bex-worker-0", 3);
    world.run(30).await;
    assert_eq!(world.names(), names[..3]);
    assert!(world.app.get(&NODE, "", marked).unwrap().is_none());
    let deployment = world.deployment();
    assert_eq!(deployment["status"]["replicas"], 3);
    assert_eq!(condition(&deployment, "ScalingDown").0, "NotScalingDown");
}

#[tokio::test(start_paused = true)]
async fn a_deleted_machine_is_replaced() {
    let mut world = World::with_cluster(1).await;
    let before = world.names();
    let machine = world.get(&MACHINE, &before[0]);
    world.infra.delete(&MACHINE, &machine).unwrap();
    world.run(30).await;
    let after = world.names();
    assert_eq!(after.len(), 2);
    assert!(!after.contains(&before[0]) && after.contains(&before[1]));
    assert_eq!(world.nodes().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_drain_waits_for_a_disruption_budget_and_no_longer_than_it_may() {
    let mut world = World::with_cluster(1).await;
    let machine = world.workers().remove(0);
    world.run_pod("web", node_of(&machine));
    world.budget(0);
    world.infra.delete(&MACHINE, &machine).unwrap();
    world.run(60).await;
    let machine = world.get(&MACHINE, name(&machine));
    let (reason, message) = condition(&machine, "Deleting");
    assert_eq!(reason, "DrainingNode");
    assert!(
        message.contains(
            "* Pod default/web: cannot evict pod as it would violate the pod's disruption budget."
        ),
        "{message}"
    );
    assert!(
        world.pod("web").unwrap()["metadata"]
            .get("deletionTimestamp")
            .is_none()
    );
    let node = world
        .app
        .get(&NODE, "", node_of(&machine))
        .unwrap()
        .unwrap();
    assert_eq!(node["spec"]["unschedulable"], true);
    world.run(70).await;
    assert!(
        world
            .infra
            .get(&MACHINE, "default", name(&machine))
            .unwrap()
            .is_none()
    );
}

#[tokio::test(start_paused = true)]
async fn a_drain_goes_on_when_the_budget_allows_it_and_ends_with_the_last_pod() {
    let mut world = World::with_cluster(1).await;
    let machine = world.workers().remove(0);
    world.run_pod("web", node_of(&machine));
    world.budget(0);
    world.infra.delete(&MACHINE, &machine).unwrap();
    world.run(5).await;
    world.budget(1);
    world.run(20).await;
    assert!(
        world.pod("web").unwrap()["metadata"]
            .get("deletionTimestamp")
            .is_some()
    );
    let (_, message) = condition(&world.get(&MACHINE, name(&machine)), "Deleting");
    assert!(
        message.contains(
            "* Pod default/web: deletionTimestamp set, but still not removed from the Node"
        ),
        "{message}"
    );
    world.stop_pod("web");
    world.run(1).await;
    assert!(
        world
            .infra
            .get(&MACHINE, "default", name(&machine))
            .unwrap()
            .is_none()
    );
}

#[tokio::test(start_paused = true)]
async fn mirror_pods_do_not_keep_a_node() {
    let mut world = World::with_cluster(1).await;
    let machine = world.workers().remove(0);
    world.run_pod("static", node_of(&machine));
    let pod = world.pod("static").unwrap();
    world
        .app
        .edit(&POD, &pod, |pod| {
            pod["metadata"]["annotations"]["kubernetes.io/config.mirror"] = json!("x");
        })
        .unwrap();
    world.infra.delete(&MACHINE, &machine).unwrap();
    world.run(2).await;
    assert!(
        world
            .infra
            .get(&MACHINE, "default", name(&machine))
            .unwrap()
            .is_none()
    );
}

#[tokio::test(start_paused = true)]
async fn hooks_hold_a_deletion_before_the_drain_and_before_the_server_goes() {
    let mut world = World::with_cluster(1).await;
    let machine = world.workers().remove(0);
    let hooks = [
        "pre-drain.delete.hook.machine.cluster.x-k8s.io/a",
        "pre-terminate.delete.hook.machine.cluster.x-k8s.io/b",
    ];
    world.edit(&MACHINE, name(&machine), |machine| {
        for hook in hooks {
            machine["metadata"]["annotations"][hook] = json!("");
        }
    });
    world.infra.delete(&MACHINE, &machine).unwrap();
    for (hook, reason) in hooks
        .iter()
        .zip(["WaitingForPreDrainHook", "WaitingForPreTerminateHook"])
    {
        world.run(60).await;
        assert_eq!(
            condition(&world.get(&MACHINE, name(&machine)), "Deleting").0,
            reason
        );
        world.edit(&MACHINE, name(&machine), |machine| {
            machine["metadata"]["annotations"]
                .as_object_mut()
                .unwrap()
                .remove(*hook);
        });
    }
    world.run(5).await;
    assert!(
        world
            .infra
            .get(&MACHINE, "default", name(&machine))
            .unwrap()
            .is_none()
    );
}

#[tokio::test(start_paused = true)]
async fn a_deleted_cluster_leaves_no_machine_and_no_node() {
    let mut world = World::with_cluster(1).await;
    let machine = world.workers().remove(0);
    world.run_pod("web", node_of(&machine));
    world.budget(0);
    let cluster = world.get(&CLUSTER, "bex");
    world.infra.delete(&CLUSTER, &cluster).unwrap();
    world.run(60).await;
    for kind in [
        CLUSTER,
        DEV_CLUSTER,
        KUBEADM_CONTROL_PLANE,
        MACHINE_DEPLOYMENT,
        MACHINE_SET,
        MACHINE,
        KUBEADM_CONFIG,
        objects::DEV_MACHINE,
    ] {
        let left = world.infra.list(&kind, "default").unwrap();
        assert!(left.is_empty(), "{}: {left:?}", kind.name);
    }
    assert!(world.nodes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_control_plane_goes_after_the_workers() {
    let mut world = World::with_cluster(1).await;
    let machine = world.workers().remove(0);
    world.edit(&MACHINE, name(&machine), |machine| {
        machine["metadata"]["annotations"]["pre-terminate.delete.hook.machine.cluster.x-k8s.io/a"] =
            json!("");
    });
    let cluster = world.get(&CLUSTER, "bex");
    world.infra.delete(&CLUSTER, &cluster).unwrap();
    world.run(30).await;
    let (reason, message) = condition(&world.get(&CLUSTER, "bex"), "Deleting");
    assert_eq!(reason, "WaitingForWorkersDeletion");
    assert!(
        message.contains(&format!("* Worker Machines: {}", name(&machine))),
        "{message}"
    );
    assert_eq!(world.control_plane_machines().len(), 1);
}
