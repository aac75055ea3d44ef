//! How many writes a second. Run with `--release -- --ignored --nocapture`.

use std::time::Instant;

use super::*;

const PODS: u32 = 20_000;

fn full_pod(index: u32) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": format!("web-{index}"),
            "labels": {"app": "web", "pod-template-hash": "5d4f9c7b8d", "tier": "frontend"},
            "annotations": {"example.com/note": "a pod of the speed test"},
            "ownerReferences": [{
                "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-5d4f9c7b8d",
                "uid": "0a1b2c3d-0000-4000-8000-000000000000", "controller": true, "blockOwnerDeletion": true,
            }],
        },
        "spec": {
            "containers": [{
                "name": "web", "image": "registry.example.com/web:1.2.3",
                "ports": [{"containerPort": 8080, "protocol": "TCP"}],
                "env": [{"name": "MODE", "value": "fast"}],
                "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
            }],
        },
    })
}

#[test]
#[ignore = "measures"]
fn writes_a_second() {
    let cluster = Cluster::new();
    let target = cluster.target("default/pods");
    let started = Instant::now();
    for index in 0..PODS {
        cluster
            .registry
            .create(&target, full_pod(index), &options())
            .unwrap();
    }
    report("create", started);
    let started = Instant::now();
    for index in 0..PODS {
        let one = Target::new(target.resource.clone(), "default", &format!("web-{index}"));
        let one = one.with(Subresource::Status);
        cluster
            .registry
            .modify(&one, "kubelet", &mut |pod| {
                pod["status"] = json!({
                    "phase": "Running", "podIP": "10.244.0.1", "hostIP": "10.0.0.1",
                    "conditions": [
                        {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"},
                        {"type": "ContainersReady", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"},
                        {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"},
                    ],
                });
                Ok(())
            })
            .unwrap();
    }
    report("modify", started);
    let started = Instant::now();
    for index in 0..PODS {
        let one = Target::new(target.resource.clone(), "default", &format!("web-{index}"));
        cluster
            .registry
            .delete(&one, &DeleteOptions::default())
            .unwrap();
    }
    report("delete", started);
}

fn report(what: &str, started: Instant) {
    let rate = f64::from(PODS) / started.elapsed().as_secs_f64();
    println!("{what}: {rate:.0} a second");
}
