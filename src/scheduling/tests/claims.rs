//! Rules about claims and their volumes.

use super::*;

/// A pod with the claim `data`.
fn user() -> Value {
    let claim = json!({"name": "v", "persistentVolumeClaim": {"claimName": "data"}});
    pod(json!({"volumes": [claim]}))
}

/// The claim `data` that only one pod may use, and its volume in zone b.
fn add_disk(cluster: &mut Cluster) {
    cluster.add("persistentvolumes", json!({
        "metadata": {"name": "disk", "labels": {ZONE: "b"}},
        "spec": {"capacity": {"storage": "1Gi"}, "csi": {"driver": "csi.a", "volumeHandle": "h"}},
    }));
    cluster.add(
        "persistentvolumeclaims",
        json!({
            "metadata": {"name": "data", "namespace": "default",
                "annotations": {"pv.kubernetes.io/bind-completed": "yes"}},
            "spec": {"volumeName": "disk", "accessModes": ["ReadWriteOncePod"]},
        }),
    );
}

#[test]
fn a_bound_volume_is_reached_from_where_it_is() {
    let mut cluster = Cluster::with_zones(&["a", "b"]);
    add_disk(&mut cluster);
    assert_eq!(cluster.feasible(user()), ["n1"]);
    cluster.add(
        "csinodes.storage.k8s.io",
        json!({
            "metadata": {"name": "n1"},
            "spec": {"drivers": [{"name": "csi.a", "nodeID": "n1", "allocatable": {"count": 0}}]},
        }),
    );
    assert!(
        cluster
            .diagnosis(user())
            .unwrap()
            .contains("1 node(s) exceed max volume count")
    );
    cluster.run("user", user(), "n0");
    assert!(
        cluster
            .diagnosis(user())
            .unwrap()
            .contains("2 node(s) unavailable due to")
    );
}

#[test]
fn a_claim_that_does_not_exist_is_said_once_for_all_nodes() {
    let mut cluster = Cluster::with_zones(&["a", "b"]);
    let why = cluster.diagnosis(user());
    let expected = "0/2 nodes are available: persistentvolumeclaim \"data\" not found. preemption: 0/2 nodes are \
                    available: 2 Preemption is not helpful for scheduling.";
    assert_eq!(why.unwrap(), expected);
}

#[test]
fn a_claim_for_one_pod_is_free_when_that_is_gone_whatever_becomes_of_the_number_of_its_class() {
    let mut cluster = Cluster::with_zones(&["a", "b"]);
    add_disk(&mut cluster);
    cluster.run("user", user(), "n1");
    assert!(cluster.feasible(user()).is_empty());
    cluster.0.remove_pod(&key("user"));
    assert_eq!(cluster.feasible(user()), ["n1"]);
    cluster.0.forget_unused_classes(|_| false);
    cluster.run("other", pod(json!({})), "n1");
    assert_eq!(cluster.feasible(user()), ["n1"]);
}
