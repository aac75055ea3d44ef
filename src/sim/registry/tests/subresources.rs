use super::*;

fn deployment() -> Value {
    json!({
        "metadata": {"name": "d"},
        "spec": {
            "replicas": 2,
            "selector": {
                "matchLabels": {"a": "b"},
                "matchExpressions": [
                    {"key": "x", "operator": "In", "values": ["2", "1"]},
                    {"key": "y", "operator": "Exists"},
                ],
            },
            "template": {
                "metadata": {"labels": {"a": "b", "x": "1", "y": "z"}},
                "spec": {"containers": [{"name": "c", "image": "i"}]},
            },
        },
    })
}

fn bound(cluster: &Cluster, name: &str, status: Value) {
    let mut object = pod(name);
    object["spec"]["nodeName"] = json!("n1");
    cluster.create("default/pods", object).unwrap();
    cluster
        .merge(
            &format!("default/pods/{name}/status"),
            json!({"status": status}),
        )
        .unwrap();
}

fn healthy(cluster: &Cluster, name: &str) {
    let ready = json!([{"type": "Ready", "status": "True"}]);
    bound(
        cluster,
        name,
        json!({"phase": "Running", "conditions": ready}),
    );
}

fn budget(cluster: &Cluster, name: &str, allowed: i64) {
    let object = json!({
        "metadata": {"name": name},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}},
    });
    cluster
        .create("default/poddisruptionbudgets", object)
        .unwrap();
    let status = json!({"status": {
        "observedGeneration": 1, "disruptionsAllowed": allowed, "currentHealthy": 1,
        "desiredHealthy": 1, "expectedPods": 1,
    }});
    cluster
        .merge(
            &format!("default/poddisruptionbudgets/{name}/status"),
            status,
        )
        .unwrap();
}

fn evict(cluster: &Cluster, name: &str) -> Result<Value, Status> {
    cluster.create(
        &format!("default/pods/{name}/eviction"),
        json!({"metadata": {"name": name}}),
    )
}

#[test]
fn a_scale_shows_the_counts_and_the_selector() {
    let cluster = Cluster::new();
    cluster.create("default/deployments", deployment()).unwrap();
    let scale = cluster.get("default/deployments/d/scale").unwrap();
    assert_eq!(scale["kind"], "Scale");
    assert_eq!(scale["spec"], json!({"replicas": 2}));
    assert_eq!(
        scale["status"],
        json!({"replicas": 0, "selector": "a=b,x in (1,2),y"})
    );
}

#[test]
fn a_scale_can_be_put_patched_and_applied() {
    let cluster = Cluster::new();
    cluster.create("default/deployments", deployment()).unwrap();
    let path = "default/deployments/d/scale";
    let put = json!({"metadata": {"name": "d"}, "spec": {"replicas": 3}});
    assert_eq!(
        cluster.update(path, put).unwrap()["spec"],
        json!({"replicas": 3})
    );
    let change = json!({"spec": {"replicas": 4}});
    assert_eq!(
        cluster.merge(path, change).unwrap()["spec"],
        json!({"replicas": 4})
    );
    let applied = json!({
        "apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "d"},
        "spec": {"replicas": 4},
    });
    cluster.patch(path, &Patch::Apply(applied)).unwrap();
    let object = cluster.get("default/deployments/d").unwrap();
    assert_eq!(object["spec"]["replicas"], 4);
    assert_eq!(object["metadata"]["generation"], 3);
    let books = object["metadata"]["managedFields"].as_array().unwrap();
    assert!(
        books.iter().any(|entry| entry["subresource"] == "scale"
            && entry["fieldsV1"] == json!({"f:spec": {"f:replicas": {}}})),
        "{books:?}"
    );
}

#[test]
fn negative_replicas_are_invalid() {
    let cluster = Cluster::new();
    cluster.create("default/deployments", deployment()).unwrap();
    let status = cluster
        .update(
            "default/deployments/d/scale",
            json!({"metadata": {"name": "d"}, "spec": {"replicas": -3}}),
        )
        .unwrap_err();
    assert_eq!(
        status.message,
        "Scale.autoscaling \"d\" is invalid: spec.replicas: Invalid value: -3: must be greater than or equal to 0"
    );
}

#[test]
fn a_binding_gives_a_pod_its_node_once() {
    let cluster = Cluster::new();
    cluster.create("default/pods", pod("web")).unwrap();
    let binding = json!({
        "metadata": {"name": "web", "annotations": {"a": "b"}}, "target": {"name": "n1"},
    });
    let answer = cluster
        .create("default/pods/web/binding", binding.clone())
        .unwrap();
    assert_eq!(
        (&answer["status"], &answer["code"]),
        (&json!("Success"), &json!(201))
    );
    let pod = cluster.get("default/pods/web").unwrap();
    assert_eq!(pod["spec"]["nodeName"], "n1");
    assert_eq!(pod["metadata"]["annotations"], json!({"a": "b"}));
    assert_eq!(pod["status"]["conditions"][0]["type"], "PodScheduled");
    let status = cluster
        .create("default/pods/web/binding", binding)
        .unwrap_err();
    assert_eq!(
        status.message,
        "Operation cannot be fulfilled on pods/binding \"web\": pod web is already assigned to node \"n1\""
    );
    assert_eq!(status.details.unwrap().kind, "pods/binding");
}

