//! Plays scripts on a cluster with controllers, as its only scheduler and kubelet.
//!
//! To the verbs of calls come these, all of them on lists:
//!
//! ```text
//! UNTIL pods                  waits until the list is what the body says, and notes it
//!   [{status: {phase: null}}] one part for each item, in any order; null is what is absent
//! BIND 2 pods                 binds the first two pods without a node; with `{}`, each to the node that it asks for
//!   {node: n1}
//! RUN pods                    bound pods become Running and Ready
//! STATUS pods                 merges the body into the status of each item
//! END pods                    pods that are being deleted end
//! ```
//!
//! Of other calls only what they could not do is noted: what they answer may be overtaken by a controller.

use std::collections::BTreeMap;
use std::time::Duration;

use bex_infra::tools::kube::Client;
use http_body_util::BodyExt;
use kube::client::Body;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use crate::answers::Answer;
use crate::player::{fill_in, parse_body, perform, request};
use crate::script::{Call, Script};
use crate::settled::Settled;

/// Longer than controllers take, with the pauses after which they look again.
const PATIENCE: Duration = Duration::from_mins(1);

/// A list that does not change for so long after it is what it should be is settled.
const QUIET: Duration = Duration::from_millis(300);

/// Normalised answers, in the order of the calls.
pub(crate) async fn play(script: &Script, client: &Client) -> Vec<Answer> {
    let mut stage = Stage {
        client,
        names: BTreeMap::new(),
        settled: Settled::default(),
        addresses: 0,
        stuck: false,
    };
    let mut answers = Vec::new();
    for call in &script.calls {
        answers.push(stage.play(call).await);
    }
    answers
}

struct Stage<'a> {
    client: &'a Client,
    /// Answers that later calls refer to.
    names: BTreeMap<String, Value>,
    settled: Settled,
    /// Pod addresses given so far.
    addresses: usize,
    /// A state did not come; what should come after it is not waited for.
    stuck: bool,
}

impl Stage<'_> {
    async fn play(&mut self, call: &Call) -> Answer {
        let call = Call {
            path: fill_in(&call.path, &self.names),
            body: fill_in(&call.body, &self.names),
            ..call.clone()
        };
        let mut answer = match &*call.verb {
            "UNTIL" => return self.until(&call).await,
            "BIND" | "RUN" | "STATUS" | "END" => return self.each(&call).await,
            _ => perform(self.client, &call, parse_body(&call)).await,
        };
        if let Some(name) = &call.name {
            self.names.insert(name.clone(), answer.body.clone());
        }
        if answer.status < 300 {
            answer.body = Value::Null;
        }
        self.settled.normal.answer(&mut answer);
        answer
    }

    async fn until(&mut self, call: &Call) -> Answer {
        let expected: Vec<Value> = serde_saphyr::from_str(&call.body)
            .unwrap_or_else(|error| panic!("{}: a list is needed: {error}", call.label));
        let deadline = Instant::now() + if self.stuck { QUIET } else { PATIENCE };
        loop {
            let list = self.get(&call.path).await;
            let fits = fits(&list, &expected);
            let end = deadline.min(Instant::now() + if fits { QUIET } else { PATIENCE });
            if changed(self.client, &call.path, &list, end).await {
                continue;
            }
            if let Some(name) = &call.name {
                self.names.insert(name.clone(), list.clone());
            }
            self.stuck |= !fits;
            let status = if fits { 200 } else { 0 };
            let body = self.settled.list(list);
            return answer(status, body);
        }
    }

    /// Acts on every item of a list.
    async fn each(&mut self, call: &Call) -> Answer {
        let list = self.get(&call.path).await;
        let items = list["items"].as_array().cloned().unwrap_or_default();
        let meant = items.iter().filter(|item| is_meant(&call.verb, item));
        let count = if call.events == 0 {
            usize::MAX
        } else {
            call.events
        };
        let mut acted = 0;
        for item in meant.take(count) {
            let (verb, path, body) = self.act(call, item);
            let act = Call {
                verb: verb.to_owned(),
                path,
                ..Call::default()
            };
            let given = perform(self.client, &act, body).await;
            if given.status >= 300 {
                return given;
            }
            acted += 1;
        }
        answer(200, json!(acted))
    }

    fn act(&mut self, call: &Call, item: &Value) -> (&'static str, String, String) {
        let collection = call.path.split('?').next().unwrap_or_default();
        let metadata = &item["metadata"];
        let name = metadata["name"].as_str().unwrap_or_default();
        let path = format!("{collection}/{name}");
        let now = metadata["creationTimestamp"].as_str().unwrap_or_default();
        match &*call.verb {
            "BIND" => (
                "POST",
                format!("{path}/binding"),
                binding(item, &parse_body(call)),
            ),
            "RUN" => {
                self.addresses += 1;
                let address = format!("10.0.0.{}", self.addresses);
                (
                    "MERGE",
                    format!("{path}/status"),
                    running(&address, now).to_string(),
                )
            }
            "STATUS" => {
                let body = parse_body(call).replace("NOW", now);
                (
                    "MERGE",
                    format!("{path}/status"),
                    format!("{{\"status\":{body}}}"),
                )
            }
            _ => (
                "DELETE",
                format!("{path}?gracePeriodSeconds=0"),
                String::new(),
            ),
        }
    }

    async fn get(&self, path: &str) -> Value {
        let get = Call {
            verb: "GET".to_owned(),
            path: path.to_owned(),
            ..Call::default()
        };
        perform(self.client, &get, String::new()).await.body
    }
}

