//! Nodes that are lost, types that are sold out, machines that never join.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_worker_whose_node_is_lost_is_replaced_after_the_checks_timeout() {
    let mut world = World::with_cluster(1).await;
    let machine = world.workers().remove(0);
    let lost = world
        .app
        .get(&NODE, "", node_of(&machine))
        .unwrap()
        .unwrap();
    let mut status = lost["status"].clone();
    let ready = status["conditions"].as_array_mut().unwrap().iter_mut();
    for condition in ready.filter(|condition| condition["type"] == "Ready") {
        condition["status"] = json!("Unknown");
        condition["reason"] = json!("NodeStatusUnknown");
        condition["lastTransitionTime"] = json!("2026-01-01T00:00:20Z");
    }
    world.app.put_status(&NODE, &lost, &status).unwrap();
    world.run(290).await;
    assert!(world.names().contains(&name(&machine).to_owned()));
    world.run(30).await;
    assert!(!world.names().contains(&name(&machine).to_owned()));
    assert_eq!(world.workers().len(), 2);
    let check = world.get(&HEALTH_CHECK, "bex-worker-0");
    assert_eq!(check["status"]["currentHealthy"], 2);
}

#[tokio::test(start_paused = true)]
async fn nothing_happens_in_a_cluster_that_is_paused() {
    let mut world = World::with_cluster(1).await;
    world.edit(&CLUSTER, "bex", |cluster| {
        cluster["spec"]["paused"] = json!(true);
    });
    world.run(5).await;
    assert_eq!(
        condition(&world.deployment(), "Paused").1,
        "Cluster spec.paused is set to true"
    );
    world.scale(&MACHINE_DEPLOYMENT, "bex-worker-0", 3);
    world.run(60).await;
    assert_eq!(world.workers().len(), 2);
    world.edit(&CLUSTER, "bex", |cluster| {
        cluster["spec"]["paused"] = json!(false);
    });
    world.run(60).await;
    assert_eq!(world.workers().len(), 3);
    assert_eq!(condition(&world.deployment(), "Paused").0, "NotPaused");
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_trace_and_another_seed_another_one() {
    let mut hashes = Vec::new();
    for seed in [3, 3, 4] {
        let mut world = World::with_cluster(seed).await;
        world.scale(&MACHINE_DEPLOYMENT, "bex-worker-0", 5);
        world.run(30).await;
        hashes.push(world.engine.trace_hash());
    }
    assert_eq!(hashes[0], hashes[1]);
    assert_ne!(hashes[0], hashes[2]);
}

#[tokio::test(start_paused = true)]
async fn a_type_that_is_sold_out_is_waited_for_with_its_name() {
    let mut world = World::in_scenario(Scenario {
        faults: Faults {
            sold_out: vec![SoldOut {
                machine_type: "sim-2x8".into(),
                from_seconds: 0,
                to_seconds: Some(60),
            }],
            ..Faults::default()
        },
        ..Scenario::default()
    });
    world.run(30).await;
    let machine = world.control_plane_machines().remove(0);
    let (reason, message) = condition(&machine, "InfrastructureReady");
    assert_eq!(reason, "NotReady");
    assert!(
        message.contains("* VMProvisioned: no server of type sim-2x8 can be had"),
        "{message}"
    );
    world.run(60).await;
    assert!(is_true(&world.get(&CLUSTER, "bex"), "Available"));
}

#[tokio::test(start_paused = true)]
async fn machines_that_never_join_are_replaced_until_all_have_joined() {
    let mut world = World::in_scenario(Scenario {
        seed: 5,
        faults: Faults {
            machines_never_join_percent: 50,
            ..Faults::default()
        },
        ..Scenario::default()
    });
    world.run(20).await;
    let before = world.names();
    world.run(2 * 3600).await;
    let cluster = world.get(&CLUSTER, "bex");
    assert!(
        is_true(&cluster, "Available"),
        "{:?}",
        find(&cluster, "Available")
    );
    assert_ne!(world.names(), before);
}
