//! How many evictions each disruption budget has left, over a whole removal.

use super::selectors::labels_match;
use crate::observe::workload::{Budget, Pod};

pub(super) struct Budgets<'a>(Vec<(&'a Budget, u32)>);

impl<'a> Budgets<'a> {
    pub(super) fn new(budgets: &'a [Budget]) -> Self {
        let left = budgets.iter().map(|b| (b, b.disruptions_allowed));
        Self(left.collect())
    }

    /// Takes one eviction from the budget that covers `pod`, if there is one.
    pub(super) fn charge(&mut self, pod: &Pod) -> Result<(), String> {
        // The eviction API asks no budget about pods that do not run yet.
        if pod.phase == "Pending" {
            return Ok(());
        }
        let covering = self.0.iter_mut().filter(|(budget, _)| covers(budget, pod));
        match covering.collect::<Vec<_>>().as_mut_slice() {
            [] => Ok(()),
            [(budget, 0)] => Err(format!(
                "PodDisruptionBudget {} allows 0 more disruptions",
                budget.name
            )),
            [(_, left)] => {
                *left -= 1;
                Ok(())
            }
            [..] => Err(
                "more than one PodDisruptionBudget covers it, and such a pod is never evicted"
                    .to_owned(),
            ),
        }
    }
}

fn covers(budget: &Budget, pod: &Pod) -> bool {
    let selector = budget.selector.as_ref();
    budget.namespace == pod.namespace && selector.is_some_and(|s| labels_match(s, &pod.labels))
}
