//! What a Cluster says about itself: mostly what its parts say, put together.

use serde_json::{Value, json};

use super::super::Scope;
use super::super::conditions::{
    AVAILABLE, CONTROL_PLANE_INITIALIZED, Condition, Conditions, DELETING, INFRASTRUCTURE_READY,
    Merge, READY, ROLLING_OUT, SCALING_DOWN, SCALING_UP, Source, Truth, UP_TO_DATE, find,
};
use super::super::machines::Machine;
use super::super::objects::{generation, is_deleting, name, text};
use super::super::replicas;
use super::View;
use super::deletion::Deletion;

const COUNTS: [&str; 4] = [
    "replicas",
    "readyReplicas",
    "availableReplicas",
    "upToDateReplicas",
];

pub(super) fn set(
    scope: &Scope,
    view: &View,
    status: &mut Value,
    deletion: Option<&Deletion>,
) -> Conditions {
    status["phase"] = json!(phase(view, status));
    status["observedGeneration"] = json!(generation(&view.cluster));
    let control_plane: Vec<&Value> = view.control_plane.iter().collect();
    status["controlPlane"] = counts(&control_plane);
    let deployments: Vec<&Value> = view.deployments.iter().collect();
    status["workers"] = counts(&deployments);
    let mut conditions = scope.conditions(&view.cluster);
    parts(view, status, &mut conditions);
    machines(scope, view, &mut conditions);
    changes(view, &mut conditions);
    conditions.set(match deletion {
        None => Condition::no(DELETING, "NotDeleting"),
        Some(deletion) => Condition::yes(DELETING, deletion.reason).message(&deletion.message),
    });
    let available = available(view, &conditions);
    conditions.set(available);
    conditions
}

fn phase(view: &View, status: &Value) -> &'static str {
    let endpoint = text(&view.cluster["spec"]["controlPlaneEndpoint"]["host"]);
    if is_deleting(&view.cluster) {
        "Deleting"
    } else if status["initialization"]["infrastructureProvisioned"] == true && !endpoint.is_empty()
    {
        "Provisioned"
    } else if view.cluster["spec"].get("infrastructureRef").is_some() {
        "Provisioning"
    } else {
        "Pending"
    }
}

/// Sums over what has replicas.
fn counts(objects: &[&Value]) -> Value {
    let mut counts = json!({});
    let mut sum = |field: &str, values: Vec<u64>| {
        if !values.is_empty() {
            counts[field] = json!(values.iter().sum::<u64>());
        }
    };
    let wanted = objects
        .iter()
        .filter_map(|object| object["spec"]["replicas"].as_u64());
    sum("desiredReplicas", wanted.collect());
    for field in COUNTS {
        let values = objects
            .iter()
            .filter_map(|object| object["status"][field].as_u64());
        sum(field, values.collect());
    }
    counts
}

fn parts(view: &View, status: &Value, conditions: &mut Conditions) {
    let initialization = &status["initialization"];
    let provisioned = initialization["infrastructureProvisioned"] == true;
    let initialized = initialization["controlPlaneInitialized"] == true;
    let deleting = is_deleting(&view.cluster);
    // The embedded API server is always there; what it has to say begins with the first node.
    conditions.set(if initialized {
        Condition::yes("RemoteConnectionProbe", "ProbeSucceeded")
    } else {
        Condition::no("RemoteConnectionProbe", "ProbeFailed")
            .message("Remote connection not established yet")
    });
    let infrastructure = Part {
        object: view.infrastructure.as_ref(),
        kind: "DevCluster",
        source: READY,
        target: INFRASTRUCTURE_READY,
        reasons: ["Ready", "NotReady"],
        field: "provisioned",
    };
    conditions.set(infrastructure.mirror(provisioned, deleting));
    let control_plane = Part {
        object: view.control_plane.as_ref(),
        kind: "KubeadmControlPlane",
        source: AVAILABLE,
        target: "ControlPlaneAvailable",
        reasons: ["Available", "NotAvailable"],
        field: "controlPlaneInitialized",
    };
    conditions.set(control_plane.mirror(initialized, deleting));
    if !conditions.is(CONTROL_PLANE_INITIALIZED, Truth::True) {
        conditions.set(match (&view.control_plane, initialized) {
            (_, true) => Condition::yes(CONTROL_PLANE_INITIALIZED, "Initialized"),
            (Some(_), false) => Condition::no(CONTROL_PLANE_INITIALIZED, "NotInitialized")
                .message("Control plane not yet initialized"),
            (None, false) => Condition::unknown(CONTROL_PLANE_INITIALIZED, "ObjectDoesNotExist")
                .message("KubeadmControlPlane does not exist"),
        });
    }
}

