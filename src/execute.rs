//! Performs the steps of a plan: times them, reports them, decides nothing.

mod app_cluster;
pub mod components;
mod controllers;
mod infra_cluster;
mod nudge;
mod removal;
mod resize;
mod runner;

use anyhow::{Context as _, Result};
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use crate::plan::{Action, Plan};
use crate::progress::{Event, Reporter};
use crate::world::World;

/// Performs a plan. Steps that wait for nothing run side by side.
///
/// A cancelled token stops cleanly: waits end at once, steps that write finish first, nothing new begins.
pub async fn execute(
    world: &World,
    plan: &Plan,
    events: &UnboundedSender<Event>,
    cancel: &CancellationToken,
) -> Result<()> {
    runner::run(plan, events, cancel, |action, reporter| async move {
        let title = action.to_string();
        perform(world, action, &reporter).await.context(title)
    })
    .await
}

async fn perform(world: &World, action: Action, reporter: &Reporter) -> Result<()> {
    match action {
        Action::FetchImages { images } => {
            infra_cluster::fetch_images(world, &images, reporter).await
        }
        Action::CreateInfraNode { .. } => infra_cluster::create_node(world, reporter).await,
        Action::StartInfraNode { node } => infra_cluster::start_node(world, &node, reporter).await,
        Action::StartServer => infra_cluster::start_server(world).await,
        Action::InitInfraCluster { .. } => infra_cluster::init(world, reporter).await,
        Action::InstallInfraNetworking => infra_cluster::install_networking(world).await,
        Action::InstallComponents { components } => {
            infra_cluster::install_components(world, &components, reporter).await
        }
        Action::WaitForComponents => infra_cluster::wait_for_components(world, reporter).await,
        Action::StartContainer { container } => world.docker()?.start(&container).await,
        Action::ApplyAppCluster { objects } => app_cluster::apply(world, &objects).await,
        Action::WaitForBootstrap { cluster } => {
            app_cluster::wait_for_bootstrap(world, &cluster, reporter).await
        }
        Action::RestartControllers => controllers::restart(world, reporter).await,
        Action::WaitForControlPlane { cluster } => {
            app_cluster::wait_for_control_plane(world, &cluster, reporter).await
        }
        Action::InstallAppNetworking => app_cluster::install_networking(world).await,
        Action::WaitForAppCluster { cluster } => {
            app_cluster::wait_until_available(world, &cluster, reporter).await
        }
        Action::WriteKubeconfig => app_cluster::write_kubeconfig(world).await,
        Action::MarkForDeletion { machines } => {
            app_cluster::mark_for_deletion(world, &machines).await
        }
        Action::ScalePool { group, to, .. } => app_cluster::scale_pool(world, &group, to).await,
        Action::SizePool { group, min, max } => {
            app_cluster::size_pool(world, &group, min, max).await
        }
        Action::InstallResize { objects } => resize::install(world, &objects, reporter).await,
        Action::WaitForResize => resize::wait(world, reporter).await,
        Action::WaitForPool {
            pool,
            groups,
            replicas,
            or_more,
        } => {
            let wanted = app_cluster::Wanted { replicas, or_more };
            app_cluster::wait_for_pool(world, &pool, &groups, wanted, reporter).await
        }
        Action::DeleteAppCluster { cluster } => {
            removal::delete_app_cluster(world, &cluster, reporter).await
        }
        Action::RemoveContainers { containers } => {
            removal::remove_containers(world, &containers).await
        }
        Action::RemoveInfraNode { node } => removal::remove_containers(world, &[node]).await,
        Action::RemoveServer => removal::remove_server(world).await,
        Action::RemoveNetwork => removal::remove_network(world).await,
    }
}