#[test]
fn a_binding_needs_a_node() {
    let cluster = Cluster::new();
    cluster.create("default/pods", pod("web")).unwrap();
    let status = cluster
        .create(
            "default/pods/web/binding",
            json!({"metadata": {"name": "web"}, "target": {"kind": "X"}}),
        )
        .unwrap_err();
    assert_eq!(
        status.message,
        "[target.kind: Unsupported value: \"X\": supported values: \"Node\", \"<empty>\", target.name: Required value]"
    );
}

#[test]
fn an_eviction_without_a_budget_is_a_deletion() {
    let cluster = Cluster::new();
    healthy(&cluster, "web");
    evict(&cluster, "web").unwrap();
    let pod = cluster.get("default/pods/web").unwrap();
    assert!(pod["metadata"]["deletionTimestamp"].is_string());
    let conditions = pod["status"]["conditions"].as_array().unwrap();
    assert!(
        conditions
            .iter()
            .any(|condition| condition["reason"] == "EvictionByEvictionAPI")
    );
}

#[test]
fn an_eviction_spends_the_budget() {
    let cluster = Cluster::new();
    healthy(&cluster, "web");
    budget(&cluster, "b", 1);
    evict(&cluster, "web").unwrap();
    let budget = cluster.get("default/poddisruptionbudgets/b").unwrap();
    assert_eq!(budget["status"]["disruptionsAllowed"], 0);
    assert_eq!(
        budget["status"]["disruptedPods"]["web"],
        "2026-01-01T00:00:00Z"
    );
}

#[test]
fn an_empty_budget_refuses() {
    let cluster = Cluster::new();
    healthy(&cluster, "web");
    budget(&cluster, "b", 0);
    let status = evict(&cluster, "web").unwrap_err();
    assert_eq!(
        (status.code, status.reason.as_str()),
        (429, "TooManyRequests")
    );
    assert_eq!(
        status.message,
        "Cannot evict pod as it would violate the pod's disruption budget."
    );
    let cause = &status.details.unwrap().causes[0];
    assert_eq!(cause.reason, "DisruptionBudget");
    assert_eq!(
        cause.message,
        "The disruption budget b needs 1 healthy pods and has 1 currently"
    );
}

#[test]
fn a_budget_that_no_controller_has_seen_refuses_for_now() {
    let cluster = Cluster::new();
    healthy(&cluster, "web");
    budget(&cluster, "b", 1);
    cluster
        .merge(
            "default/poddisruptionbudgets/b",
            json!({"spec": {"minAvailable": 2}}),
        )
        .unwrap();
    let details = evict(&cluster, "web").unwrap_err().details.unwrap();
    assert_eq!(details.retry_after_seconds, Some(10));
    assert_eq!(
        details.causes[0].message,
        "The disruption budget b is still being processed by the server."
    );
}

#[test]
fn two_budgets_over_one_pod_are_an_error() {
    let cluster = Cluster::new();
    healthy(&cluster, "web");
    budget(&cluster, "b", 1);
    budget(&cluster, "c", 1);
    let status = evict(&cluster, "web").unwrap_err();
    assert_eq!(status.code, 500);
    assert_eq!(
        status.message,
        "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
    );
}

#[test]
fn a_finished_pod_and_a_pending_one_cost_no_budget() {
    for phase in ["Succeeded", "Failed", "Pending"] {
        let cluster = Cluster::new();
        bound(&cluster, "web", json!({"phase": phase}));
        budget(&cluster, "b", 0);
        evict(&cluster, "web").unwrap();
    }
}

#[test]
fn an_unhealthy_pod_may_go_while_enough_others_are_healthy() {
    let cluster = Cluster::new();
    bound(&cluster, "web", json!({"phase": "Running"}));
    budget(&cluster, "b", 0);
    evict(&cluster, "web").unwrap();
    let budget = cluster.get("default/poddisruptionbudgets/b").unwrap();
    assert_eq!(budget["status"].get("disruptedPods"), None);
}

#[test]
fn a_dry_run_evicts_nobody_and_spends_nothing() {
    let cluster = Cluster::new();
    healthy(&cluster, "web");
    budget(&cluster, "b", 1);
    let revision = cluster.revision();
    cluster
        .create_with(
            "default/pods/web/eviction",
            json!({"metadata": {"name": "web"}}),
            &dry_run(),
        )
        .unwrap();
    assert_eq!(cluster.revision(), revision);
}

#[test]
fn preconditions_of_an_eviction_must_hold() {
    let cluster = Cluster::new();
    healthy(&cluster, "web");
    let revision = cluster.revision();
    let eviction = json!({
        "metadata": {"name": "web"}, "deleteOptions": {"preconditions": {"uid": "x"}},
    });
    let status = cluster
        .create("default/pods/web/eviction", eviction)
        .unwrap_err();
    assert_eq!(status.code, 409);
    assert_eq!(cluster.revision(), revision);
}
