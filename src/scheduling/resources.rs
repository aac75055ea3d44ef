//! What pods ask for and nodes offer, as the scheduler counts it: CPU in thousandths, all else in whole units.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use k8s_openapi::api::core::v1::{Container, ContainerStatus, Pod};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Text;

use crate::quantity::{Quantity, Rounding};

/// Amounts by the name of their resource.
pub type Resources = BTreeMap<String, i64>;

type Texts = BTreeMap<String, Text>;

/// What a node can hand out.
pub(super) fn allocatable(texts: Option<&Texts>) -> Result<Resources> {
    let amounts = amounts(texts, Rounding::Up)?;
    Ok(amounts
        .into_iter()
        .filter(|(name, _)| counts(name))
        .collect())
}

/// The larger of what runs for good and what any init container needs at its turn, or what the pod as a whole asks
/// for; its overhead on top. The API server has filled in requests that only have a limit.
///
/// A pod that has its node already counts with what it was given, if a resize is under way.
pub(super) fn requests(pod: &Pod) -> Result<Resources> {
    let Some(spec) = &pod.spec else {
        return Ok(Resources::new());
    };
    let given = spec
        .node_name
        .as_deref()
        .is_some_and(|node| !node.is_empty());
    let resize = given.then(|| Resize::of(pod));
    let mut sidecars = Resources::new();
    let mut peak = Resources::new();
    for container in spec.init_containers.iter().flatten() {
        if container.restart_policy.as_deref() == Some("Always") {
            add(&mut sidecars, &of_container(container, resize.as_ref())?);
            raise(&mut peak, &sidecars);
        } else {
            let mut turn = sidecars.clone();
            add(&mut turn, &of_container(container, None)?);
            raise(&mut peak, &turn);
        }
    }
    let mut total = sidecars;
    for container in &spec.containers {
        add(&mut total, &of_container(container, resize.as_ref())?);
    }
    raise(&mut total, &peak);
    let whole = spec.resources.as_ref().and_then(|r| r.requests.as_ref());
    let whole = amounts(whole, Rounding::Up)?.into_iter();
    total.extend(whole.filter(|(name, _)| counts_for_a_whole_pod(name)));
    add(&mut total, &amounts(spec.overhead.as_ref(), Rounding::Up)?);
    total.retain(|name, amount| *amount > 0 && name != "pods" && counts(name));
    Ok(total)
}

/// What the kubelet has given to a pod's containers.
struct Resize<'a> {
    statuses: BTreeMap<&'a str, &'a ContainerStatus>,
    /// The node can never satisfy what the spec asks for now.
    infeasible: bool,
}

impl<'a> Resize<'a> {
    fn of(pod: &'a Pod) -> Self {
        let status = pod.status.as_ref();
        let containers = status.and_then(|s| s.container_statuses.as_ref());
        let init = status.and_then(|s| s.init_container_statuses.as_ref());
        let statuses = containers.into_iter().chain(init).flatten();
        let mut conditions = status.iter().flat_map(|s| s.conditions.iter().flatten());
        let pending = conditions.find(|c| c.type_ == "PodResizePending");
        Self {
            statuses: statuses.map(|s| (s.name.as_str(), s)).collect(),
            infeasible: pending.is_some_and(|c| c.reason.as_deref() == Some("Infeasible")),
        }
    }
}

fn of_container(container: &Container, resize: Option<&Resize>) -> Result<Resources> {
    let asked = container.resources.as_ref();
    let asked = amounts(asked.and_then(|r| r.requests.as_ref()), Rounding::Up)
        .with_context(|| format!("reading the requests of container {}", container.name))?;
    let Some(resize) = resize else {
        return Ok(asked);
    };
    let status = resize.statuses.get(container.name.as_str());
    let Some((status, running)) = status.and_then(|s| Some((s, s.resources.as_ref()?))) else {
        return Ok(asked);
    };
    let mut most = amounts(running.requests.as_ref(), Rounding::Up)?;
    raise(
        &mut most,
        &amounts(status.allocated_resources.as_ref(), Rounding::Up)?,
    );
    if !resize.infeasible {
        raise(&mut most, &asked);
    }
    Ok(most)
}

/// Which resources the scheduler looks at. Native ones that it does not know are nobody's business.
fn counts(name: &str) -> bool {
    let native = ["cpu", "memory", "ephemeral-storage", "pods"];
    native.contains(&name)
        || name.contains('/') && !name.starts_with("requests.")
        || name.starts_with("hugepages-")
        || name.starts_with("attachable-volumes-")
}

fn counts_for_a_whole_pod(name: &str) -> bool {
    ["cpu", "memory"].contains(&name) || name.starts_with("hugepages-")
}

pub(super) fn amounts(texts: Option<&Texts>, rounding: Rounding) -> Result<Resources> {
    let amount = |(name, Text(text)): (&String, &Text)| {
        let quantity: Quantity = text.parse().with_context(|| format!("reading {name}"))?;
        let amount = match name.as_str() {
            "cpu" => quantity.thousandths(rounding),
            _ => quantity.units(rounding),
        };
        Ok((name.clone(), i64::try_from(amount).unwrap_or(i64::MAX)))
    };
    texts.into_iter().flatten().map(amount).collect()
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
