//! What a pod asks for, as the scheduler counts it.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use k8s_openapi::api::core::v1::{Container, PodSpec};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Text;

use super::Resources;
use crate::quantity::{Quantity, Rounding};

/// The larger of what runs for good and what any init container needs at its turn, or what the pod as a whole asks
/// for; its overhead on top. The API server has filled in requests that only have a limit.
pub(super) fn of_pod(spec: &PodSpec) -> Result<Resources> {
    let mut sidecars = Resources::new();
    let mut peak = Resources::new();
    for container in spec.init_containers.iter().flatten() {
        let own = of_container(container)?;
        if container.restart_policy.as_deref() == Some("Always") {
            add(&mut sidecars, &own);
        } else {
            let mut turn = sidecars.clone();
            add(&mut turn, &own);
            raise(&mut peak, &turn);
        }
    }
    let mut total = sidecars;
    for container in &spec.containers {
        add(&mut total, &of_container(container)?);
    }
    raise(&mut total, &peak);
    let whole = spec.resources.as_ref().and_then(|r| r.requests.as_ref());
    total.extend(amounts(whole, Rounding::Up)?);
    add(&mut total, &amounts(spec.overhead.as_ref(), Rounding::Up)?);
    total.insert("pods".to_owned(), 1);
    Ok(total)
}

/// Reads a resource list; `cpu` in millicores, all else in whole units.
pub(super) fn amounts(
    texts: Option<&BTreeMap<String, Text>>,
    rounding: Rounding,
) -> Result<Resources> {
    let amount = |(name, Text(text)): (&String, &Text)| {
        let quantity: Quantity = text.parse().with_context(|| format!("reading {name}"))?;
        let amount = match name.as_str() {
            "cpu" => quantity.thousandths(rounding),
            _ => quantity.units(rounding),
        };
        Ok((name.clone(), amount))
    };
    texts.into_iter().flatten().map(amount).collect()
}

fn of_container(container: &Container) -> Result<Resources> {
    let resources = container.resources.as_ref();
    amounts(resources.and_then(|r| r.requests.as_ref()), Rounding::Up)
        .with_context(|| format!("reading the requests of container {}", container.name))
}

fn add(total: &mut Resources, more: &Resources) {
    for (name, amount) in more {
        let sum = total.entry(name.clone()).or_default();
        *sum = sum.saturating_add(*amount);
    }
}

fn raise(total: &mut Resources, least: &Resources) {
    for (name, amount) in least {
        let most = total.entry(name.clone()).or_default();
        *most = (*most).max(*amount);
    }
}
