//! Steps of the resize loop: its image, its objects, its first sign of life.

use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use serde_json::Value;

use crate::names::NAMESPACE;
use crate::observe::lease;
use crate::progress::Reporter;
use crate::substrate::Backend;
use crate::substrate::local::loop_image;
use crate::tools::kube::{self, DynamicObject, Objects, Verdict};
use crate::world::World;

const APPLY_DEADLINE: Duration = Duration::from_mins(1);

/// A process that was killed keeps its Lease for fifteen seconds.
const LEASE_DEADLINE: Duration = Duration::from_mins(2);

pub(super) async fn install(world: &World, objects: &[String], reporter: &Reporter) -> Result<()> {
    if let Backend::Docker(docker) = &world.backend {
        reporter.note("putting this program into an image");
        loop_image::load(docker, &world.names().infra_node()).await?;
    }
    let client = world.infra_client().await?;
    let chosen = world.resize.iter();
    let chosen: Vec<Value> = chosen
        .filter(|manifest| objects.contains(&manifest.key()))
        .map(|manifest| manifest.object.clone())
        .collect();
    kube::apply(&client, &chosen, world.deadline(APPLY_DEADLINE)).await
}

/// Waits until a process holds the Lease.
pub(super) async fn wait(world: &World, reporter: &Reporter) -> Result<()> {
    let client = world.infra_client().await?;
    let leases = Objects::new(&client, "coordination.k8s.io/v1", "Lease", Some(NAMESPACE));
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
    leases
        .wait(&name, &what, deadline, reporter, judge)
        .await
        .map(drop)
}
