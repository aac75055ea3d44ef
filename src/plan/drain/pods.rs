//! Which pods leave with their node, and what keeps them from it.

use k8s_openapi::api::core::v1 as core;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;

use crate::resize::shrink::{Budget, Leave, Obstacle};
use crate::scheduling::Pod;
use crate::scheduling::labels::Selector;

/// What matters of a pod that has to leave if its node goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Leaving {
    pub leave: Leave,
    /// It has an emptyDir on the node's disk, whose content is lost with the pod.
    pub empty_dir: bool,
}

impl Leaving {
    /// `None` of pods that belong to the node itself, and of those that were told to stop already.
    pub(super) fn of(pod: &core::Pod) -> Option<Self> {
        let meta = &pod.metadata;
        let mut annotations = meta.annotations.iter().flatten();
        let mirror = annotations.any(|(key, _)| key == "kubernetes.io/config.mirror");
        let controller = controller(pod);
        if mirror || meta.deletion_timestamp.is_some() || controller == Some("DaemonSet") {
            return None;
        }
        let leave = match (controller, obstacle(pod)) {
            (None, _) => Leave::Never(Obstacle::NoController),
            (_, Some(obstacle)) => Leave::Never(obstacle),
            _ if phase(pod) == Some("Pending") => Leave::Starting,
            _ => Leave::Moves,
        };
        Some(Self {
            leave,
            empty_dir: volumes(pod).any(is_on_disk),
        })
    }

    /// Nobody would make it again.
    pub(super) fn is_orphan(&self) -> bool {
        self.leave == Leave::Never(Obstacle::NoController)
    }

    /// Why it must not be evicted.
    pub(super) fn refusal(&self, pod: &Pod, budgets: &[Budget]) -> Option<String> {
        match &self.leave {
            Leave::Never(obstacle) => Some(describe(obstacle)),
            Leave::Moves => forbidden(pod, budgets),
            Leave::Starting | Leave::WithNode => None,
        }
    }
}

fn describe(obstacle: &Obstacle) -> String {
    match obstacle {
        Obstacle::NoController => "no controller would make it again".to_owned(),
        Obstacle::LocalStorage(path) => {
            format!("what it keeps in {path} of its node would stay behind")
        }
        Obstacle::Unreadable(rule) => format!("its {rule} rule could not be checked"),
        Obstacle::Annotation(annotation) => format!("{annotation} forbids it"),
        Obstacle::System => "it belongs to the system".to_owned(),
    }
}

fn forbidden(pod: &Pod, budgets: &[Budget]) -> Option<String> {
    let covers = |it: &&Budget| it.namespace == pod.namespace && it.selector.matches(&pod.labels);
    let covering: Vec<&Budget> = budgets.iter().filter(covers).collect();
    match covering.as_slice() {
        [budget] if budget.allowed == 0 => Some(format!(
            "PodDisruptionBudget {} allows no disruption now",
            budget.name
        )),
        [] | [_] => None,
        [..] => Some(
            "more than one PodDisruptionBudget covers it, and such a pod is never evicted"
                .to_owned(),
        ),
    }
}

/// A budget that allows one eviction now allows them all in turn, each as soon as the pod before has its place: who
/// drains keeps asking. One that allows none now may never do so. One without a selector covers nobody.
pub(super) fn budget(budget: &PodDisruptionBudget) -> Option<Budget> {
    let spec = budget.spec.as_ref()?;
    let status = budget.status.as_ref();
    let allowed = status.map_or(0, |status| status.disruptions_allowed);
    Some(Budget {
        namespace: budget.metadata.namespace.clone().unwrap_or_default(),
        name: budget.metadata.name.clone().unwrap_or_default(),
        selector: Selector::of(spec.selector.as_ref())?,
        allowed: if allowed > 0 { u32::MAX } else { 0 },
    })
}

/// Kind of the controller that would make it again.
fn controller(pod: &core::Pod) -> Option<&str> {
    let mut owners = pod.metadata.owner_references.iter().flatten();
    let controller = owners.find(|owner| owner.controller == Some(true))?;
    Some(&controller.kind)
}

fn obstacle(pod: &core::Pod) -> Option<Obstacle> {
    let mut paths = volumes(pod).filter_map(|volume| volume.host_path.as_ref());
    let path = paths.next().map(|host| host.path.clone());
    let mut claims = pod
        .spec
        .iter()
        .flat_map(|s| s.resource_claims.iter().flatten());
    let claim = claims.next().map(|_| "resource claim".to_owned());
    path.map(Obstacle::LocalStorage)
        .or(claim.map(Obstacle::Unreadable))
}

fn phase(pod: &core::Pod) -> Option<&str> {
    pod.status.as_ref()?.phase.as_deref()
}

fn volumes(pod: &core::Pod) -> impl Iterator<Item = &core::Volume> {
    let spec = pod.spec.iter();
    spec.flat_map(|spec| spec.volumes.iter().flatten())
}

fn is_on_disk(volume: &core::Volume) -> bool {
    let empty_dir = volume.empty_dir.as_ref();
    empty_dir.is_some_and(|dir| dir.medium.as_deref() != Some("Memory"))
}
