//! What is missing between a spec and a running platform.

mod control_plane;
mod pools;

use std::collections::{BTreeMap, BTreeSet};

use super::drain::Removal;
use super::scale::{settle, wait_until_available};
use super::{Action, Plan};
use crate::catalog::Component;
use crate::failure::Failure;
use crate::observe::{App, Installed, Instance, Observed};
use crate::spec::{Platform, Substrate};
use control_plane::{drop_standbys, new_control_plane, wait_for_control_plane};
use pools::{pools, resize};

/// What `up` wants beyond the platform itself, computed before planning because it is text, not state.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Images that Docker needs to start nodes.
    pub images: BTreeSet<String>,
    /// The app cluster's objects: (`Kind/name`, hash), in the order of application.
    pub objects: Vec<(String, String)>,
    pub components: Vec<Component>,
    /// The resize loop's objects: (`Kind/name`, hash). None if it is neither to be installed nor removed.
    pub resize: Vec<(String, String)>,
}

/// The pools that `up` would make smaller, with the size that the spec wants.
pub fn shrinking<'a>(platform: &'a Platform, seen: &Observed) -> Vec<(&'a str, u32)> {
    let Some(app) = &seen.app else {
        return Vec::new();
    };
    let wanted = platform
        .pools
        .iter()
        .filter_map(|pool| Some((pool.name.as_str(), pool.replicas?)));
    wanted
        .filter(|(name, replicas)| {
            app.pools
                .get(*name)
                .is_some_and(|seen| *replicas < seen.replicas)
        })
        .collect()
}

/// The steps from `seen` to `platform`. `removals` says for each pool of [`shrinking`] which machines go; as with
/// `scale`, none goes whose pods have no other place. Refuses what is not ours and what is on its way out.
pub fn up(
    platform: &Platform,
    wanted: &Wanted,
    seen: &Observed,
    removals: &BTreeMap<String, Removal>,
) -> Result<Plan, Failure> {
    refuse_foreign(platform, seen)?;
    refuse_deleting(platform, seen)?;
    let mut plan = Plan::default();
    let infra = match platform.substrate {
        Substrate::Local => infra_cluster(&mut plan, platform, wanted, seen),
        Substrate::Sim => embedded(&mut plan, seen),
    };
    app_cluster(&mut plan, platform, wanted, seen, removals, &infra)?;
    Ok(plan)
}

fn refuse_foreign(platform: &Platform, seen: &Observed) -> Result<(), Failure> {
    let names = &platform.names;
    if let Some(node) = seen.infra.node.as_ref().filter(|node| !node.ours) {
        return Err(Failure::refused(format!(
            "container {} exists ({}) and is not ours",
            names.infra_node(),
            node.state
        ))
        .hint("choose another --name")
        .hint(format!(
            "or, if it is a kind cluster that nobody needs: kind delete cluster --name {}",
            names.infra_cluster()
        )));
    }
    let foreign: Vec<&str> = seen
        .containers
        .iter()
        .filter(|(_, c)| !c.ours)
        .map(|(name, _)| name.as_str())
        .collect();
    if foreign.is_empty() {
        return Ok(());
    }
    Err(Failure::refused(format!(
        "a cluster named {} exists and no infra cluster of ours made it: {}",
        names.app_cluster(),
        foreign.join(", ")
    ))
    .hint("choose another --name")
    .hint(format!(
        "or, if nobody needs it: kind delete cluster --name {}",
        names.app_cluster()
    )))
}

fn refuse_deleting(platform: &Platform, seen: &Observed) -> Result<(), Failure> {
    if !seen.app.as_ref().is_some_and(|app| app.deleting) {
        return Ok(());
    }
    let (name, substrate) = (platform.names.platform(), platform.substrate.name());
    Err(
        Failure::refused(format!("Cluster {name} is being deleted")).hint(format!(
            "finish it with `bex-infra down {substrate} --name {name}`, then run `up` again"
        )),
    )
}

/// Last steps of the infra cluster that the app cluster has to wait for.
struct InfraSteps {
    images: Option<usize>,
    ready: Option<usize>,
}

/// The embedded Kubernetes is the infra cluster, components and all.
fn embedded(plan: &mut Plan, seen: &Observed) -> InfraSteps {
    let reason = match &seen.infra.node {
        None => "there is none",
        Some(node) if node.running => "it does not answer",
        Some(_) => "it is stopped",
    };
    let ready = if seen.infra.api {
        None
    } else {
        plan.add(Action::StartServer, reason, &[])
    };
    InfraSteps {
        images: None,
        ready,
    }
}

fn infra_cluster(
    plan: &mut Plan,
    platform: &Platform,
    wanted: &Wanted,
    seen: &Observed,
) -> InfraSteps {
    let images = fetch_images(plan, wanted, seen);
    let node = infra_node(plan, platform, seen.infra.node.as_ref(), images);
    let api = if seen.infra.api {
        None
    } else {
        let kubernetes = platform.catalog.kubernetes.clone();
        plan.add(
            Action::InitInfraCluster { kubernetes },
            "no API server answers in it",
            &[node],
        )
    };
    let networking = if seen.infra.networking {
        None
    } else {
        plan.add(
            Action::InstallInfraNetworking,
            "its nodes have no CNI",
            &[node, api],
        )
    };
    let ready = components(plan, wanted, seen, &[node, api, networking]);
    InfraSteps {
        images,
        ready: ready.or(networking).or(api).or(node),
    }
}

