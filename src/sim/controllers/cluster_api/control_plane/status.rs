//! What a control plane says about itself.

use anyhow::Result;
use serde_json::json;

use super::super::Scope;
use super::super::conditions::{AVAILABLE, Condition, Conditions, DELETING, Truth};
use super::super::machines::{CLUSTER_NAME_LABEL, CONTROL_PLANE_LABEL, Machine};
use super::super::objects::{KUBEADM_CONTROL_PLANE, generation, is_deleting, name, namespace};
use super::super::replicas;
use super::View;
use super::machine_health::COMPONENTS;

/// Whether it has become initialised, which machines have yet to be told.
pub(super) fn report(scope: &Scope, view: &View, deletion: Option<(&str, String)>) -> Result<bool> {
    let object = scope.infra.get(
        &KUBEADM_CONTROL_PLANE,
        namespace(&view.object),
        name(&view.object),
    )?;
    let Some(object) = object else {
        return Ok(false);
    };
    let machines = view.machines(scope);
    let mut status = object["status"].clone();
    replicas::count(&mut status, &machines);
    let cluster = name(&view.cluster);
    status["selector"] = json!(format!(
        "{CLUSTER_NAME_LABEL}={cluster},{CONTROL_PLANE_LABEL}"
    ));
    status["observedGeneration"] = json!(generation(&object));
    if let Some(lowest) = machines
        .iter()
        .map(|machine| machine.spec.version.as_str())
        .min_by_key(|text| parts(text))
    {
        status["version"] = json!(lowest);
    }
    let initialized = view.is_initialized()
        || machines
            .iter()
            .any(|machine| machine.has_node() && !machine.is_deleting());
    if initialized {
        status["initialization"] = json!({"controlPlaneInitialized": true});
    }
    let mut conditions = scope.conditions(&object);
    set(scope, view, &machines, initialized, &mut conditions);
    conditions.set(match deletion {
        Some((reason, message)) => Condition::yes(DELETING, reason).message(message),
        None => Condition::no(DELETING, "NotDeleting"),
    });
    scope.save(&KUBEADM_CONTROL_PLANE, &object, status, conditions)?;
    Ok(initialized && !view.is_initialized())
}

fn parts(version: &str) -> Vec<u64> {
    let numbers = version.trim_start_matches('v').split('.');
    numbers
        .map(|number| number.parse().unwrap_or_default())
        .collect()
}

fn set(
    scope: &Scope,
    view: &View,
    machines: &[Machine],
    initialized: bool,
    conditions: &mut Conditions,
) {
    conditions.set(if initialized {
        Condition::yes("Initialized", "Initialized")
    } else {
        Condition::no("Initialized", "NotInitialized")
    });
    // The embedded API server brings its own certificates; nobody has to make any.
    conditions.set(Condition::yes("CertificatesAvailable", "Available"));
    conditions.set(together(
        "EtcdClusterHealthy",
        &COMPONENTS[4..],
        machines,
        view,
    ));
    conditions.set(together(
        "ControlPlaneComponentsHealthy",
        &COMPONENTS[..4],
        machines,
        view,
    ));
    replicas::rolling_out(conditions, machines);
    let wanted = if is_deleting(&view.object) {
        0
    } else {
        view.wanted()
    };
    let blocked: Vec<String> = view.blocked.iter().map(|why| (*why).to_owned()).collect();
    replicas::scaling(conditions, scope.now, machines, wanted, &blocked);
    replicas::health(conditions, machines, scope.now);
    replicas::remediating(conditions, machines, " by KubeadmControlPlane");
    conditions.set(available(view, machines));
}

/// What the machines say about some of their components.
fn together(of: &str, parts: &[&str], machines: &[Machine], view: &View) -> Condition {
    if !view.is_initialized() {
        let message = "Waiting for Cluster control plane to be initialized";
        return Condition::unknown(of, "InspectionFailed").message(message);
    }
    let mut lines = Vec::new();
    let mut is_unknown = true;
    for machine in machines {
        let bad: Vec<String> = parts
            .iter()
            .filter_map(|part| machine.condition(part))
            .filter(|condition| condition.status != Truth::True)
            .map(|condition| {
                is_unknown &= condition.status == Truth::Unknown;
                format!("  * {}: {}", condition.of, condition.message)
            })
            .collect();
        if !bad.is_empty() {
            lines.push(format!("* Machine {}:\n{}", machine.name(), bad.join("\n")));
        }
    }
    match (lines.is_empty(), is_unknown) {
        (true, _) => Condition::yes(of, "Healthy"),
        (_, true) => Condition::unknown(of, "HealthUnknown").message(lines.join("\n")),
        _ => Condition::no(of, "NotHealthy").message(lines.join("\n")),
    }
}

/// At least one machine works completely, and most etcd members do.
fn available(view: &View, machines: &[Machine]) -> Condition {
    let works = |machine: &&Machine| COMPONENTS[1..].iter().all(|of| machine.is_true(of));
    let working = machines.iter().filter(works).count();
    let members = machines.iter().filter(|machine| machine.has_node()).count();
    let healthy = machines
        .iter()
        .filter(|machine| machine.is_true("EtcdMemberHealthy"))
        .count();
    let quorum = members / 2 + 1;
    let mut lines = Vec::new();
    if is_deleting(&view.object) {
        lines.push("* Control plane metadata.deletionTimestamp is set".to_owned());
    }
    if healthy < quorum {
        lines.push(match healthy {
            0 => format!("* There are no healthy etcd member, at least {quorum} healthy member required for etcd quorum"),
            1 => format!("* 1 of {members} etcd members is healthy, at least {quorum} healthy member required for etcd quorum"),
            _ => format!("* {healthy} of {members} etcd members are healthy, at least {quorum} healthy member required for etcd quorum"),
        });
    }
    if working == 0 {
        lines.push(
            "* There are no Machines with healthy control plane components, at least 1 required"
                .to_owned(),
        );
    }
    if lines.is_empty() {
        Condition::yes(AVAILABLE, "Available")
    } else {
        Condition::no(AVAILABLE, "NotAvailable").message(lines.join("\n"))
    }
}
