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
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use tokio::time::Instant;

use crate::failure::Failure;

pub use apply::{accepts, apply};
pub use conditions::{Condition, condition, conditions, is_true, not_true};
pub use error::RequestError;
pub use kube::Client;
pub use kube::api::DynamicObject;
pub use objects::{Objects, title};
pub use wait::Verdict;

use error::{once_served, retry};

/// Time for a connection, TLS included. Every API server here is on this machine or one hop away.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Longest silence on a connection. The API server sends a bookmark on every idle watch once a minute.
const READ_TIMEOUT: Duration = Duration::from_secs(100);

/// A client for the current context of a kubeconfig, which must name its CA. The environment has no say: no proxy,
/// no `KUBECONFIG`. It retries nothing by itself.
pub async fn client(kubeconfig_yaml: &str) -> Result<Client> {
    let kubeconfig = Kubeconfig::from_yaml(kubeconfig_yaml).context("reading the kubeconfig")?;
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
        .await
        .context("reading the kubeconfig's current context")?;
    client_of(config)
}

/// A client for the cluster in one of whose pods this process runs, by the pod's `ServiceAccount`.
pub fn client_in_cluster() -> Result<Client> {
    let config = Config::incluster().map_err(|error| {
        Failure::usage("this process does not run in a pod of the infra cluster")
            .because(error)
            .hint("--kubeconfig names a file by which the infra cluster can be reached")
    })?;
    client_of(config)
}

fn client_of(mut config: Config) -> Result<Client> {
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    config.read_timeout = Some(READ_TIMEOUT);
    config.proxy_url = None;
    config.default_retry = false;
    Client::try_from(config).context("building a Kubernetes client")
}

/// A text in a Secret. Errors name the Secret, never what is in it.
pub async fn secret(client: &Client, namespace: &str, name: &str, key: &str) -> Result<String> {
    let secrets: Api<Secret> = Api::namespaced(client.clone(), namespace);
    let secret = once_served(|| secrets.get(name)).await;
    let secret = secret.with_context(|| format!("reading Secret {namespace}/{name}"))?;
    let value = secret.data.and_then(|mut data| data.remove(key));
    let value = value.with_context(|| format!("Secret {namespace}/{name} has no key `{key}`"))?;
    String::from_utf8(value.0).with_context(|| format!("Secret {namespace}/{name} is not text"))
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
