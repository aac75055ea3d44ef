//! Claims that wait for their first pod: they hear which node it will be, and the pod waits for them.

use anyhow::Result;
use serde_json::json;

use super::Scheduler;
use crate::scheduling::{ClassId, NodeId};
use crate::sim::engine::{Context, Item};
use crate::sim::registry::Subresource;

impl Scheduler {
    /// True if the pod's volumes have to be made or bound first. It is woken up when its claims change.
    pub(super) fn volumes_are_awaited(
        &self,
        class: ClassId,
        node: NodeId,
        context: &mut Context,
    ) -> Result<bool> {
        let claims = self.state.unbound_claims(class);
        let Some(node) = self.state.node(node).filter(|_| !claims.is_empty()) else {
            return Ok(false);
        };
        let namespace = &self.state.content(class).namespace;
        for claim in claims {
            let claim = Item::new(self.cluster, "persistentvolumeclaims", namespace, &claim);
            context.modify(&claim, Subresource::None, |claim| {
                let annotations = &mut claim["metadata"]["annotations"];
                if !annotations.is_object() {
                    *annotations = json!({});
                }
                annotations["volume.kubernetes.io/selected-node"] = node.name.clone().into();
            })?;
        }
        Ok(true)
    }
}
