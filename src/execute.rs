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

use self::{app_cluster as app, infra_cluster as infra};
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
        Action::FetchImages { images } => infra::fetch_images(world, &images, reporter).await,
        Action::CreateInfraNode { .. } => infra::create_node(world, reporter).await,
        Action::StartInfraNode { node } => infra::start_node(world, &node, reporter).await,
        Action::StartServer => infra::start_server(world).await,
        Action::InitInfraCluster { .. } => infra::init(world, reporter).await,
        Action::InstallInfraNetworking => infra::install_networking(world).await,
        Action::InstallComponents { components } => {
            infra::install_components(world, &components, reporter).await
        }
        Action::WaitForComponents => infra::wait_for_components(world, reporter).await,
        Action::StartContainer { container } => world.docker()?.start(&container).await,
        Action::ApplyAppCluster { objects } => app::apply(world, &objects).await,
        Action::WaitForApiServer { cluster } => {
            app::wait_for_api_server(world, &cluster, reporter).await
        }
        Action::WaitForBootstrap { cluster } => {
            app::wait_for_first_node(world, &cluster, "BootstrapExecSucceeded", reporter).await
        }
        Action::StartStandbys { cluster } => {
            controllers::start_standbys(world, &cluster, reporter).await
        }
        Action::HandOver { controllers } => controllers::hand_over(world, controllers).await,
        Action::DropStandbys => controllers::drop_standbys(world).await,
        Action::WaitForControlPlane { cluster } => {
            app::wait_for_control_plane(world, &cluster, reporter).await
        }
        Action::InstallAppNetworking => app::install_networking(world).await,
        Action::WaitForAppCluster { cluster } => {
            app::wait_until_available(world, &cluster, reporter).await
        }
        Action::WriteKubeconfig => app::write_kubeconfig(world).await,
        Action::MarkForDeletion { machines } => app::mark_for_deletion(world, &machines).await,
        Action::ScalePool { group, to, .. } => app::scale_pool(world, &group, to).await,
        Action::SizePool { group, min, max } => app::size_pool(world, &group, min, max).await,
        Action::InstallResize { objects } => resize::install(world, &objects, reporter).await,
        Action::RemoveResize { objects } => resize::remove(world, &objects, reporter).await,
        Action::WaitForResize => resize::wait(world, reporter).await,
        Action::WaitForPool {
            pool,
            groups,
            replicas,
            or_more,
        } => {
            let wanted = app::Wanted { replicas, or_more };
            app::wait_for_pool(world, &pool, &groups, wanted, reporter).await
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
