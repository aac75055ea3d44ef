//! Deployments, from their first pod to their last revision.

use serde_json::{Value, json};

use super::world::{World, condition, deployment, is_ready, template};

fn set_image(world: &World, image: &str) {
    world.edit("deployments.apps", "web", |deployment| {
        deployment["spec"]["template"] = template("web", image);
    });
}

fn deployed(world: &World) -> Value {
    world.get("deployments.apps", "web").unwrap()
}

/// Images and sizes of the `ReplicaSets`.
fn sets(world: &World) -> Vec<(String, u64)> {
    let sets = world.list("replicasets.apps").into_iter();
    let mut sets: Vec<(String, u64)> = sets
        .map(|set| {
            let image = set["spec"]["template"]["spec"]["containers"][0]["image"].as_str();
            (
                image.unwrap().to_owned(),
                set["spec"]["replicas"].as_u64().unwrap(),
            )
        })
        .collect();
    sets.sort();
    sets
}

#[tokio::test(start_paused = true)]
async fn a_deployment_becomes_available() {
    let mut world = World::new(2).await;
    world.create(deployment("web", 3));
    world.pass(5).await;

    let deployed = deployed(&world);
    let status = &deployed["status"];
    for count in [
        "replicas",
        "updatedReplicas",
        "readyReplicas",
        "availableReplicas",
    ] {
        assert_eq!(status[count], 3, "{count} in {status}");
    }
    assert_eq!(status["observedGeneration"], 1);
    assert_eq!(status["unavailableReplicas"], Value::Null);
    assert_eq!(
        condition(&deployed, "Available")["reason"],
        "MinimumReplicasAvailable"
    );
    assert_eq!(
        condition(&deployed, "Progressing")["reason"],
        "NewReplicaSetAvailable"
    );
    assert_eq!(
        deployed["metadata"]["annotations"]["deployment.kubernetes.io/revision"],
        "1"
    );

    let set = &world.list("replicasets.apps")[0];
    let hash = set["metadata"]["labels"]["pod-template-hash"]
        .as_str()
        .unwrap();
    assert_eq!(set["metadata"]["name"], format!("web-{hash}"));
    assert_eq!(
        set["spec"]["selector"]["matchLabels"]["pod-template-hash"],
        hash
    );
    let pods = world.list("pods");
    assert!(pods.iter().all(is_ready));
    assert!(pods.iter().all(|pod| pod["status"]["podIP"].is_string()));
    let created = world.events("SuccessfulCreate");
    assert_eq!(created.len(), 3);
    assert_eq!(
        world.events("ScalingReplicaSet"),
        [format!("Scaled up replica set web-{hash} from 0 to 3")]
    );
}

