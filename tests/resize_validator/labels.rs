//! Labels, selectors and taints, as their documentation has them.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Node, NodeSelectorRequirement, NodeSelectorTerm, Pod, Taint, Toleration,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

type Labels = BTreeMap<String, String>;

pub(crate) fn of_pod(pod: &Pod) -> Labels {
    pod.metadata.labels.clone().unwrap_or_default()
}

pub(crate) fn of_node(node: &Node) -> Labels {
    node.metadata.labels.clone().unwrap_or_default()
}

/// Without a selector nothing is selected.
pub(crate) fn selects(selector: Option<&LabelSelector>, labels: &Labels) -> bool {
    let Some(selector) = selector else {
        return false;
    };
    for (key, value) in selector.match_labels.iter().flatten() {
        if labels.get(key) != Some(value) {
            return false;
        }
    }
    for wanted in selector.match_expressions.iter().flatten() {
        let values = wanted.values.clone().unwrap_or_default();
        if !holds(&wanted.operator, &values, labels.get(&wanted.key)) {
            return false;
        }
    }
    true
}

fn holds(operator: &str, values: &[String], actual: Option<&String>) -> bool {
    let among = actual.is_some_and(|actual| values.contains(actual));
    let number = |text: Option<&String>| text.and_then(|text| text.parse::<i64>().ok());
    match operator {
        "In" => among,
        "NotIn" => !among,
        "Exists" => actual.is_some(),
        "DoesNotExist" => actual.is_none(),
        "Gt" => number(actual) > number(values.first()) && number(actual).is_some(),
        "Lt" => number(actual) < number(values.first()) && number(actual).is_some(),
        _ => false,
    }
}

/// One of the terms has to hold, all expressions of it together.
pub(crate) fn any_term(terms: &[NodeSelectorTerm], node: &Node) -> bool {
    let labels = of_node(node);
    let all = |wanted: &Vec<NodeSelectorRequirement>, labels: &Labels| {
        wanted.iter().all(|wanted| {
            let values = wanted.values.clone().unwrap_or_default();
            holds(&wanted.operator, &values, labels.get(&wanted.key))
        })
    };
    let name = node.metadata.name.clone().unwrap_or_default();
    let fields = Labels::from([("metadata.name".to_owned(), name)]);
    terms.iter().any(|term| {
        let expressions = term.match_expressions.clone().unwrap_or_default();
        let by_field = term.match_fields.clone().unwrap_or_default();
        !(expressions.is_empty() && by_field.is_empty())
            && all(&expressions, &labels)
            && all(&by_field, &fields)
    })
}

/// What the pod asks of a node's labels.
pub(crate) fn wants(pod: &Pod, node: &Node) -> bool {
    let Some(spec) = &pod.spec else {
        return true;
    };
    let labels = of_node(node);
    for (key, value) in spec.node_selector.iter().flatten() {
        if labels.get(key) != Some(value) {
            return false;
        }
    }
    let affinity = spec
        .affinity
        .as_ref()
        .and_then(|affinity| affinity.node_affinity.as_ref());
    let required = affinity.and_then(|affinity| {
        affinity
            .required_during_scheduling_ignored_during_execution
            .as_ref()
    });
    required.is_none_or(|required| any_term(&required.node_selector_terms, node))
}

/// The first taint that keeps the pod away.
pub(crate) fn repels(pod: &Pod, node: &Node) -> Option<Taint> {
    let tolerations = pod.spec.as_ref().and_then(|spec| spec.tolerations.clone());
    let tolerations = tolerations.unwrap_or_default();
    let spec = node.spec.as_ref();
    let mut taints = spec
        .and_then(|spec| spec.taints.clone())
        .unwrap_or_default();
    if spec.and_then(|spec| spec.unschedulable) == Some(true) {
        taints.push(Taint {
            key: "node.kubernetes.io/unschedulable".to_owned(),
            effect: "NoSchedule".to_owned(),
            ..Taint::default()
        });
    }
    taints.into_iter().find(|taint| {
        ["NoSchedule", "NoExecute"].contains(&taint.effect.as_str())
            && !tolerations
                .iter()
                .any(|toleration| tolerates(toleration, taint))
    })
}

fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let effect = toleration.effect.clone().unwrap_or_default();
    let key = toleration.key.clone().unwrap_or_default();
    let exists = toleration.operator.as_deref() == Some("Exists");
    (effect.is_empty() || effect == taint.effect)
        && (key == taint.key || key.is_empty() && exists)
        && (exists
            || toleration.value.clone().unwrap_or_default()
                == taint.value.clone().unwrap_or_default())
}
