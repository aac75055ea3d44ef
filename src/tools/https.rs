//! HTTPS for a tower service: on loopback only, with a certificate of its own CA, HTTP/1.1 and HTTP/2.

mod identity;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context, Result};
use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tower::Service;

use super::http::{PATIENCE, converse, listen};

pub use identity::Identity;

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
        let (tls, stop) = (self.tls, cancel.clone());
        let talk = move |stream| {
            let (tls, service, stop) = (tls.clone(), service.clone(), stop.clone());
            async move {
                if let Some(stream) = handshake(&tls, stream).await {
                    let protocol = stream.get_ref().1.alpn_protocol();
                    let http2 = protocol == Some(b"h2".as_slice());
                    converse(stream, http2, service, stop).await;
                }
            }
        };
        listen(self.listener, cancel, talk).await;
    }
}

async fn handshake(tls: &TlsAcceptor, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
    match timeout(PATIENCE, tls.accept(stream)).await {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(error)) => {
            tracing::debug!("TLS handshake: {error}");
            None
        }
        Err(_) => None,
    }
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
