//! `pods/eviction`: a deletion that a `PodDisruptionBudget` can refuse.

use serde_json::{Value, json};

use super::{DeleteOptions, Registry, Subresource, Target, WriteOptions, Written, object};
use crate::sim::status::{Cause, Status};
use crate::sim::store::{Page, PageRequest};

/// More evictions than this that no controller has noticed yet are refused.
const MOST_DISRUPTED: usize = 2000;

const REFUSED: &str = "Cannot evict pod as it would violate the pod's disruption budget.";

impl Registry {
    pub(super) fn evict(
        &self,
        target: &Target,
        eviction: &Value,
        options: &WriteOptions,
    ) -> Result<Written, Status> {
        if object::name(eviction) != target.name {
            return Err(Status::bad_request(
                "name in URL does not match name in Eviction object",
            ));
        }
        let mut deletion = deletion(eviction, options);
        let pod_target = target.clone().with(Subresource::None);
        let pod = object::parse(&target.resource, &self.get(&pod_target)?.json)?;
        let guarded = !is_disrupted_already(&pod) && self.spend_budget(&pod, &deletion)?;
        if !guarded && deletion.resource_version.is_none() && must_stay_as_it_is(&pod) {
            deletion.resource_version = Some(object::resource_version(&pod).to_owned());
        }
        self.mark_disrupted(&pod_target, &mut deletion)?;
        self.delete(&pod_target, &deletion)?;
        let answer = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201,
        });
        Ok(Written {
            json: object::bytes_of(&answer),
            created: true,
            warnings: Vec::new(),
        })
    }

    /// Takes one from the budget that covers the pod. False if none does, or if the pod is not healthy and its end
    /// costs the budget nothing.
    fn spend_budget(&self, pod: &Value, deletion: &DeleteOptions) -> Result<bool, Status> {
        let mut budgets = self.budgets_of(pod)?;
        if budgets.len() > 1 {
            return Err(Status::unclassified(
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
            ));
        }
        let Some((budget, target)) = budgets.pop() else {
            return Ok(true);
        };
        if !is_ready(pod) && may_go_unhealthy(&budget) {
            return Ok(false);
        }
        check(&target, &budget)?;
        if deletion.dry_run {
            return Ok(true);
        }
        let now = self.time();
        let pod_name = object::name(pod);
        self.modify(&target, "kube-apiserver", &mut |budget| {
            check(&target, budget)?;
            spend(budget, pod_name, &now);
            Ok(())
        })?;
        Ok(true)
    }

    fn budgets_of(&self, pod: &Value) -> Result<Vec<(Value, Target)>, Status> {
        let Some(resource) = self.resource("policy", "v1", "poddisruptionbudgets") else {
            return Ok(Vec::new());
        };
        let namespace = object::text(pod, "/metadata/namespace");
        let all = Target::new(resource.clone(), namespace, "");
        let Page { items, .. } = self.list(&all, &PageRequest::default())?;
        let mut budgets = Vec::new();
        for item in items {
            let budget = object::parse(&resource, &item.json)?;
            if selects(&budget["spec"]["selector"], &pod["metadata"]["labels"]) {
                let target = Target::new(resource.clone(), namespace, &item.key.name);
                budgets.push((budget, target.with(Subresource::Status)));
            }
        }
        Ok(budgets)
    }

    /// Before it goes, the pod says why.
    fn mark_disrupted(&self, pod: &Target, deletion: &mut DeleteOptions) -> Result<(), Status> {
        if deletion.dry_run {
            return Ok(());
        }
        let now = self.time();
        let done = self.transact(pod, false, |before, _| {
            let before = before.ok_or_else(|| Status::not_found(&pod.resource, &pod.name))?;
            super::delete::check_preconditions(&pod.resource, before, deletion)?;
            let mut after = before.clone();
            let condition = json!({
                "type": "DisruptionTarget",
                "status": "True",
                "lastProbeTime": null,
                "reason": "EvictionByEvictionAPI",
                "message": "Eviction API: evicting",
            });
            object::set_condition(object::member(&mut after, "status"), condition, &now);
            self.step_update(&pod.clone().with(Subresource::Status), before, after, false)
        })?;
        if deletion.resource_version.is_some() {
            deletion.resource_version = Some(done.revision().to_string());
        }
        Ok(())
    }
}

