//! HTTPS for a tower service: on loopback only, with a certificate of its own CA, HTTP/1.1 and HTTP/2.
//!
//! No client can hurt another: there is a bound on connections, every phase in which nothing is owed to the client has
//! a deadline, and bodies are made only as fast as they are read.

mod identity;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tower::Service;

pub use identity::Identity;

/// Connections at a time; more wait.
const CONNECTIONS: usize = 1024;

/// Requests at a time on one HTTP/2 connection; clients have one for each watch.
const STREAMS: u32 = 1024;

/// For a handshake and for the head of a request.
const PATIENCE: Duration = Duration::from_secs(20);

/// A silent HTTP/2 client is asked whether it is there after that time.
const PING: Duration = Duration::from_secs(30);

/// For requests that are under way when the server is to end.
const GRACE: Duration = Duration::from_secs(2);

/// A pause after an accept that failed, such as for lack of file descriptors.
const PAUSE: Duration = Duration::from_millis(50);

/// A bound port.
pub struct Server {
    listener: TcpListener,
    tls: TlsAcceptor,
}

impl Server {
    /// Port 0 is any free one.
    pub async fn bind(port: u16, identity: &Identity) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .with_context(|| format!("listening on 127.0.0.1:{port}"))?;
        let tls = TlsAcceptor::from(Arc::new(config(identity)?));
        Ok(Self { listener, tls })
    }

    pub fn address(&self) -> Result<SocketAddr> {
        self.listener.local_addr().context("asking for the port")
    }

    /// Serves until the token is cancelled; requests that are under way have a moment to end.
    pub async fn serve<S, B>(self, service: S, cancel: CancellationToken)
    where
        S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>
            + Clone
            + Send
            + 'static,
        S::Future: Send,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let free = Arc::new(Semaphore::new(CONNECTIONS));
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                () = cancel.cancelled() => break,
                Some(_) = connections.join_next() => continue,
                accepted = accept(&self.listener, &free) => accepted,
            };
            let Some((stream, place)) = accepted else {
                sleep(PAUSE).await;
                continue;
            };
            let (tls, service, cancel) = (self.tls.clone(), service.clone(), cancel.clone());
            connections.spawn(async move {
                if let Some(stream) = handshake(&tls, stream).await {
                    converse(stream, service, cancel).await;
                }
                drop(place);
            });
        }
        drop(self.listener);
        let ended = async { while connections.join_next().await.is_some() {} };
        drop(timeout(GRACE, ended).await);
    }
}

/// A connection and its place among all. Nothing: it failed.
async fn accept(
    listener: &TcpListener,
    free: &Arc<Semaphore>,
) -> Option<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let place = free.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, place)),
        Err(error) => {
            tracing::warn!("accepting a connection: {error}");
            None
        }
    }
}

async fn handshake(tls: &TlsAcceptor, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
    // Frames of watches are small and must not wait for each other.
    drop(stream.set_nodelay(true));
    match timeout(PATIENCE, tls.accept(stream)).await {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(error)) => {
            tracing::debug!("TLS handshake: {error}");
            None
        }
        Err(_) => None,
    }
}

/// Answers the requests of one connection.
async fn converse<S, B>(stream: TlsStream<TcpStream>, service: S, cancel: CancellationToken)
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let protocol = stream.get_ref().1.alpn_protocol();
    let builder = builder(protocol == Some(b"h2".as_slice()));
    let service = TowerToHyperService::new(service);
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = cancel.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!("connection: {error}");
    }
}

/// TLS has settled which of the two is spoken, so nothing has to be guessed from the first bytes.
fn builder(http2: bool) -> auto::Builder<TokioExecutor> {
    let builder = auto::Builder::new(TokioExecutor::new());
    let mut builder = if http2 {
        builder.http2_only()
    } else {
        builder.http1_only()
    };
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING)
        .keep_alive_timeout(PATIENCE)
        .max_concurrent_streams(STREAMS);
    builder
}

fn config(identity: &Identity) -> Result<ServerConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let (certificate, key) = identity.credentials()?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .context("choosing TLS versions")?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .context("taking the certificate")?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
