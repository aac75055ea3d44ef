//! Kubernetes clients: server-side apply, deletes and waits that watch.
//!
//! Objects are dynamic (`serde_json::Value`, [`DynamicObject`]): Cluster API's kinds come with its providers, not with
//! this crate. No discovery round trips: the plural of a kind follows from its name or from its definition.

mod apply;
mod conditions;
mod error;
mod objects;
mod wait;

use std::time::Duration;

use anyhow::{Context, Result};
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use tokio::time::Instant;

pub use apply::{accepts, apply};
pub use conditions::{Condition, condition, conditions, is_true, not_true};
pub use error::RequestError;
pub use kube::Client;
pub use kube::api::DynamicObject;
pub use objects::{Objects, title};
pub use wait::Verdict;

use error::retry;

/// Time for a connection, TLS included. Every API server here is on this machine or one hop away.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Longest silence on a connection. The API server sends a bookmark on every idle watch once a minute.
const READ_TIMEOUT: Duration = Duration::from_secs(100);

/// A client for the current context of a kubeconfig, which must name its CA. The environment has no say: no proxy,
/// no `KUBECONFIG`. It retries nothing by itself.
pub async fn client(kubeconfig_yaml: &str) -> Result<Client> {
    let kubeconfig = Kubeconfig::from_yaml(kubeconfig_yaml).context("reading the kubeconfig")?;
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
        .await
        .context("reading the kubeconfig's current context")?;
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    config.read_timeout = Some(READ_TIMEOUT);
    config.proxy_url = None;
    config.default_retry = false;
    Client::try_from(config).context("building a Kubernetes client")
}

/// Waits until the API server answers `/readyz`. An answer that cannot improve (wrong CA, refused credentials) ends
/// the wait at once.
pub async fn server_ready(client: &Client, deadline: Instant) -> Result<()> {
    let request = || async {
        let request = http::Request::get("/readyz")
            .body(Vec::new())
            .map_err(kube::Error::HttpError)?;
        client.request_text(request).await
    };
    retry(deadline, request)
        .await
        .map(drop)
        .context("waiting for the API server to be ready")
}
