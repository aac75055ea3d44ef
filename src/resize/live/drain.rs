//! Taking nodes away: several of one group together, each emptied by evictions, then all of their machines at once.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::future::join_all;
use jiff::Timestamp;
use k8s_openapi::List;
use k8s_openapi::api::core::v1::Pod;
use serde_json::json;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::super::decision::Remove;
use super::super::model::{Cluster, Stay, in_words};
use super::super::shrink::Leave;
use super::marks;
use super::watch::path;
use super::writer::{Refused, Writer};

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Cluster API takes a marked machine within this time, or another one has taken its place.
const TAKEN_WITHIN: Duration = Duration::from_mins(1);

/// Nodes of one group that go together. They are cordoned already.
#[derive(Clone)]
pub(super) struct Drain {
    pub writer: Writer,
    pub namespace: String,
    pub group: String,
    /// Written with its new size.
    pub notes: marks::Notes,
    pub nodes: Vec<Remove>,
    pub within: Duration,
    pub now: Timestamp,
    /// What can be taken back is, then.
    pub cancel: CancellationToken,
}

/// What came of it: each node by name, gone or as it was before, with the reason.
#[derive(Debug, Clone, Default)]
pub(super) struct Outcome {
    pub nodes: Vec<(String, Result<String, String>)>,
}

impl Drain {
    /// Whatever fails is taken back.
    pub(super) async fn run(self) -> Outcome {
        let mut outcome = Outcome::default();
        let marked = self.empty_and_mark(&mut outcome).await;
        if !marked.is_empty() {
            self.lower(marked, &mut outcome).await;
        }
        outcome
    }

    /// Returns the nodes whose machines can go now.
    async fn empty_and_mark(&self, outcome: &mut Outcome) -> Vec<&Remove> {
        let deadline = Instant::now() + self.within;
        let emptied = join_all(self.nodes.iter().map(|node| self.empty(node, deadline))).await;
        let mut marked = Vec::new();
        for (node, emptied) in self.nodes.iter().zip(emptied) {
            let ready = match emptied {
                Ok(()) => {
                    let why = &node.reason;
                    marks::mark(&self.writer, &self.namespace, &node.machine, why).await
                }
                Err(why) => Err(why),
            };
            match ready {
                Ok(()) => marked.push(node),
                Err(why) => outcome.nodes.push(self.give_up(node, why).await),
            }
        }
        marked
    }

    async fn lower(&self, marked: Vec<&Remove>, outcome: &mut Outcome) {
        let by = u32::try_from(marked.len()).unwrap_or(u32::MAX);
        let fewer = marks::Fewer::Removed(by, self.now);
        let (writer, notes) = (&self.writer, &self.notes);
        let lowered = marks::lower(writer, &self.namespace, &self.group, fewer, notes).await;
        let taken = match &lowered {
            Ok(_) => join_all(marked.iter().map(|node| self.taken(node))).await,
            Err(why) => marked.iter().map(|_| Err(why.clone())).collect(),
        };
        let (from, to) = lowered.unwrap_or_default();
        for (node, taken) in marked.into_iter().zip(taken) {
            outcome.nodes.push(match taken {
                Ok(()) => (
                    node.node.clone(),
                    Ok(format!("{}: {from} -> {to}", self.group)),
                ),
                Err(why) => self.give_up(node, why).await,
            });
        }
    }

    async fn give_up(&self, node: &Remove, why: String) -> (String, Result<String, String>) {
        let machine = Some(node.machine.as_str());
        let name = Some(node.node.as_str());
        let undone = marks::undo(&self.writer, &self.namespace, machine, name).await;
        let why = match undone {
            Ok(()) => format!("{why}; it takes pods again"),
            Err(refused) => format!("{why}; it is still cordoned ({refused})"),
        };
        (node.node.clone(), Err(why))
    }

