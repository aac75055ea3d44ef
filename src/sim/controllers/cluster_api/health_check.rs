//! MachineHealthCheck: finds machines that have no healthy node for too long and asks their owner to replace them.

use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::conditions::{
    CONTROL_PLANE_INITIALIZED, Condition, HEALTH_CHECK_SUCCEEDED, INFRASTRUCTURE_READY,
    OWNER_REMEDIATED, Truth, find,
};
use super::machine_deployment::share;
use super::machines::{CLUSTER_NAME_LABEL, Machine};
use super::objects::{
    CLUSTER, HEALTH_CHECK, generation, is_deleting, namespace, own, owner, text, time,
};
use super::parsed::NodeCondition;
use super::{Again, Scope, replicas};

const PAUSED: &str = "cluster.x-k8s.io/paused";
const SKIP: &str = "cluster.x-k8s.io/skip-remediation";
const REMEDIATE: &str = "cluster.x-k8s.io/remediate-machine";

/// What a look at a machine comes to.
enum Health {
    Healthy,
    /// Nothing to say yet; with the time after which there may be.
    Unclear(Again),
    Unhealthy {
        reason: &'static str,
        message: String,
    },
}

pub(super) fn reconcile(scope: &mut Scope, check: &Value) -> Result<Again> {
    let Some(cluster) = scope.cluster_of(check).filter(|_| !is_deleting(check)) else {
        return Ok(None);
    };
    let reference = owner(&CLUSTER, &cluster, false);
    let prepared = scope.infra.edit(&HEALTH_CHECK, check, |check| {
        own(check, &reference);
        check["metadata"]["labels"][CLUSTER_NAME_LABEL] = check["spec"]["clusterName"].clone();
    })?;
    let Some(check) = prepared else {
        return Ok(None);
    };
    let targets = targets(scope, &check);
    let parts = Parts::of(&check, &cluster);
    let mut healthy = 0;
    let mut unhealthy = Vec::new();
    let mut again: Again = None;
    for machine in &targets {
        match examine(scope, &parts, machine) {
            Health::Unhealthy { reason, message } => unhealthy.push((machine, reason, message)),
            Health::Unclear(pause) => again = again.into_iter().chain(pause).min(),
            Health::Healthy => {
                healthy += 1;
                let condition = Condition::yes(HEALTH_CHECK_SUCCEEDED, "HealthCheckSucceeded");
                tell(scope, machine, condition)?;
            }
        }
    }
    let allowed = allowed(&check, targets.len(), unhealthy.len());
    for (machine, reason, message) in &unhealthy {
        let condition = Condition::no(HEALTH_CHECK_SUCCEEDED, reason).message(message);
        tell(scope, machine, condition)?;
        if allowed.is_ok() {
            ask_owner(scope, machine)?;
        }
    }
    report(scope, &check, &targets, healthy, allowed)?;
    Ok(again)
}

/// The machines that the check is about.
fn targets(scope: &Scope, check: &Value) -> Vec<Machine> {
    let cluster = text(&check["spec"]["clusterName"]);
    let machines = scope.machines.of_cluster(namespace(check), cluster);
    let selector = &check["spec"]["selector"];
    machines
        .filter(|machine| matches(selector, machine))
        .filter(|machine| !machine.has_annotation(PAUSED) && !machine.has_annotation(SKIP))
        .cloned()
        .collect()
}

fn matches(selector: &Value, machine: &Machine) -> bool {
    let labels = &machine.metadata.labels;
    let exact = selector["matchLabels"].as_object();
    let expressions = selector["matchExpressions"].as_array();
    let mut exact = exact.into_iter().flatten();
    let mut expressions = expressions.into_iter().flatten();
    exact.all(|(key, value)| labels.get(key).map(String::as_str) == value.as_str())
        && expressions.all(|expression| {
            let value = labels.get(text(&expression["key"]));
            let values = expression["values"].as_array();
            let is_in = value
                .is_some_and(|value| values.is_some_and(|all| all.iter().any(|one| one == value)));
            match text(&expression["operator"]) {
                "In" => is_in,
                "NotIn" => !is_in,
                "Exists" => value.is_some(),
                _ => value.is_none(),
            }
        })
}

/// What all machines of a check are held against.
struct Parts<'a> {
    checks: &'a Value,
    /// Of the cluster; since when they hold.
    initialized: Option<Condition>,
    infrastructure: Option<Condition>,
}

