//! Verbs that read.

use std::io::{BufRead, BufReader};

use super::cluster::Cluster;

#[test]
#[ignore = "needs the kubectl binary that BEX_TEST_BIN names"]
fn get_shows_objects_in_every_form() {
    let cluster = Cluster::start();
    cluster.deploy();
    let pods = cluster.says("get pods");
    assert!(pods.starts_with("NAME"), "{pods}");
    assert_eq!(pods.matches("1/1     Running").count(), 2, "{pods}");
    cluster.expect(
        "get pods -o wide",
        &["10.244.0.", "node-1", "NOMINATED NODE"],
    );
    cluster.expect(
        "get deployment web -o yaml",
        &["apiVersion: apps/v1", "kind: Deployment", "replicas: 2"],
    );
    cluster.expect("get deployment web -o name", &["deployment.apps/web"]);
    cluster.expect(
        "get nodes -o custom-columns=N:.metadata.name,CPU:.status.capacity.cpu",
        &["node-1   4"],
    );
    cluster.expect(
        "get pods -l app=web --field-selector status.phase=Running -o name",
        &["pod/web-"],
    );
    cluster.expect(
        "get deploy,rs,pods -A",
        &["deployment.apps/web", "replicaset.apps/web-", "pod/web-"],
    );
    cluster.expect("get --raw /readyz", &["ok"]);
    let missing = cluster.run("get pod nobody");
    assert_eq!(
        (missing.ok, missing.stderr.as_str()),
        (
            false,
            "Error from server (NotFound): pods \"nobody\" not found\n"
        )
    );
}

#[test]
#[ignore = "needs the kubectl binary that BEX_TEST_BIN names"]
fn a_watch_tells_what_happens() {
    let cluster = Cluster::start();
    let mut watch = cluster
        .command(&["get", "configmaps", "-w", "-o", "name"])
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    // The list comes first, with what every namespace has; what is made afterwards can only come from the watch.
    cluster.says("create configmap seen --from-literal=a=b");
    let found = lines.any(|line| line.unwrap() == "configmap/seen");
    assert!(found);
    watch.kill().unwrap();
    watch.wait().unwrap();
}

#[test]
#[ignore = "needs the kubectl binary that BEX_TEST_BIN names"]
fn describe_gathers_what_belongs_to_an_object() {
    let cluster = Cluster::start();
    cluster.deploy();
    cluster.expect(
        "describe deployment web",
        &[
            "2 desired | 2 updated | 2 total | 2 available",
            "ScalingReplicaSet",
        ],
    );
    cluster.expect(
        "describe pod -l app=web",
        &[
            "Node:",
            "node-1",
            "nginx:1",
            "Controlled By:  ReplicaSet/web-",
        ],
    );
    cluster.expect(
        "describe node node-1",
        &["KubeletReady", "Non-terminated Pods:", "web-"],
    );
}

#[test]
#[ignore = "needs the kubectl binary that BEX_TEST_BIN names"]
fn a_control_plane_is_shown_with_its_cluster() {
    let cluster = Cluster::start();
    let kubeconfig = cluster.directory.path().join("infra.kubeconfig");
    let infra = |args: &[&str], input: &str| {
        let kubeconfig = ["--kubeconfig", kubeconfig.to_str().unwrap()];
        let said = cluster.run_with(&[&kubeconfig[..], args].concat(), input);
        assert!(said.ok, "kubectl {args:?}: {}{}", said.stdout, said.stderr);
        said.stdout
    };
    let manifest = include_str!("../fixtures/kubectl-control-plane.yaml");
    infra(&["apply", "-f", "-"], manifest);
    let shown = infra(&["get", "kubeadmcontrolplane"], "");
    let columns: Vec<Vec<&str>> = shown
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    // The columns that Cluster API's own definition has; empty ones are blank.
    assert_eq!(
        columns[0].join(" "),
        "NAME CLUSTER AVAILABLE DESIRED CURRENT READY AVAILABLE UP-TO-DATE INITIALIZED AGE VERSION"
    );
    assert_eq!(columns[1][..2], ["bex-control-plane", "bex"], "{shown}");
    assert_eq!(columns[1].last(), Some(&"v1.34.4"), "{shown}");
}

#[test]
#[ignore = "needs the kubectl binary that BEX_TEST_BIN names"]
fn the_api_explains_itself() {
    let cluster = Cluster::start();
    cluster.expect("version", &["Server Version: v1.34"]);
    cluster.expect(
        "api-resources",
        &["deployments", "deploy", "apps/v1", "poddisruptionbudgets"],
    );
    cluster.expect("api-versions", &["apps/v1", "policy/v1"]);
    cluster.expect(
        "explain deployment.spec.replicas",
        &["GROUP:      apps", "FIELD: replicas <integer>"],
    );
    cluster.expect("auth whoami", &["sim:admin"]);
    cluster.expect("auth can-i create pods", &["yes"]);
}