    /// Evicts its pods and waits until they are gone.
    async fn empty(&self, node: &Remove, deadline: Instant) -> Result<(), String> {
        let expected: BTreeSet<&str> = node.moves.iter().map(|to| to.pod.as_str()).collect();
        let mut pause = FIRST_PAUSE;
        let mut told = BTreeSet::new();
        loop {
            let left = self.look(node, &expected).await?;
            if left.is_empty() {
                return Ok(());
            }
            let mut waits = format!("{} is still there", title(&left[0]));
            for pod in &left {
                if told.contains(&uid(pod)) {
                    continue;
                }
                match self.evict(pod).await? {
                    Some(refusal) => waits = refusal,
                    None => {
                        told.insert(uid(pod));
                    }
                }
            }
            if Instant::now() + pause >= deadline {
                let seconds = self.within.as_secs();
                return Err(format!("not empty within {seconds} s: {waits}"));
            }
            tokio::select! {
                () = sleep(pause) => {}
                () = self.cancel.cancelled() => return Err("interrupted".to_owned()),
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// The pods that have to leave and have not left yet. The error is a pod that must not leave, or that came after
    /// the decision: nobody knows whether there is another place for it.
    async fn look(&self, node: &Remove, expected: &BTreeSet<&str>) -> Result<Vec<Pod>, String> {
        let pods = path("pods", "v1", None);
        let query = format!("{pods}?fieldSelector=spec.nodeName%3D{}", node.node);
        let found = self.writer.get(Cluster::App, &query).await;
        let found = found.map_err(|refused| format!("listing its pods: {refused}"))?;
        let found: List<Pod> = serde_json::from_slice(&found)
            .map_err(|error| format!("reading the list of its pods: {error}"))?;
        let mut left = Vec::new();
        for pod in found.items {
            let title = title(&pod);
            if pod.metadata.deletion_timestamp.is_some() {
                left.extend(Some(pod).filter(is_waited_for));
                continue;
            }
            match Stay::of(&pod).at(self.now, || true) {
                Leave::WithNode => {}
                Leave::Never(obstacle) => return Err(format!("{title}: {}", in_words(&obstacle))),
                _ if expected.contains(title.as_str()) => left.push(pod),
                _ => return Err(format!("{title} came meanwhile")),
            }
        }
        Ok(left)
    }

    /// Nothing when it is on its way out; a reason to try again; or an error that no waiting heals.
    async fn evict(&self, pod: &Pod) -> Result<Option<String>, String> {
        if pod.metadata.deletion_timestamp.is_some() {
            return Ok(None);
        }
        let name = pod.metadata.name.as_deref().unwrap_or_default();
        let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
        let pods = path("pods", "v1", Some(namespace));
        let body = json!({
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": name, "namespace": namespace},
            "deleteOptions": {"preconditions": {"uid": pod.metadata.uid}},
        });
        let eviction = format!("{pods}/{name}/eviction");
        match self.writer.post(Cluster::App, &eviction, &body).await {
            // Or it is gone, or another one of that name.
            Ok(_)
            | Err(Refused::Answer {
                code: 404 | 409, ..
            }) => Ok(None),
            Err(Refused::Answer { code, message }) if code == 429 || code >= 502 => {
                Ok(Some(format!("{}: {message}", title(pod))))
            }
            Err(Refused::NoAnswer(why)) => Ok(Some(format!("{}: {why}", title(pod)))),
            Err(refused) => Err(format!("{}: {refused}", title(pod))),
        }
    }

    /// Waits until Cluster API takes the machine, and not another one.
    async fn taken(&self, node: &Remove) -> Result<(), String> {
        let path = marks::machine(&self.namespace, &node.machine);
        let deadline = Instant::now() + TAKEN_WITHIN;
        let mut pause = FIRST_PAUSE;
        loop {
            match self.writer.get(Cluster::Infra, &path).await {
                Err(refused) if refused.is_gone() => return Ok(()),
                Ok(found) => {
                    let found: serde_json::Value =
                        serde_json::from_slice(&found).unwrap_or_default();
                    if !found["metadata"]["deletionTimestamp"].is_null() {
                        return Ok(());
                    }
                }
                // It is known only that nothing is known.
                Err(_) => {}
            }
            if Instant::now() + pause >= deadline {
                return Err("Cluster API did not take its machine".to_owned());
            }
            tokio::select! {
                () = sleep(pause) => {}
                // The group has been made smaller: the rest is Cluster API's.
                () = self.cancel.cancelled() => return Ok(()),
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// A pod on its way out that is not the node's own has its time to end.
fn is_waited_for(pod: &Pod) -> bool {
    let mut alive = pod.clone();
    alive.metadata.deletion_timestamp = None;
    Stay::of(&alive).leave != Leave::WithNode
}

fn title(pod: &Pod) -> String {
    let meta = &pod.metadata;
    let part = |text: &Option<String>| text.clone().unwrap_or_default();
    format!("{}/{}", part(&meta.namespace), part(&meta.name))
}

fn uid(pod: &Pod) -> String {
    pod.metadata.uid.clone().unwrap_or_default()
}
