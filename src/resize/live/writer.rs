//! Requests that change something: each is made only while the lease is ours, has a time limit, and is told of.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http::header::CONTENT_TYPE;
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::super::model::Cluster;
use super::{Seen, Sink};
use crate::names::FIELD_MANAGER;
use crate::tools::kube::Client;

/// Time for one request and its answer.
const LIMIT: Duration = Duration::from_secs(10);

/// Both clusters, as far as somebody who may lose the lease at any time can change them.
#[derive(Clone)]
pub(super) struct Writer {
    infra: Client,
    app: Client,
    fence: Fence,
    sink: Sink,
}

/// Until when we may write. Nothing: we may not. Clones follow the same lease.
#[derive(Debug, Clone)]
pub(super) struct Fence(Option<watch::Receiver<Option<Instant>>>);

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error("{message} ({code})")]
    Answer { code: u16, message: String },
    #[error("another one leads")]
    NotLeading,
    #[error("no answer: {0}")]
    NoAnswer(String),
}

/// How a body changes an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patch {
    Merge,
    /// A list of operations; with a `test` among them nothing happens unless it holds.
    Json,
}

impl Fence {
    /// Nobody else is there.
    pub(super) fn none() -> Self {
        Self(None)
    }

    pub(super) fn new(lease: watch::Receiver<Option<Instant>>) -> Self {
        Self(Some(lease))
    }

    /// Until when we may write, if we may.
    pub(super) fn until(&self) -> Option<Instant> {
        let now = Instant::now();
        let Some(lease) = &self.0 else {
            return Some(now + LIMIT);
        };
        let until = *lease.borrow();
        until.filter(|until| now < *until)
    }
}

impl Refused {
    /// The object is gone.
    pub(super) fn is_gone(&self) -> bool {
        matches!(self, Self::Answer { code: 404, .. })
    }

    /// It is not as we thought.
    pub(super) fn is_conflict(&self) -> bool {
        matches!(
            self,
            Self::Answer {
                code: 409 | 422,
                ..
            }
        )
    }
}

impl Writer {
    pub(super) fn new(infra: Client, app: Client, fence: Fence, sink: Sink) -> Self {
        Self {
            infra,
            app,
            fence,
            sink,
        }
    }

    pub(super) fn leads(&self) -> bool {
        self.fence.until().is_some()
    }

    /// Returns the object as it is then.
    pub(super) async fn patch(
        &self,
        cluster: Cluster,
        path: &str,
        how: Patch,
        body: &Value,
    ) -> Result<Bytes, Refused> {
        let content = match how {
            Patch::Merge => "application/merge-patch+json",
            Patch::Json => "application/json-patch+json",
        };
        let path = format!("{path}?fieldManager={FIELD_MANAGER}");
        self.write(cluster, Method::PATCH, &path, content, body)
            .await
    }

    pub(super) async fn post(
        &self,
        cluster: Cluster,
        path: &str,
        body: &Value,
    ) -> Result<Bytes, Refused> {
        self.write(cluster, Method::POST, path, "application/json", body)
            .await
    }

    pub(super) async fn put(
        &self,
        cluster: Cluster,
        path: &str,
        body: &Value,
    ) -> Result<Bytes, Refused> {
        self.write(cluster, Method::PUT, path, "application/json", body)
            .await
    }

    pub(super) async fn delete(
        &self,
        cluster: Cluster,
        path: &str,
        body: &Value,
    ) -> Result<Bytes, Refused> {
        self.write(cluster, Method::DELETE, path, "application/json", body)
            .await
    }

    /// From the API server's own storage.
    pub(super) async fn get(&self, cluster: Cluster, path: &str) -> Result<Bytes, Refused> {
        let request = http::Request::get(path).body(Vec::new());
        self.send(cluster, request, Instant::now() + LIMIT).await
    }

    async fn write(
        &self,
        cluster: Cluster,
        verb: Method,
        path: &str,
        content: &str,
        body: &Value,
    ) -> Result<Bytes, Refused> {
        let until = self.fence.until().ok_or(Refused::NotLeading)?;
        let request = http::Request::builder()
            .method(verb.clone())
            .uri(path)
            .header(CONTENT_TYPE, content)
            .body(body.to_string().into_bytes());
        let until = until.min(Instant::now() + LIMIT);
        let answer = self.send(cluster, request, until).await;
        let code = match &answer {
            Ok(_) => 200,
            Err(Refused::Answer { code, .. }) => *code,
            Err(_) => 0,
        };
        (self.sink)(&Seen::Request {
            verb: verb.as_str(),
            resource: resource(path),
            code,
        });
        answer
    }

    async fn send(
        &self,
        cluster: Cluster,
        request: http::Result<http::Request<Vec<u8>>>,
        until: Instant,
    ) -> Result<Bytes, Refused> {
        let request = request.map_err(|error| Refused::NoAnswer(error.to_string()))?;
        let client = match cluster {
            Cluster::Infra => &self.infra,
            Cluster::App => &self.app,
        };
        match timeout_at(until, client.request_text(request)).await {
            Err(_) => Err(Refused::NoAnswer("not within its time".to_owned())),
            Ok(Ok(text)) => Ok(Bytes::from(text)),
            Ok(Err(kube::Error::Api(status))) => Err(Refused::Answer {
                code: status.code,
                message: status.message.clone(),
            }),
            Ok(Err(error)) => Err(Refused::NoAnswer(error.to_string())),
        }
    }
}

/// The plural in a path: `machines`.
fn resource(path: &str) -> &str {
    let path = path.split('?').next().unwrap_or_default();
    let parts: Vec<&str> = path.split('/').collect();
    let namespaced = parts.iter().position(|part| *part == "namespaces");
    let place = match (namespaced, parts.get(1)) {
        (Some(place), _) if parts.len() > place + 2 => place + 2,
        (_, Some(&"api")) => 3,
        _ => 4,
    };
    parts.get(place).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests;
