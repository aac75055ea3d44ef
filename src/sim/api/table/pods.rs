//! Cells of pods.

use jiff::Timestamp;
use serde_json::Value;

use super::age;
use super::cells::{Compute, count, is_true, items, or_none, text};

pub(super) fn named(name: &str) -> Option<Compute> {
    Some(match name {
        "pod-ready" => |pod, _| Summary::of(pod).ready.into(),
        "pod-status" => |pod, _| Summary::of(pod).status.into(),
        "pod-restarts" => |pod, now| Summary::of(pod).restarts_text(now).into(),
        "pod-ip" => |pod, _| or_none(text(&pod["status"]["podIPs"][0]["ip"])),
        "pod-readiness-gates" => readiness_gates,
        _ => return None,
    })
}

/// What a person wants to know of a pod's containers.
struct Summary {
    ready: String,
    status: String,
    restarts: Restarts,
}

/// How often containers were started again, and when the last one ended before that.
#[derive(Default)]
struct Restarts {
    count: i64,
    last: Option<Timestamp>,
}

/// How far the init containers are.
struct Initialization {
    /// Absent: all are done.
    status: Option<String>,
    ready: usize,
    all: Restarts,
    /// Those of init containers that go on running.
    of_sidecars: Restarts,
}

impl Summary {
    fn of(pod: &Value) -> Self {
        let (spec, status) = (&pod["spec"], &pod["status"]);
        let init = initialization(spec, status);
        let sidecars = items(&spec["initContainers"])
            .iter()
            .filter(|one| is_sidecar(one))
            .count();
        let total = items(&spec["containers"]).len() + sidecars;
        let mut ready = init.ready;
        let mut text_of_status = initial_status(status);
        let mut restarts = init.all;
        let initializing = init.status.is_some();
        if let Some(status) = init.status {
            text_of_status = status;
        }
        if !initializing || is_true(&status["conditions"], "Initialized") {
            restarts = init.of_sidecars;
            let running = run(status, &mut text_of_status, &mut restarts);
            ready += running;
            if text_of_status == "Completed" && running > 0 {
                let is_ready = is_true(&status["conditions"], "Ready");
                let text = if is_ready { "Running" } else { "NotReady" };
                text.clone_into(&mut text_of_status);
            }
        }
        if let Some(ending) = ending(pod) {
            ending.clone_into(&mut text_of_status);
        }
        Self {
            ready: format!("{ready}/{total}"),
            status: text_of_status,
            restarts,
        }
    }

    fn restarts_text(&self, now: Timestamp) -> String {
        match (self.restarts.count, self.restarts.last) {
            (0, _) | (_, None) => self.restarts.count.to_string(),
            (count, Some(last)) => format!("{count} ({} ago)", age::since(last, now)),
        }
    }
}

impl Restarts {
    fn add(&mut self, container: &Value) {
        self.count += count(&container["restartCount"]);
        let ended = text(&container["lastState"]["terminated"]["finishedAt"])
            .parse()
            .ok();
        self.last = self.last.max(ended);
    }
}

/// Before containers have their say.
fn initial_status(status: &Value) -> String {
    let is_gated = |condition: &Value| {
        condition["type"] == "PodScheduled" && condition["reason"] == "SchedulingGated"
    };
    if items(&status["conditions"]).iter().any(is_gated) {
        return "SchedulingGated".to_owned();
    }
    match text(&status["reason"]) {
        "" => text(&status["phase"]).to_owned(),
        reason => reason.to_owned(),
    }
}

/// An init container that goes on running beside the others.
fn is_sidecar(container: &Value) -> bool {
    container["restartPolicy"] == "Always"
}

fn initialization(spec: &Value, status: &Value) -> Initialization {
    let containers = items(&spec["initContainers"]);
    let mut found = Initialization {
        status: None,
        ready: 0,
        all: Restarts::default(),
        of_sidecars: Restarts::default(),
    };
    for (at, container) in items(&status["initContainerStatuses"]).iter().enumerate() {
        let declared = containers
            .iter()
            .find(|one| one["name"] == container["name"]);
        let sidecar = declared.is_some_and(is_sidecar);
        found.all.add(container);
        if sidecar {
            found.of_sidecars.add(container);
        }
        let ended = &container["state"]["terminated"];
        if ended["exitCode"] == 0 {
            continue;
        }
        if sidecar && container["started"] == true {
            found.ready += usize::from(container["ready"] == true);
            continue;
        }
        found.status = Some(format!(
            "Init:{}",
            init_status(container, at, containers.len())
        ));
        break;
    }
    found
}

/// Of the init container that the others wait for.
fn init_status(container: &Value, at: usize, all: usize) -> String {
    let (ended, waiting) = (
        &container["state"]["terminated"],
        &container["state"]["waiting"],
    );
    match text(&waiting["reason"]) {
        _ if ended.is_object() => ended_because(ended),
        "" | "PodInitializing" => format!("{at}/{all}"),
        reason => reason.to_owned(),
    }
}

fn ended_because(ended: &Value) -> String {
    match (text(&ended["reason"]), count(&ended["signal"])) {
        ("", 0) => format!("ExitCode:{}", count(&ended["exitCode"])),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}

/// Takes the containers' word for the status, the first one's last. Returns how many run and are ready.
fn run(status: &Value, text_of_status: &mut String, restarts: &mut Restarts) -> usize {
    let mut ready = 0;
    for container in items(&status["containerStatuses"]).iter().rev() {
        restarts.add(container);
        let state = &container["state"];
        match text(&state["waiting"]["reason"]) {
            "" if state["terminated"].is_object() => {
                *text_of_status = ended_because(&state["terminated"]);
            }
            "" if container["ready"] == true && state["running"].is_object() => ready += 1,
            "" => {}
            reason => reason.clone_into(text_of_status),
        }
    }
    ready
}

/// What a pod that is being deleted is called.
fn ending(pod: &Value) -> Option<&'static str> {
    let status = &pod["status"];
    let over = matches!(text(&status["phase"]), "Succeeded" | "Failed");
    match pod["metadata"]["deletionTimestamp"] {
        Value::Null => None,
        _ if status["reason"] == "NodeLost" => Some("Unknown"),
        _ if over => None,
        _ => Some("Terminating"),
    }
}

fn readiness_gates(pod: &Value, _: Timestamp) -> Value {
    let gates = items(&pod["spec"]["readinessGates"]);
    if gates.is_empty() {
        return "<none>".into();
    }
    let open = |gate: &&Value| is_true(&pod["status"]["conditions"], text(&gate["conditionType"]));
    format!("{}/{}", gates.iter().filter(open).count(), gates.len()).into()
}
