//! Makes Cluster API look again where it would look only after a fixed pause. Any change of an object makes its
//! controller look at once.

use std::convert::Infallible;
use std::time::Duration;

use anyhow::Result;
use futures::future::try_join_all;
use kube::ResourceExt;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::names::NUDGED_ANNOTATION;
use crate::tools::kube::{DynamicObject, Objects, condition};

const EVERY: Duration = Duration::from_secs(2);

/// Nudges the draining ones of the Machines that `selector` selects, until it is dropped. Cluster API evicts what it can
/// and then looks at a machine only every 20 s (`drainRetryInterval`), though most pods are gone in two.
///
/// A nudge that fails is one less: whoever waits finds out what is wrong.
pub(super) async fn draining(machines: &Objects, selector: &str) -> Infallible {
    repeat(async |patch| {
        let all = machines.list(selector).await?;
        let draining = all.iter().filter(|machine| is_draining(machine));
        let names: Vec<String> = draining.map(ResourceExt::name_any).collect();
        try_join_all(names.iter().map(|name| machines.patch_merge(name, patch)))
            .await
            .map(drop)
    })
    .await
}

/// Nudges the KubeadmControlPlane of that name, until it is dropped. It does not watch its nodes' pods and looks at them
/// only every 20 s.
pub(super) async fn control_plane(control_planes: &Objects, name: &str) -> Infallible {
    repeat(async |patch| control_planes.patch_merge(name, patch).await.map(drop)).await
}

/// Calls `nudge` with a patch that changes an object, again and again.
async fn repeat(nudge: impl AsyncFn(&Value) -> Result<()>) -> Infallible {
    let mut count = 0_u64;
    loop {
        sleep(EVERY).await;
        count += 1;
        let patch = json!({"metadata": {"annotations": {NUDGED_ANNOTATION: count.to_string()}}});
        if let Err(error) = nudge(&patch).await {
            tracing::debug!("nudging Cluster API: {error:#}");
        }
    }
}

fn is_draining(machine: &DynamicObject) -> bool {
    condition(machine, "Deleting").is_some_and(|deleting| deleting.reason == "DrainingNode")
}
