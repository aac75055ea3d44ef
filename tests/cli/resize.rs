//! The resize loop on a simulated platform: the real binary, its server in the background, and nothing else.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use bex_infra::tools::kube::{self, Client, Objects};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::sandbox::{Done, Sandbox};
use crate::simulated::Platform;

/// A pool of cheap machines, and one that stays as it is.
const SPEC: &str = "\
apiVersion: infra.bex.co/v1alpha1
kind: Platform
metadata: {name: bex}
spec:
  substrate: sim
  pools:
    - name: web
      min: 1
      max: 4
      machineTypes:
        - {type: cpx22, location: nbg1}
        - {type: cpx32, location: fsn1}
    - {name: batch, replicas: 1, machineTypes: [{type: cpx22, location: nbg1}]}
";

#[test]
fn a_ladder_is_planned_and_comes_up_with_its_minimum_on_the_first_rung() {
    let platform = Platform::of(SPEC, &["--no-resize"]);
    let status = platform.status();
    assert_eq!(status["healthy"], true, "{status}");
    let web = &status["observed"]["app"]["pools"]["web"];
    assert_eq!(web["sizes"], serde_json::json!({"min": 1, "max": 4}));
    assert_eq!(
        web["groups"],
        serde_json::json!([
            {"name": "web", "replicas": 1},
            {"name": "web-cpx32-fsn1", "replicas": 0},
        ])
    );
    let again = platform.must(&["plan", "-f", "platform.yaml", "--no-resize"]);
    assert!(again.stdout.contains("nothing to do"), "{}", again.stdout);
}

#[test]
fn a_pool_of_the_loop_is_scaled_by_hand_within_its_sizes_only() {
    let platform = Platform::of(SPEC, &["--no-resize"]);
    let refused = platform
        .sandbox
        .run(&["scale", "workers", "5", "--pool", "web"]);
    assert_eq!(refused.code, Some(3), "{}", refused.stderr);
    platform.must(&["scale", "workers", "2", "--pool", "web"]);
    let again = platform.must(&["up", "-f", "platform.yaml", "--no-resize"]);
    assert!(again.stderr.contains("nothing to do"), "{}", again.stderr);
    let status = platform.status();
    assert_eq!(status["observed"]["app"]["pools"]["web"]["replicas"], 2);
}

#[test]
fn up_installs_the_loop_once_and_down_takes_it_away() {
    let platform = Platform::up(&["--max", "3"]);
    let status = platform.status();
    assert_eq!(status["observed"]["infra"]["resize"]["runs"], true);
    let again = platform.must(&["up", "sim", "--max", "3"]);
    assert!(again.stderr.contains("nothing to do"), "{}", again.stderr);
    let shown = platform.must(&["status"]).stdout;
    assert!(shown.contains("resize loop: at work"), "{shown}");
}

#[test]
fn a_loop_that_nobody_wants_any_more_is_removed() {
    let platform = Platform::up(&["--max", "3"]);
    let args = ["--max", "3", "--no-resize"];
    let planned = platform.must(&[&["plan", "sim"][..], &args].concat());
    assert!(
        planned.stdout.contains("remove the resize loop"),
        "{}",
        planned.stdout
    );
    platform.must(&[&["up", "sim"][..], &args].concat());
    let again = platform.must(&[&["plan", "sim"][..], &args].concat());
    assert!(again.stdout.contains("nothing to do"), "{}", again.stdout);
    let resize = &platform.status()["observed"]["infra"]["resize"];
    assert_eq!(resize["runs"], false, "{resize}");
    let judged = platform.must(&["doctor"]);
    let missing = "no resize loop is installed";
    assert!(judged.stdout.contains(missing), "{}", judged.stdout);
}

