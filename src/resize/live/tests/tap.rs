//! What stands between the loop and an API: counts its writes, and cuts it off.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use http::{Method, Request, Response};
use tokio_util::sync::CancellationToken;
use tower::Service;

use crate::sim::api::{Api, Body};
use crate::tools::kube::Client;

/// Clones share everything.
#[derive(Clone)]
pub(super) struct Tap {
    api: Api,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// Method and resource of each write that was answered.
    writes: Mutex<BTreeMap<String, u32>>,
    cut: Mutex<Option<Cut>>,
}

/// Nothing gets through any more from a certain write on.
struct Cut {
    writes_left: u32,
    /// Whether that write still has its effect; its answer is never seen.
    takes_effect: bool,
    done: CancellationToken,
}

impl Tap {
    pub(super) fn new(api: Api) -> Self {
        Self {
            api,
            shared: Arc::default(),
        }
    }

    pub(super) fn client(&self) -> Client {
        Client::new(self.clone(), "default")
    }

    /// Another one to the same API, with the same cut as `self` if there is one.
    pub(super) fn with_cut_of(api: Api, other: &Self) -> Self {
        Self {
            api,
            shared: Arc::clone(&other.shared),
        }
    }

    /// Cuts everything off at the given write, counted from 0; the token tells when.
    pub(super) fn cut_at(&self, write: u32, takes_effect: bool) -> CancellationToken {
        let done = CancellationToken::new();
        *self.shared.cut.lock().unwrap() = Some(Cut {
            writes_left: write,
            takes_effect,
            done: done.clone(),
        });
        done
    }

    pub(super) fn writes(&self) -> BTreeMap<String, u32> {
        self.shared.writes.lock().unwrap().clone()
    }

    /// What becomes of a request: it is made, it is made but its answer is lost, or it never gets there.
    fn fate(&self, write: bool) -> Fate {
        let mut cut = self.shared.cut.lock().unwrap();
        let Some(cut) = cut.as_mut() else {
            return Fate::Answered;
        };
        if cut.done.is_cancelled() {
            return Fate::Lost;
        }
        if !write {
            return Fate::Answered;
        }
        if cut.writes_left > 0 {
            cut.writes_left -= 1;
            return Fate::Answered;
        }
        cut.done.cancel();
        if cut.takes_effect {
            Fate::Unanswered
        } else {
            Fate::Lost
        }
    }
}

enum Fate {
    Answered,
    Unanswered,
    Lost,
}

impl Service<Request<kube::client::Body>> for Tap {
    type Response = Response<Body>;
    type Error = std::convert::Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<kube::client::Body>) -> Self::Future {
        let write = request.method() != Method::GET;
        let what = format!("{} {}", request.method(), resource(request.uri().path()));
        let fate = self.fate(write);
        let mut api = self.api.clone();
        let shared = Arc::clone(&self.shared);
        Box::pin(async move {
            if let Fate::Lost = fate {
                std::future::pending::<()>().await;
            }
            let answer = api.call(request).await;
            if let Fate::Unanswered = fate {
                std::future::pending::<()>().await;
            }
            if write {
                *shared.writes.lock().unwrap().entry(what).or_default() += 1;
            }
            answer
        })
    }
}

/// `nodes`, `pods/eviction`.
fn resource(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let begin = if parts[0] == "api" { 2 } else { 3 };
    let rest = match parts.get(begin) {
        Some(&"namespaces") if parts.len() > begin + 2 => &parts[begin + 2..],
        _ => &parts[begin..],
    };
    match rest {
        [plural, _, subresource] => format!("{plural}/{subresource}"),
        [plural, ..] => (*plural).to_owned(),
        [] => String::new(),
    }
}
