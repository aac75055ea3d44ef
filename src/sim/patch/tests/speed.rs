//! How long the books of a pod take.

use std::hint::black_box;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::super::{Writer, own};
use super::widget::built_in;

fn pod() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": "web-1", "namespace": "default", "generateName": "web-",
            "labels": { "app": "web", "pod-template-hash": "abc" },
            "ownerReferences": [{ "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "u", "controller": true }],
        },
        "spec": {
            "containers": [{
                "name": "main", "image": "nginx", "imagePullPolicy": "Always",
                "ports": [{ "containerPort": 80, "protocol": "TCP" }],
                "env": [{ "name": "A", "value": "1" }, { "name": "B", "value": "2" }],
                "resources": { "requests": { "cpu": "100m", "memory": "64Mi" } },
                "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
            }],
            "dnsPolicy": "ClusterFirst", "enableServiceLinks": true, "restartPolicy": "Always",
            "schedulerName": "default-scheduler", "securityContext": {}, "terminationGracePeriodSeconds": 30,
            "tolerations": [{ "key": "x", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300 }],
        },
        "status": { "phase": "Pending", "qosClass": "Burstable" },
    })
}

fn status() -> Value {
    let condition = |name: &str| json!({ "type": name, "status": "True", "lastProbeTime": null, "lastTransitionTime": "2026-01-01T00:00:00Z" });
    json!({
        "phase": "Running", "qosClass": "Burstable", "podIP": "10.0.0.1", "podIPs": [{ "ip": "10.0.0.1" }],
        "hostIP": "10.1.0.1", "startTime": "2026-01-01T00:00:00Z",
        "conditions": [condition("Ready"), condition("Initialized"), condition("ContainersReady"), condition("PodScheduled")],
        "containerStatuses": [{ "name": "main", "ready": true, "restartCount": 0, "image": "nginx", "imageID": "x", "started": true,
            "state": { "running": { "startedAt": "2026-01-01T00:00:00Z" } } }],
    })
}

fn writer(manager: &str, subresource: &str) -> Writer {
    Writer {
        manager: manager.to_owned(),
        api_version: "v1".to_owned(),
        subresource: subresource.to_owned(),
        time: "2026-01-01T00:00:00Z".to_owned(),
    }
}

/// The mean time of one call.
fn mean(before: Option<&Value>, after: &Value, writer: &Writer) -> Duration {
    const CALLS: u32 = 20_000;
    let pods = built_in("v1", "Pod");
    let mut spent = Duration::ZERO;
    for _ in 0..CALLS {
        let mut object = after.clone();
        let start = Instant::now();
        own(before, &mut object, &pods, writer);
        spent += start.elapsed();
        black_box(object);
    }
    spent / CALLS
}

#[test]
#[ignore = "a measurement; needs --release --nocapture"]
fn measure() {
    let creator = writer("replicaset-controller", "");
    let mut created = pod();
    own(None, &mut created, &built_in("v1", "Pod"), &creator);
    let mut running = created.clone();
    running["status"] = status();
    println!("create: {:?}", mean(None, &pod(), &creator));
    let kubelet = writer("kubelet", "status");
    println!(
        "update of the status: {:?}",
        mean(Some(&created), &running, &kubelet)
    );
}
