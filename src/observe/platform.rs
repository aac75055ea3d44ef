//! Looks at a platform: what it runs on first, then whichever of its clusters answer.

use std::collections::BTreeMap;

use anyhow::Result;
use futures::future::try_join_all;
use kube::Client;
use serde_json::Value;

use super::{App, Infra, Instance, Observed, Resize, capi, components, containers, lease};
use crate::kubeconfig::file;
use crate::names::APPLIED_HASH_ANNOTATION;
use crate::render::Manifest;
use crate::substrate::Backend;
use crate::substrate::local::infra_node;
use crate::substrate::sim::{Server, State};
use crate::tools::kube::Objects;
use crate::world::World;

/// An API server that takes longer than this to answer is not counted as answering.
const ANSWER_WITHIN: std::time::Duration = std::time::Duration::from_secs(5);

/// Everything that is known of the platform now. Parts that do not answer are absent, not errors.
pub async fn observe(world: &World) -> Result<Observed> {
    let mut observed = match &world.backend {
        Backend::Docker(docker) => containers::observe(docker, world).await?,
        Backend::Sim(server) => simulated(server)?,
    };
    if let Some(client) = answering_infra(world, &observed.infra).await {
        let (infra, app) = tokio::try_join!(infra(world, &client), app(world, &client))?;
        observed.infra = Infra {
            node: observed.infra.node,
            ..infra
        };
        observed.app = app;
        observed.kubeconfig = kubeconfig_is_current(world, &client).await;
    }
    Ok(observed)
}

/// The process stands for the infra cluster's node.
fn simulated(server: &Server) -> Result<Observed> {
    let state = server.state()?;
    let node = (state != State::Absent).then(|| Instance {
        running: matches!(state, State::Running { .. }),
        state: match state {
            State::Running { pid } => format!("running (process {pid})"),
            State::Stopped | State::Absent => "stopped".to_owned(),
        },
        ours: true,
    });
    let mut observed = Observed::default();
    observed.infra.node = node;
    Ok(observed)
}

/// A client for the infra cluster, if it is ours, runs and its API server answers.
async fn answering_infra(world: &World, infra: &Infra) -> Option<Client> {
    infra
        .node
        .as_ref()
        .filter(|node| node.ours && node.running)?;
    if let Backend::Docker(docker) = &world.backend {
        let initialised = infra_node::is_initialised(docker, &world.names().infra_node()).await;
        initialised.ok().filter(|initialised| *initialised)?;
    }
    let client = world
        .infra_client()
        .await
        .inspect_err(|error| tracing::debug!("{error:#}"))
        .ok()?;
    let answered = tokio::time::timeout(ANSWER_WITHIN, client.apiserver_version()).await;
    answered
        .ok()?
        .inspect_err(|error| tracing::debug!("infra API server: {error}"))
        .ok()?;
    Some(client)
}

async fn infra(world: &World, client: &Client) -> Result<Infra> {
    let (networking, components, applied, holder) = tokio::try_join!(
        async { are_applied(client, &world.infra_networking().await?).await },
        components::installed(client),
        applied(client, &world.resize),
        lease::holder(client, world.names()),
    )?;
    let (holder, runs) = holder.unzip();
    Ok(Infra {
        node: None,
        api: true,
        networking,
        components,
        resize: Resize {
            applied,
            runs: runs.unwrap_or(false),
            holder,
        },
    })
}

/// Whether objects are in the cluster as they are wanted.
async fn are_applied(client: &Client, wanted: &[Value]) -> Result<bool> {
    let present = try_join_all(wanted.iter().map(|object| is_applied(client, object))).await?;
    Ok(present.into_iter().all(|present| present))
}

async fn is_applied(client: &Client, object: &Value) -> Result<bool> {
    let field = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let (Some(api_version), Some(kind), Some(name)) = (
        field("/apiVersion"),
        field("/kind"),
        field("/metadata/name"),
    ) else {
        return Ok(false);
    };
    let objects = Objects::new(client, api_version, kind, field("/metadata/namespace"));
    let found = objects.get(name).await?;
    let wanted = object["metadata"]["annotations"][APPLIED_HASH_ANNOTATION].as_str();
    Ok(found
        .and_then(|found| capi::applied_hash(&found))
        .as_deref()
        == wanted)
}

async fn app(world: &World, client: &Client) -> Result<Option<App>> {
    let names = world.names();
    let Some(cluster) = capi::objects(client, "Cluster")
        .get(names.app_cluster())
        .await?
    else {
        return Ok(None);
    };
    let selector = capi::of_cluster(names.app_cluster());
    let (deployments, machines) = (
        capi::objects(client, "MachineDeployment"),
        capi::objects(client, "Machine"),
    );
    let (deployments, machines, applied) = tokio::try_join!(
        deployments.list(&selector),
        machines.list(&selector),
        applied(client, &world.manifests),
    )?;
    let mut app = capi::app(names, &cluster, &deployments, &machines);
    app.applied = applied;
    app.networking = app.initialized && app_has_networking(world, client).await;
    Ok(Some(app))
}

async fn applied(client: &Client, manifests: &[Manifest]) -> Result<BTreeMap<String, String>> {
    let found = try_join_all(manifests.iter().map(|manifest| async move {
        let objects = Objects::new(
            client,
            manifest.api_version(),
            manifest.kind(),
            manifest.namespace(),
        );
        let found = objects.get(manifest.name()).await?;
        anyhow::Ok(
            found
                .and_then(|found| capi::applied_hash(&found))
                .map(|hash| (manifest.key(), hash)),
        )
    }))
    .await?;
    Ok(found.into_iter().flatten().collect())
}

/// An app cluster that does not answer has no networking that could be relied on.
async fn app_has_networking(world: &World, infra: &Client) -> bool {
    let looked = async {
        let client = world.backend.app_client(infra, world.names()).await?;
        are_applied(&client, &world.app_networking().await?).await
    };
    match tokio::time::timeout(ANSWER_WITHIN, looked).await {
        Ok(Ok(present)) => present,
        Ok(Err(error)) => {
            tracing::debug!("app cluster: {error:#}");
            false
        }
        Err(_) => false,
    }
}

async fn kubeconfig_is_current(world: &World, infra: &Client) -> bool {
    let wanted = world.backend.kubeconfig(infra, world.names()).await;
    let on_disk = file::read(&world.home.kubeconfig());
    match (wanted, on_disk) {
        (Ok(wanted), Ok(Some(on_disk))) => wanted == on_disk,
        _ => false,
    }
}
