//! Jobs that succeed, fail, wait and go.

use serde_json::{Value, json};

use super::world::{World, condition};

fn job(spec: &Value) -> Value {
    let mut job = json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "work"},
        "spec": {"template": {
            "metadata": {"annotations": {"sim.infra.bex.co/run-seconds": "10"}},
            "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "work"}]},
        }},
    });
    for (field, value) in spec.as_object().unwrap() {
        job["spec"][field] = value.clone();
    }
    job
}

fn status(world: &World) -> Value {
    world.get("jobs.batch", "work").unwrap()["status"].take()
}

#[tokio::test(start_paused = true)]
async fn a_job_runs_so_many_pods_at_once_until_enough_succeeded() {
    let mut world = World::new(2).await;
    world.create(job(&json!({"completions": 5, "parallelism": 2})));
    world.pass(5).await;
    assert_eq!(
        (
            status(&world)["active"].clone(),
            status(&world)["ready"].clone()
        ),
        (2.into(), 2.into())
    );
    world.pass(10).await;
    assert_eq!(status(&world)["succeeded"], 2);
    world.pass(30).await;
    let job = world.get("jobs.batch", "work").unwrap();
    assert_eq!(job["status"]["succeeded"], 5);
    assert_eq!(job["status"]["active"], Value::Null);
    for of in ["SuccessCriteriaMet", "Complete"] {
        assert_eq!(condition(&job, of)["status"], "True", "{of}");
    }
    assert!(job["status"]["completionTime"].is_string());
    let held = world.pods(|pod| pod["metadata"]["finalizers"].is_array());
    assert!(held.is_empty(), "{held:?}");
    assert_eq!(world.events("Completed"), ["Job completed"]);
}

#[tokio::test(start_paused = true)]
async fn a_job_fails_when_its_pods_fail_too_often() {
    let mut world = World::new(1).await;
    let mut object = job(&json!({"backoffLimit": 2}));
    let annotations = &mut object["spec"]["template"]["metadata"]["annotations"];
    annotations["sim.infra.bex.co/exit-code"] = "1".into();
    world.create(object);
    world.pass(25).await;
    assert_eq!(status(&world)["failed"], 1, "the next try waits");
    world.pass(300).await;
    let job = world.get("jobs.batch", "work").unwrap();
    assert_eq!(job["status"]["failed"], 3);
    assert_eq!(condition(&job, "Failed")["reason"], "BackoffLimitExceeded");
}

#[tokio::test(start_paused = true)]
async fn a_suspended_job_has_no_pods() {
    let mut world = World::new(1).await;
    world.create(job(&json!({"suspend": true})));
    world.pass(5).await;
    assert!(world.list("pods").is_empty());
    let suspended = condition(&world.get("jobs.batch", "work").unwrap(), "Suspended");
    assert_eq!(suspended["status"], "True");
    world.edit("jobs.batch", "work", |job| {
        job["spec"]["suspend"] = false.into();
    });
    world.pass(20).await;
    assert_eq!(status(&world)["succeeded"], 1);
}

#[tokio::test(start_paused = true)]
async fn an_indexed_job_runs_each_index_once() {
    let mut world = World::new(1).await;
    world.create(job(
        &json!({"completions": 3, "parallelism": 3, "completionMode": "Indexed"}),
    ));
    world.pass(20).await;
    assert_eq!(status(&world)["completedIndexes"], "0-2");
    let first = world.pods(|pod| pod["spec"]["hostname"] == "work-0");
    assert_eq!(first.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_job_is_stopped_at_its_deadline_and_goes_when_its_time_is_up() {
    let mut world = World::new(1).await;
    world.create(job(
        &json!({"activeDeadlineSeconds": 5, "ttlSecondsAfterFinished": 30}),
    ));
    world.pass(10).await;
    let job = world.get("jobs.batch", "work").unwrap();
    assert_eq!(condition(&job, "Failed")["reason"], "DeadlineExceeded");
    world.pass(40).await;
    assert!(world.get("jobs.batch", "work").is_none());
    assert!(world.list("pods").is_empty());
}