fn answer(status: u16, body: Value) -> Answer {
    Answer {
        status,
        kind: String::new(),
        warnings: Vec::new(),
        body,
    }
}

/// Whether a verb has something to do with an item.
fn is_meant(verb: &str, item: &Value) -> bool {
    let deleted = item["metadata"]["deletionTimestamp"].is_string();
    let bound = item["spec"]["nodeName"].is_string();
    match verb {
        "BIND" => !bound && !deleted,
        "RUN" => bound && !deleted && item["status"]["phase"] == "Pending",
        "END" => deleted,
        _ => !deleted,
    }
}

/// Where a pod of a `DaemonSet` names its node.
const WANTED_NODE: &str = "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms/0/matchFields/0/values/0";

fn binding(pod: &Value, body: &str) -> String {
    let given: Value = serde_json::from_str(body).unwrap();
    let node = given.get("node").or_else(|| pod.pointer(WANTED_NODE));
    json!({
        "apiVersion": "v1", "kind": "Binding",
        "metadata": {"name": pod["metadata"]["name"]},
        "target": {"apiVersion": "v1", "kind": "Node", "name": node},
    })
    .to_string()
}

fn running(address: &str, now: &str) -> Value {
    let conditions = ["Initialized", "Ready", "ContainersReady", "PodScheduled"];
    let conditions =
        conditions.map(|of| json!({"type": of, "status": "True", "lastTransitionTime": now}));
    json!({"status": {
        "phase": "Running",
        "podIP": address,
        "podIPs": [{"ip": address}],
        "startTime": now,
        "conditions": conditions,
    }})
}

/// Waits for a change of the list; false if none comes before `end`.
async fn changed(client: &Client, path: &str, list: &Value, end: Instant) -> bool {
    let revision = list["metadata"]["resourceVersion"]
        .as_str()
        .unwrap_or_default();
    let separator = if path.contains('?') { '&' } else { '?' };
    let watch = Call {
        verb: "WATCH".to_owned(),
        path: format!("{path}{separator}watch=true&resourceVersion={revision}"),
        ..Call::default()
    };
    let Ok(response) = timeout_at(end, client.send(request(&watch, String::new()))).await else {
        return false;
    };
    let mut body: Body = response.unwrap().into_body();
    matches!(timeout_at(end, body.frame()).await, Ok(Some(Ok(_))))
}

/// Whether each expected part is that of another item, and none is left.
fn fits(list: &Value, expected: &[Value]) -> bool {
    let Some(items) = list["items"].as_array() else {
        return false;
    };
    let mut left: Vec<&Value> = items.iter().collect();
    for part in expected {
        let Some(found) = left.iter().position(|item| contains(item, part)) else {
            return false;
        };
        left.remove(found);
    }
    left.is_empty()
}

fn contains(value: &Value, part: &Value) -> bool {
    match (value, part) {
        (Value::Object(value), Value::Object(part)) => part
            .iter()
            .all(|(key, part)| contains(value.get(key).unwrap_or(&Value::Null), part)),
        (Value::Null, Value::Object(part)) => part.values().all(Value::is_null),
        (Value::Array(items), Value::Array(parts)) => parts
            .iter()
            .all(|part| items.iter().any(|item| contains(item, part))),
        (value, part) => value == part,
    }
}
