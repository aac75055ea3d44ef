//! The stock kubectl against the embedded Kubernetes.
//!
//! Run with `BEX_TEST_BIN=DIR cargo test --test kubectl -- --ignored`: DIR holds kubectl.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// Two clusters in a process of their own, which ends with this value.
struct Cluster {
    server: Child,
    directory: TempDir,
}

/// What a command said.
struct Said {
    ok: bool,
    stdout: String,
    stderr: String,
}

impl Cluster {
    /// The app cluster has one Ready node.
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut server = Command::new(env!("CARGO_BIN_EXE_bex-infra"))
            .args(["sim", "serve", "--output", "json", "--state"])
            .arg(directory.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert!(!line.is_empty(), "the server did not start");
        let cluster = Self { server, directory };
        cluster.apply(NODE);
        cluster
    }

    fn command(&self, args: &[&str]) -> Command {
        let binaries =
            std::env::var("BEX_TEST_BIN").expect("BEX_TEST_BIN names a directory with kubectl");
        let mut command = Command::new(PathBuf::from(binaries).join("kubectl"));
        command
            .arg("--kubeconfig")
            .arg(self.directory.path().join("app.kubeconfig"))
            .arg("--cache-dir")
            .arg(self.directory.path().join("cache"))
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn run_with(&self, args: &[&str], input: &str) -> Said {
        let mut child = self.command(args).spawn().unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        Said {
            ok: output.status.success(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The words of the command are separated by blanks.
    fn run(&self, command: &str) -> Said {
        self.run_with(&command.split(' ').collect::<Vec<_>>(), "")
    }

    /// What a command that succeeds prints.
    fn says(&self, command: &str) -> String {
        let said = self.run(command);
        assert!(said.ok, "kubectl {command}: {}{}", said.stdout, said.stderr);
        said.stdout
    }

    #[track_caller]
    fn expect(&self, command: &str, parts: &[&str]) {
        let said = self.says(command);
        for part in parts {
            assert!(
                said.contains(part),
                "kubectl {command}: no {part:?} in:\n{said}"
            );
        }
    }

    fn apply(&self, manifest: &str) -> String {
        let said = self.run_with(&["apply", "-f", "-"], manifest);
        assert!(said.ok, "{}", said.stderr);
        said.stdout
    }

    /// A Deployment of two pods that run.
    fn deploy(&self) {
        self.says("create deployment web --image=nginx:1 --replicas=2");
        self.expect(
            "rollout status deployment/web --timeout=60s",
            &["successfully rolled out"],
        );
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.server.kill());
        drop(self.server.wait());
    }
}

const NODE: &str = include_str!("fixtures/kubectl-node.yaml");

/// A `ConfigMap` with one value.
fn config_map(value: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: settings}}\ndata: {{color: {value}}}\n"
    )
}

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
fn apply_creates_changes_and_leaves_alone() {
    let cluster = Cluster::start();
    assert_eq!(
        cluster.apply(&config_map("red")),
        "configmap/settings created\n"
    );
    assert_eq!(
        cluster.apply(&config_map("red")),
        "configmap/settings unchanged\n"
    );
    let diff = cluster.run_with(&["diff", "-f", "-"], &config_map("blue"));
    assert!(
        diff.stdout.contains("-  color: red\n+  color: blue"),
        "{}{}",
        diff.stdout,
        diff.stderr
    );
    assert_eq!(
        cluster.apply(&config_map("blue")),
        "configmap/settings configured\n"
    );
    let server_side = ["apply", "--server-side", "--field-manager=other", "-f", "-"];
    let conflict = cluster.run_with(&server_side, &config_map("green"));
    assert!(!conflict.ok);
    assert!(
        conflict
            .stderr
            .contains("conflict with \"kubectl-client-side-apply\""),
        "{}",
        conflict.stderr
    );
    let forced = [&server_side[..], &["--force-conflicts"]].concat();
    let taken = cluster.run_with(&forced, &config_map("green"));
    assert!(taken.ok, "{}", taken.stderr);
    cluster.expect(
        "get configmap settings -o jsonpath={.data.color}",
        &["green"],
    );
}

