//! The metrics over HTTP.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tower::service_fn;

use super::metrics::Metrics;
use super::metrics::text::CONTENT_TYPE;
use crate::tools::http::Server;

/// Answers `/metrics` and `/healthz` until it is cancelled. Fails if the address cannot be listened on.
pub(super) async fn serve(
    address: SocketAddr,
    metrics: Arc<Mutex<Metrics>>,
    cancel: CancellationToken,
) -> Result<()> {
    let server = Server::bind(address).await?;
    let service = service_fn(move |request: Request<_>| {
        let answer = answer(request.method(), request.uri().path(), &metrics);
        std::future::ready(Ok::<_, Infallible>(answer))
    });
    server.serve(service, cancel).await;
    Ok(())
}

fn answer(method: &Method, path: &str, metrics: &Mutex<Metrics>) -> Response<Full<Bytes>> {
    let (status, text) = match path {
        _ if !matches!(*method, Method::GET | Method::HEAD) => {
            (StatusCode::METHOD_NOT_ALLOWED, "only GET\n".to_owned())
        }
        "/metrics" => {
            let metrics = metrics.lock().unwrap_or_else(PoisonError::into_inner);
            (StatusCode::OK, metrics.text(Timestamp::now()))
        }
        "/healthz" => (StatusCode::OK, "ok\n".to_owned()),
        _ => (
            StatusCode::NOT_FOUND,
            "/metrics and /healthz are here\n".to_owned(),
        ),
    };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    let kind = header::HeaderValue::from_static(CONTENT_TYPE);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

#[cfg(test)]
mod tests;
