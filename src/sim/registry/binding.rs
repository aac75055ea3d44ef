//! `pods/binding`: a pod gets its node.

use serde_json::{Map, Value, json};

use super::transaction::Step;
use super::{Registry, Subresource, Target, WriteOptions, Written, object};
use crate::sim::status::Status;

impl Registry {
    pub(super) fn bind(
        &self,
        target: &Target,
        binding: &Value,
        options: &WriteOptions,
    ) -> Result<Written, Status> {
        if object::name(binding) != target.name {
            return Err(Status::bad_request(
                "name in URL does not match name in Binding object",
            ));
        }
        validate(binding)?;
        let pod = target.clone().with(Subresource::None);
        self.transact(&pod, options.dry_run, |before, _| {
            let before = before.ok_or_else(|| Status::not_found(&pod.resource, &pod.name))?;
            refuse(&pod, before, binding)?;
            let mut after = before.clone();
            assign(&mut after, binding, &self.time());
            Ok(Step::Put(after))
        })?;
        let answer = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201,
        });
        Ok(Written {
            json: object::bytes_of(&answer),
            created: true,
            warnings: Vec::new(),
        })
    }
}

fn validate(binding: &Value) -> Result<(), Status> {
    let kind = object::text(binding, "/target/kind");
    let mut wrong = Vec::new();
    if !matches!(kind, "" | "Node") {
        wrong.push(format!(
            r#"target.kind: Unsupported value: "{kind}": supported values: "Node", "<empty>""#
        ));
    }
    if object::text(binding, "/target/name").is_empty() {
        wrong.push("target.name: Required value".to_owned());
    }
    match wrong.len() {
        0 => Ok(()),
        1 => Err(Status::unclassified(wrong.remove(0))),
        _ => Err(Status::unclassified(format!("[{}]", wrong.join(", ")))),
    }
}

fn refuse(target: &Target, pod: &Value, binding: &Value) -> Result<(), Status> {
    let name = &target.name;
    let node = object::text(pod, "/spec/nodeName");
    let gated = pod
        .pointer("/spec/schedulingGates")
        .and_then(Value::as_array)
        .is_some_and(|gates| !gates.is_empty());
    let (uid, version) = (object::uid(binding), object::resource_version(binding));
    let because = if !uid.is_empty() && uid != object::uid(pod) {
        return Err(precondition(target, "UID", uid, object::uid(pod)));
    } else if !version.is_empty() && version != object::resource_version(pod) {
        let is = object::resource_version(pod);
        return Err(precondition(target, "ResourceVersion", version, is));
    } else if object::is_deleting(pod) {
        format!("pod {name} is being deleted, cannot be assigned to a host")
    } else if !node.is_empty() {
        format!("pod {name} is already assigned to node {node:?}")
    } else if gated {
        format!("pod {name} has non-empty .spec.schedulingGates")
    } else {
        return Ok(());
    };
    let mut status = Status::conflict(&target.resource, name, "");
    status.message = format!("Operation cannot be fulfilled on pods/binding {name:?}: {because}");
    if let Some(details) = &mut status.details {
        details.kind = "pods/binding".into();
    }
    Err(status)
}

fn precondition(target: &Target, what: &str, wanted: &str, is: &str) -> Status {
    let Target {
        namespace, name, ..
    } = target;
    let because = format!(
        "StorageError: invalid object, Code: 4, Key: /registry/pods/{namespace}/{name}, ResourceVersion: 0, AdditionalErrorMsg: \
         Precondition failed: {what} in precondition: {wanted}, {what} in object meta: {is}"
    );
    Status::conflict(&target.resource, name, &because)
}

fn assign(pod: &mut Value, binding: &Value, now: &str) {
    pod["spec"]["nodeName"] = json!(object::text(binding, "/target/name"));
    for field in ["annotations", "labels"] {
        let Some(Value::Object(added)) = binding["metadata"].get(field) else {
            continue;
        };
        let metadata = object::metadata(pod);
        let all = metadata
            .entry(field)
            .or_insert_with(|| Value::Object(Map::new()));
        object::map(all).extend(added.clone());
    }
    let status = object::member(pod, "status");
    object::map(status).remove("nominatedNodeName");
    object::set_condition(
        status,
        json!({"type": "PodScheduled", "status": "True", "lastProbeTime": null}),
        now,
    );
}
