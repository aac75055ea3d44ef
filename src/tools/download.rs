//! Downloads of manifests: `https://`, `http://`, `file://` and plain paths, with size limit, deadline and SHA-256.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use backon::{ExponentialBuilder, Retryable};
use reqwest::redirect::{Action, Attempt, Policy};
use reqwest::{Client, Response, StatusCode, Url};
use rustls::ClientConfig;
use rustls::crypto::ring;
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::io::AsyncReadExt;
use tracing::debug;

use crate::catalog::Component;
use crate::failure::Failure;
use crate::hash;

/// What a download may take.
#[derive(Debug, Clone, Copy)]
struct Limits {
    connect: Duration,
    /// Longest silence while data is awaited.
    silence: Duration,
    /// All attempts together.
    total: Duration,
    bytes: u64,
    /// Pause before the second attempt; it doubles from there.
    pause: Duration,
}

const LIMITS: Limits = Limits {
    connect: Duration::from_secs(10),
    silence: Duration::from_secs(20),
    total: Duration::from_mins(2),
    bytes: 64 << 20,
    pause: Duration::from_millis(500),
};

const ATTEMPTS: usize = 5;
const REDIRECTS: usize = 10;

/// Reads `location` (`https://`, `http://`, `file://` or a path) and compares its SHA-256 (lower-case hex), if given.
///
/// At most 64 MiB within two minutes. What may pass (no connection, server errors, a body cut short) is tried again
/// within that time. A wrong checksum, a missing file and a refusal by the server are each a [`Failure`] with a hint.
pub async fn fetch(location: &str, sha256: Option<&str>) -> Result<Vec<u8>> {
    fetch_within(location, sha256, LIMITS).await
}

/// Reads a component's manifest.
pub async fn text(component: &Component) -> Result<String> {
    let bytes = fetch(&component.manifest, component.sha256.as_deref()).await?;
    String::from_utf8(bytes)
        .with_context(|| format!("the manifest of `{}` is not UTF-8", component.name))
}

async fn fetch_within(location: &str, sha256: Option<&str>, limits: Limits) -> Result<Vec<u8>> {
    let read = async {
        match Url::parse(location) {
            Ok(url) if matches!(url.scheme(), "https" | "http") => download(url, limits).await,
            Ok(url) if url.scheme() == "file" => match url.to_file_path() {
                Ok(path) => read_file(&path.display().to_string(), limits).await,
                Err(()) => bail!("a file:// address needs an absolute path"),
            },
            Ok(url) if location.contains("://") => bail!("`{}://` is not supported", url.scheme()),
            _ => read_file(location, limits).await,
        }
    };
    let bytes = tokio::time::timeout(limits.total, read)
        .await
        .unwrap_or_else(|_| Err(anyhow!("it took more than {} s", limits.total.as_secs())))
        .with_context(|| format!("fetching {}", shown(location)))?;
    check(location, &bytes, sha256)?;
    Ok(bytes)
}

async fn read_file(path: &str, limits: Limits) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut file = tokio::fs::File::open(path).await?.take(limits.bytes + 1);
    file.read_to_end(&mut bytes).await?;
    within_size(bytes.len(), limits)?;
    Ok(bytes)
}

async fn download(url: Url, limits: Limits) -> Result<Vec<u8>> {
    let client = client(limits)?;
    let backoff = ExponentialBuilder::new()
        .with_min_delay(limits.pause)
        .with_max_times(ATTEMPTS - 1)
        .with_jitter();
    (|| attempt(&client, &url, limits))
        .retry(backoff)
        .when(|error| error.downcast_ref::<Transient>().is_some())
        .notify(|error, pause| debug!("{}: {error:#}; again in {pause:?}", shown(url.as_str())))
        .await
}

/// The certificates are the operating system's, so that a company's own authority is trusted where it is installed.
fn client(limits: Limits) -> Result<Client> {
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_platform_verifier()
        .context("loading the system's trusted certificates")?
        .with_no_client_auth();
    let client = Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(concat!("bex-infra/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(limits.connect)
        .read_timeout(limits.silence)
        .redirect(Policy::custom(follow))
        .build()?;
    Ok(client)
}

/// Follows redirects, though never from https to http.
fn follow(attempt: Attempt) -> Action {
    let was_secure = attempt
        .previous()
        .last()
        .is_some_and(|url| url.scheme() == "https");
    if attempt.previous().len() > REDIRECTS {
        attempt.error("too many redirects")
    } else if was_secure && attempt.url().scheme() != "https" {
        attempt.error("a redirect from https to http")
    } else {
        attempt.follow()
    }
}

/// An error that another attempt may not meet.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Transient(String);

async fn attempt(client: &Client, url: &Url, limits: Limits) -> Result<Vec<u8>> {
    let response = client.get(url.clone()).send().await.map_err(classified)?;
    let status = response.status();
    if !status.is_success() {
        return Err(refused(url, status));
    }
    within_size(response.content_length().unwrap_or_default(), limits)?;
    body(response, limits).await
}

async fn body(mut response: Response, limits: Limits) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(classified)? {
        bytes.extend_from_slice(&chunk);
        within_size(bytes.len(), limits)?;
    }
    Ok(bytes)
}

fn refused(url: &Url, status: StatusCode) -> anyhow::Error {
    let answer = format!("the server answered {status}");
    let busy = matches!(
        status,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS
    );
    if busy || status.is_server_error() {
        return anyhow!(Transient(answer));
    }
    let host = url.host_str().unwrap_or_default();
    Failure::failed(answer)
        .hint("check the version and the address in the catalogue or the spec")
        .hint(format!(
            "where {host} cannot be reached, use a bundle: `bex-infra up local --bundle DIR`"
        ))
        .into()
}

/// The URL is left out of the text: it is named once, and without what may be secret in it.
fn classified(error: reqwest::Error) -> anyhow::Error {
    let error = error.without_url();
    let lasting = error.is_builder() || error.is_redirect();
    let causes: Vec<String> = anyhow::Error::new(error)
        .chain()
        .map(ToString::to_string)
        .collect();
    let text = causes.join(": ");
    if lasting {
        anyhow!(text)
    } else {
        anyhow!(Transient(text))
    }
}

fn within_size<N: TryInto<u64>>(size: N, limits: Limits) -> Result<()> {
    if size.try_into().is_ok_and(|size| size <= limits.bytes) {
        return Ok(());
    }
    bail!(
        "it is larger than {} bytes, which no manifest is",
        limits.bytes
    )
}

fn check(location: &str, bytes: &[u8], expected: Option<&str>) -> Result<()> {
    let found = hash::sha256(bytes);
    match expected {
        Some(expected) if expected != found => Err(Failure::failed(format!(
            "{} is not what it should be: expected SHA-256 {expected}, found {found}",
            shown(location)
        ))
        .hint("do not use it before you know why it changed; then correct the checksum in the catalogue or the spec")
        .into()),
        _ => Ok(()),
    }
}

/// The location without user, password and query.
fn shown(location: &str) -> String {
    match Url::parse(location) {
        Ok(url) if url.has_host() => {
            let port = url
                .port()
                .map(|port| format!(":{port}"))
                .unwrap_or_default();
            let host = url.host_str().unwrap_or_default();
            format!("{}://{host}{port}{}", url.scheme(), url.path())
        }
        _ => location.to_owned(),
    }
}

#[cfg(test)]
mod tests;
