//! What the API hears of a pod: its node, or why it has none.

use anyhow::Result;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::sim::controllers::objects::POD;
use crate::sim::engine::{About, Context, Item};
use crate::sim::registry::{Subresource, WriteOptions};
use crate::timestamp::rfc3339;

/// A pod that still has no node.
pub(super) struct Subject {
    about: About,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Brief {
    metadata: Metadata,
    #[serde(default)]
    spec: Spec,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    uid: String,
    deletion_timestamp: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    node_name: String,
}

impl Subject {
    /// `None` if there is nothing to be done for the pod any more.
    pub(super) fn read(item: &Item, context: &Context) -> Result<Option<Self>> {
        let pod = context.read::<Brief>(item)?;
        let pod = pod.filter(|pod| {
            pod.spec.node_name.is_empty() && pod.metadata.deletion_timestamp.is_none()
        });
        Ok(pod.map(|pod| Self {
            about: POD.about(item, &pod.metadata.uid),
        }))
    }

    /// False if the API says no for good: the pod is gone or about to go, or it has a node.
    pub(super) fn bind(&self, node: &str, context: &mut Context) -> Result<bool> {
        let item = &self.about.item;
        let binding = json!({
            "apiVersion": "v1", "kind": "Binding",
            "metadata": {
                "name": &*item.key.name, "namespace": &*item.key.namespace, "uid": self.about.uid,
            },
            "target": {"apiVersion": "v1", "kind": "Node", "name": node},
        });
        let target = context.target(item, Subresource::Binding)?;
        let options = WriteOptions {
            field_manager: context.controller().to_owned(),
            ..WriteOptions::default()
        };
        let registry = context.registry(item.cluster);
        match registry.create(&target, binding, &options) {
            Ok(_) => {}
            Err(status) if [404, 409].contains(&status.code) => return Ok(false),
            Err(status) => return Err(status.into()),
        }
        let pod = format!("{}/{}", item.key.namespace, item.key.name);
        let message = format!("Successfully assigned {pod} to {node}");
        context.record(&self.about, "Normal", "Scheduled", &message);
        Ok(true)
    }

    /// Says why in the pod's condition and in an Event.
    pub(super) fn refuse(&self, why: &str, context: &mut Context) -> Result<()> {
        let now = rfc3339(context.now());
        context.modify(&self.about.item, Subresource::Status, |pod| {
            set_unschedulable(pod, why, &now);
        })?;
        context.record(&self.about, "Warning", "FailedScheduling", why);
        Ok(())
    }
}

fn set_unschedulable(pod: &mut Value, why: &str, now: &str) {
    if !pod["status"]["conditions"].is_array() {
        pod["status"]["conditions"] = json!([]);
    }
    let Some(conditions) = pod["status"]["conditions"].as_array_mut() else {
        return;
    };
    let place = conditions
        .iter()
        .position(|condition| condition["type"] == "PodScheduled");
    let known = place
        .map(|place| conditions[place].clone())
        .unwrap_or_default();
    let since = if known["status"] == "False" {
        known["lastTransitionTime"].clone()
    } else {
        now.into()
    };
    let condition = json!({
        "type": "PodScheduled", "status": "False", "lastProbeTime": null,
        "lastTransitionTime": since, "reason": "Unschedulable", "message": why,
    });
    match place {
        Some(place) => conditions[place] = condition,
        None => conditions.push(condition),
    }
}
