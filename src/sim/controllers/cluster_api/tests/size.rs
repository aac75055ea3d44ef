//! How it does with thousands of machines: `cargo test --release -- --ignored thousands --nocapture`.

use std::time::Instant;

use super::*;

#[tokio::test(start_paused = true)]
#[ignore = "a measurement: takes a while in debug builds"]
async fn thousands_of_machines_come_up() {
    let mut world = World::with_cluster(1).await;
    world.edit(&CLUSTER, "bex", |cluster| {
        cluster["spec"]["clusterNetwork"]["pods"]["cidrBlocks"] = json!(["10.0.0.0/8"]);
    });
    let workers = std::env::var("BEX_TEST_WORKERS").map_or(10_000, |text| text.parse().unwrap());
    let start = Instant::now();
    world.scale(&MACHINE_DEPLOYMENT, "bex-worker-0", workers);
    world.run(60).await;
    let took = start.elapsed();
    assert_eq!(world.deployment()["status"]["availableReplicas"], workers);
    let writes = world.app_registry.store().revision() + world.infra_registry.store().revision();
    println!("{workers} machines in {took:.1?}, {writes} writes");
}
