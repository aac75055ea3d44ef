//! Verbs that write.

use super::cluster::Cluster;

/// A `ConfigMap` with one value.
fn config_map(value: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: settings}}\ndata: {{color: {value}}}\n"
    )
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