impl<'a> Parts<'a> {
    fn of(check: &'a Value, cluster: &Value) -> Self {
        let holds = |of| find(cluster, of).filter(|found| found.status == Truth::True);
        Self {
            checks: &check["spec"]["checks"],
            initialized: holds(CONTROL_PLANE_INITIALIZED),
            infrastructure: holds(INFRASTRUCTURE_READY),
        }
    }
}

fn examine(scope: &Scope, parts: &Parts, machine: &Machine) -> Health {
    if machine.has_annotation(REMEDIATE) {
        let message = "Health check failed: marked for remediation via cluster.x-k8s.io/remediate-machine annotation";
        return Health::Unhealthy {
            reason: "HasRemediateAnnotation",
            message: message.into(),
        };
    }
    let joins = parts.initialized.is_some() || machine.is_control_plane();
    if !joins || parts.infrastructure.is_none() {
        return Health::Unclear(None);
    }
    let mut found = Findings::new(scope.now);
    found.machine(&parts.checks["unhealthyMachineConditions"], machine);
    let of_machine = !found.problems.is_empty();
    let mut reason = "UnhealthyNode";
    let name = &machine.status.node_ref.name;
    match scope.parsed.node(name) {
        _ if !machine.has_node() => {
            reason = "NodeStartupTimeout";
            found.startup(parts, machine);
        }
        None => {
            reason = "NodeDeleted";
            found.problems.push(format!("Node {name} has been deleted"));
        }
        Some(node) => found.node(&parts.checks["unhealthyNodeConditions"], node),
    }
    if of_machine {
        reason = "UnhealthyMachine";
    }
    if !found.problems.is_empty() {
        let lines: Vec<String> = found
            .problems
            .iter()
            .map(|line| format!("  * {line}"))
            .collect();
        let message = format!("Health check failed:\n{}", lines.join("\n"));
        return Health::Unhealthy { reason, message };
    }
    if found.again.is_some() || machine.is_deleting() || !machine.has_node() {
        return Health::Unclear(found.again);
    }
    Health::Healthy
}

/// What speaks against a machine, and when something will.
struct Findings {
    now: Timestamp,
    problems: Vec<String>,
    again: Again,
}

impl Findings {
    fn new(now: Timestamp) -> Self {
        Self {
            now,
            problems: Vec::new(),
            again: None,
        }
    }

    /// True if something has been so for longer than `timeout`; if not, it is looked at again when it will have been.
    fn lasts(&mut self, since: Timestamp, timeout: Duration) -> bool {
        let left =
            Duration::try_from((since + timeout).duration_since(self.now)).unwrap_or_default();
        if left.is_zero() && self.now > since + timeout {
            return true;
        }
        self.again = self
            .again
            .into_iter()
            .chain([left + Duration::from_secs(1)])
            .min();
        false
    }

    fn machine(&mut self, rules: &Value, machine: &Machine) {
        for rule in rules.as_array().into_iter().flatten() {
            let condition = machine.condition(text(&rule["type"]));
            let Some(condition) =
                condition.filter(|condition| json!(condition.status) == rule["status"])
            else {
                continue;
            };
            if let Some(since) = condition.since() {
                self.condition("Machine", rule, since, &condition.reason);
            }
        }
    }

    fn node(&mut self, rules: &Value, conditions: &[NodeCondition]) {
        for rule in rules.as_array().into_iter().flatten() {
            let found = conditions.iter().find(|condition| {
                rule["type"] == *condition.of && rule["status"] == *condition.status
            });
            if let Some(condition) = found
                && let Some(since) = time(&condition.last_transition_time)
            {
                self.condition("Node", rule, since, &condition.reason);
            }
        }
    }

    fn condition(&mut self, on: &str, rule: &Value, since: Timestamp, reason: &str) {
        let timeout = Duration::from_secs(rule["timeoutSeconds"].as_u64().unwrap_or_default());
        if self.lasts(since, timeout) {
            let (of, status) = (text(&rule["type"]), text(&rule["status"]));
            let timeout = spoken(timeout);
            self.problems.push(format!(
                "Condition {of} on {on} is reporting status {status} with reason {reason} for more than {timeout}"
            ));
        }
    }

