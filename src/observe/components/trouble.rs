//! Why the pods of a component do not work, in their own words.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{ContainerState, Pod};
use kube::api::{Api, ListParams, LogParams};
use kube::{Client, ResourceExt};

use super::selector;
use crate::tools::kube::Objects;

/// Log lines that are shown of a pod.
const LOG_LINES: i64 = 5;

/// What is wrong with a component's pods: a line for each pod that is not ready, with its reason, and its last log
/// lines; of all pods if each is ready. Best effort: what cannot be read is left out.
pub async fn trouble(client: &Client, component: &str) -> Vec<String> {
    let deployments = Objects::new(client, "apps/v1", "Deployment", None);
    let deployments = deployments
        .list(&selector(component))
        .await
        .unwrap_or_default();
    let namespaces: BTreeSet<String> = deployments
        .iter()
        .filter_map(ResourceExt::namespace)
        .collect();
    let mut pods = Vec::new();
    for namespace in &namespaces {
        let api: Api<Pod> = Api::namespaced(client.clone(), namespace);
        pods.extend(
            api.list(&ListParams::default())
                .await
                .map(|list| list.items)
                .unwrap_or_default(),
        );
    }
    if pods.is_empty() {
        return vec![format!("{component} has no pods")];
    }
    if pods.iter().any(|pod| reason(pod).is_some()) {
        pods.retain(|pod| reason(pod).is_some());
    }
    let mut lines = Vec::new();
    for pod in &pods {
        lines.push(describe(pod));
        lines.extend(log(client, pod).await);
    }
    lines
}

fn describe(pod: &Pod) -> String {
    let namespace = pod.namespace().unwrap_or_default();
    let reason = reason(pod).unwrap_or_else(|| "ready".to_owned());
    format!("Pod {namespace}/{}: {reason}", pod.name_any())
}

/// Why a pod is not ready: what its containers say, or else its own conditions. `None` if it is ready.
fn reason(pod: &Pod) -> Option<String> {
    let status = pod.status.as_ref()?;
    let conditions = status.conditions.as_deref().unwrap_or_default();
    if conditions
        .iter()
        .any(|condition| condition.type_ == "Ready" && condition.status == "True")
    {
        return None;
    }
    let containers = status.container_statuses.as_deref().unwrap_or_default();
    let mut texts: Vec<String> = containers
        .iter()
        .flat_map(|container| [&container.last_state, &container.state])
        .filter_map(|state| explain(state.as_ref()?))
        .collect();
    if texts.is_empty() {
        let bad = conditions
            .iter()
            .filter(|condition| condition.status != "True");
        texts.extend(
            bad.filter_map(|condition| condition.message.clone().or(condition.reason.clone())),
        );
    }
    Some(if texts.is_empty() {
        status.phase.clone().unwrap_or_default()
    } else {
        texts.join("; ")
    })
}

/// `CrashLoopBackOff: back-off 10s restarting ...`; `None` for a running container.
fn explain(state: &ContainerState) -> Option<String> {
    let (reason, message) = match (&state.waiting, &state.terminated) {
        (Some(waiting), _) => (waiting.reason.clone(), waiting.message.clone()),
        (_, Some(ended)) => (ended.reason.clone(), ended.message.clone()),
        (None, None) => return None,
    };
    Some(
        [reason, message]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(": "),
    )
}

/// The last lines of the running container, or of the one that ended before it.
async fn log(client: &Client, pod: &Pod) -> Vec<String> {
    let api: Api<Pod> = Api::namespaced(client.clone(), &pod.namespace().unwrap_or_default());
    for previous in [false, true] {
        let parameters = LogParams {
            tail_lines: Some(LOG_LINES),
            previous,
            ..LogParams::default()
        };
        let text = api
            .logs(&pod.name_any(), &parameters)
            .await
            .unwrap_or_default();
        if !text.is_empty() {
            return text.lines().map(|line| format!("  {line}")).collect();
        }
    }
    Vec::new()
}
