//! Kinds that need more than a table of defaults.

use k8s_openapi::ByteString;
use serde_json::{Map, Value, json};

use super::{jobs, keep, pods};
use crate::sim::registry::Subresource;
use crate::sim::resources::Resource;

/// Counts changes of a daemon set's template.
const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// What an object gets whenever it is read.
pub(super) fn fill(resource: &Resource, object: &mut Value) {
    if let Some(spec) = pod_spec(resource, object) {
        pods::fill_spec(spec);
    }
    match &*resource.kind {
        "Pod" => {
            pods::fill_requests(&mut object["spec"]);
            pods::fill_addresses(object);
        }
        "Service" => fill_service(object),
        "Secret" => fill_secret(object),
        "Namespace" => fill_namespace(object),
        "Node" => fill_node(object),
        "Job" => jobs::fill(object),
        "NetworkPolicy" => fill_network_policy(object),
        "CustomResourceDefinition" => fill_names(object),
        "DaemonSet" => fill_template_generation(object),
        _ => {}
    }
}

/// The spec of a pod or of a template for pods.
pub(super) fn pod_spec<'a>(resource: &Resource, object: &'a mut Value) -> Option<&'a mut Value> {
    let path = pod_spec_path(resource)?;
    object.pointer_mut(path)
}

/// Where a kind has the spec of pods.
pub(super) fn pod_spec_path(resource: &Resource) -> Option<&'static str> {
    match &*resource.kind {
        "Pod" => Some("/spec"),
        "DaemonSet" | "Deployment" | "Job" | "ReplicaSet" | "StatefulSet" => {
            Some("/spec/template/spec")
        }
        "CronJob" => Some("/spec/jobTemplate/spec/template/spec"),
        _ => None,
    }
}

fn fill_service(service: &mut Value) {
    let Some(spec) = service.get_mut("spec") else {
        return;
    };
    if spec["sessionAffinity"] != "ClientIP"
        && let Value::Object(fields) = &mut *spec
    {
        fields.remove("sessionAffinityConfig");
    }
    for port in pods::items(spec, "ports") {
        if matches!(&port["targetPort"], target if *target == 0 || *target == "") {
            port["targetPort"] = port["port"].clone();
        }
    }
}

/// Texts become data.
fn fill_secret(secret: &mut Value) {
    let Value::Object(fields) = secret else {
        return;
    };
    let Some(Value::Object(texts)) = fields.remove("stringData") else {
        return;
    };
    let data = fields.entry("data").or_insert_with(|| Map::new().into());
    for (name, text) in texts {
        let text = text.as_str().unwrap_or_default();
        data[&name] = json!(ByteString(text.as_bytes().to_vec()));
    }
}

fn fill_namespace(namespace: &mut Value) {
    let name = namespace["metadata"]["name"].clone();
    if name.is_string() {
        namespace["metadata"]["labels"][NAME_LABEL] = name;
    }
}

fn fill_node(node: &mut Value) {
    let capacity = node["status"]["capacity"].clone();
    if capacity.is_object() && node["status"]["allocatable"].is_null() {
        node["status"]["allocatable"] = capacity;
    }
}

fn fill_network_policy(policy: &mut Value) {
    let Some(spec) = policy.get_mut("spec") else {
        return;
    };
    if spec["policyTypes"].is_null() {
        spec["policyTypes"] = match spec.get("egress") {
            None => json!(["Ingress"]),
            Some(_) => json!(["Ingress", "Egress"]),
        };
    }
}

/// The real server has it in a field of its own, and shows it as an annotation even before it counts.
fn fill_template_generation(daemon_set: &mut Value) {
    let counted = &mut daemon_set["metadata"]["annotations"][TEMPLATE_GENERATION];
    if counted.is_null() {
        *counted = "0".into();
    }
}

