//! A MachineDeployment that says nothing of its size gets one, as Cluster API's webhook gives it.

use serde_json::{Value, json};

use crate::names::{MAX_SIZE_ANNOTATION, MIN_SIZE_ANNOTATION};
use crate::sim::resources::Resource;

pub(super) fn is(resource: &Resource) -> bool {
    &*resource.stored.resource == "machinedeployments.cluster.x-k8s.io"
}

/// The size that it had, within the sizes that its annotations name; a new one gets the smaller of them. Without
/// annotations it is one.
pub(super) fn size(before: Option<&Value>, object: &mut Value) {
    if !object["spec"]["replicas"].is_null() || !object["spec"].is_object() {
        return;
    }
    let size = |key: &str| {
        object["metadata"]["annotations"][key]
            .as_str()?
            .parse()
            .ok()
    };
    let sizes: Option<(u64, u64)> = size(MIN_SIZE_ANNOTATION).zip(size(MAX_SIZE_ANNOTATION));
    let had = before.and_then(|before| before["spec"]["replicas"].as_u64());
    let replicas = match (sizes, had) {
        (Some((min, max)), Some(had)) => had.min(max).max(min),
        (Some((min, _)), None) => min,
        (None, _) => 1,
    };
    object["spec"]["replicas"] = json!(replicas);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a MachineDeployment with these annotations gets that had `before` replicas.
    fn sized(annotations: &Value, before: Option<u64>) -> u64 {
        let before = before.map(|replicas| json!({"spec": {"replicas": replicas}}));
        let mut object = json!({"metadata": {"annotations": annotations}, "spec": {}});
        size(before.as_ref(), &mut object);
        object["spec"]["replicas"].as_u64().unwrap_or(u64::MAX)
    }

    #[test]
    fn a_size_that_is_not_said_stays_within_the_annotations() {
        let annotations = json!({MIN_SIZE_ANNOTATION: "2", MAX_SIZE_ANNOTATION: "5"});
        assert_eq!(sized(&annotations, None), 2);
        assert_eq!(sized(&annotations, Some(1)), 2);
        assert_eq!(sized(&annotations, Some(4)), 4);
        assert_eq!(sized(&annotations, Some(9)), 5);
    }

    #[test]
    fn without_both_annotations_it_is_one() {
        assert_eq!(sized(&json!({}), Some(4)), 1);
        assert_eq!(sized(&json!({MAX_SIZE_ANNOTATION: "5"}), None), 1);
    }

    #[test]
    fn a_size_that_is_said_is_kept() {
        let mut object = json!({"spec": {"replicas": 0}});
        size(None, &mut object);
        assert_eq!(object, json!({"spec": {"replicas": 0}}));
    }
}
