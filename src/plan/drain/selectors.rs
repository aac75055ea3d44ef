//! Kubernetes' own matching of labels, taints and terms.

use k8s_openapi::api::core::v1::{
    NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, PodAffinityTerm, Taint, Toleration,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use crate::observe::workload::{Labels, Node, Pod};

/// An empty selector matches everything.
pub(super) fn labels_match(selector: &LabelSelector, labels: &Labels) -> bool {
    let mut wanted = selector.match_labels.iter().flatten();
    let mut expressions = selector.match_expressions.iter().flatten();
    wanted.all(|(key, value)| labels.get(key) == Some(value))
        && expressions.all(|e| {
            let values = e.values.as_deref().unwrap_or_default();
            holds(&e.operator, values, labels.get(&e.key))
        })
}

/// One term has to hold; a term without any requirement holds nowhere.
pub(super) fn node_matches(selector: &NodeSelector, node: &Node) -> bool {
    selector
        .node_selector_terms
        .iter()
        .any(|term| term_holds(term, node))
}

fn term_holds(term: &NodeSelectorTerm, node: &Node) -> bool {
    let labels = term.match_expressions.as_deref().unwrap_or_default();
    let fields = term.match_fields.as_deref().unwrap_or_default();
    let met = |requirement: &NodeSelectorRequirement, actual: Option<&String>| {
        let values = requirement.values.as_deref().unwrap_or_default();
        holds(&requirement.operator, values, actual)
    };
    !(labels.is_empty() && fields.is_empty())
        && labels.iter().all(|r| met(r, node.labels.get(&r.key)))
        && fields.iter().all(|r| {
            // The only field that the API server accepts.
            met(r, (r.key == "metadata.name").then_some(&node.name))
        })
}

fn holds(operator: &str, values: &[String], actual: Option<&String>) -> bool {
    match operator {
        "In" => actual.is_some_and(|actual| values.contains(actual)),
        "NotIn" => actual.is_none_or(|actual| !values.contains(actual)),
        "Exists" => actual.is_some(),
        "DoesNotExist" => actual.is_none(),
        "Gt" => compare(values, actual).is_some_and(|(actual, bound)| actual > bound),
        "Lt" => compare(values, actual).is_some_and(|(actual, bound)| actual < bound),
        _ => false,
    }
}

fn compare(values: &[String], actual: Option<&String>) -> Option<(i64, i64)> {
    let [bound] = values else { return None };
    Some((actual?.parse().ok()?, bound.parse().ok()?))
}

/// Whether `taint` keeps out a pod with these `tolerations`.
pub(super) fn repels(taint: &Taint, tolerations: &[Toleration]) -> bool {
    matches!(taint.effect.as_str(), "NoSchedule" | "NoExecute")
        && !tolerations
            .iter()
            .any(|toleration| tolerates(toleration, taint))
}

fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let key = toleration.key.as_deref().unwrap_or_default();
    let effect = toleration.effect.as_deref().unwrap_or_default();
    let value = match toleration.operator.as_deref().unwrap_or_default() {
        "Exists" => true,
        // An empty key stands for every key only together with `Exists`.
        "" | "Equal" => {
            !key.is_empty()
                && toleration.value.as_deref().unwrap_or_default()
                    == taint.value.as_deref().unwrap_or_default()
        }
        _ => false,
    };
    value && (key.is_empty() || key == taint.key) && (effect.is_empty() || effect == taint.effect)
}

/// Whether an affinity term of a pod in `namespace` speaks of `pod`. Namespaces chosen by label count as chosen: their
/// labels are not known here. The API server has merged `matchLabelKeys` into the selector.
pub(super) fn term_covers(term: &PodAffinityTerm, namespace: &str, pod: &Pod) -> bool {
    let named = term.namespaces.as_deref().unwrap_or_default();
    let own = named.is_empty() && namespace == pod.namespace;
    let selector = term.label_selector.as_ref();
    (own || term.namespace_selector.is_some() || named.contains(&pod.namespace))
        && selector.is_some_and(|selector| labels_match(selector, &pod.labels))
}

#[cfg(test)]
mod tests;