#[test]
fn the_policy_of_a_spec_is_the_installed_loops_and_a_change_of_it_is_a_step() {
    let spec = |cost: &str| format!("{SPEC}  resize: {{maxHourlyCost: {cost}}}\n");
    let platform = Platform::of(&spec("0.0001"), &[]);
    // The workers that are there cost more: whoever explains knows the installed policy.
    let judged = platform.must(&["doctor"]);
    assert!(judged.stdout.contains("resizes"), "{}", judged.stdout);
    let cluster = App::of(&platform);
    cluster.apply(include_str!("../../examples/burst.yaml"));
    eventually(|| {
        let explained = platform.must(&["scale", "workers", "--explain"]);
        explained.stdout.contains("more than 0.0001 an hour")
    });
    platform.sandbox.write("platform.yaml", &spec("5"));
    let planned = platform.must(&["plan", "-f", "platform.yaml"]);
    assert!(
        planned.stdout.contains("its policy changes"),
        "{}",
        planned.stdout
    );
    platform.must(&["up", "-f", "platform.yaml"]);
    // Workers come now, and while they do the platform is not Available.
    eventually(|| {
        let again = platform.must(&["plan", "-f", "platform.yaml"]);
        again.stdout.contains("nothing to do")
    });
    eventually(|| platform.status()["observed"]["app"]["pools"]["web"]["replicas"] != 1);
}

#[test]
fn a_policy_that_is_wrong_is_refused_with_its_place() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "platform.yaml",
        &format!("{SPEC}  resize: {{settle: soon}}\n"),
    );
    let done = sandbox.run(&["plan", "-f", "platform.yaml"]);
    assert_eq!(done.code, Some(2));
    let place = "platform.yaml:14:20: spec.resize.settle: `soon` is not a duration";
    assert!(done.stderr.contains(place), "{}", done.stderr);
}

#[test]
fn a_platform_without_a_maximum_has_no_loop() {
    let sandbox = Sandbox::new();
    let planned = sandbox.run(&["plan", "sim"]);
    assert!(!planned.stdout.contains("resize"), "{}", planned.stdout);
    let planned = sandbox.run(&["plan", "sim", "--max", "3"]);
    assert!(
        planned.stdout.contains("install the resize loop"),
        "{}",
        planned.stdout
    );
    let planned = sandbox.run(&["plan", "sim", "--max", "3", "--no-resize"]);
    assert!(!planned.stdout.contains("resize"), "{}", planned.stdout);
}

#[test]
fn what_the_loop_would_do_is_told_and_not_done() {
    let platform = Platform::up(&["--max", "3", "--no-resize"]);
    let done = platform.must(&["scale", "workers", "--auto", "--dry-run", "-o", "json"]);
    let decision: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(decision["grow"], serde_json::json!([]));
    let explained = platform.must(&["scale", "workers", "--explain"]);
    assert!(
        explained.stdout.contains("Nothing to do"),
        "{}",
        explained.stdout
    );
    assert_eq!(platform.workers().len(), 1);
    // Who only asks does not pass for a loop.
    let resize = &platform.status()["observed"]["infra"]["resize"];
    assert_eq!(resize["runs"], false, "{resize}");
}

#[test]
fn a_pool_is_named_for_its_sizes_only() {
    let platform = Platform::up(&[]);
    let args = ["scale", "workers", "--auto", "--pool", "worker-0"];
    let done = platform.sandbox.run(&args);
    assert_eq!(done.code, Some(2));
    let why = "--pool says for which pool --max is meant";
    assert!(done.stderr.contains(why), "{}", done.stderr);
}

#[test]
fn the_example_of_a_platform_that_resizes_itself_does_so() {
    let spec = include_str!("../../examples/resize.yaml").replace("name: resize", "name: bex");
    let platform = Platform::of(&spec, &[]);
    App::of(&platform).apply(include_str!("../../examples/burst.yaml"));
    eventually(|| platform.status()["observed"]["app"]["pools"]["web"]["replicas"] != 1);
}

#[test]
fn a_second_loop_says_for_whom_it_waits() {
    let platform = Platform::up(&["--max", "3"]);
    let mut command = platform.sandbox.command(&["scale", "workers", "--auto"]);
    let mut waiting = command.stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(waiting.stderr.take().unwrap()).lines();
    let mut lines = lines.map_while(Result::ok);
    let said = lines.find(|line| line.contains("this process waits until it ends"));
    interrupt(&waiting);
    waiting.wait().unwrap();
    assert!(said.is_some());
}

