//! What a new object is checked against before its kind's own rules: its namespace, its definition, its priority.

use serde_json::{Map, Value, json};

use super::{Registry, Target, object};
use crate::sim::status::{Cause, Status};
use crate::sim::store::{Key, PageRequest, Stored};

const PRIORITY_CLASSES: &str = "priorityclasses.scheduling.k8s.io";

impl Registry {
    pub(super) fn admit(&self, target: &Target, object: &mut Value) -> Result<(), Status> {
        if target.resource.custom {
            self.admit_custom(target, object)?;
        }
        if target.resource.namespaced {
            self.admit_to_namespace(target, object)?;
        }
        if &*target.resource.stored.resource == "pods" {
            self.give_priority(target, object)?;
        }
        Ok(())
    }

    /// Nothing is made in a namespace that does not exist or that is on its way out.
    fn admit_to_namespace(&self, target: &Target, object: &Value) -> Result<(), Status> {
        let Some(namespace) = self.store().get(&namespace_key(&target.namespace)) else {
            return Err(self.no_namespace(&target.namespace));
        };
        // A namespace that is being deleted is rare: its state is not parsed for every new object.
        if contains(&namespace.json, b"\"deletionTimestamp\"") {
            let namespace: Value = serde_json::from_slice(&namespace.json).unwrap_or_default();
            if object::is_deleting(&namespace) {
                return Err(terminating(target, object));
            }
        }
        Ok(())
    }

    fn no_namespace(&self, name: &str) -> Status {
        match self.resource("", "v1", "namespaces") {
            Some(namespaces) => Status::not_found(&namespaces, name),
            None => Status::not_served(),
        }
    }

    /// A pod has the priority of its class, or else of the default one; it cannot name another.
    fn give_priority(&self, target: &Target, pod: &mut Value) -> Result<(), Status> {
        let class = object::text(pod, "/spec/priorityClassName");
        let found = if class.is_empty() {
            self.default_priority()
        } else {
            Some(self.priority_class(class).ok_or_else(|| {
                let because = format!("no PriorityClass with name {class} was found");
                Status::forbidden(&target.resource, asked_for(pod), &because)
            })?)
        };
        let priority = found
            .as_ref()
            .map_or(json!(0), |class| class["value"].clone());
        let named = pod["spec"].get("priority").filter(|value| !value.is_null());
        if let Some(named) = named.filter(|named| **named != priority) {
            let because = format!(
                "the integer value of priority ({named}) must not be provided in pod spec; priority admission controller computed {priority} from the given PriorityClass name"
            );
            return Err(Status::forbidden(
                &target.resource,
                asked_for(pod),
                &because,
            ));
        }
        check_preemption(target, pod, found.as_ref())?;
        let spec = object::map(object::member(pod, "spec"));
        spec.insert("priority".into(), priority);
        if let Some(class) = found {
            adopt(spec, &class);
        }
        Ok(())
    }

    fn priority_class(&self, name: &str) -> Option<Value> {
        let stored = self.store().get(&Key {
            resource: PRIORITY_CLASSES.into(),
            namespace: "".into(),
            name: name.into(),
        })?;
        serde_json::from_slice(&stored.json).ok()
    }

    fn default_priority(&self) -> Option<Value> {
        let is_default = |class: &Stored| contains(&class.json, b"\"globalDefault\":true");
        let classes = self
            .store()
            .list(PRIORITY_CLASSES, None, &PageRequest::default())
            .ok()?;
        let class = classes.items.into_iter().find(is_default)?;
        serde_json::from_slice(&class.json).ok()
    }
}

/// Whether a pod drives others away is decided by its class, too.
fn check_preemption(target: &Target, pod: &Value, class: Option<&Value>) -> Result<(), Status> {
    let own = object::text(pod, "/spec/preemptionPolicy");
    let of_class = class.map_or("", |class| object::text(class, "/preemptionPolicy"));
    let computed = if of_class.is_empty() {
        "PreemptLowerPriority"
    } else {
        of_class
    };
    if own.is_empty() || own == computed {
        return Ok(());
    }
    let because = format!(
        "the string value of PreemptionPolicy ({own}) must not be provided in pod spec; priority admission controller computed {computed} from the given PriorityClass name"
    );
    Err(Status::forbidden(
        &target.resource,
        asked_for(pod),
        &because,
    ))
}

fn adopt(spec: &mut Map<String, Value>, class: &Value) {
    spec.entry("priorityClassName")
        .or_insert_with(|| class["metadata"]["name"].clone());
    if let Some(policy) = class.get("preemptionPolicy") {
        spec.entry("preemptionPolicy")
            .or_insert_with(|| policy.clone());
    }
}

fn namespace_key(name: &str) -> Key {
    Key {
        resource: "namespaces".into(),
        namespace: "".into(),
        name: name.into(),
    }
}

/// The name of a new object, or how it is to begin.
fn asked_for(object: &Value) -> &str {
    match object::name(object) {
        "" => object::text(object, "/metadata/generateName"),
        name => name,
    }
}

fn terminating(target: &Target, object: &Value) -> Status {
    let namespace = &target.namespace;
    let because = format!(
        "unable to create new content in namespace {namespace} because it is being terminated"
    );
    Status::forbidden(&target.resource, asked_for(object), &because).with_cause(Cause {
        reason: "NamespaceTerminating".into(),
        message: format!("namespace {namespace} is being terminated"),
        field: "metadata.namespace".into(),
    })
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