/// A part of the cluster whose condition is shown as the cluster's own.
struct Part<'a> {
    object: Option<&'a Value>,
    kind: &'a str,
    source: &'a str,
    target: &'a str,
    /// Where the part does not report the condition, its flag decides.
    reasons: [&'a str; 2],
    field: &'a str,
}

impl Part<'_> {
    fn mirror(&self, done: bool, deleting: bool) -> Condition {
        let kind = self.kind;
        let Some(object) = self.object else {
            return match (done, deleting) {
                (true, true) => self.no("ObjectDeleted", format!("{kind} has been deleted")),
                (true, false) => {
                    let message = format!("{kind} has been deleted while the cluster still exists");
                    self.no("ObjectDeleted", message)
                }
                (false, _) => self.no("ObjectDoesNotExist", format!("{kind} does not exist")),
            };
        };
        if let Some(condition) = find(object, self.source) {
            return condition.named(self.target);
        }
        if done {
            return Condition::yes(self.target, self.reasons[0]);
        }
        self.no(
            self.reasons[1],
            format!("{kind} status.initialization.{} is false", self.field),
        )
    }

    fn no(&self, reason: &str, message: String) -> Condition {
        Condition::no(self.target, reason).message(message)
    }
}

fn machines(scope: &Scope, view: &View, conditions: &mut Conditions) {
    let now = scope.now;
    let groups = [
        (
            "ControlPlaneMachinesReady",
            "ControlPlaneMachinesUpToDate",
            &view.control_plane_machines,
        ),
        (
            "WorkerMachinesReady",
            "WorkerMachinesUpToDate",
            &view.workers,
        ),
    ];
    for (ready, current, machines) in groups {
        let merge = Merge::positive(ready, ["NotReady", "ReadyUnknown", "Ready"]);
        conditions.set(replicas::all_machines(merge, READY, machines.iter()));
        let merge = Merge::positive(current, ["NotUpToDate", "UpToDateUnknown", "UpToDate"]);
        let settled = replicas::settled(machines, now);
        conditions.set(replicas::all_machines(merge, UP_TO_DATE, settled));
    }
    let all: Vec<Machine> = view
        .control_plane_machines
        .iter()
        .chain(&view.workers)
        .cloned()
        .collect();
    replicas::remediating(conditions, &all, "");
}

fn changes(view: &View, conditions: &mut Conditions) {
    let workers = |of: &str| -> Vec<Source> {
        let deployments = view.deployments.iter();
        deployments
            .map(|object| source("MachineDeployment", object, of))
            .collect()
    };
    let available = Merge::positive(
        "WorkersAvailable",
        ["NotAvailable", "AvailableUnknown", "Available"],
    );
    conditions.set(if view.deployments.is_empty() {
        Condition::yes("WorkersAvailable", "NoWorkers")
    } else {
        available.aggregate(AVAILABLE, workers(AVAILABLE))
    });
    let kinds = [
        (
            ROLLING_OUT,
            ["RollingOut", "RollingOutUnknown", "NotRollingOut"],
        ),
        (
            SCALING_UP,
            ["ScalingUp", "ScalingUpUnknown", "NotScalingUp"],
        ),
        (
            SCALING_DOWN,
            ["ScalingDown", "ScalingDownUnknown", "NotScalingDown"],
        ),
    ];
    for (of, reasons) in kinds {
        let control_plane = view
            .control_plane
            .iter()
            .filter(|object| find(object, of).is_some());
        let control_plane = control_plane.map(|object| source("KubeadmControlPlane", object, of));
        let sources: Vec<Source> = control_plane.chain(workers(of)).collect();
        conditions.set(Merge::negative(of, reasons).aggregate(of, sources));
    }
}

fn source(kind: &'static str, object: &Value, of: &str) -> Source {
    Source {
        kind,
        name: name(object).to_owned(),
        control_plane: false,
        condition: find(object, of),
    }
}

fn available(view: &View, conditions: &Conditions) -> Condition {
    let mut merge = Merge::positive(AVAILABLE, ["NotAvailable", "AvailableUnknown", "Available"]);
    merge.negative = &[DELETING];
    if is_deleting(&view.cluster) {
        merge.harmless = &["ObjectDeleted", "ObjectDoesNotExist"];
    }
    let types = [
        DELETING,
        "RemoteConnectionProbe",
        INFRASTRUCTURE_READY,
        "ControlPlaneAvailable",
        "WorkersAvailable",
    ];
    merge.summary(conditions.all(), &types)
}
