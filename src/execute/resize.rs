//! Steps of the resize loop: its image, its objects, its first sign of life, its end.

use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use serde_json::Value;

use crate::names::NAMESPACE;
use crate::observe::lease;
use crate::progress::Reporter;
use crate::render::Manifest;
use crate::substrate::Backend;
use crate::substrate::local::loop_image;
use crate::tools::kube::{self, Client, DynamicObject, Objects, Verdict};
use crate::world::World;

const APPLY_DEADLINE: Duration = Duration::from_mins(1);

const REMOVE_DEADLINE: Duration = Duration::from_mins(2);

/// Time for a process to take back what it has under way and to end.
const LET_GO_WITHIN: Duration = Duration::from_secs(30);

/// Where one of these changes, the process begins anew.
const RESTARTING: [&str; 2] = ["ConfigMap/", "Deployment/"];

/// A process that was killed keeps its Lease for fifteen seconds.
const LEASE_DEADLINE: Duration = Duration::from_mins(2);

pub(super) async fn install(world: &World, objects: &[String], reporter: &Reporter) -> Result<()> {
    if let Backend::Docker(docker) = &world.backend {
        reporter.note("putting this program into an image");
        loop_image::load(docker, &world.names().infra_node()).await?;
    }
    let client = world.infra_client().await?;
    let before = lease::holder(&client, world.names()).await?;
    let chosen = chosen(world, objects);
    let chosen: Vec<Value> = chosen.map(|manifest| manifest.object.clone()).collect();
    kube::apply(&client, &chosen, world.deadline(APPLY_DEADLINE)).await?;
    let restarts = |key: &String| RESTARTING.iter().any(|kind| key.starts_with(kind));
    if objects.iter().any(restarts) {
        let_go(world, &client, before, reporter).await;
    }
    Ok(())
}

/// The process goes first, so that it can still take back what it has under way; then what it was allowed to do.
pub(super) async fn remove(world: &World, objects: &[String], reporter: &Reporter) -> Result<()> {
    let client = world.infra_client().await?;
    let before = lease::holder(&client, world.names()).await?;
    let mut before = Some(before);
    let chosen: Vec<&Manifest> = chosen(world, objects).collect();
    for manifest in chosen.into_iter().rev() {
        let (api, kind, name) = (manifest.api_version(), manifest.kind(), manifest.name());
        let of = Objects::new(&client, api, kind, manifest.namespace());
        of.delete(name).await?;
        if let Some(before) = before.take() {
            let_go(world, &client, before, reporter).await;
        }
        let what = format!("{} to be gone", of.title(name));
        let deadline = world.deadline(REMOVE_DEADLINE);
        of.wait(name, &what, deadline, reporter, is_gone).await?;
    }
    // Somebody in the foreground may have it by now.
    match lease::holder(&client, world.names()).await? {
        Some((_, true)) => Ok(()),
        _ => leases(&client).delete(&world.names().resize()).await,
    }
}

fn chosen<'a>(world: &'a World, objects: &'a [String]) -> impl Iterator<Item = &'a Manifest> {
    let all = world.resize.iter();
    all.filter(|manifest| objects.contains(&manifest.key()))
}

fn is_gone(object: Option<&DynamicObject>) -> Verdict {
    match object {
        None => Verdict::Done,
        Some(_) => Verdict::Waiting("it is being deleted".to_owned()),
    }
}

/// Waits until the process that held the Lease has let go of it. One in the foreground never does, and need not.
async fn let_go(
    world: &World,
    client: &Client,
    before: Option<(String, bool)>,
    reporter: &Reporter,
) {
    let Some((before, true)) = before else {
        return;
    };
    let judge = |found: Option<&DynamicObject>| match found
        .and_then(|found| lease::held(found, Timestamp::now()))
    {
        Some((holder, true)) if holder == before => Verdict::Waiting(format!("{holder} has it")),
        _ => Verdict::Done,
    };
    let (name, deadline) = (world.names().resize(), world.deadline(LET_GO_WITHIN));
    let what = format!("the Lease {name} to be let go of");
    let waited = leases(client)
        .wait(&name, &what, deadline, reporter, judge)
        .await;
    if let Err(error) = waited {
        tracing::debug!("{error:#}");
    }
}

fn leases(client: &Client) -> Objects {
    lease::leases(client, Some(NAMESPACE))
}

/// Waits until a process holds the Lease.
pub(super) async fn wait(world: &World, reporter: &Reporter) -> Result<()> {
    let client = world.infra_client().await?;
    let name = world.names().resize();
    let judge = |found: Option<&DynamicObject>| match found
        .and_then(|found| lease::held(found, Timestamp::now()))
    {
        Some((_, true)) => Verdict::Done,
        Some((holder, false)) => Verdict::Waiting(format!("{holder} does not renew it")),
        None => Verdict::Waiting("nobody holds it".to_owned()),
    };
    let what = format!("the Lease {name} of the resize loop to be held");
    let deadline = world.deadline(LEASE_DEADLINE);
    leases(&client)
        .wait(&name, &what, deadline, reporter, judge)
        .await
        .map(drop)
}
