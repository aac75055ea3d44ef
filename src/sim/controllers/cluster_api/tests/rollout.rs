//! New versions, and more or fewer machines of the control plane.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_new_version_rolls_the_control_plane_first_and_then_the_workers() {
    let mut world = World::with_cluster(1).await;
    let before = world.machines();
    world.edit(&KUBEADM_CONTROL_PLANE, "bex-control-plane", |object| {
        object["spec"]["version"] = json!("v1.34.5");
    });
    world.edit(&MACHINE_DEPLOYMENT, "bex-worker-0", |object| {
        object["spec"]["template"]["spec"]["version"] = json!("v1.34.5");
    });
    let version = |machine: &Value| text(&machine["spec"]["version"]).to_owned();
    for _ in 0..100 {
        world.run_for(Duration::from_millis(20)).await;
        let old_control_plane = world
            .control_plane_machines()
            .iter()
            .any(|machine| version(machine) == "v1.34.4");
        let new_worker = world
            .workers()
            .iter()
            .any(|machine| version(machine) == "v1.34.5");
        assert!(!(old_control_plane && new_worker));
    }
    world.run(120).await;
    let after = world.machines();
    assert_eq!(after.len(), 3);
    for machine in &after {
        assert_eq!(machine["spec"]["version"], "v1.34.5");
        assert!(before.iter().all(|old| name(old) != name(machine)));
    }
    assert_eq!(world.nodes().len(), 3);
    assert_eq!(world.infra.list(&MACHINE_SET, "default").unwrap().len(), 1);
    let deployment = world.deployment();
    assert_eq!(condition(&deployment, "RollingOut").0, "NotRollingOut");
    assert_eq!(
        objects::annotation(&deployment, super::super::machine_deployment::REVISION),
        Some("2")
    );
}

#[tokio::test(start_paused = true)]
async fn a_change_that_needs_no_new_machines_is_taken_to_those_that_there_are() {
    let mut world = World::with_cluster(1).await;
    let before = world.names();
    world.edit(&MACHINE_DEPLOYMENT, "bex-worker-0", |object| {
        object["spec"]["template"]["spec"]["deletion"]["nodeDrainTimeoutSeconds"] = json!(7);
        object["spec"]["template"]["metadata"]["labels"]["node.cluster.x-k8s.io/tier"] =
            json!("gold");
    });
    world.run(10).await;
    assert_eq!(world.names(), before);
    for machine in world.workers() {
        assert_eq!(machine["spec"]["deletion"]["nodeDrainTimeoutSeconds"], 7);
        let node = world
            .app
            .get(&NODE, "", node_of(&machine))
            .unwrap()
            .unwrap();
        assert_eq!(label(&node, "node.cluster.x-k8s.io/tier"), Some("gold"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_control_plane_grows_to_three_one_at_a_time_and_shrinks_again() {
    let mut world = World::with_cluster(1).await;
    world.scale(&KUBEADM_CONTROL_PLANE, "bex-control-plane", 3);
    for _ in 0..100 {
        world.run_for(Duration::from_millis(30)).await;
        let machines = world.control_plane_machines();
        assert!(
            machines
                .iter()
                .filter(|machine| node_of(machine).is_empty())
                .count()
                <= 1
        );
    }
    assert_eq!(world.control_plane_machines().len(), 3);
    let object = world.get(&KUBEADM_CONTROL_PLANE, "bex-control-plane");
    assert_eq!(object["status"]["availableReplicas"], 3);
    world.scale(&KUBEADM_CONTROL_PLANE, "bex-control-plane", 1);
    world.run(60).await;
    assert_eq!(world.control_plane_machines().len(), 1);
    assert!(is_true(&world.get(&CLUSTER, "bex"), "Available"));
}