#[tokio::test(start_paused = true)]
async fn a_rolling_update_never_has_too_few_or_too_many_pods() {
    let mut world = World::new(2).await;
    let mut object = deployment("web", 4);
    object["spec"]["strategy"] = json!({"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}});
    object["spec"]["minReadySeconds"] = 2.into();
    world.create(object);
    world.pass(10).await;
    set_image(&world, "web:2");
    for _ in 0..30 {
        world.pass(1).await;
        let counted = |pod: &Value| pod["metadata"]["deletionTimestamp"].is_null();
        assert!(world.pods(counted).len() <= 5);
        assert!(world.pods(|pod| counted(pod) && is_ready(pod)).len() >= 3);
    }
    assert_eq!(
        sets(&world),
        [("web:1".to_owned(), 0), ("web:2".to_owned(), 4)]
    );
    assert_eq!(deployed(&world)["status"]["updatedReplicas"], 4);
    assert_eq!(
        condition(&deployed(&world), "Progressing")["reason"],
        "NewReplicaSetAvailable"
    );
}

#[tokio::test(start_paused = true)]
async fn going_back_to_an_old_template_uses_its_replica_set_again() {
    let mut world = World::new(1).await;
    world.create(deployment("web", 2));
    for image in ["web:1", "web:2", "web:1"] {
        set_image(&world, image);
        world.pass(10).await;
    }
    assert_eq!(
        sets(&world),
        [("web:1".to_owned(), 2), ("web:2".to_owned(), 0)]
    );
    let annotations = &deployed(&world)["metadata"]["annotations"];
    assert_eq!(annotations["deployment.kubernetes.io/revision"], "3");
    let sets = world.list("replicasets.apps");
    let current = sets
        .iter()
        .find(|set| set["spec"]["replicas"] == 2)
        .unwrap();
    let annotations = &current["metadata"]["annotations"];
    assert_eq!(annotations["deployment.kubernetes.io/revision"], "3");
    assert_eq!(
        annotations["deployment.kubernetes.io/revision-history"],
        "1"
    );
}

#[tokio::test(start_paused = true)]
async fn recreate_starts_new_pods_when_the_old_ones_are_gone() {
    let mut world = World::new(1).await;
    let mut object = deployment("web", 2);
    object["spec"]["strategy"] = json!({"type": "Recreate"});
    world.create(object);
    world.pass(5).await;
    let old = world.pods(|_| true);
    set_image(&world, "web:2");
    for _ in 0..400 {
        let Some(next) = world.engine.run_until_idle() else {
            break;
        };
        let both = world.pods(|pod| pod["spec"]["containers"][0]["image"] == "web:2");
        let remaining = world.pods(|pod| old.iter().any(|name| pod["metadata"]["name"] == **name));
        assert!(both.is_empty() || remaining.is_empty());
        if both.len() == 2 {
            break;
        }
        tokio::time::sleep_until(next).await;
    }
    world.pass(5).await;
    assert_eq!(
        sets(&world),
        [("web:1".to_owned(), 0), ("web:2".to_owned(), 2)]
    );
    assert_eq!(deployed(&world)["status"]["availableReplicas"], 2);
}

#[tokio::test(start_paused = true)]
async fn a_rollout_that_cannot_move_is_reported_after_its_deadline() {
    let mut world = World::new(0).await;
    let mut object = deployment("web", 1);
    object["spec"]["progressDeadlineSeconds"] = 60.into();
    world.create(object);
    world.pass(55).await;
    assert_eq!(
        condition(&deployed(&world), "Progressing")["status"],
        "True"
    );
    world.pass(10).await;
    let progress = condition(&deployed(&world), "Progressing");
    assert_eq!(progress["reason"], "ProgressDeadlineExceeded");
    assert_eq!(condition(&deployed(&world), "Available")["status"], "False");
}

#[tokio::test(start_paused = true)]
async fn a_paused_deployment_scales_but_does_not_roll_out() {
    let mut world = World::new(1).await;
    world.create(deployment("web", 2));
    world.pass(5).await;
    world.edit("deployments.apps", "web", |deployment| {
        deployment["spec"]["paused"] = true.into();
        deployment["spec"]["replicas"] = 5.into();
        deployment["spec"]["template"] = template("web", "web:2");
    });
    world.pass(5).await;
    assert_eq!(sets(&world), [("web:1".to_owned(), 5)]);
    assert_eq!(
        condition(&deployed(&world), "Progressing")["reason"],
        "DeploymentPaused"
    );
    world.edit("deployments.apps", "web", |deployment| {
        deployment["spec"]["paused"] = false.into();
    });
    world.pass(10).await;
    assert_eq!(
        sets(&world),
        [("web:1".to_owned(), 0), ("web:2".to_owned(), 5)]
    );
}

#[tokio::test(start_paused = true)]
async fn old_revisions_go_beyond_the_history_limit() {
    let mut world = World::new(1).await;
    let mut object = deployment("web", 1);
    object["spec"]["revisionHistoryLimit"] = 1.into();
    world.create(object);
    for image in ["web:2", "web:3", "web:4"] {
        world.pass(10).await;
        set_image(&world, image);
    }
    world.pass(10).await;
    assert_eq!(
        sets(&world),
        [("web:3".to_owned(), 0), ("web:4".to_owned(), 1)]
    );
}
