//! What pods get beyond plain defaults: as they are read, and as they are admitted.

use serde_json::{Map, Value, json};

/// Values of the priority classes that every cluster has.
const PRIORITIES: [(&str, i64); 2] = [
    ("system-cluster-critical", 2_000_000_000),
    ("system-node-critical", 2_000_001_000),
];

/// Seconds for which a pod stays on a node that is gone.
const TOLERATION_SECONDS: i64 = 300;

/// Fills in the spec of a pod or of a template.
pub(super) fn fill_spec(spec: &mut Value) {
    let host_network = spec["hostNetwork"] == true;
    for container in containers(spec) {
        if container.get("imagePullPolicy").is_none() {
            let policy = pull_policy(container["image"].as_str().unwrap_or_default());
            container["imagePullPolicy"] = policy.into();
        }
        for port in items(container, "ports") {
            if host_network && port["hostPort"].is_null() {
                port["hostPort"] = port["containerPort"].clone();
            }
        }
    }
    for volume in items(spec, "volumes") {
        if let Value::Object(fields) = volume
            && fields.keys().all(|name| name == "name")
        {
            fields.insert("emptyDir".to_owned(), json!({}));
        }
    }
    let account = ["serviceAccountName", "serviceAccount"];
    if let Some(name) = account.iter().find_map(|name| spec.get(name)).cloned() {
        for field in account {
            spec[field] = name.clone();
        }
    }
}

/// Fills in what a pod has and a template has not: requests are the limits where nothing else is said.
pub(super) fn fill_requests(spec: &mut Value) {
    for container in containers(spec) {
        let Some(Value::Object(limits)) = container.pointer("/resources/limits").cloned() else {
            continue;
        };
        let requests = &mut container["resources"]["requests"];
        if requests.is_null() {
            *requests = Value::Object(Map::new());
        }
        for (name, amount) in limits {
            if requests.get(&name).is_none() {
                requests[&name] = amount;
            }
        }
    }
}

/// What a pod says that is not to be scheduled yet.
pub(super) fn gated() -> Value {
    json!({
        "type": "PodScheduled",
        "status": "False",
        "reason": "SchedulingGated",
        "message": "Scheduling is blocked due to non-empty scheduling gates",
        "lastProbeTime": null,
    })
}

/// The address is the first of the addresses.
pub(super) fn fill_addresses(pod: &mut Value) {
    let Some(status) = pod.get_mut("status").filter(|status| status.is_object()) else {
        return;
    };
    let address = status["podIP"].clone();
    if address.is_string() && status["podIPs"].is_null() {
        status["podIPs"] = json!([{"ip": address}]);
    }
}

/// What admission adds to a new pod. Priority classes of the user's own are the registry's business.
pub(super) fn admit(spec: &mut Value) {
    if spec["terminationGracePeriodSeconds"]
        .as_i64()
        .is_some_and(|period| period < 0)
    {
        spec["terminationGracePeriodSeconds"] = json!(1);
    }
    let class = spec["priorityClassName"].as_str().unwrap_or_default();
    let known = PRIORITIES.iter().find(|(name, _)| *name == class);
    if spec["priority"].is_null() {
        spec["priority"] = json!(known.map_or(0, |(_, value)| *value));
    }
    if spec["preemptionPolicy"].is_null() {
        spec["preemptionPolicy"] = "PreemptLowerPriority".into();
    }
    for key in [
        "node.kubernetes.io/not-ready",
        "node.kubernetes.io/unreachable",
    ] {
        tolerate(spec, key);
    }
}

/// What admission adds to a changed pod: its priority is not given anew.
pub(super) fn admit_again(before: &Value, after: &mut Value) {
    for field in ["priority", "priorityClassName", "preemptionPolicy"] {
        if let (true, Some(value)) = (after[field].is_null(), before.get(field)) {
            after[field] = value.clone();
        }
    }
    admit(after);
}

/// Adds a toleration for a while, unless the pod has its own for that taint.
fn tolerate(spec: &mut Value, key: &str) {
    if spec["tolerations"].is_null() {
        spec["tolerations"] = json!([]);
    }
    let Value::Array(tolerations) = &mut spec["tolerations"] else {
        return;
    };
    let matches = |toleration: &Value| {
        let own = toleration["key"].as_str().unwrap_or_default();
        let effect = toleration["effect"].as_str().unwrap_or_default();
        (own == key || own.is_empty()) && (effect == "NoExecute" || effect.is_empty())
    };
    if !tolerations.iter().any(matches) {
        tolerations.push(json!({
            "key": key,
            "operator": "Exists",
            "effect": "NoExecute",
            "tolerationSeconds": TOLERATION_SECONDS,
        }));
    }
}

/// `Guaranteed` if all containers have limits for CPU and memory that equal their requests, `BestEffort` if none has
/// either.
pub(super) fn quality_of_service(spec: &mut Value) -> &'static str {
    let mut guaranteed = true;
    let mut best_effort = true;
    for container in containers(spec) {
        let amount = |of: &str, name: &str| {
            let path = format!("/resources/{of}/{name}");
            container
                .pointer(&path)
                .filter(|amount| *amount != "0")
                .cloned()
        };
        for name in ["cpu", "memory"] {
            let (request, limit) = (amount("requests", name), amount("limits", name));
            best_effort &= request.is_none() && limit.is_none();
            guaranteed &= limit.is_some() && request == limit;
        }
    }
    match (best_effort, guaranteed) {
        (true, _) => "BestEffort",
        (_, true) => "Guaranteed",
        _ => "Burstable",
    }
}

fn containers(spec: &mut Value) -> impl Iterator<Item = &mut Value> {
    let Value::Object(fields) = spec else {
        return Vec::new().into_iter();
    };
    let lists = fields.iter_mut().filter(|(name, _)| {
        matches!(
            name.as_str(),
            "containers" | "initContainers" | "ephemeralContainers"
        )
    });
    let all: Vec<&mut Value> = lists
        .filter_map(|(_, list)| list.as_array_mut())
        .flatten()
        .collect();
    all.into_iter()
}

pub(super) fn items<'a>(value: &'a mut Value, list: &str) -> impl Iterator<Item = &'a mut Value> {
    value
        .get_mut(list)
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
}

/// An image without a tag, or with `latest`, is pulled each time.
fn pull_policy(image: &str) -> &'static str {
    if image.is_empty() {
        return "IfNotPresent";
    }
    let (name, digest) = image.split_once('@').unwrap_or((image, ""));
    let last = name.rsplit('/').next().unwrap_or(name);
    match last.split_once(':') {
        Some((_, "latest")) => "Always",
        None if digest.is_empty() => "Always",
        _ => "IfNotPresent",
    }
}
