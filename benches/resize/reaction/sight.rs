//! What an onlooker sees through watches of its own: when pods are marked, and when node groups are resized.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bex_infra::tools::kube::Client;
use futures::{AsyncBufReadExt, TryStreamExt};
use serde_json::Value;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::timeout;

pub(super) const PODS: &str = "/api/v1/namespaces/default/pods";
pub(super) const GROUPS: &str =
    "/apis/cluster.x-k8s.io/v1beta2/namespaces/default/machinedeployments";

/// Whoever does not react within this time does not react at all.
const AT_MOST: Duration = Duration::from_mins(3);

/// Ends its watches when dropped.
pub(super) struct Sight {
    seen: Arc<Mutex<Seen>>,
    news: Arc<Notify>,
    _watches: JoinSet<()>,
}

#[derive(Default)]
struct Seen {
    /// When a pod was first seen with the scheduler's mark.
    marked: HashMap<String, Instant>,
    sizes: BTreeMap<String, u64>,
    /// When a group's size was seen to change last.
    resized: Option<Instant>,
}

impl Sight {
    pub(super) async fn of(infra: &Client, app: &Client) -> Self {
        let (seen, news) = (
            Arc::new(Mutex::new(Seen::default())),
            Arc::new(Notify::new()),
        );
        let mut watches = JoinSet::new();
        for (client, path) in [(app, PODS), (infra, GROUPS)] {
            let list = get(client, &format!("{path}?limit=10000")).await;
            for item in list["items"].as_array().unwrap() {
                seen.lock().unwrap().take_in(path, item);
            }
            let version = list["metadata"]["resourceVersion"].as_str().unwrap();
            let path_from = format!("{path}?watch=1&resourceVersion={version}");
            let (client, seen, news) = (client.clone(), Arc::clone(&seen), Arc::clone(&news));
            watches.spawn(async move {
                let request = http::Request::get(path_from).body(Vec::new()).unwrap();
                let stream = client.request_stream(request).await.unwrap();
                let mut lines = std::pin::pin!(stream.lines());
                while let Some(line) = lines.try_next().await.unwrap() {
                    let event: Value = serde_json::from_str(&line).unwrap();
                    seen.lock().unwrap().take_in(path, &event["object"]);
                    news.notify_waiters();
                }
            });
        }
        Self {
            seen,
            news,
            _watches: watches,
        }
    }

    /// All machines asked for, by group.
    pub(super) fn sizes(&self) -> BTreeMap<String, u64> {
        self.seen.lock().unwrap().sizes.clone()
    }

    pub(super) fn resized(&self) -> Option<Instant> {
        self.seen.lock().unwrap().resized
    }

    /// When more machines were asked for than these.
    pub(super) async fn grown(&self, from: &BTreeMap<String, u64>) -> Instant {
        let from: u64 = from.values().sum();
        self.until(|seen| {
            seen.resized
                .filter(|_| seen.sizes.values().sum::<u64>() > from)
        })
        .await
    }

    pub(super) async fn marked(&self, pod: &str) -> Instant {
        self.until(|seen| seen.marked.get(pod).copied()).await
    }

    /// When the last of so many pods was.
    pub(super) async fn all_marked(&self, pods: usize) -> Instant {
        let last = |seen: &Seen| seen.marked.values().max().copied();
        self.until(|seen| last(seen).filter(|_| seen.marked.len() >= pods))
            .await
    }

    async fn until(&self, of: impl Fn(&Seen) -> Option<Instant>) -> Instant {
        let wait = async {
            loop {
                let news = self.news.notified();
                let mut news = std::pin::pin!(news);
                news.as_mut().enable();
                if let Some(at) = of(&self.seen.lock().unwrap()) {
                    return at;
                }
                news.await;
            }
        };
        timeout(AT_MOST, wait).await.expect("a reaction")
    }
}

impl Seen {
    fn take_in(&mut self, path: &str, object: &Value) {
        let name = object["metadata"]["name"].as_str().unwrap().to_owned();
        let now = Instant::now();
        if path == PODS {
            let conditions = object["status"]["conditions"].as_array();
            let mut conditions = conditions.into_iter().flatten();
            if conditions.any(|condition| condition["reason"] == "Unschedulable") {
                self.marked.entry(name).or_insert(now);
            }
        } else {
            let size = object["spec"]["replicas"].as_u64().unwrap();
            if self.sizes.insert(name, size) != Some(size) {
                self.resized = Some(now);
            }
        }
    }
}

pub(super) async fn get(client: &Client, path: &str) -> Value {
    send(client, "GET", path, &Value::Null).await
}

/// Fails on any answer but a good one.
pub(super) async fn send(client: &Client, verb: &str, path: &str, body: &Value) -> Value {
    let content = match verb {
        "PATCH" => "application/merge-patch+json",
        _ => "application/json",
    };
    let body = if body.is_null() {
        Vec::new()
    } else {
        body.to_string().into_bytes()
    };
    let request = http::Request::builder()
        .method(verb)
        .uri(path)
        .header("content-type", content)
        .body(body)
        .unwrap();
    let text = client.request_text(request).await.unwrap();
    serde_json::from_str(&text).unwrap()
}
