//! Failed requests: one line of text each, and whether trying again can help.

use std::error::Error;
use std::time::Duration;

use kube::core::Status;
use tokio::time::{Instant, sleep, timeout_at};

/// Time for one request and its answer, watches excepted.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Time for a server that puts requests off, as it does while the storage of a new kind is made.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// How server-side apply complains of a field that the kind does not have; its code is 500 all the same.
const UNKNOWN_FIELD: &str = "failed to create typed patch object";

/// Why a request failed. It stands in the chain of every error of this module that comes from the API server.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub struct RequestError {
    text: String,
    /// HTTP status of the answer; `None` when there was no answer.
    pub code: Option<u16>,
    /// The cause passes by itself: a server or webhook that is starting, a kind that is not served yet.
    pub heals: bool,
}

impl RequestError {
    fn no_answer() -> Self {
        let text = "no answer from the API server in time".to_owned();
        Self {
            text,
            code: None,
            heals: true,
        }
    }
}

impl From<kube::Error> for RequestError {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => Self::from(*status),
            kube::Error::Service(_) | kube::Error::HyperError(_) | kube::Error::ReadEvents(_) => {
                Self {
                    text: format!("no answer from the API server: {}", innermost(&error)),
                    code: None,
                    heals: !is_tls(&error),
                }
            }
            other => Self {
                text: other.to_string(),
                code: None,
                heals: false,
            },
        }
    }
}

impl From<Status> for RequestError {
    fn from(status: Status) -> Self {
        let heals = match status.code {
            404 => !namespace_is_missing(&status),
            409 => !is_field_manager_conflict(&status),
            500 => !status.message.contains(UNKNOWN_FIELD),
            code => code == 429 || code >= 500,
        };
        let text = if status.message.is_empty() {
            status.reason
        } else {
            status.message
        };
        Self {
            text: text.trim().to_owned(),
            code: Some(status.code),
            heals,
        }
    }
}

/// Calls `attempt` until it succeeds, fails for good, or the deadline comes; then its last error is the result.
pub(super) async fn retry<T, F>(
    deadline: Instant,
    mut attempt: impl FnMut() -> F,
) -> Result<T, RequestError>
where
    F: Future<Output = kube::Result<T>>,
{
    let mut pause = FIRST_PAUSE;
    loop {
        let limit = deadline.min(Instant::now() + REQUEST_TIMEOUT);
        let error = match answer_by(limit, attempt()).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        if !error.heals || Instant::now() + pause >= deadline {
            return Err(error);
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// One request with its time limit.
pub(super) async fn once<T>(
    request: impl Future<Output = kube::Result<T>>,
) -> Result<T, RequestError> {
    answer_by(Instant::now() + REQUEST_TIMEOUT, request).await
}

/// One request, made again as long as the server puts it off (429): nothing has been done then.
pub(super) async fn once_served<T, F>(attempt: impl Fn() -> F) -> Result<T, RequestError>
where
    F: Future<Output = kube::Result<T>>,
{
    let deadline = Instant::now() + BUSY_TIMEOUT;
    loop {
        match once(attempt()).await {
            Err(error) if error.code == Some(429) && Instant::now() < deadline => {
                sleep(FIRST_PAUSE).await;
            }
            answer => return answer,
        }
    }
}

async fn answer_by<T>(
    limit: Instant,
    request: impl Future<Output = kube::Result<T>>,
) -> Result<T, RequestError> {
    match timeout_at(limit, request).await {
        Ok(answer) => answer.map_err(RequestError::from),
        Err(_) => Err(RequestError::no_answer()),
    }
}

/// A missing namespace is a mistake of the caller; a missing kind is a definition that is not served yet.
fn namespace_is_missing(status: &Status) -> bool {
    status
        .details
        .as_ref()
        .is_some_and(|details| details.kind == "namespaces")
}

fn is_field_manager_conflict(status: &Status) -> bool {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    causes
        .into_iter()
        .any(|cause| cause.reason == "FieldManagerConflict")
}

fn innermost(error: &kube::Error) -> String {
    let mut last: &dyn Error = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

/// True for a certificate or a handshake that will be refused again. An I/O error hides what it carries from `source`.
fn is_tls(error: &(dyn Error + 'static)) -> bool {
    let carried = match error.downcast_ref::<std::io::Error>() {
        Some(io) => io.get_ref().map(|carried| carried as _),
        None => error.source(),
    };
    error.is::<rustls::Error>() || carried.is_some_and(is_tls)
}

#[cfg(test)]
mod tests;
