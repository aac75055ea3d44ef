//! How many evictions the workload's budgets allow now.

use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::world::World;
use crate::resize::shrink::Budget;
use crate::scheduling::labels::Selector;

pub(super) fn allowed(world: &World) -> Vec<Budget> {
    let budgets = world.disruption_budgets.iter();
    budgets.filter_map(|budget| of(world, budget)).collect()
}

/// A budget without a selector covers nothing.
fn of(world: &World, budget: &PodDisruptionBudget) -> Option<Budget> {
    let spec = budget.spec.as_ref()?;
    let selector = Selector::of(spec.selector.as_ref())?;
    let namespace = budget.metadata.namespace.clone().unwrap_or_default();
    let (mut all, mut running) = (0_i64, 0_i64);
    for pod in world.pods.iter().filter(|pod| !pod.gone) {
        let content = world.state.content(pod.class);
        if content.namespace == namespace && selector.matches(&content.labels) {
            all += 1;
            running += i64::from(pod.machine.is_some());
        }
    }
    let least = match (&spec.max_unavailable, &spec.min_available) {
        (Some(most), _) => all - share(most, all),
        (None, Some(least)) => share(least, all),
        (None, None) => all - 1,
    };
    Some(Budget {
        namespace,
        name: budget.metadata.name.clone().unwrap_or_default(),
        selector,
        allowed: u32::try_from((running - least).max(0)).unwrap_or(u32::MAX),
    })
}

/// A number, or a percentage of all, rounded up as the controller does.
fn share(amount: &IntOrString, all: i64) -> i64 {
    match amount {
        IntOrString::Int(number) => i64::from(*number),
        IntOrString::String(text) => {
            let percent = text.strip_suffix('%').and_then(|text| text.parse().ok());
            let percent: i64 = percent.unwrap_or_default();
            (all * percent + 99) / 100
        }
    }
}
