//! A Machine's conditions and phase.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use super::super::conditions::{
    AVAILABLE, BOOTSTRAP_READY, CONTROL_PLANE_INITIALIZED, Condition, Conditions, DELETING,
    HEALTH_CHECK_SUCCEEDED, INFRASTRUCTURE_READY, Merge, NODE_HEALTHY, NODE_READY, READY, Truth,
    UP_TO_DATE, UPDATING, find, is_true,
};
use super::super::machine_deployment::outdated;
use super::super::machines::DEPLOYMENT_LABEL;
use super::super::objects::{
    MACHINE_DEPLOYMENT, MACHINE_SET, is_deleting, label, namespace, owner_of, text, time,
};
use super::super::{Again, Scope};
use super::View;
use super::progress::Deletion;
use crate::timestamp::rfc3339;

/// A deletion that takes longer than this is worth mentioning.
const LONG: Duration = Duration::from_mins(15);

/// Node conditions that are part of a machine's health.
const NODE_CONDITIONS: [(&str, &str); 4] = [
    ("Ready", "True"),
    ("MemoryPressure", "False"),
    ("DiskPressure", "False"),
    ("PIDPressure", "False"),
];

/// When to look again at the latest, because a condition changes with time alone.
pub(super) fn set(
    scope: &Scope,
    view: &View,
    status: &mut Value,
    conditions: &mut Conditions,
    deletion: Option<&Deletion>,
) -> Result<Again> {
    conditions.set(bootstrap_ready(view, status));
    conditions.set(infrastructure_ready(view, status));
    for condition in node(view, status) {
        conditions.set(condition);
    }
    conditions.set(match deletion {
        None => Condition::no(DELETING, "NotDeleting"),
        Some(deletion) => Condition::yes(DELETING, deletion.reason).message(&deletion.message),
    });
    conditions.set(Condition::no(UPDATING, "NotUpdating"));
    if let Some(condition) = up_to_date(scope, view)? {
        conditions.set(condition);
    }
    let ready = ready(scope, view, conditions);
    conditions.set(ready);
    let phase = phase(view, status);
    if status["phase"] != phase {
        status["phase"] = json!(phase);
        status["lastUpdated"] = json!(rfc3339(scope.now));
    }
    status["observedGeneration"] = view.machine["metadata"]["generation"].clone();
    Ok(available(scope, view, conditions))
}

fn bootstrap_ready(view: &View, status: &Value) -> Condition {
    let created = status["initialization"]["bootstrapDataSecretCreated"] == true;
    if view.machine["spec"]["bootstrap"].get("configRef").is_none() {
        return Condition::yes(BOOTSTRAP_READY, "DataSecretProvided");
    }
    part(
        view.config.as_ref(),
        BOOTSTRAP_READY,
        "KubeadmConfig",
        created,
        is_deleting(&view.machine),
    )
}

fn infrastructure_ready(view: &View, status: &Value) -> Condition {
    let provisioned = status["initialization"]["infrastructureProvisioned"] == true;
    let deleting = is_deleting(&view.machine);
    let mut condition = part(
        view.server.as_ref(),
        INFRASTRUCTURE_READY,
        "DevMachine",
        provisioned,
        deleting,
    );
    if view.server.is_none() && provisioned && !deleting {
        condition.reason = "ObjectDeleted".into();
        condition.message = "DevMachine has been deleted while the Machine still exists".into();
    }
    condition
}

/// The Ready condition of a part, or why it has none.
fn part(part: Option<&Value>, of: &str, kind: &str, done: bool, deleting: bool) -> Condition {
    match part {
        Some(part) => find(part, READY).map_or_else(
            || {
                let message = format!("{kind} status.initialization is not set yet");
                Condition::no(of, "NotReady").message(message)
            },
            |ready| ready.named(of),
        ),
        None if deleting && done => {
            Condition::no(of, "ObjectDeleted").message(format!("{kind} has been deleted"))
        }
        None => Condition::no(of, "ObjectDoesNotExist").message(format!("{kind} does not exist")),
    }
}