fn deletion(eviction: &Value, options: &WriteOptions) -> DeleteOptions {
    let asked = &eviction["deleteOptions"];
    let text = |pointer: &str| {
        asked
            .pointer(pointer)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    DeleteOptions {
        dry_run: options.dry_run
            || asked["dryRun"]
                .as_array()
                .is_some_and(|all| !all.is_empty()),
        grace_period_seconds: asked["gracePeriodSeconds"].as_i64(),
        propagation: text("/propagationPolicy"),
        orphan_dependents: asked["orphanDependents"].as_bool(),
        uid: text("/preconditions/uid"),
        resource_version: text("/preconditions/resourceVersion"),
    }
}

/// Its end disrupts nothing that is not disrupted already.
fn is_disrupted_already(pod: &Value) -> bool {
    let phase = object::text(pod, "/status/phase");
    matches!(phase, "Succeeded" | "Failed" | "Pending") || object::is_deleting(pod)
}

/// A pod that was spared the budget must not have become healthy meanwhile. Finished ones cannot.
fn must_stay_as_it_is(pod: &Value) -> bool {
    let phase = object::text(pod, "/status/phase");
    !matches!(phase, "Succeeded" | "Failed") && !object::is_deleting(pod)
}

fn is_ready(pod: &Value) -> bool {
    pod.pointer("/status/conditions")
        .and_then(Value::as_array)
        .is_some_and(|all| {
            all.iter()
                .any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
        })
}

fn may_go_unhealthy(budget: &Value) -> bool {
    let status = |name: &str| budget["status"][name].as_i64().unwrap_or(0);
    budget["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
        || (status("desiredHealthy") > 0 && status("currentHealthy") >= status("desiredHealthy"))
}

/// Whether the budget has something to spend.
fn check(target: &Target, budget: &Value) -> Result<(), Status> {
    let name = &target.name;
    let status = |name: &str| budget["status"][name].as_i64().unwrap_or(0);
    let refused = |seconds: u32, message: String| {
        Err(
            Status::too_many_requests(REFUSED, seconds).with_cause(Cause {
                reason: "DisruptionBudget".into(),
                message,
                field: String::new(),
            }),
        )
    };
    if status("observedGeneration") < object::generation(budget) {
        return refused(
            10,
            format!("The disruption budget {name} is still being processed by the server."),
        );
    }
    let disrupted = budget["status"]["disruptedPods"].as_object();
    if disrupted.is_some_and(|pods| pods.len() > MOST_DISRUPTED) {
        return Err(forbidden(
            name,
            "DisruptedPods map too big - too many evictions not confirmed by PDB controller",
        ));
    }
    match status("disruptionsAllowed") {
        0 => {
            let (needs, has) = (status("desiredHealthy"), status("currentHealthy"));
            refused(
                0,
                format!(
                    "The disruption budget {name} needs {needs} healthy pods and has {has} currently"
                ),
            )
        }
        allowed if allowed < 0 => Err(forbidden(name, "pdb disruptions allowed is negative")),
        _ => Ok(()),
    }
}

/// The real server names the kind here and not the resource.
fn forbidden(name: &str, because: &str) -> Status {
    let message = format!("poddisruptionbudget.policy {name:?} is forbidden: {because}");
    Status::failure(403, "Forbidden", message).with_details(crate::sim::status::Details {
        name: name.to_owned(),
        group: "policy".to_owned(),
        kind: "poddisruptionbudget".to_owned(),
        ..Default::default()
    })
}

fn spend(budget: &mut Value, pod: &str, now: &str) {
    let status = object::member(budget, "status");
    let left = status["disruptionsAllowed"].as_i64().unwrap_or(0) - 1;
    status["disruptionsAllowed"] = json!(left);
    let disrupted = object::member(status, "disruptedPods");
    object::map(disrupted).insert(pod.to_owned(), json!(now));
    if left == 0 {
        let condition = json!({
            "type": "DisruptionAllowed",
            "status": "False",
            "reason": "InsufficientPods",
            "message": "",
            "observedGeneration": status["observedGeneration"],
        });
        object::set_condition(status, condition, now);
    }
}

/// A `LabelSelector` over labels. An absent one selects nothing, an empty one everything.
fn selects(selector: &Value, labels: &Value) -> bool {
    let Some(selector) = selector.as_object() else {
        return false;
    };
    let label = |key: &str| labels.get(key).and_then(Value::as_str);
    let wanted = selector.get("matchLabels").and_then(Value::as_object);
    let same = wanted
        .into_iter()
        .flatten()
        .all(|(key, value)| label(key) == value.as_str());
    let expressions = selector.get("matchExpressions").and_then(Value::as_array);
    same && expressions.into_iter().flatten().all(|expression| {
        let is = label(object::text(expression, "/key"));
        let listed = expression["values"]
            .as_array()
            .is_some_and(|values| values.iter().any(|value| value.as_str() == is));
        match object::text(expression, "/operator") {
            "In" => is.is_some() && listed,
            "NotIn" => is.is_none() || !listed,
            "Exists" => is.is_some(),
            "DoesNotExist" => is.is_none(),
            _ => false,
        }
    })
}
