//! A simulated platform from `up` to `down`: the real binary, its server in the background, and nothing else.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::sandbox::{Done, Sandbox};

/// Takes its platform down, whatever becomes of the test.
pub(crate) struct Platform {
    pub(crate) sandbox: Sandbox,
}

impl Platform {
    pub(crate) fn up(args: &[&str]) -> Self {
        let platform = Self {
            sandbox: Sandbox::new(),
        };
        platform.must(&[&["up", "sim"], args].concat());
        platform
    }

    /// As a spec says, which lies in `platform.yaml`.
    pub(crate) fn of(spec: &str, args: &[&str]) -> Self {
        let platform = Self {
            sandbox: Sandbox::new(),
        };
        platform.sandbox.write("platform.yaml", spec);
        platform.must(&[&["up", "-f", "platform.yaml"], args].concat());
        platform
    }

    pub(crate) fn must(&self, args: &[&str]) -> Done {
        let done = self.sandbox.run(args);
        assert_eq!(done.code, Some(0), "{args:?}: {}", done.stderr);
        done
    }

    pub(crate) fn status(&self) -> Value {
        serde_json::from_str(&self.must(&["status", "-o", "json"]).stdout).unwrap()
    }

    pub(crate) fn workers(&self) -> Vec<String> {
        let status = self.status();
        let machines = status["observed"]["app"]["machines"].as_array().unwrap();
        let workers = machines
            .iter()
            .filter(|machine| machine["pool"] == "worker-0");
        workers
            .map(|machine| machine["node"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// Process id of the server, as the lock on its state says.
    fn server(&self) -> Option<String> {
        let lock = self.sandbox.bex_home().join("bex/sim/server.lock");
        Some(fs::read_to_string(lock).ok()?.trim().to_owned())
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        drop(self.sandbox.run(&["down", "sim", "--yes"]));
    }
}

/// A process whose first thread is a zombie runs on, and keeps its locks, until its other threads have ended too.
fn runs(pid: &str) -> bool {
    let state = fs::read_to_string(format!("/proc/{pid}/stat"));
    let threads = fs::read_dir(format!("/proc/{pid}/task"));
    state.is_ok_and(|state| !state.contains(") Z ")) || threads.is_ok_and(|all| all.count() > 1)
}

fn kill(pid: &str) {
    assert!(
        Command::new("kill")
            .args(["-9", pid])
            .status()
            .unwrap()
            .success()
    );
    let deadline = Instant::now() + Duration::from_secs(10);
    while runs(pid) {
        assert!(Instant::now() < deadline, "process {pid} outlives SIGKILL");
        std::thread::yield_now();
    }
}

fn mode(file: &Path) -> u32 {
    fs::metadata(file).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_simulated_platform_is_healthy_when_up_returns_and_gone_when_down_does() {
    let platform = Platform::up(&["--workers", "2"]);
    assert_eq!(platform.status()["healthy"], true);
    assert_eq!(platform.workers().len(), 2);
    let home = platform.sandbox.bex_home();
    for secret in [
        "bex/kubeconfig",
        "bex/sim/infra.kubeconfig",
        "bex/sim/app.kubeconfig",
    ] {
        assert_eq!(mode(&home.join(secret)), 0o600, "{secret}");
    }
    let again = platform.must(&["up", "sim", "--workers", "2"]);
    assert!(again.stderr.contains("nothing to do"), "{}", again.stderr);

    let server = platform.server().unwrap();
    assert!(runs(&server));
    let down = platform.must(&["down", "sim", "--yes"]);
    assert!(down.stderr.contains("nothing left"), "{}", down.stderr);
    assert!(!runs(&server), "process {server} is left");
    assert!(!home.exists(), "{} is left", home.display());
}

#[test]
fn scaling_a_simulated_platform_keeps_the_nodes_that_stay() {
    let platform = Platform::up(&[]);
    let first = platform.workers();
    platform.must(&["scale", "workers", "3"]);
    let three = platform.workers();
    assert_eq!(three.len(), 3);
    assert!(
        first.iter().all(|node| three.contains(node)),
        "{first:?} {three:?}"
    );
    platform.must(&["scale", "workers", "-2"]);
    let last = platform.workers();
    assert_eq!(last.len(), 1);
    assert!(three.contains(&last[0]), "{last:?} {three:?}");
}

#[test]
fn a_killed_server_is_named_by_status_and_up_goes_on_from_its_state() {
    let platform = Platform::up(&[]);
    let workers = platform.workers();
    kill(&platform.server().unwrap());
    let status = platform.status();
    assert_eq!(status["healthy"], false);
    assert_eq!(status["problems"][0], "the embedded Kubernetes is stopped");
    let shown = platform.must(&["status"]).stdout;
    assert!(shown.contains("bex       app    unknown"), "{shown}");
    let done = platform.sandbox.run(&["scale", "workers", "--explain"]);
    let why = "the API server of bex-mgmt does not answer: nothing is known of app cluster bex";
    assert_eq!(done.code, Some(1));
    assert!(done.stderr.contains(why), "{}", done.stderr);
    platform.must(&["up", "sim"]);
    assert_eq!(platform.status()["healthy"], true);
    assert_eq!(platform.workers(), workers);
}

#[test]
fn a_name_belongs_to_one_substrate_at_a_time() {
    let platform = Platform::up(&[]);
    for verb in ["up", "down", "status"] {
        let done = platform.sandbox.run(&[verb, "local"]);
        assert_eq!(done.code, Some(3), "{verb}: {}", done.stderr);
        assert!(
            done.stderr.contains("exists already on substrate sim"),
            "{}",
            done.stderr
        );
    }
    assert_eq!(platform.status()["healthy"], true);
}

#[test]
fn a_smoke_test_of_a_simulated_platform_passes_and_leaves_nothing() {
    let sandbox = Sandbox::new();
    let done = sandbox.run(&["smoke", "sim", "-o", "json"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(!sandbox.bex_home().exists(), "{}", done.stderr);
}

#[test]
fn a_smoke_test_with_a_maximum_shows_that_a_pod_that_waits_brings_a_worker() {
    let sandbox = Sandbox::new();
    let done = sandbox.run(&["smoke", "sim", "--max", "3", "-o", "json"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(
        done.stdout.contains("a pod that waits brings a worker"),
        "{}",
        done.stdout
    );
    assert!(!sandbox.bex_home().exists(), "{}", done.stderr);
}

#[test]
fn gc_takes_a_simulated_platform_whose_time_is_up() {
    let platform = Platform::up(&["--ttl", "1ns"]);
    let server = platform.server().unwrap();
    platform.must(&["gc", "--yes"]);
    assert!(!runs(&server), "process {server} is left");
    assert!(!platform.sandbox.bex_home().exists());
}

#[test]
fn a_machine_without_docker_passes_the_doctor_of_sim() {
    let sandbox = Sandbox::new();
    let done = sandbox.run(&["doctor", "sim"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    sandbox.assert_untouched();
}
