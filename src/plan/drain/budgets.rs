//! Whether the disruption budgets let a pod be evicted.

use super::selectors::labels_match;
use crate::observe::workload::{Budget, Pod};

/// A budget that allows one eviction now allows them all in turn, each as soon as the pod before has its place: who
/// drains keeps asking. One that allows none now may never do so.
pub(super) fn permit(budgets: &[Budget], pod: &Pod) -> Result<(), String> {
    // The eviction API asks no budget about pods that do not run yet.
    if pod.phase == "Pending" {
        return Ok(());
    }
    let covering: Vec<&Budget> = budgets.iter().filter(|b| covers(b, pod)).collect();
    match covering.as_slice() {
        [budget] if budget.disruptions_allowed == 0 => Err(format!(
            "PodDisruptionBudget {} allows no disruption now",
            budget.name
        )),
        [] | [_] => Ok(()),
        [..] => Err(
            "more than one PodDisruptionBudget covers it, and such a pod is never evicted"
                .to_owned(),
        ),
    }
}

fn covers(budget: &Budget, pod: &Pod) -> bool {
    let selector = budget.selector.as_ref();
    budget.namespace == pod.namespace && selector.is_some_and(|s| labels_match(s, &pod.labels))
}