fn fetch_images(plan: &mut Plan, wanted: &Wanted, seen: &Observed) -> Option<usize> {
    let images: Vec<String> = wanted.images.difference(&seen.images).cloned().collect();
    if images.is_empty() {
        return None;
    }
    plan.add(Action::FetchImages { images }, "not in Docker", &[])
}

fn infra_node(
    plan: &mut Plan,
    platform: &Platform,
    seen: Option<&Instance>,
    images: Option<usize>,
) -> Option<usize> {
    let node = platform.names.infra_node();
    match seen {
        None => plan.add(
            Action::CreateInfraNode { node },
            "no such container",
            &[images],
        ),
        Some(container) if container.running => None,
        Some(container) => {
            let reason = format!("its container is {}", container.state);
            plan.add(Action::StartInfraNode { node }, reason, &[])
        }
    }
}

fn components(
    plan: &mut Plan,
    wanted: &Wanted,
    seen: &Observed,
    after: &[Option<usize>],
) -> Option<usize> {
    let installed = &seen.infra.components;
    let missing: Vec<String> = wanted
        .components
        .iter()
        .filter(|component| {
            !installed
                .get(&component.name)
                .is_some_and(|seen| is_installed(component, seen))
        })
        .map(|component| component.name.clone())
        .collect();
    let unready = wanted.components.iter().any(|component| {
        installed
            .get(&component.name)
            .is_none_or(|seen| !seen.ready)
    });
    let install = if missing.is_empty() {
        None
    } else {
        let reason = format!(
            "{} of {} components are installed",
            wanted.components.len() - missing.len(),
            wanted.components.len()
        );
        plan.add(
            Action::InstallComponents {
                components: missing,
            },
            reason,
            after,
        )
    };
    if install.is_none() && !unready {
        return None;
    }
    let mut after = after.to_vec();
    after.push(install);
    plan.add(
        Action::WaitForComponents,
        "not every webhook answers",
        &after,
    )
}

/// Where no checksum is known, the version has to do.
fn is_installed(wanted: &Component, seen: &Installed) -> bool {
    seen.version == wanted.version
        && wanted
            .sha256
            .as_ref()
            .is_none_or(|sha256| *sha256 == seen.sha256)
}

fn app_cluster(
    plan: &mut Plan,
    platform: &Platform,
    wanted: &Wanted,
    seen: &Observed,
    removals: &BTreeMap<String, Removal>,
    infra: &InfraSteps,
) -> Result<(), Failure> {
    let absent = App::default();
    let app = seen.app.as_ref().unwrap_or(&absent);
    let started = start_containers(plan, seen);
    let applied = apply(plan, wanted, app, infra);
    let mut before = vec![infra.ready, applied];
    before.extend(&started);
    let cluster = platform.names.app_cluster();
    // The API server answers when kubeadm is done with it; Cluster API takes a while longer to notice.
    let bare = platform.substrate == Substrate::Local;
    let mut components = seen.infra.components.values();
    if app.initialized && components.any(|component| component.standby) {
        drop_standbys(plan);
    }
    let (api, control_plane) = if !app.initialized && bare {
        new_control_plane(plan, cluster, &before)
    } else if !app.initialized || !started.is_empty() {
        let up = wait_for_control_plane(plan, cluster, &before);
        (up, up)
    } else {
        (None, None)
    };
    let networking = if app.networking || !bare {
        None
    } else {
        plan.add(
            Action::InstallAppNetworking,
            "its nodes have no CNI",
            &[api],
        )
    };
    if !app.available {
        let after = [applied, control_plane, networking];
        wait_until_available(plan, cluster, "it is not Available", &after);
    }
    if !seen.kubeconfig {
        plan.add(
            Action::WriteKubeconfig,
            "the one on disk is absent or out of date",
            &[api],
        );
    }
    let after = [applied, control_plane, networking];
    resize(plan, platform, wanted, &seen.infra, &after);
    let others = plan.steps.len();
    pools(plan, platform, app, removals, &after)?;
    settle(plan, app, cluster, others);
    Ok(())
}

/// Those of the wanted objects that are not there as they are wanted.
fn missing(wanted: &[(String, String)], applied: &BTreeMap<String, String>) -> Vec<String> {
    let missing = wanted
        .iter()
        .filter(|(key, hash)| applied.get(key) != Some(hash));
    missing.map(|(key, _)| key.clone()).collect()
}

/// Containers of the app cluster that stopped: started again, a machine heals faster than it is replaced.
fn start_containers(plan: &mut Plan, seen: &Observed) -> Vec<Option<usize>> {
    let stopped = seen
        .containers
        .iter()
        .filter(|(_, container)| !container.running);
    stopped
        .map(|(name, container)| {
            let action = Action::StartContainer {
                container: name.clone(),
            };
            plan.add(action, format!("it is {}", container.state), &[])
        })
        .collect()
}

fn apply(plan: &mut Plan, wanted: &Wanted, app: &App, infra: &InfraSteps) -> Option<usize> {
    let objects = missing(&wanted.objects, &app.applied);
    if objects.is_empty() {
        return None;
    }
    let reason = format!(
        "{} of {} objects are as the spec wants them",
        wanted.objects.len() - objects.len(),
        wanted.objects.len()
    );
    plan.add(
        Action::ApplyAppCluster { objects },
        reason,
        &[infra.images, infra.ready],
    )
}
