//! The resize loop of a platform that is up: whether it runs, and what holds it back.

use anyhow::Result;

use crate::cli::args::{Limit, Meant, READING};
use crate::names::RESIZE_NAMESPACE;
use crate::observe::platform::observe;
use crate::observe::{Observed, policy};
use crate::resize::decision::Decision;
use crate::resize::live::decide_once;
use crate::resize::prices::PriceList;
use crate::service::{PRICES, Service};
use crate::spec::{Platform, Substrate};
use crate::substrate::local::preflight::Finding;
use crate::world::World;

const CHECK: &str = "resize";

/// Nothing where no loop is wanted or the platform does not answer: that is for `status` to say.
pub(super) async fn look(meant: Meant) -> Vec<Finding> {
    let looked = async {
        let mut world = meant.world(Limit::default(), READING).await?;
        world.look_for_any_resize()?;
        let seen = observe(&world).await?;
        let mut findings: Vec<Finding> = judge(&seen, &world.platform).into_iter().collect();
        if seen.infra.resize.runs {
            findings.extend(held(&decide(&world).await?, &world.platform));
        }
        anyhow::Ok(findings)
    };
    match looked.await {
        Ok(findings) => findings,
        Err(error) => {
            tracing::debug!("the resize loop: {error:#}");
            Vec::new()
        }
    }
}

/// Whether somebody renews the Lease of a loop that is wanted.
fn judge(seen: &Observed, platform: &Platform) -> Option<Finding> {
    let resize = &seen.infra.resize;
    let installed = !resize.applied.is_empty();
    let mut pools = seen.app.iter().flat_map(|app| app.pools.values());
    let wanted = pools.any(|pool| pool.sizes.is_some());
    match &resize.holder {
        Some(holder) if resize.runs => Some(Finding::ok(CHECK, format!("{holder} resizes"))),
        _ if !installed && !wanted => None,
        _ if !installed => {
            let what = "pools have a maximum, and no resize loop is installed";
            let why = "pods that wait bring no workers";
            Some(Finding::warning(CHECK, what, why).fix(up(platform)))
        }
        holder => {
            let what = match holder {
                Some(holder) => {
                    format!("the resize loop is installed, but {holder} does not renew its Lease")
                }
                None => "the resize loop is installed, but nobody holds its Lease".to_owned(),
            };
            let why = "pods that wait bring no workers, and workers that nobody needs stay";
            Some(Finding::warning(CHECK, what, why).fix(see_log(platform)))
        }
    }
}

/// What keeps the loop from doing anything at all.
fn held(decision: &Decision, platform: &Platform) -> Vec<Finding> {
    let held = decision.held.iter().filter(|held| held.group == "all");
    let explain = format!(
        "bex-infra scale workers --explain --name {}",
        platform.names.platform()
    );
    let finding = |why: &str| {
        let why_it_matters = "the resize loop is held back";
        Finding::warning(CHECK, why, why_it_matters).fix(explain.clone())
    };
    held.map(|held| finding(&held.why)).collect()
}

async fn decide(world: &World) -> Result<Decision> {
    let (infra, app) = (world.infra_client().await?, world.app_client().await?);
    let service = Service {
        policy: policy::installed(&infra, &world.platform).await?,
        prices: PriceList::named(PRICES)?,
        ..Service::of(world.names().app_cluster())
    };
    let (_, decision) = decide_once(infra, app, &service.options()).await?;
    Ok(decision)
}

fn up(platform: &Platform) -> String {
    let (substrate, name) = (platform.substrate.name(), platform.names.platform());
    format!(
        "run `bex-infra up` with the platform's spec, or: bex-infra up {substrate} --name {name} --max N"
    )
}

fn see_log(platform: &Platform) -> String {
    let names = &platform.names;
    match platform.substrate {
        Substrate::Local => format!(
            "kubectl --context {} --namespace {RESIZE_NAMESPACE} logs deployment/{}",
            names.infra_cluster(),
            names.resize()
        ),
        Substrate::Sim => format!(
            "bex-infra status --name {} says whether its process runs; its log is in the platform's directory, in sim/log",
            names.platform()
        ),
    }
}

#[cfg(test)]
mod tests;
