//! HTTP for a tower service: HTTP/1.1 in plain text here, with TLS and HTTP/2 in [`super::https`].
//!
//! No client can hurt another: there is a bound on connections, every phase in which nothing is owed to the client has
//! a deadline, and bodies are made only as fast as they are read.

#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tower::Service;

/// Connections at a time; more wait.
const CONNECTIONS: usize = 1024;

/// Requests at a time on one HTTP/2 connection; clients have one for each watch.
const STREAMS: u32 = 1024;

/// For a handshake and for the head of a request.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// A silent HTTP/2 client is asked whether it is there after that time.
const PING: Duration = Duration::from_secs(30);

/// For requests that are under way when the server is to end.
const GRACE: Duration = Duration::from_secs(2);

/// A pause after an accept that failed, such as for lack of file descriptors.
const PAUSE: Duration = Duration::from_millis(50);

/// A bound address without TLS.
pub struct Server {
    listener: TcpListener,
}

impl Server {
    /// Port 0 is any free one.
    pub async fn bind(address: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("listening on {address}"))?;
        Ok(Self { listener })
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
        let stop = cancel.clone();
        let talk = move |stream| converse(stream, false, service.clone(), stop.clone());
        listen(self.listener, cancel, talk).await;
    }
}

/// Has a conversation with each client, until it is cancelled; those that are under way have a moment to end.
pub(super) async fn listen<T>(
    listener: TcpListener,
    cancel: CancellationToken,
    talk: impl Fn(TcpStream) -> T,
) where
    T: Future<Output = ()> + Send + 'static,
{
    let free = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = cancel.cancelled() => break,
            Some(_) = connections.join_next() => continue,
            accepted = accept(&listener, &free) => accepted,
        };
        let Some((stream, place)) = accepted else {
            sleep(PAUSE).await;
            continue;
        };
        let talk = talk(stream);
        connections.spawn(async move {
            talk.await;
            drop(place);
        });
    }
    drop(listener);
    let ended = async { while connections.join_next().await.is_some() {} };
    drop(timeout(GRACE, ended).await);
}

/// A connection and its place among all. Nothing: it failed.
async fn accept(
    listener: &TcpListener,
    free: &Arc<Semaphore>,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let place = free.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => {
            // Frames of watches are small and must not wait for each other.
            drop(stream.set_nodelay(true));
            Some((stream, place))
        }
        Err(error) => {
            tracing::warn!("accepting a connection: {error}");
            None
        }
    }
}

/// Answers the requests of one connection. `http2`: whether that is spoken on it.
pub(super) async fn converse<I, S, B>(stream: I, http2: bool, service: S, cancel: CancellationToken)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let builder = builder(http2);
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

/// It is settled which of the two is spoken, so nothing has to be guessed from the first bytes.
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
