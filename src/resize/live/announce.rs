//! Decisions as Events on the pods, nodes and MachineDeployments that they are about, in the Cluster Autoscaler's words.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::decision::Decision;
use super::super::model::{Cluster, Model};
use super::watch::path;
use super::writer::Writer;
use crate::names::FIELD_MANAGER;
use crate::timestamp::rfc3339;

/// Of the pods that a decision is about, so many are told at most: Events are for people.
const MOST: usize = 50;

/// An Event that is still to be written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Event {
    cluster: Cluster,
    namespace: String,
    body: Value,
}

/// Who was told what.
#[derive(Debug, Default)]
pub(super) struct Announcer {
    /// By pod: why nothing helps it.
    helpless: HashMap<String, String>,
}

/// What an Event is about.
struct About<'a> {
    cluster: Cluster,
    api_version: &'a str,
    kind: &'a str,
    namespace: &'a str,
    name: &'a str,
    uid: &'a str,
}

impl Announcer {
    /// Only news: pods that were told the same before are left alone.
    pub(super) fn events(
        &mut self,
        model: &Model,
        decision: &Decision,
        namespace: &str,
        now: Timestamp,
    ) -> Vec<Event> {
        let mut events = Vec::new();
        for grow in &decision.grow {
            let change = format!("{} {}->{}", grow.group, grow.from, grow.to);
            let group = About {
                cluster: Cluster::Infra,
                api_version: "cluster.x-k8s.io/v1beta2",
                kind: "MachineDeployment",
                namespace,
                name: &grow.group,
                uid: model.uid(&grow.group).unwrap_or_default(),
            };
            let for_pods = format!("{change}, for {} pods", grow.pods.len());
            events.push(group.event("Normal", "ScaledUpGroup", &for_pods, now));
            for title in grow.pods.iter().take(MOST) {
                let message = format!("pod triggered scale-up: [{{{change}}}]");
                events.extend(pod(model, title, "TriggeredScaleUp", &message, now));
            }
        }
        for gone in &decision.remove {
            let message = format!("node removed by bex-infra: {}", gone.reason);
            events.push(node(&gone.node).event("Normal", "ScaleDown", &message, now));
        }
        for taint in &decision.taint {
            let reason = if taint.set {
                "ScaleDownCandidate"
            } else {
                "NoScaleDownCandidate"
            };
            events.push(node(&taint.node).event("Normal", reason, &taint.reason, now));
        }
        let told = self.helpless_pods(decision);
        for (title, why) in told.iter().take(MOST) {
            let message = format!("pod didn't trigger scale-up: {why}");
            events.extend(pod(model, title, "NotTriggerScaleUp", &message, now));
        }
        events
    }

    /// Pods that nothing helps, for a reason that they have not been told.
    fn helpless_pods(&mut self, decision: &Decision) -> Vec<(String, String)> {
        let mut now = HashMap::new();
        let mut news = Vec::new();
        for helpless in &decision.helpless {
            for title in &helpless.pods {
                if self.helpless.get(title) != Some(&helpless.why) {
                    news.push((title.clone(), helpless.why.clone()));
                }
                now.insert(title.clone(), helpless.why.clone());
            }
        }
        self.helpless = now;
        news
    }
}

fn node(name: &str) -> About<'_> {
    About {
        cluster: Cluster::App,
        api_version: "v1",
        kind: "Node",
        namespace: "default",
        name,
        uid: name,
    }
}

fn pod(model: &Model, title: &str, reason: &str, message: &str, now: Timestamp) -> Option<Event> {
    let (namespace, name) = title.split_once('/')?;
    let about = About {
        cluster: Cluster::App,
        api_version: "v1",
        kind: "Pod",
        namespace,
        name,
        uid: model.uid(title)?,
    };
    Some(about.event("Normal", reason, message, now))
}

impl About<'_> {
    fn event(&self, of: &str, reason: &str, message: &str, now: Timestamp) -> Event {
        let time = rfc3339(now);
        let body = json!({
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"generateName": format!("{}.", self.name), "namespace": self.namespace},
            "involvedObject": {
                "apiVersion": self.api_version,
                "kind": self.kind,
                "namespace": if self.kind == "Node" { "" } else { self.namespace },
                "name": self.name,
                "uid": self.uid,
            },
            "type": of,
            "reason": reason,
            "message": message,
            "source": {"component": FIELD_MANAGER},
            "firstTimestamp": time,
            "lastTimestamp": time,
            "count": 1,
        });
        Event {
            cluster: self.cluster,
            namespace: self.namespace.to_owned(),
            body,
        }
    }
}

/// Writes them one after the other; one that fails is not worth a second try.
pub(super) async fn send(writer: Writer, events: Vec<Event>) {
    for event in events {
        let path = path("events", "v1", Some(&event.namespace));
        if let Err(refused) = writer.post(event.cluster, &path, &event.body).await {
            tracing::debug!("an event was not written: {refused}");
        }
    }
}