/// A definition's other names follow from its kind.
fn fill_names(definition: &mut Value) {
    let Some(names) = definition.pointer_mut("/spec/names") else {
        return;
    };
    let kind = names["kind"].as_str().unwrap_or_default().to_owned();
    if names["singular"].is_null() {
        names["singular"] = kind.to_lowercase().into();
    }
    if names["listKind"].is_null() && !kind.is_empty() {
        names["listKind"] = format!("{kind}List").into();
    }
}

/// What admission adds to a new object.
pub(super) fn admit(resource: &Resource, object: &mut Value) {
    match &*resource.kind {
        "Pod" => pods::admit(&mut object["spec"]),
        "Namespace" => add_finalizer(object),
        "Node" => taint(object),
        "PersistentVolume" => protect(object, "kubernetes.io/pv-protection"),
        "PersistentVolumeClaim" => protect(object, "kubernetes.io/pvc-protection"),
        "Service" => list_address(&mut object["spec"]),
        "DaemonSet" => object["metadata"]["annotations"][TEMPLATE_GENERATION] = "1".into(),
        _ => {}
    }
}

/// A volume or a claim does not go while it is in use.
fn protect(object: &mut Value, finalizer: &str) {
    match &mut object["metadata"]["finalizers"] {
        Value::Array(all) if all.iter().any(|name| name == finalizer) => {}
        Value::Array(all) => all.push(finalizer.into()),
        absent => *absent = json!([finalizer]),
    }
}

/// The address that is asked for is the first of the addresses.
fn list_address(spec: &mut Value) {
    let address = spec["clusterIP"].clone();
    if address.as_str().is_some_and(|address| !address.is_empty()) && spec["clusterIPs"].is_null() {
        spec["clusterIPs"] = json!([address]);
    }
}

/// Nothing is scheduled to a node before a controller has seen it ready.
fn taint(node: &mut Value) {
    let taint = json!({"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"});
    match &mut node["spec"]["taints"] {
        Value::Array(taints) if taints.contains(&taint) => {}
        Value::Array(taints) => taints.push(taint),
        absent => *absent = json!([taint]),
    }
}

fn add_finalizer(namespace: &mut Value) {
    let finalizers = &mut namespace["spec"]["finalizers"];
    match finalizers {
        Value::Array(all) if all.iter().any(|name| name == "kubernetes") => {}
        Value::Array(all) => all.push("kubernetes".into()),
        _ => *finalizers = json!(["kubernetes"]),
    }
}

/// What the status of a new object says.
pub(super) fn first_status(resource: &Resource, object: &mut Value) {
    if &*resource.kind == "Pod" {
        let class = pods::quality_of_service(&mut object["spec"]);
        object["status"] = json!({"phase": "Pending", "qosClass": class});
        if !object["spec"]["schedulingGates"].is_null() {
            object["status"]["conditions"] = json!([pods::gated()]);
        }
    }
}

/// What a write may not change, beyond the status.
pub(super) fn prepare_update(
    resource: &Resource,
    subresource: Subresource,
    before: &Value,
    after: &mut Value,
) {
    match (&*resource.kind, subresource) {
        ("Namespace", Subresource::None) => keep(&before["spec"], &mut after["spec"], "finalizers"),
        ("DaemonSet", Subresource::None) => count_template(before, after),
        ("Pod", Subresource::None) => pods::admit_again(&before["spec"], &mut after["spec"]),
        ("Pod", Subresource::Status) => keep(&before["status"], &mut after["status"], "qosClass"),
        _ => {}
    }
}

fn count_template(before: &Value, after: &mut Value) {
    let counted = before["metadata"]["annotations"][TEMPLATE_GENERATION].as_str();
    let counted: i64 = counted.and_then(|text| text.parse().ok()).unwrap_or(0);
    let more = i64::from(before["spec"]["template"] != after["spec"]["template"]);
    after["metadata"]["annotations"][TEMPLATE_GENERATION] = (counted + more).to_string().into();
}