fn node(view: &View, status: &Value) -> [Condition; 2] {
    let both = |status: Truth, reason: &str, message: &str| {
        [NODE_READY, NODE_HEALTHY].map(|of| Condition::new(of, status, reason).message(message))
    };
    let inspection = |message: &str| both(Truth::Unknown, "InspectionFailed", message);
    if view.cluster["status"]["initialization"]["infrastructureProvisioned"] != true {
        return inspection(
            "Waiting for Cluster status.initialization.infrastructureProvisioned to be true",
        );
    }
    if !is_true(&view.cluster, CONTROL_PLANE_INITIALIZED) {
        return inspection("Waiting for Cluster control plane to be initialized");
    }
    if let Some(node) = &view.node {
        return [node_ready(node), node_healthy(node)];
    }
    let known = text(&status["nodeRef"]["name"]);
    let provider_id = text(&view.machine["spec"]["providerID"]);
    match (is_deleting(&view.machine), known, provider_id) {
        (true, "", _) => both(Truth::Unknown, "NodeDoesNotExist", "Node does not exist"),
        (true, node, _) => both(
            Truth::False,
            "NodeDeleted",
            &format!("Node {node} has been deleted"),
        ),
        (false, "", "") => inspection("Waiting for DevMachine to report spec.providerID"),
        (false, "", id) => inspection(&format!(
            "Waiting for a Node with spec.providerID {id} to exist"
        )),
        (false, node, _) => {
            let message = format!("Node {node} has been deleted while the Machine still exists");
            both(Truth::False, "NodeDeleted", &message)
        }
    }
}

fn node_ready(node: &Value) -> Condition {
    let Some(ready) = node_condition(node, "Ready") else {
        return Condition::unknown(NODE_READY, "NodeReadyUnknown")
            .message("* Node.Ready: Condition not yet reported");
    };
    let mut condition = match text(&ready["status"]) {
        "True" => Condition::yes(NODE_READY, "NodeReady"),
        "False" => Condition::no(NODE_READY, "NodeNotReady"),
        _ => Condition::unknown(NODE_READY, "NodeReadyUnknown"),
    };
    let message = text(&ready["message"]);
    if condition.status != Truth::True && !message.is_empty() {
        condition.message = format!("* Node.Ready: {message}");
    }
    text(&ready["lastTransitionTime"]).clone_into(&mut condition.last_transition_time);
    condition
}

fn node_healthy(node: &Value) -> Condition {
    let (mut bad, mut unknown) = (false, false);
    let mut lines = Vec::new();
    let mut said: Vec<String> = Vec::new();
    for (of, good) in NODE_CONDITIONS {
        let Some(condition) = node_condition(node, of) else {
            unknown = true;
            lines.push(format!("* Node.{of}: Condition not yet reported"));
            continue;
        };
        let status = text(&condition["status"]);
        if status == good {
            continue;
        }
        let message = match text(&condition["message"]) {
            "" => format!("Condition is {status}"),
            message => message.to_owned(),
        };
        lines.push(format!("* Node.{of}: {message}"));
        said.push(message);
        if status == "Unknown" {
            unknown = true;
        } else {
            bad = true;
        }
    }
    if said.len() > 1 && said.windows(2).all(|pair| pair[0] == pair[1]) {
        lines = vec![format!("* Node.AllConditions: {}", said[0])];
    }
    match (bad, unknown) {
        (true, _) => Condition::no(NODE_HEALTHY, "NodeNotHealthy").message(lines.join("\n")),
        (_, true) => {
            Condition::unknown(NODE_HEALTHY, "NodeHealthyUnknown").message(lines.join("\n"))
        }
        _ => Condition::yes(NODE_HEALTHY, "NodeHealthy"),
    }
}

fn node_condition<'a>(node: &'a Value, of: &str) -> Option<&'a Value> {
    let conditions = node["status"]["conditions"].as_array()?;
    conditions.iter().find(|condition| condition["type"] == of)
}