#[test]
fn an_empty_log_is_neither_played_back_nor_drawn() {
    for (verb, doing) in [
        ("replay", "playing /dev/null back"),
        ("report", "drawing /dev/null"),
    ] {
        let done = Sandbox::new().run(&["resize", verb, "/dev/null"]);
        assert_eq!((done.code, done.stdout.as_str()), (Some(1), ""), "{verb}");
        let told = format!(
            "error: {doing}\ncaused by: the log is empty: run the loop with `--log FILE` first\n"
        );
        assert_eq!(done.stderr, told);
    }
}

#[test]
fn a_cluster_that_is_not_there_is_named_with_what_to_look_at() {
    let platform = Platform::up(&["--no-resize"]);
    let run = |cluster: &str, kubeconfig: &str| {
        let done = platform.sandbox.run(&[
            "resize",
            "run",
            "--cluster",
            cluster,
            "--kubeconfig",
            kubeconfig,
        ]);
        assert_eq!(done.code, Some(1), "{}", done.stderr);
        done.stderr
    };
    insta::assert_snapshot!(run("nosuch", "bex/bex/sim/infra.kubeconfig"), @"
    error: there is no Cluster default/nosuch in the cluster that bex/bex/sim/infra.kubeconfig leads to
    hint: --cluster names the app cluster, --kubeconfig leads to the infra cluster that has its Cluster object
    ");
    // The app cluster has no Clusters.
    insta::assert_snapshot!(run("bex", "bex/bex/sim/app.kubeconfig"), @"
    error: there is no Cluster default/bex in the cluster that bex/bex/sim/app.kubeconfig leads to
    hint: --cluster names the app cluster, --kubeconfig leads to the infra cluster that has its Cluster object
    ");
}

/// Removes what nobody needs at once.
const HASTY: &str = "unneededFor: 0s\nsettle: 0s\n";

#[test]
fn pods_that_wait_bring_workers_and_workers_go_with_them() {
    let platform = Platform::up(&["--max", "4", "--no-resize"]);
    platform.sandbox.write("policy.yaml", HASTY);
    let args = ["scale", "workers", "--auto", "--policy", "policy.yaml"];
    let mut command = platform.sandbox.command(&args);
    let resizing = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let resizing = resizing.unwrap();
    let cluster = App::of(&platform);

    cluster.apply(include_str!("../../examples/burst.yaml"));
    eventually(|| platform.workers().len() == 4);
    cluster.scale_to("burst", 0);
    eventually(|| platform.workers().len() == 1);

    interrupt(&resizing);
    let done = Done::from(resizing.wait_with_output().unwrap());
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(
        done.stdout.contains("grow bex-worker-0 1 -> 4"),
        "{}",
        done.stdout
    );
    assert!(done.stdout.contains("remove "), "{}", done.stdout);
}

fn interrupt(process: &Child) {
    let pid = i32::try_from(process.id()).unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), Signal::INT).unwrap();
}

fn eventually(is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(2);
    while !is_so() {
        assert!(Instant::now() < deadline, "it is not so after two minutes");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The app cluster, as kubectl would reach it.
struct App {
    runtime: Runtime,
    client: Client,
}

impl App {
    fn of(platform: &Platform) -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        let path = platform.sandbox.bex_home().join("bex/sim/app.kubeconfig");
        let kubeconfig = std::fs::read_to_string(path).unwrap();
        let runtime = Runtime::new().unwrap();
        let client = runtime.block_on(kube::client(&kubeconfig)).unwrap();
        Self { runtime, client }
    }

    fn apply(&self, text: &str) {
        let mut object: Value = serde_saphyr::from_str(text).unwrap();
        object["metadata"]["namespace"] = "default".into();
        let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
        let applied = kube::apply(&self.client, std::slice::from_ref(&object), deadline);
        self.runtime.block_on(applied).unwrap();
    }

    fn scale_to(&self, deployment: &str, replicas: u32) {
        let deployments = Objects::new(&self.client, "apps/v1", "Deployment", Some("default"));
        let patch = serde_json::json!({"spec": {"replicas": replicas}});
        let patched = deployments.patch_merge(deployment, &patch);
        self.runtime.block_on(patched).unwrap();
    }
}
