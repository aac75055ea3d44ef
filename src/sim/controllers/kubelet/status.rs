//! What kubelets write: the status of pods that start and end, and of nodes that are well. Pure.

use serde_json::{Value, json};

use super::nodes::Network;
use crate::hash;
use crate::sim::controllers::conditions;

/// The pod runs and is ready.
pub(super) fn run(pod: &mut Value, network: &Network, now: &str) {
    let containers = statuses(pod, "containers", |container| {
        json!({
            "ready": true,
            "started": true,
            "restartCount": 0,
            "state": {"running": {"startedAt": now}},
            "lastState": {},
            "containerID": container,
        })
    });
    let init = statuses(pod, "initContainers", |container| {
        json!({
            "ready": true,
            "started": false,
            "restartCount": 0,
            "state": {"terminated": {
                "exitCode": 0, "reason": "Completed", "startedAt": now, "finishedAt": now, "containerID": container,
            }},
            "lastState": {},
            "containerID": container,
        })
    });
    addresses(pod, network);
    let status = &mut pod["status"];
    status["phase"] = "Running".into();
    status["startTime"] = now.into();
    status["containerStatuses"] = containers.into();
    if !init.is_empty() {
        status["initContainerStatuses"] = init.into();
    }
    let holding = [
        "PodReadyToStartContainers",
        "Initialized",
        "Ready",
        "ContainersReady",
    ];
    for of in holding {
        set(status, json!({"type": of, "status": "True"}), now);
    }
}

/// Its containers ended by themselves.
pub(super) fn finish(pod: &mut Value, code: i32, now: &str) {
    if pod["spec"]["restartPolicy"] == "Always" {
        return;
    }
    let status = &mut pod["status"];
    let (phase, reason) = match code {
        0 => ("Succeeded", "Completed"),
        _ => ("Failed", "Error"),
    };
    status["phase"] = phase.into();
    let containers = status["containerStatuses"].as_array_mut();
    for container in containers.into_iter().flatten() {
        let started = container["state"]["running"]["startedAt"].take();
        container["ready"] = false.into();
        container["started"] = false.into();
        container["state"] = json!({"terminated": {
            "exitCode": code, "reason": reason, "startedAt": started, "finishedAt": now,
            "containerID": container["containerID"],
        }});
    }
    let reason = if code == 0 {
        "PodCompleted"
    } else {
        "PodFailed"
    };
    for of in ["Ready", "ContainersReady"] {
        set(
            status,
            json!({"type": of, "status": "False", "reason": reason}),
            now,
        );
    }
    set(
        status,
        json!({"type": "PodReadyToStartContainers", "status": "False"}),
        now,
    );
}

/// Every condition of a healthy node.
pub(super) fn node_is_well(node: &mut Value, now: &str) {
    let status = &mut node["status"];
    let pressures = [
        (
            "MemoryPressure",
            "KubeletHasSufficientMemory",
            "kubelet has sufficient memory available",
        ),
        (
            "DiskPressure",
            "KubeletHasNoDiskPressure",
            "kubelet has no disk pressure",
        ),
        (
            "PIDPressure",
            "KubeletHasSufficientPID",
            "kubelet has sufficient PID available",
        ),
    ];
    for (of, reason, message) in pressures {
        post(
            status,
            conditions::condition(of, "False", reason, message, now),
            now,
        );
    }
    let message = "kubelet is posting ready status";
    let ready = conditions::condition("Ready", "True", "KubeletReady", message, now);
    post(status, ready, now);
}

/// A node's conditions also say when they were last posted.
fn post(status: &mut Value, mut condition: Value, now: &str) {
    condition["lastHeartbeatTime"] = now.into();
    put(status, condition);
}

/// Sets a condition of a pod.
fn set(status: &mut Value, mut condition: Value, now: &str) {
    condition["lastTransitionTime"] = now.into();
    condition["lastProbeTime"] = Value::Null;
    put(status, condition);
}

fn put(status: &mut Value, condition: Value) {
    let known = &mut status["conditions"];
    if known.is_null() {
        *known = json!([]);
    }
    if let Some(known) = known.as_array_mut() {
        conditions::set(known, condition);
    }
}

/// One status for each container, with its name and image.
fn statuses(pod: &Value, of: &str, state: impl Fn(&str) -> Value) -> Vec<Value> {
    let uid = pod["metadata"]["uid"].as_str().unwrap_or_default();
    let containers = pod["spec"][of].as_array();
    let status = |container: &Value| {
        let name = container["name"].as_str().unwrap_or_default();
        let image = container["image"].as_str().unwrap_or_default();
        let id = format!(
            "containerd://{}",
            hash::sha256(format!("{uid}{name}").as_bytes())
        );
        let mut status = state(&id);
        status["name"] = name.into();
        status["image"] = image.into();
        status["imageID"] = format!("{image}@sha256:{}", hash::sha256(image.as_bytes())).into();
        status
    };
    containers.into_iter().flatten().map(status).collect()
}

fn addresses(pod: &mut Value, network: &Network) {
    let on_host = pod["spec"]["hostNetwork"] == true;
    let status = &mut pod["status"];
    let ip = if on_host { &network.host } else { &network.pod };
    for (one, all, ip) in [
        ("hostIP", "hostIPs", &network.host),
        ("podIP", "podIPs", ip),
    ] {
        if let Some(ip) = ip {
            status[one] = ip.as_str().into();
            status[all] = json!([{"ip": ip}]);
        }
    }
}