    /// The clock starts when the machine could have started: after its cluster, and after its own server.
    fn startup(&mut self, parts: &Parts, machine: &Machine) {
        let timeout = parts.checks["nodeStartupTimeoutSeconds"]
            .as_u64()
            .unwrap_or(600);
        let Ok(created) = machine.metadata.creation_timestamp.parse::<Timestamp>() else {
            return;
        };
        if timeout == 0 {
            return;
        }
        let since = |condition: Option<&Condition>| {
            condition
                .filter(|condition| condition.status == Truth::True)
                .and_then(Condition::since)
        };
        let start = [
            Some(created),
            since(parts.initialized.as_ref()),
            since(parts.infrastructure.as_ref()),
            since(machine.condition(INFRASTRUCTURE_READY)),
        ];
        let start = start.into_iter().flatten().max().unwrap_or(created);
        let timeout = Duration::from_secs(timeout);
        if self.lasts(start, timeout) {
            self.problems.push(format!(
                "Node failed to report startup in {}",
                spoken(timeout)
            ));
        }
    }
}

/// As Go writes durations: `5m0s`.
fn spoken(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m{seconds}s"),
        (hours, minutes, seconds) => format!("{hours}h{minutes}m{seconds}s"),
    }
}

/// How many more may be replaced; or why none may.
fn allowed(check: &Value, all: usize, unhealthy: usize) -> Result<usize, String> {
    let trigger = &check["spec"]["remediation"]["triggerIf"];
    let head = "Remediation is not allowed, the number of not started or unhealthy machines";
    if let Some(range) = trigger["unhealthyInRange"].as_str() {
        let bounds = range
            .trim_start_matches('[')
            .trim_end_matches(']')
            .split_once('-');
        let bounds = bounds
            .and_then(|(from, to)| Some((from.parse::<usize>().ok()?, to.parse::<usize>().ok()?)));
        return match bounds {
            Some((from, to)) if (from..=to).contains(&unhealthy) => Ok(to - unhealthy),
            _ => Err(format!(
                "{head} does not fall within the range (total: {all}, unhealthy: {unhealthy}, unhealthyRange: {range})"
            )),
        };
    }
    let limit = trigger
        .get("unhealthyLessThanOrEqualTo")
        .cloned()
        .unwrap_or(json!("100%"));
    let most = share(&limit, all, false);
    most.checked_sub(unhealthy).ok_or_else(|| {
        let limit = limit.as_str().map_or_else(|| limit.to_string(), str::to_owned);
        format!("{head} exceeds maxUnhealthy (total: {all}, unhealthy: {unhealthy}, maxUnhealthy: {limit})")
    })
}

fn tell(scope: &mut Scope, machine: &Machine, condition: Condition) -> Result<()> {
    let is_known = machine.condition(&condition.of).is_some_and(|known| {
        known.status == condition.status
            && known.reason == condition.reason
            && known.message == condition.message
    });
    if is_known {
        return Ok(());
    }
    replicas::mark(scope, machine, Ok(condition))
}

fn ask_owner(scope: &mut Scope, machine: &Machine) -> Result<()> {
    if machine.is_deleting() || machine.is(OWNER_REMEDIATED, Truth::False) {
        return Ok(());
    }
    let condition =
        Condition::no(OWNER_REMEDIATED, "WaitingForRemediation").message("Waiting for remediation");
    replicas::mark(scope, machine, Ok(condition))
}

fn report(
    scope: &Scope,
    check: &Value,
    targets: &[Machine],
    healthy: usize,
    allowed: Result<usize, String>,
) -> Result<()> {
    let mut status = check["status"].clone();
    let mut names: Vec<&str> = targets.iter().map(Machine::name).collect();
    names.sort_unstable();
    status["targets"] = json!(names);
    status["expectedMachines"] = json!(targets.len());
    status["currentHealthy"] = json!(healthy);
    status["remediationsAllowed"] = json!(allowed.as_ref().copied().unwrap_or_default());
    status["observedGeneration"] = json!(generation(check));
    let mut conditions = scope.conditions(check);
    conditions.set(match allowed {
        Ok(_) => Condition::yes("RemediationAllowed", "RemediationAllowed"),
        Err(message) => Condition::no("RemediationAllowed", "TooManyUnhealthy").message(message),
    });
    scope.save(&HEALTH_CHECK, check, status, conditions)?;
    Ok(())
}
