//! I2: budgets hold over everything that a decision evicts.

use bex_infra::resize::decision::Decision;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;

use super::labels;
use super::world::{World, namespace};

pub(crate) fn check(world: &World, decision: &Decision) -> Vec<String> {
    let moves = decision.remove.iter().flat_map(|remove| &remove.moves);
    let evicted: Vec<&Pod> = moves.filter_map(|step| world.pod(&step.pod)).collect();
    let mut wrong = Vec::new();
    for budget in &world.budgets {
        let covered = evicted.iter().filter(|pod| covers(budget, pod)).count();
        if covered > allowed(budget) {
            let name = budget.metadata.name.clone().unwrap_or_default();
            wrong.push(format!(
                "I2: {covered} evictions under budget {name}, which allows {}",
                allowed(budget)
            ));
        }
    }
    for pod in evicted {
        if covering(world, pod).len() > 1 {
            wrong.push(format!(
                "I2: {} is evicted though several budgets cover it",
                super::world::id(pod)
            ));
        }
    }
    wrong
}

pub(crate) fn covering<'a>(world: &'a World, pod: &Pod) -> Vec<&'a PodDisruptionBudget> {
    world
        .budgets
        .iter()
        .filter(|budget| covers(budget, pod))
        .collect()
}

fn covers(budget: &PodDisruptionBudget, pod: &Pod) -> bool {
    let selector = budget.spec.as_ref().and_then(|spec| spec.selector.as_ref());
    budget.metadata.namespace.as_deref() == Some(namespace(pod))
        && labels::selects(selector, &labels::of_pod(pod))
}

fn allowed(budget: &PodDisruptionBudget) -> usize {
    let status = budget.status.as_ref();
    let current =
        status.and_then(|status| status.observed_generation) >= budget.metadata.generation;
    let allowed = status.map_or(0, |status| status.disruptions_allowed);
    if current {
        usize::try_from(allowed).unwrap_or(0)
    } else {
        0
    }
}