/// Whether its MachineSet still has the template that the MachineDeployment wants. Nothing for all other machines:
/// theirs is their owner's to say.
fn up_to_date(scope: &Scope, view: &View) -> Result<Option<Condition>> {
    let machine = &view.machine;
    let namespace = namespace(machine);
    let set = owner_of(machine, &MACHINE_SET).map_or("", |owner| text(&owner["name"]));
    let deployment = label(machine, DEPLOYMENT_LABEL).unwrap_or_default();
    let set = scope.infra.get(&MACHINE_SET, namespace, set)?;
    let deployment = scope
        .infra
        .get(&MACHINE_DEPLOYMENT, namespace, deployment)?;
    let (Some(set), Some(deployment)) = (set, deployment) else {
        return Ok(None);
    };
    let reasons = outdated(&set["spec"]["template"], &deployment["spec"]["template"]);
    if reasons.is_empty() {
        return Ok(Some(Condition::yes(UP_TO_DATE, "UpToDate")));
    }
    let lines: Vec<String> = reasons.iter().map(|reason| format!("* {reason}")).collect();
    let condition = Condition::no(UP_TO_DATE, "NotUpToDate").message(lines.join("\n"));
    Ok(Some(condition))
}

fn ready(scope: &Scope, view: &View, conditions: &Conditions) -> Condition {
    let health_check = format!("{HEALTH_CHECK_SUCCEEDED}?");
    let mut types = vec![
        DELETING,
        UPDATING,
        BOOTSTRAP_READY,
        INFRASTRUCTURE_READY,
        NODE_HEALTHY,
        &health_check,
    ];
    let gates = view.machine["spec"]["readinessGates"].as_array();
    types.extend(
        gates
            .into_iter()
            .flatten()
            .filter_map(|gate| gate["conditionType"].as_str()),
    );
    let mut all = conditions.all().to_vec();
    let mut merge = Merge::positive(READY, ["NotReady", "ReadyUnknown", "Ready"]);
    merge.negative = &[DELETING, UPDATING];
    if is_deleting(&view.machine) {
        merge.harmless = &[
            "ObjectDeleted",
            "ObjectDoesNotExist",
            "NodeDeleted",
            "NodeDoesNotExist",
        ];
        if let Some(deleting) = all.iter_mut().find(|condition| condition.of == DELETING) {
            deleting.message = deleting_summary(scope, view, &deleting.reason);
        }
    }
    merge.summary(&all, &types)
}

/// Short, so that many machines say the same.
fn deleting_summary(scope: &Scope, view: &View, stage: &str) -> String {
    let since = time(&view.machine["metadata"]["deletionTimestamp"]);
    let long = since.is_some_and(|since| scope.now > since + LONG);
    let since = if long { " since more than 15m" } else { "" };
    format!("Machine deletion in progress{since}, stage: {stage}")
}

fn available(scope: &Scope, view: &View, conditions: &mut Conditions) -> Again {
    let ready = conditions
        .get(READY)
        .filter(|ready| ready.status == Truth::True);
    let Some(since) = ready.and_then(Condition::since) else {
        conditions.set(Condition::no(AVAILABLE, "NotReady"));
        return None;
    };
    let wait = view.machine["spec"]["minReadySeconds"]
        .as_u64()
        .unwrap_or_default();
    let left = (since + Duration::from_secs(wait)).duration_since(scope.now);
    let left = Duration::try_from(left).unwrap_or_default();
    conditions.set(if left.is_zero() {
        Condition::yes(AVAILABLE, "Available")
    } else {
        Condition::no(AVAILABLE, "WaitingForMinReadySeconds")
    });
    Some(left).filter(|left| !left.is_zero())
}

fn phase(view: &View, status: &Value) -> &'static str {
    let initialization = &status["initialization"];
    let has_node = !text(&status["nodeRef"]["name"]).is_empty();
    if is_deleting(&view.machine) {
        "Deleting"
    } else if has_node && initialization["infrastructureProvisioned"] == true {
        "Running"
    } else if !text(&view.machine["spec"]["providerID"]).is_empty() {
        "Provisioned"
    } else if initialization["bootstrapDataSecretCreated"] == true {
        "Provisioning"
    } else {
        "Pending"
    }
}
