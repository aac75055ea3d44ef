//! Makes Cluster API look again at machines that it drains.
//!
//! It evicts what it can and then looks at a machine only every 20 s (`drainRetryInterval`), though most pods are gone in
//! two. Any change of a Machine makes it look at once.

use std::convert::Infallible;
use std::time::Duration;

use anyhow::Result;
use futures::future::try_join_all;
use kube::ResourceExt;
use serde_json::json;
use tokio::time::sleep;

use crate::names::NUDGED_ANNOTATION;
use crate::tools::kube::{DynamicObject, Objects, condition};

const EVERY: Duration = Duration::from_secs(2);

/// Nudges the draining ones of the Machines that `selector` selects, until it is dropped. A nudge that fails is one
/// less: whoever waits for the machines finds out what is wrong.
pub(super) async fn draining(machines: &Objects, selector: &str) -> Infallible {
    let mut count = 0_u64;
    loop {
        sleep(EVERY).await;
        count += 1;
        if let Err(error) = nudge(machines, selector, count).await {
            tracing::debug!("nudging machines: {error:#}");
        }
    }
}

async fn nudge(machines: &Objects, selector: &str, count: u64) -> Result<()> {
    let patch = json!({"metadata": {"annotations": {NUDGED_ANNOTATION: count.to_string()}}});
    let all = machines.list(selector).await?;
    let draining = all.iter().filter(|machine| is_draining(machine));
    let names: Vec<String> = draining.map(ResourceExt::name_any).collect();
    try_join_all(names.iter().map(|name| machines.patch_merge(name, &patch)))
        .await
        .map(drop)
}

fn is_draining(machine: &DynamicObject) -> bool {
    condition(machine, "Deleting").is_some_and(|deleting| deleting.reason == "DrainingNode")
}