#[test]
#[ignore = "needs the kubectl binary that BEX_TEST_BIN names"]
fn patch_label_and_annotate_change_what_they_say() {
    let cluster = Cluster::start();
    cluster.apply(&config_map("red"));
    for (kind, patch) in [
        ("merge", r#"{"data":{"a":"1"}}"#),
        ("strategic", r#"{"data":{"b":"2"}}"#),
        (
            "json",
            r#"[{"op":"replace","path":"/data/color","value":"blue"}]"#,
        ),
    ] {
        let said = cluster.run_with(
            &[
                "patch",
                "configmap",
                "settings",
                "--type",
                kind,
                "-p",
                patch,
            ],
            "",
        );
        assert!(said.ok, "{kind}: {}", said.stderr);
    }
    cluster.expect(
        "get configmap settings -o jsonpath={.data}",
        &[r#"{"a":"1","b":"2","color":"blue"}"#],
    );
    cluster.says("label configmap settings tier=front");
    cluster.says("annotate configmap settings note=short");
    cluster.expect(
        "get configmap -l tier=front -o jsonpath={.items[0].metadata.annotations.note}",
        &["short"],
    );
}

#[test]
#[ignore = "needs the kubectl binary that BEX_TEST_BIN names"]
fn rollouts_go_forward_and_back() {
    let cluster = Cluster::start();
    cluster.deploy();
    let image = "get deployment web -o jsonpath={.spec.template.spec.containers[0].image}";
    cluster.says("scale deployment web --replicas=3");
    cluster.expect(
        "rollout status deployment/web --timeout=60s",
        &["successfully rolled out"],
    );
    cluster.says("set image deployment/web nginx=nginx:2");
    cluster.expect(
        "rollout status deployment/web --timeout=60s",
        &["successfully rolled out"],
    );
    assert_eq!(cluster.says(image), "nginx:2");
    cluster.says("rollout undo deployment/web");
    cluster.expect(
        "rollout status deployment/web --timeout=60s",
        &["successfully rolled out"],
    );
    assert_eq!(cluster.says(image), "nginx:1");
    cluster.says("rollout restart deployment/web");
    cluster.expect(
        "rollout status deployment/web --timeout=60s",
        &["successfully rolled out"],
    );
    cluster.expect("get deployment web", &["3/3"]);
}

#[test]
#[ignore = "needs the kubectl binary that BEX_TEST_BIN names"]
fn daemons_and_stateful_sets_go_back_to_a_revision_before() {
    let cluster = Cluster::start();
    cluster.apply(include_str!("fixtures/kubectl-revisions.yaml"));
    for kind in ["daemonset", "statefulset"] {
        let status = format!("rollout status {kind}/agent --timeout=60s");
        let image =
            format!("get {kind} agent -o jsonpath={{.spec.template.spec.containers[0].image}}");
        cluster.says(&status);
        cluster.says(&format!("set image {kind}/agent main=agent:2"));
        cluster.says(&status);
        cluster.expect(&format!("rollout history {kind}/agent"), &["\n1 ", "\n2 "]);
        cluster.expect(
            &format!("rollout history {kind}/agent --revision=1"),
            &["agent:1"],
        );
        cluster.says(&format!("rollout undo {kind}/agent"));
        cluster.says(&status);
        assert_eq!(cluster.says(&image), "agent:1");
        cluster.expect(&format!("rollout history {kind}/agent"), &["\n2 ", "\n3 "]);
        cluster.expect(
            "get controllerrevisions",
            &["CONTROLLER", "REVISION", &format!("{kind}.apps/agent")],
        );
    }
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
    let manifest = include_str!("fixtures/kubectl-control-plane.yaml");
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
fn a_drained_node_has_no_pods_until_it_is_uncordoned() {
    let cluster = Cluster::start();
    cluster.deploy();
    cluster.says("drain node-1 --ignore-daemonsets --timeout=60s");
    cluster.expect("get node node-1", &["Ready,SchedulingDisabled"]);
    assert_eq!(
        cluster.says("get pods --field-selector spec.nodeName=node-1 -o name"),
        ""
    );
    cluster.says("uncordon node-1");
    cluster.says("wait --for=condition=Available deployment/web --timeout=60s");
    cluster.says("cordon node-1");
    cluster.expect(
        "get node node-1 -o jsonpath={.spec.unschedulable}",
        &["true"],
    );
}

#[test]
#[ignore = "needs the kubectl binary that BEX_TEST_BIN names"]
fn deletes_cascade_as_they_are_told() {
    let cluster = Cluster::start();
    cluster.deploy();
    cluster.says("delete deployment web --cascade=orphan --timeout=60s");
    cluster.expect("get replicasets -o name", &["replicaset.apps/web-"]);
    cluster.says("delete replicaset -l app=web --cascade=foreground --timeout=60s");
    cluster.says("wait --for=delete pod -l app=web --timeout=60s");
    cluster.says("create namespace passing");
    cluster.says("create configmap inside -n passing --from-literal=a=b");
    cluster.says("delete namespace passing --timeout=60s");
    assert!(!cluster.run("get namespace passing").ok);
}

#[test]
#[ignore = "needs the kubectl binary that BEX_TEST_BIN names"]
fn generators_make_what_they_are_named_after() {
    let cluster = Cluster::start();
    cluster.deploy();
    cluster.says("expose deployment web --port=80");
    cluster.expect("get service web", &["ClusterIP", "80/TCP"]);
    cluster.says("run single --image=nginx:1");
    cluster.says("wait --for=condition=Ready pod/single --timeout=60s");
    cluster.expect("events", &["SuccessfulCreate"]);
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
