//! Leases by which controllers elect one of their pods.

use std::time::Duration;

use anyhow::{Result, bail};
use futures::future::try_join_all;
use kube::{Client, ResourceExt};
use tokio::time::{Instant, sleep};

use crate::observe::lease::leases;
use crate::tools::kube::{DynamicObject, title};

const PAUSE: Duration = Duration::from_millis(100);

/// Those that any of these pods holds.
pub(super) async fn held(client: &Client, pods: &[DynamicObject]) -> Result<Vec<DynamicObject>> {
    let mut all = leases(client, None).list("").await?;
    all.retain(|lease| pods.iter().any(|pod| is_held(lease, pod)));
    Ok(all)
}

/// Waits until other pods have the Leases of those that were killed. A killed pod does not give its Lease back, nor is it
/// gone before its processes are, which may renew a Lease with their last breath: so it is deleted until somebody else has it.
pub(super) async fn pass_on(
    client: &Client,
    held: &[DynamicObject],
    killed: &[DynamicObject],
    deadline: Instant,
) -> Result<()> {
    let passed = held.iter().map(async |lease| {
        let (namespace, name) = (lease.namespace(), lease.name_any());
        let leases = leases(client, namespace.as_deref());
        loop {
            match leases.get(&name).await? {
                Some(lease) if killed.iter().any(|pod| is_held(&lease, pod)) => {
                    leases.delete(&name).await?;
                }
                Some(lease) if !holder(&lease).is_empty() => return Ok(()),
                _ => {}
            }
            if Instant::now() >= deadline {
                let lease = title("Lease", namespace.as_deref(), &name);
                bail!("no controller has taken {lease} since its holder was stopped");
            }
            sleep(PAUSE).await;
        }
    });
    try_join_all(passed).await.map(drop)
}

/// A holder calls itself by its pod's name, an underscore and something unique.
pub(super) fn is_held(lease: &DynamicObject, pod: &DynamicObject) -> bool {
    let process = holder(lease).strip_prefix(&pod.name_any());
    pod.namespace() == lease.namespace() && process.is_some_and(|it| it.starts_with('_'))
}

fn holder(lease: &DynamicObject) -> &str {
    let holder = lease.data.pointer("/spec/holderIdentity");
    holder
        .and_then(|holder| holder.as_str())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lease(namespace: &str, holder: &str) -> DynamicObject {
        serde_json::from_value(json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": {"name": "l", "namespace": namespace}, "spec": {"holderIdentity": holder},
        }))
        .unwrap()
    }

    #[test]
    fn a_lease_is_held_by_the_pod_that_it_names() {
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "capi-1", "namespace": "capi-system"},
        });
        let pod = serde_json::from_value(pod).unwrap();
        assert!(is_held(&lease("capi-system", "capi-1_2f6c"), &pod));
        assert!(!is_held(&lease("capi-system", "capi-12_2f6c"), &pod));
        assert!(!is_held(&lease("capd-system", "capi-1_2f6c"), &pod));
        assert!(!is_held(&lease("capi-system", ""), &pod));
    }
}
