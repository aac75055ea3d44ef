//! Whether the resize loop is at work: who holds its Lease.

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use kube::Client;

use crate::names::{NAMESPACE, Names};
use crate::tools::kube::{DynamicObject, Objects};

/// Those of a namespace, or of all.
pub fn leases(client: &Client, namespace: Option<&str>) -> Objects {
    Objects::new(client, "coordination.k8s.io/v1", "Lease", namespace)
}

/// The holder, and whether it has renewed the Lease in time; as our own clock has it.
pub async fn holder(infra: &Client, names: &Names) -> Result<Option<(String, bool)>> {
    let lease = leases(infra, Some(NAMESPACE)).get(&names.resize()).await?;
    Ok(lease.and_then(|lease| held(&lease, Timestamp::now())))
}

/// The same of a Lease.
pub fn held(lease: &DynamicObject, now: Timestamp) -> Option<(String, bool)> {
    let spec = &lease.data["spec"];
    let holder = spec["holderIdentity"]
        .as_str()
        .filter(|holder| !holder.is_empty())?;
    let renewed: Timestamp = spec["renewTime"].as_str()?.parse().ok()?;
    let lasts = SignedDuration::from_secs(spec["leaseDurationSeconds"].as_i64()?);
    Some((holder.to_owned(), now.duration_since(renewed) <= lasts))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(holder: &str) -> DynamicObject {
        let spec = serde_json::json!({
            "holderIdentity": holder,
            "leaseDurationSeconds": 15,
            "renewTime": "2026-01-01T00:00:00.000000Z",
        });
        serde_json::from_value(serde_json::json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {}, "spec": spec,
        }))
        .unwrap()
    }

    #[test]
    fn a_lease_is_held_until_its_time_is_over() {
        let at = |time: &str| held(&lease("a"), time.parse().unwrap());
        assert_eq!(at("2026-01-01T00:00:15Z"), Some(("a".to_owned(), true)));
        assert_eq!(at("2026-01-01T00:00:16Z"), Some(("a".to_owned(), false)));
    }

    #[test]
    fn a_lease_that_was_given_up_is_nobodys() {
        let now = "2026-01-01T00:00:01Z".parse().unwrap();
        assert_eq!(held(&lease(""), now), None);
    }
}
